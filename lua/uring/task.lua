--- Tasks: coroutines that a scope waits for, with a result.
local cancelled = require "uring.cancelled"
local insist = require "uring.insist"
local loop = require "uring.loop"
local Members = require "uring.members"
local Scope = require "uring.scope"
local traces = require "uring.traces"

local close, create = coroutine.close, coroutine.create
local running, status = coroutine.running, coroutine.status
local pack, unpack = table.pack, table.unpack

local current -- the scheduler that runs

---@class uring.Task
---@field name string? for people
---@field thread thread
---@field scope uring.Scope that waits for it
---@field outcome string|false
local Task = { __name = "uring.Task" }
Task.__index = Task

loop.on_switch(function(scheduler) current = scheduler end)

-- Ending

local function set_results(self, ...)
  if select("#", ...) > 0 then self.results = pack(...) end
  self.outcome = "done"
end

local function set_problem(self, value)
  local ended = cancelled.means(value, self.cause)
    or cancelled.means(value, self.scope.cause)
    or cancelled.is(value) and not value.is_over
  self.problem = value
  self.trace = not ended and traces.of(value) or nil
  traces.rest()
  self.outcome = ended and "cancelled" or "failed" -- needs no memory
end

-- The last of it, which is done again where memory was short.
local function leave(self)
  local cause, waiters = self.cause, self.waiters
  if cause and not cause.is_over then
    cause.is_over = true
    loop.count_cancelled(-1)
  end
  if waiters then
    loop.wake_all(waiters)
    self.waiters, self.greeter = nil, nil
  end
  Scope.ended(self.scope, self)
  current.tasks[self.thread] = nil -- a call may raise
  current.live = current.live - 1
end

local function finish(self, ok, ...)
  if ok then
    set_results(self, ...)
  else
    set_problem(self, (...))
    self.scope:judge(self) -- on_error may wait
  end
  leave(self)
end

local function join_and_finish(self, ok, ...)
  if self.implicit then return finish(self, self.implicit:join(ok, ...)) end
  return finish(self, ok, ...)
end

--- The scheduler calls it when the coroutine has ended, as xpcall has it.
-- What waits then, does so in another one.
---@param ok boolean
---@param ... any
function Task:conclude(ok, ...)
  local implicit = self.implicit
  if ok and not implicit then return finish(self, ok, ...) end
  if not (implicit and implicit:has_something()
    or not ok and self.scope.on_error) then
    return join_and_finish(self, ok, ...)
  end
  local thread = create(join_and_finish)
  current:replace(self, thread)
  if implicit then implicit.thread = thread end
  current:run(thread, self, ok, ...)
end

--- What its coroutine, which is one of xpcall, is first resumed with.
---@return function body
---@return function handler
---@return any ... the arguments
function Task:begin()
  local body, args = self.body, self.args
  self.body, self.args = false, false
  if not args then return body, traces.keep end
  return body, traces.keep, unpack(args, 1, args.n)
end

--- Makes a task of a scope, and enters it in the scheduler.
---@param scope uring.Scope
---@param body function
---@param args table|false its arguments, packed
---@param kind "is_async"|"is_daemon"|false
---@param locals table? those of the task that spawns it
---@return uring.Task
function Task.new(scope, body, args, kind, locals)
  local number = current.births + 1
  current.births = number
  local self = setmetatable({ -- 8 fields: one more would double its size
    thread = create(xpcall), scope = scope, outcome = false, seat = 0,
    body = body, args = args, number = number, born = current.now,
  }, Task)
  if kind then self[kind] = true end
  if locals then self.locals = locals end
  current:add(self)
  return self
end

--- The scheduler calls it where a task ended in a way of its own, or memory
-- was short when it ended.
---@param problem any
function Task:abort(problem)
  local scope = self.scope
  if not current.tasks[self.thread] then return end
  if not self.outcome then
    local ok, trace = pcall(debug.traceback, self.thread)
    traces.set(problem, ok and trace)
    pcall(close, self.thread)
    set_problem(self, problem)
    scope:judge(self)
  else
    insist.retry(current, problem) -- what it has cancelled
    if self.outcome == "failed" and not scope.failed then
      scope:fail(self.problem, self.trace)
    end
  end
  leave(self)
end

-- For programs

--- A number for people to tell it from the others of its run: in the order
-- in which they were spawned, from 1 on.
---@return integer
function Task:id()
  return self.number
end

--- What people call it.
---@return string such as "task 7"
function Task:title()
  return "task " .. self.number
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
  if results then return unpack(results, 1, results.n) end
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
  traces.set(self.problem, self.trace)
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

-- Cancels the outermost scopes that the task itself has opened, and it.
local function spread(self, cause, set)
  for _, scope in Members.each(self.scope.inner) do
    if scope.task == self then scope:spread(cause, set) end
  end
  Scope.end_wait(self.thread, set)
end

--- Ends the task: what it waits for ends, and its suspension points raise.
-- It is over once it has cleaned up.
---@param reason? any
function Task:cancel(reason)
  if self.outcome or self.cause or not current then return end
  if self.scope.scheduler ~= current then
    return self.scope:at_home(function() self:cancel(reason) end)
  end
  self.cause = Scope.cause_of(self, reason)
  loop.count_cancelled(1)
  Scope.carry_out(spread, self, self.cause)
end

--- Tells the one who waits in wait_ready that the task has begun its work.
---@param ... any
function Task:ready(...)
  self.greeting = pack(...)
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
  if greeting then return unpack(greeting, 1, greeting.n) end
  if self.outcome == "done" then
    error("wait_ready: the task ended without task:ready()", 2)
  end
  self.scope:seen(self)
  traces.set(self.problem, self.trace)
  error(problem_of(self), 0)
end

return Task
