--- The scheduler: who runs next, and what becomes of those who have run.
-- One tick is: run what is ready, then submit everything that was started
-- and take what has completed, in one system call.  C remembers which
-- coroutine started an op, and a step names it when the op has completed,
-- so that the scheduler knows neither ids nor opcodes.
--
-- A coroutine that waits yields IO, a private sentinel (see loop.lua), so
-- that waiting can be told from the values of a generator.
--
-- Nested coroutines.  A task may wait inside a generator: C remembers the
-- innermost coroutine, and that one is resumed directly, at any depth.
-- Those around it wait as well, each noted in 'outer' by our resume, which
-- yields IO onwards.  When the inner one yields a value or ends, 'pass_on'
-- gives that to the one that had resumed it.
local core = require "uring.core"
local Timers = require "uring.timer"

local create, resume = coroutine.create, coroutine.resume
local close, status = coroutine.close, coroutine.status

local BATCH_PLACES = 3 * 512 -- what one step fills at most

local function misplaced()
  error("a coroutine waits for I/O: resume it with the coroutine functions "
    .. "as they are inside uring.run", 2)
end

local Scheduler = {
  --- What a coroutine yields that waits.  Nobody else should ever see it.
  IO = setmetatable({}, {
    __name = "uring.IO", __index = misplaced, __newindex = misplaced,
    __call = misplaced, __concat = misplaced, __len = misplaced,
  }),
}
Scheduler.__index = Scheduler

local IO = Scheduler.IO

--- Makes a scheduler on a ring, which it will close.
---@param ring uring.Ring
---@return uring.Scheduler? scheduler
---@return string? message
---@return integer? code
function Scheduler.new(ring)
  local bound, message, code = core.bind(ring)
  if not bound then return nil, message, code end
  local batch = {}
  for place = 1, BATCH_PLACES do batch[place] = false end
  return setmetatable({
    ring = ring, bound = bound, batch = batch, timers = Timers.new(),
    ready = {}, -- coroutines to resume, first come first served
    outer = {}, -- coroutine -> the one that resumed it, and waits with it
    tasks = {}, -- coroutine -> task
    live = 0, -- tasks that have not ended
    report = { value = false, traceback = "" },
    failure = false, -- the report, once a task has failed
  }, Scheduler)
end

-- Tasks

local Task = { __name = "uring.Task" }
Task.__index = Task

--- Tells how a task is: "suspended", "running", "normal" (it has resumed
-- another coroutine), "done" or "failed".
---@return string
function Task:status()
  return self.outcome or status(self.thread)
end

function Task:__tostring()
  return ("%s (%s)"):format(Task.__name, self:status())
end

--- Starts a task: it runs when the one that spawned it waits.
---@param body function
---@param ... any its arguments
---@return uring.Task
function Scheduler:spawn(body, ...)
  if select("#", ...) > 0 then
    local unbound, arguments = body, table.pack(...)
    function body()
      return unbound(table.unpack(arguments, 1, arguments.n))
    end
  end
  local task = setmetatable({ thread = create(body), outcome = false }, Task)
  self.tasks[task.thread] = task
  self.ready[#self.ready + 1] = task.thread
  self.live = self.live + 1
  return task
end

local function end_task(self, task, ok, value)
  self.tasks[task.thread] = nil
  self.live = self.live - 1
  task.outcome = ok and "done" or "failed"
  if ok then return end
  if not self.failure then
    self.failure = self.report
    self.report.value = value
    local traced, trace = pcall(debug.traceback, task.thread)
    if traced then self.report.traceback = trace end
  end
  close(task.thread) -- runs its <close> variables
end

-- Running

local pass_on

-- What a resumed coroutine did, where it did not just wait.
local function settle(self, thread, ok, ...)
  local outer = self.outer[thread]
  if outer then
    self.outer[thread] = nil
    return pass_on(self, outer, resume(outer, ok, ...))
  end
  local task = self.tasks[thread]
  if not task then return end -- a coroutine that someone has closed
  if status(thread) == "suspended" then
    return end_task(self, task, false,
      "a task called coroutine.yield outside of a generator; "
      .. "uring.yield() lets other tasks run")
  end
  return end_task(self, task, ok, ...)
end

function pass_on(self, thread, ok, first, ...)
  if first ~= IO then return settle(self, thread, ok, first, ...) end
end

local function run_ready(self)
  local ready = self.ready
  if #ready == 0 then return end
  self.ready = {} -- what gets ready meanwhile runs in the next tick
  for i = 1, #ready do
    local thread = ready[i]
    pass_on(self, thread, resume(thread))
  end
end

local function fire_timers(self, now)
  local timers, ready = self.timers, self.ready
  local bucket = timers:due(now)
  while bucket do
    for i = 1, #bucket do
      if bucket[i] then ready[#ready + 1] = bucket[i] end
    end
    bucket = timers:due(now)
  end
end

-- How long a step may wait: not at all, some nanoseconds, or -1: for ever.
local function patience(self)
  if #self.ready > 0 then return false, 0 end
  local due = self.timers:next()
  if not due then return true, -1 end
  local left = due - core.now()
  if left <= 0 then return false, 0 end
  return true, left
end

local function report_deadlock(self)
  error(("deadlock: %d task%s waiting, and nothing is in flight that could "
    .. "wake one"):format(self.live, self.live == 1 and " is" or "s are"), 0)
end

-- Resumes those that a step has named.  All of them, even where one fails:
-- a value may be a descriptor, which only its task knows to close.
local function deliver(self, filled)
  local batch, outer = self.batch, self.outer
  for i = 1, filled, 3 do
    local thread = batch[i]
    if outer[thread] then -- all that it yields is of interest
      pass_on(self, thread, resume(thread, batch[i + 1], batch[i + 2]))
    else
      local ok, first = resume(thread, batch[i + 1], batch[i + 2])
      if first ~= IO then settle(self, thread, ok, first) end
    end
  end
end

--- Runs until every task has ended, or one has failed.
function Scheduler:drive()
  local step, batch, filled, now = self.bound.step, self.batch, 0, 0
  while true do
    run_ready(self)
    if self.live == 0 or self.failure then return now end
    filled, now = step(batch, filled, patience(self))
    if not filled then report_deadlock(self) end
    deliver(self, filled)
    fire_timers(self, now)
  end
end

--- Submits what nobody waits for, closes the ring, and every coroutine that
-- still waits, so that its <close> variables run.
function Scheduler:close()
  pcall(self.ring.submit, self.ring) -- in a forked child it raises
  self.ring:close()
  for thread in pairs(self.outer) do close(thread) end
  for thread in pairs(self.tasks) do close(thread) end
end

return Scheduler
