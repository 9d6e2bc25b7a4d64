--- How waits end early, and a scheduler with all that has not ended.
local core = require "uring.core"
local insist = require "uring.insist"
local Scheduler = require "uring.scheduler"

local close, status = coroutine.close, coroutine.status

local CANCEL_ALL = core.consts.IORING_ASYNC_CANCEL_ALL
local WOKEN = {} -- stands in 'waits' for one that is to be woken
local INTERRUPTED = Scheduler.INTERRUPTED

--- Ends what a coroutine waits for that is no op: the place is left.  Goes on
-- as it is if it does not wait.
---@param thread thread
---@param ops table<thread, true> it is added where it may wait for an op
function Scheduler:end_wait(thread, ops)
  local place = self.waits[thread]
  if not place then
    ops[thread] = true
  elseif place.leave then
    place:leave(thread)
    self.ready[#self.ready + 1] = thread
    self.waits[thread] = INTERRUPTED
  end
end

--- Cancels the ops that coroutines wait for.
---@param threads table<thread, true>
function Scheduler:cancel_ops(threads)
  if next(threads) then insist.cancel(self, self.bound.ids(threads)) end
end

--- Cancels the ops on a descriptor, whoever waits for them.
---@param fd integer
function Scheduler:cancel_fd(fd)
  insist.watch(self, self.bound.ids_on(fd))
  self.bound.start_for.cancel_fd(nil, fd, CANCEL_ALL)
end

--- Ends what coroutines wait for: ops are cancelled, places are left.
---@param threads thread[]
function Scheduler:interrupt(threads)
  local set = {}
  for _, thread in ipairs(threads) do self:end_wait(thread, set) end
  self:cancel_ops(set)
end

--- Wakes a coroutine that waits as soon as there is memory for it.
---@param thread thread
---@param problem any
function Scheduler:wake_later(thread, problem)
  self.waits[thread] = WOKEN
  insist.retry(self, problem)
end

local function wake_those(self)
  for thread, place in pairs(self.waits) do
    if place == WOKEN then
      self.ready[#self.ready + 1] = thread
      self.waits[thread] = nil
    end
  end
end

--- Does again what could not be done when memory was short: what is to end,
-- and has not.
---@param problem any what was raised then
function Scheduler:mend(problem)
  wake_those(self)
  self.root:respread()
  local ended, ops = {}, {}
  for thread, task in pairs(self.tasks) do
    local inner = self:innermost(thread)
    if status(thread) == "dead" then
      ended[#ended + 1] = task
    elseif self:cause_for(inner) then
      self:end_wait(inner, ops)
    end
  end
  self:cancel_ops(ops)
  for _, task in ipairs(ended) do task:abort(problem) end
end

--- Forgets coroutines that do not run any more: a call that had no memory has
-- left them.
function Scheduler:forget_nested()
  local nested = self.nested
  for place = #nested, 2, -1 do nested[place] = nil end
end

-- The end

local function ascending(a, b)
  return a:id() < b:id()
end

-- Those that have not ended, as they were spawned: the order is the same in
-- every process.
local function remaining(self)
  local tasks = {}
  for _, task in pairs(self.tasks) do tasks[#tasks + 1] = task end
  table.sort(tasks, ascending)
  return tasks
end

local function leave_place(self, thread)
  local place = self.waits[thread]
  self.waits[thread] = nil
  local leave = place and (place.leave or place.give_up)
  if leave then pcall(leave, place, thread) end
end

--- Takes all that wait out of what they wait at, which may outlive the run,
-- and gives back what they were given and have not taken.  Those that came
-- last go first.
function Scheduler:leave_places()
  local tasks = remaining(self)
  for i = #tasks, 1, -1 do
    leave_place(self, self:innermost(tasks[i].thread))
  end
  for i = #tasks, 1, -1 do
    local guard = self.turns[self:innermost(tasks[i].thread)]
    if guard then pcall(getmetatable(guard).__close, guard) end
  end
end

local function close_task(self, task)
  local thread = self:innermost(task.thread)
  while thread do
    local outer = self.outer[thread]
    close(thread)
    thread = outer
  end
end

local function close_in_order(self)
  for _, task in ipairs(remaining(self)) do close_task(self, task) end
end

--- Submits what nobody waits for, closes the ring, and every coroutine that
-- still waits, so that its <close> variables run.
function Scheduler:close()
  pcall(self.ring.submit, self.ring) -- in a forked child it raises
  self.ring:close()
  self.leaf(false)
  if pcall(close_in_order, self) then return end
  for _, task in pairs(self.tasks) do close_task(self, task) end
end

return Scheduler
