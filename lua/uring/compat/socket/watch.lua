--- Waiting for many descriptors at once: a poll op for each, all submitted
-- together; the first that completes ends the wait.  Each op is started by a
-- coroutine of its own, a watcher, which takes note and is used again.
local limits = require "uring.limits"
local loop = require "uring.loop"
local op = require "uring.op"

local create, running = coroutine.create, coroutine.running

local MANY = 16 -- ops that a ring has room for, however small it is

local watch = {}

local idle = {} -- watchers that wait for nothing

-- One wait: a place to wait at, which knows what has completed.
local Group = { is_over = false, waiter = false, left = 0, ending = false }
Group.__index = Group

--- The wait has been interrupted.
function Group:leave()
  self.waiter = false
end

--- What it is to wait for it.
---@return string
function Group:describe()
  return ("%d descriptors"):format(#self.fds)
end

-- Where one waits until no op is in flight any more: it cannot be left.
local Ending = {}
Ending.__index = Ending

--- What it is to wait for it.
---@return string
function Ending.describe()
  return "the end of polls"
end

local function completed(group, place, mask, code)
  if not group.is_over then group.masks[place] = mask or -code end
  if group.waiter then
    loop.wake(group.waiter)
    group.waiter = false
  end
end

-- What the coroutine of a watcher does.
local function watch_on(self)
  while true do
    local group, place = self.group, self.place
    if not group.is_over then
      local mask, _, code = op.poll_add(group.fds[place], group.events[place])
      completed(group, place, mask, code)
    end
    group.left = group.left - 1
    if group.left == 0 and group.ending then loop.wake(group.ending) end
    self.group = false
    idle[#idle + 1] = self
    loop.park() -- until it is used again
  end
end

local function take()
  local self = idle[#idle]
  idle[#idle] = nil
  if self then return self end
  self = { group = false, place = 0, thread = false }
  self.thread = create(function() watch_on(self) end)
  return self
end

local function start(group)
  local threads = {}
  for place = 1, #group.fds do
    local watcher = take()
    watcher.group, watcher.place = group, place
    threads[place] = watcher.thread
    loop.ready(watcher.thread)
  end
  return threads
end

-- Waits until all ops have been submitted: ops wait in line where the ring
-- is full, and one that does nothing comes after them.
local function see_all()
  loop.pause() -- every watcher starts its own
  op.nop()
end

local function wait(group, seconds)
  if seconds and seconds <= 0 then return see_all() end
  local alarm <close> = seconds and limits.within(seconds)
  group.waiter = running()
  loop.wait(group)
  if #group.fds > MANY and not (alarm and alarm.rang) then see_all() end
end

local function stop(group, threads)
  group.is_over = true
  local left = {}
  for place, thread in ipairs(threads) do
    if not group.masks[place] then left[#left + 1] = thread end
  end
  if left[1] then loop.interrupt(table.unpack(left)) end
  if group.left == 0 then return end
  group.ending = running()
  loop.wait(setmetatable({}, Ending))
end

--- Waits until one of some descriptors is ready, or some are.
---@param fds integer[]
---@param events integer[] POLL* for each
---@param seconds? number that it may take; nil: for ever; 0: only looks
---@return table<integer, integer> masks place -> POLL*, or an errno negated
function watch.wait(fds, events, seconds)
  loop.check_can_wait("select")
  local group = setmetatable(
    { fds = fds, events = events, masks = {}, left = #fds }, Group)
  local threads = start(group)
  local ok, problem = pcall(wait, group, seconds)
  stop(group, threads)
  if not ok then error(problem, 0) end
  return group.masks
end

return watch
