--- The tasks of a scope: no task outlives the block that has spawned it.
-- A scope ends when its body and all its tasks have.  Where one of them
-- fails, the others are cancelled, and the scope raises that error, as it
-- is; what fails after the first is in scope.errors.
local cancelled = require "uring.cancelled"
local core = require "uring.core"
local Line = require "uring.line"
local loop = require "uring.loop"
local Members = require "uring.members"
local report = require "uring.report"
local Scope = require "uring.joining"
local Task = require "uring.awaiting"
local traces = require "uring.traces"

local leave = Members.leave
local new_task = Task.new
local keep, xpcall = traces.keep, xpcall
local new_thread = core.thread -- which has the arguments

local current -- the scheduler that runs

loop.on_switch(function(scheduler) current = scheduler end)

-- Starts a task where the scope is not open, has a limit, or belongs to
-- another run.
local function add_specially(self, what, kind, thread)
  local is_here = self.scheduler == current -- it cannot wait elsewhere
  if self.max and is_here then Line.wait(self) end
  if self.is_over or not current then
    error(what .. ": the scope has ended", 4)
  end
  if is_here then return new_task(self, thread, kind) end
  return self:at_home(new_task, thread, kind)
end

local function add(self, what, kind, body, thread)
  if type(body) ~= "function" then
    error(what .. ": bad argument 'body' (function expected)", 3)
  end
  if self.max or self.is_over or self.scheduler ~= current then
    local task = add_specially(self, what, kind, thread)
    return task -- no tail call: errors name the caller's line
  end
  return new_task(self, thread, kind)
end

--- Starts a task.  It first runs when the one that calls waits.  Where it
-- fails, the scope does.
---@param body function
---@param ... any its arguments
---@return uring.Task
function Scope:spawn(body, ...)
  local thread = new_thread(xpcall, body, keep, ...)
  local task = add(self, "spawn", false, body, thread)
  return task -- no tail call: errors name the caller's line
end

--- Starts a task whose failure belongs to whoever calls task:await.  Where
-- nobody has, the scope fails with it at its end.
---@param body function
---@param ... any its arguments
---@return uring.Task
function Scope:async(body, ...)
  local thread = new_thread(xpcall, body, keep, ...)
  local task = add(self, "async", "is_async", body, thread)
  return task
end

--- Starts a task that does not keep the scope alive: it is cancelled when
-- the others have ended.
---@param body function
---@param ... any its arguments
---@return uring.Task
function Scope:daemon(body, ...)
  local thread = new_thread(xpcall, body, keep, ...)
  local task = add(self, "daemon", "is_daemon", body, thread)
  return task
end

--- How many tasks have not ended.
---@return integer
function Scope:count()
  return self.tasks.count
end

--- Iterates over the tasks that have not ended.
---@return function iterator
function Scope:children()
  local tasks, place = {}, 0
  for _, task in Members.each(self.tasks) do tasks[#tasks + 1] = task end
  return function()
    place = place + 1
    return tasks[place]
  end
end

--- One of its tasks is about to end: the task calls it.
---@param task uring.Task
function Scope:judge(task)
  if task.outcome == "cancelled" then
    local cut = self.cause and not self.ending and not task.cause
    if cut and not task.is_daemon then self.was_cut = true end
  elseif task.outcome == "failed" and task.is_async then
    self.unseen = self.unseen or {}
    self.failures = self.failures + 1
    self.unseen[self.failures], task.failure = task, self.failures
  elseif task.outcome == "failed" then
    self:fail(task.problem, task.trace)
  end
end

-- Where it has daemons, or who waits to spawn one more.
local function ended_specially(self, task)
  local tasks, daemons, line = self.tasks, self.daemons, self.line
  if daemons > 0 and task.is_daemon then daemons = daemons - 1 end
  if line and line[1] then
    loop.wake(line[1])
    table.remove(line, 1)
    self.promised = self.promised + 1
  end
  if self.waiters and tasks.count - 1 <= (self.ending and 0 or daemons) then
    loop.wake_all(self.waiters)
    self.waiters = false
  end
  if daemons > 0 and tasks.count - 1 == daemons
    and not (self.thread or self.ending) then
    self:end_daemons() -- nobody waits for the outermost scope
  end
  leave(tasks, task) -- where one of these raises, all are done again
  self.daemons = daemons
end

--- One of its tasks has ended: the task calls it.
---@param task uring.Task
function Scope:ended(task)
  if task.seat == 0 then return end
  local tasks = self.tasks
  if self.daemons > 0 or self.line then return ended_specially(self, task) end
  if tasks.count == 1 and self.waiters then
    loop.wake_all(self.waiters)
    self.waiters = false
  end
  leave(tasks, task)
end

--- The failure of a task that it has started by async reached somebody.
---@param task uring.Task
function Scope:seen(task)
  if self.unseen and task.failure then self.unseen[task.failure] = false end
end

-- What on_error does may fail as well, which nobody could be told.
local function tell(self, problem, trace)
  local ok, failure = pcall(self.on_error, problem, trace)
  if ok or cancelled.is(failure) then return end
  table.insert(self.errors, failure)
  report.say(("on_error of %s: %s"):format(self:title(),
    cancelled.text_of(failure)))
end

--- Notes that something in it has failed: the rest is cancelled.
---@param problem any
---@param trace? string|false
function Scope:fail(problem, trace)
  local is_first = not self.failed
  if is_first then
    self.failed, self.problem, self.trace = true, problem, trace or false
  else
    table.insert(self.errors, problem)
  end
  if self.on_error then tell(self, problem, trace) end
  self:cancel(problem)
end

return Scope
