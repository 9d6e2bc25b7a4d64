--- socket.select, for as many objects as there are descriptors.
local argument = require "uring.compat.argument"
local core = require "uring.core"
local descriptor = require "uring.compat.socket.descriptor"
local loop = require "uring.loop"
local system = require "uring.system"
local tcp = require "uring.compat.socket.tcp"
local udp = require "uring.compat.socket.udp"
local unix = require "uring.compat.socket.unix"
local watch = require "uring.compat.socket.watch"

local C = core.consts

local READABLE, WRITABLE = C.POLLIN | C.POLLPRI, C.POLLOUT
local EBADF = -9

local function ask(object, name)
  local method = object[name]
  if type(method) == "function" then return method(object) end
end

local function descriptor_of(object)
  local fd = ask(object, "getfd")
  return type(fd) == "number" and fd >= 0 and fd // 1 | 0 or nil
end

local function is_ours(object)
  return tcp.is_ours(object) or udp.is_ours(object) or unix.is_ours(object)
end

-- What there is to wait for: three lists, place by place.
local function new_wait()
  return { fds = {}, events = {}, objects = {} }
end

local function add(wait, object, fd, events)
  local place = #wait.fds + 1
  wait.fds[place], wait.events[place] = fd, events
  wait.objects[place] = object
end

-- Adds the objects of a list; returns those that need no waiting.
local function collect(wait, list, events)
  local dirty = {}
  for _, object in ipairs(list or {}) do
    local fd = descriptor_of(object)
    if fd and events == READABLE and ask(object, "dirty") then
      dirty[#dirty + 1] = object
    elseif fd then
      add(wait, object, fd, events)
    end
  end
  return dirty
end

local function count(wait, change)
  for _, object in ipairs(wait.objects) do
    if is_ours(object) then object.waiting = object.waiting + change end
  end
end

-- Waits, and has it that closing one of them wakes us.
local function await(wait, seconds)
  count(wait, 1)
  local ok, masks = pcall(descriptor.call, watch.wait, wait.fds, wait.events,
    seconds)
  count(wait, -1)
  if not ok then error(masks, 0) end
  return masks
end

-- What is ready now; nil where one has to wait, for 'limit' seconds at most.
local function look(wait, limit)
  local masks = system.poll(wait.fds, wait.events)
  return masks and (limit == 0 or next(masks)) and masks
end

-- Puts what is ready behind the dirty ones, in the order of descriptors, as
-- select(2) gives it; then each object names its place.
local function give(wait, masks, events, list)
  local found = {}
  for place, mask in pairs(masks) do
    if mask == EBADF then error("select failed", 0) end
    if wait.events[place] == events then found[#found + 1] = place end
  end
  table.sort(found, function(a, b)
    if wait.fds[a] ~= wait.fds[b] then return wait.fds[a] < wait.fds[b] end
    return a < b
  end)
  for _, place in ipairs(found) do
    list[#list + 1] = wait.objects[place]
  end
  for place = 1, #list do list[list[place]] = place + 0.0 end
  return list
end

local function wait_for(receivers, senders, seconds)
  if loop.is_running() then
    loop.check_can_wait("select")
    loop.pause() -- not to hold up others where it need not wait
  end
  local wait = new_wait()
  local readable = collect(wait, receivers, READABLE)
  collect(wait, senders, WRITABLE)
  local limit = #readable > 0 and 0 or seconds >= 0 and seconds or nil
  local masks = look(wait, limit) or await(wait, limit)
  local is_late = #readable == 0 and not next(masks)
  readable = give(wait, masks, READABLE, readable)
  local writable = give(wait, masks, WRITABLE, {})
  if is_late then return readable, writable, "timeout" end
  return readable, writable
end

--- Waits until some objects can be received from, or sent to.  What has a
-- method getfd will do; a method dirty says whether it holds bytes already.
---@param receivers? table[]
---@param senders? table[]
---@param seconds? number nil or negative: for ever
---@return table receivers those that are ready; each object is a key, too
---@return table senders
---@return "timeout"? problem
local function select(receivers, senders, seconds)
  if receivers ~= nil then argument.table("select", 1, receivers) end
  if senders ~= nil then argument.table("select", 2, senders) end
  seconds = argument.number("select", 3, seconds, -1)
  return wait_for(receivers, senders, seconds)
end

return select
