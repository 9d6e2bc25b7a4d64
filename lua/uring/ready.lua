--- Waiting for another library's objects, inside our loop.
-- What has a descriptor says so by a method pollfd, getfd or fileno, as
-- cqueues, LuaSocket, LuaSQL and our own handles do; an integer is one.
local core = require "uring.core"
local errno = require "uring.errno"
local op = require "uring.op"
local structured = require "uring.structured"

local C = core.consts

local ready = {}

local METHODS = { "pollfd", "getfd", "fileno" }

local function descriptor_of(what, object)
  local kind = type(object)
  if math.type(object) == "integer" then return object end
  if kind == "table" or kind == "userdata" then
    for _, name in ipairs(METHODS) do
      local method = object[name]
      local fd = method and method(object)
      if math.type(fd) == "integer" then return fd end
    end
  end
  error(what .. ": bad argument 'object' (a descriptor, or an object with "
    .. "pollfd, getfd or fileno expected)", 4)
end

local function wait_for(what, events, object, seconds)
  local fd = descriptor_of(what, object)
  if fd < 0 then return nil, "closed", errno.ECLOSED end
  local mask, message, code
  if seconds then
    mask, message, code = structured.timeout(seconds, op.poll_add, fd, events)
  else
    mask, message, code = op.poll_add(fd, events)
  end
  if not mask then return nil, message, code end
  return true
end

--- Waits until an object can be read from, or is at its end.
---@param object integer|table|userdata
---@param seconds? number at most so long
---@return boolean? true
---@return string? message "timeout"
---@return integer? code
function ready.wait_readable(object, seconds)
  return wait_for("wait_readable", C.POLLIN | C.POLLRDHUP, object, seconds)
end

--- Waits until an object can be written to.
---@param object integer|table|userdata
---@param seconds? number at most so long
---@return boolean? true
---@return string? message "timeout"
---@return integer? code
function ready.wait_writable(object, seconds)
  return wait_for("wait_writable", C.POLLOUT, object, seconds)
end

return ready
