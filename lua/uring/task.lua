--- Tasks: coroutines that a scope waits for, with a result.
local cancelled = require "uring.cancelled"
local coroutines = require "uring.coroutines"
local loop = require "uring.loop"

local close, create = coroutine.close, coroutine.create
local running, status = coroutine.running, coroutine.status

local current -- the scheduler that runs
local numbers = 0 -- given out to those that are looked at

---@class uring.Task
---@field name string? for people
---@field thread thread
---@field scope uring.Scope that waits for it
---@field outcome string|false
local Task = { __name = "uring.Task" }
Task.__index = Task

-- Where an error was raised first, which passes through several tasks.
local passing = { value = nil, trace = false, on = false }

loop.on_switch(function(scheduler)
  current = scheduler
  if not scheduler then passing.value, passing.trace = nil, false end
end)

--- What xpcall does with an error: keeps where it was raised, and leaves it
-- as it is.
---@param value any
---@return any value
function Task.keep_trace(value)
  if cancelled.is(value) then return value end
  if passing.on and rawequal(passing.value, value) then
    passing.on = false
    return value
  end
  local inner, trace = coroutines.trace_of(value), debug.traceback(nil, 2)
  passing.value, passing.on = value, false
  passing.trace = inner and inner .. "\n" .. trace or trace
  return value
end

--- Where a value was raised, if it is the one that was raised last.
---@param value any
---@return string|false trace
function Task.trace_of(value)
  return rawequal(passing.value, value) and passing.trace
end

--- From now on this is where a value was raised, which is raised again.
---@param value any
---@param trace string|false|nil
function Task.set_trace(value, trace)
  passing.value, passing.trace, passing.on = value, trace or false, true
end

-- Ending

local function set_outcome(self, ok, ...)
  if ok then
    self.outcome = "done"
    if select("#", ...) > 0 then self.results = table.pack(...) end
    return
  end
  local value = ...
  local ended = cancelled.means(value, self.cause)
    or cancelled.means(value, self.scope.cause)
    or cancelled.is(value) and not value.is_over
  self.outcome = ended and "cancelled" or "failed"
  self.problem = value
  self.trace = not ended and Task.trace_of(value) or nil
  passing.on = false
end

local function finish(self, ok, ...)
  set_outcome(self, ok, ...)
  self.scope:judge(self) -- on_error may wait
  if self.cause then
    self.cause.is_over = true
    loop.count_cancelled(-1)
  end
  current:remove(self)
  debug.sethook(self.thread)
  local waiters = self.waiters
  self.waiters, self.greeter = nil, nil
  for _, thread in ipairs(waiters or {}) do loop.wake(thread) end
  self.scope:ended(self)
end

local function conclude(self, ok, ...)
  if self.implicit then return finish(self, self.implicit:join(ok, ...)) end
  return finish(self, ok, ...)
end

-- What the coroutine of every task runs.
local function main()
  local self = current.tasks[running()]
  local body = self.body
  self.body = nil
  return conclude(self, xpcall(body, Task.keep_trace))
end

--- Makes a task of a scope, and enters it in the scheduler.
---@param scope uring.Scope
---@param body function
---@param ... any its arguments
---@return uring.Task
function Task.new(scope, body, ...)
  if select("#", ...) > 0 then
    local unbound, arguments = body, table.pack(...)
    function body()
      return unbound(table.unpack(arguments, 1, arguments.n))
    end
  end
  local self = setmetatable({
    thread = create(main), scope = scope, outcome = false, body = body,
  }, Task)
  current:add(self)
  return self
end

--- The scheduler calls it where a task ended in a way of its own.
---@param problem any
function Task:abort(problem)
  if self.outcome then return end
  local ok, trace = pcall(debug.traceback, self.thread)
  Task.set_trace(problem, ok and trace)
  pcall(close, self.thread)
  finish(self, false, problem)
end

-- For programs

--- A number for people to tell it from others, given when it is asked for.
---@return integer
function Task:id()
  if not self.number then
    numbers = numbers + 1
    self.number = numbers
  end
  return self.number
end

--- Tells how a task is: "new", "ready", "running", "waiting", or, once it has
-- ended, "done", "failed" or "cancelled".
---@return string
function Task:status()
  if self.outcome then return self.outcome end
  if self.body then return "new" end
  if current and current:task() == self then return "running" end
  local leaf = current and current:innermost(self.thread) or self.thread
  if status(leaf) == "running" or status(leaf) == "normal" then
    return "running"
  end
  for _, thread in ipairs(current and current.ready or {}) do
    if thread == leaf then return "ready" end
  end
  return "waiting"
end

function Task:__tostring()
  local name = self.name and " " .. self.name or ""
  return ("task %d%s (%s)"):format(self:id(), name, self:status())
end

-- As a place to wait at: who awaits it.

--- Takes a coroutine out that no longer awaits the task.
---@param thread thread
function Task:leave(thread)
  if self.greeter == thread then self.greeter = nil end
  for place, each in ipairs(self.waiters) do
    if each == thread then return table.remove(self.waiters, place) end
  end
end

--- What it is to wait for it.
---@return string
function Task:describe()
  return "the end of " .. tostring(self)
end

-- Its end would wake us in the run to which it belongs, and not in ours.
local function check_home(self, what, level)
  if self.scope.scheduler == current then return end
  error(what .. ": the task belongs to another run", level)
end

local function wait_for_end(self, what)
  if self.outcome and not current then return end
  loop.check_can_wait(what)
  if not self.outcome then
    if loop.task() == self then
      error(what .. ": a task cannot wait for its own end", 3)
    end
    check_home(self, what, 4)
    self.waiters = self.waiters or {}
    table.insert(self.waiters, (running()))
    loop.wait(self)
  end
  self.scope:seen(self)
end

local function unpack_results(self)
  local results = self.results
  if results then return table.unpack(results, 1, results.n) end
end

-- What a task that was cancelled has for the others: no cancellation, for
-- that is not theirs.
local function problem_of(self)
  if self.outcome == "failed" then return self.problem end
  return "await: the task was cancelled: " .. tostring(self.problem)
end

--- Waits for the task's end.  Raises the task's error as it is.
---@return any ... its results
function Task:await()
  wait_for_end(self, "task:await")
  if self.outcome == "done" then return unpack_results(self) end
  Task.set_trace(self.problem, self.trace)
  error(problem_of(self), 0)
end

--- Waits for the task's end, and tells of it as pcall does.
---@return boolean ok
---@return any ... its results, or the error
function Task:result()
  wait_for_end(self, "task:result")
  if self.outcome == "done" then return true, unpack_results(self) end
  return false, problem_of(self)
end

-- The outermost scopes that the task itself has opened.
local function scopes_of(self)
  local found = {}
  for scope in pairs(self.scope.inner) do
    if scope.task == self then found[#found + 1] = scope end
  end
  return found
end

--- Ends the task: what it waits for ends, and its suspension points raise.
-- It is over once it has cleaned up.
---@param reason? any
function Task:cancel(reason)
  if self.outcome or self.cause or not current then return end
  if self.scope.scheduler ~= current then
    return self.scope:at_home(function() self:cancel(reason) end)
  end
  self.cause = cancelled.new("task " .. self:id(), reason)
  loop.count_cancelled(1)
  local threads = {}
  for _, scope in ipairs(scopes_of(self)) do
    scope:spread(self.cause, threads)
  end
  local leaf = current:innermost(self.thread)
  if current:cause_for(leaf) then threads[#threads + 1] = leaf end
  current:interrupt(threads)
end

--- Tells the one who waits in wait_ready that the task has begun its work.
---@param ... any
function Task:ready(...)
  self.greeting = table.pack(...)
  local waiter = self.greeter
  if not waiter then return end
  self:leave(waiter)
  loop.wake(waiter)
end

--- Waits until the task calls task:ready.  Raises where it ended without:
-- the task's error, where that is why.
---@return any ... what ready was given
function Task:wait_ready()
  loop.check_can_wait("task:wait_ready")
  if not self.greeting and not self.outcome then
    if self.greeter then error("wait_ready: another waits already", 2) end
    check_home(self, "task:wait_ready", 3)
    self.waiters, self.greeter = self.waiters or {}, running()
    table.insert(self.waiters, self.greeter) -- its end wakes us too
    loop.wait(self)
  end
  local greeting = self.greeting
  if greeting then return table.unpack(greeting, 1, greeting.n) end
  if self.outcome == "done" then
    error("wait_ready: the task ended without task:ready()", 2)
  end
  self.scope:seen(self)
  Task.set_trace(self.problem, self.trace)
  error(problem_of(self), 0)
end

return Task
