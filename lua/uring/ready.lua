--- Waiting for another library's objects, inside our loop.
-- What has a descriptor says so by a method pollfd, getfd or fileno, as
-- cqueues, LuaSocket, LuaSQL and our own handles do; an integer is one.
local core = require "uring.core"
local errno = require "uring.errno"
local limits = require "uring.limits"
local loop = require "uring.loop"
local op = require "uring.op"

local C = core.consts

local ready = {}

local METHODS = { "pollfd", "getfd", "fileno" }

local function get(object, name)
  return object[name]
end

-- The result of the first of the methods that there is: closed objects say
-- nil or a negative number.
local function ask(object)
  for _, name in ipairs(METHODS) do
    local ok, method = pcall(get, object, name)
    if ok and type(method) == "function" then
      return true, (method(object))
    end
  end
  return false
end

local function descriptor_of(what, object)
  if math.type(object) == "integer" then return object end
  local kind, has, fd = type(object), false, nil
  if kind == "table" or kind == "userdata" then has, fd = ask(object) end
  if has and fd == nil then return -1 end
  return has and math.tointeger(fd)
    or error(what .. ": bad argument 'object' (a descriptor, or an object "
      .. "with pollfd, getfd or fileno expected)", 3)
end

-- A handle of ours is closed with those who wait for it.
local function poll(handle, fd, events)
  if not handle then return pcall(op.poll_add, fd, events) end
  handle.waiting = (handle.waiting or 0) + 1
  local ok, mask, message, code = pcall(op.poll_add, fd, events)
  handle.waiting = handle.waiting - 1
  if ok and handle.is_closed then
    return true, nil, "closed", errno.ECLOSED
  end
  return ok, mask, message, code
end

local function wait_for(what, events, object, seconds)
  if seconds ~= nil and (type(seconds) ~= "number" or seconds ~= seconds) then
    error(what .. ": bad argument 'seconds' (number expected)", 2)
  end
  local fd = descriptor_of(what, object)
  if fd < 0 then return nil, "closed", errno.ECLOSED end
  if seconds and not loop.is_running() then
    return loop.block(wait_for, what, events, object, seconds)
  end
  local handle = type(object) == "table"
    and rawget(object, "is_closed") == false and object
  local alarm <close> = seconds and limits.within(seconds)
  local ok, mask, message, code = poll(handle, fd, events)
  if not ok then error(mask, 0) end
  if mask then return true end
  if limits.is_over(alarm, code) then
    return nil, "timeout", errno.ETIMEDOUT
  end
  return nil, message, code
end

-- Whether a stream of ours has bytes that nobody has asked for yet.
local function has_unread(object)
  local bytes = type(object) == "table" and rawget(object, "received")
  return type(bytes) == "string" and rawget(object, "at") <= #bytes
end

--- Waits until an object can be read from, or is at its end.
---@param object integer|table|userdata
---@param seconds? number at most so long; 0 only looks
---@return boolean? true
---@return string? message "timeout"
---@return integer? code
function ready.wait_readable(object, seconds)
  if has_unread(object) then return true end
  return wait_for("wait_readable", C.POLLIN | C.POLLRDHUP, object, seconds)
end

--- Waits until an object can be written to.
---@param object integer|table|userdata
---@param seconds? number at most so long; 0 only looks
---@return boolean? true
---@return string? message "timeout"
---@return integer? code
function ready.wait_writable(object, seconds)
  return wait_for("wait_writable", C.POLLOUT, object, seconds)
end

return ready
