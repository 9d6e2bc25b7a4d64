--- Waiting for tasks: for their end, or until they are ready.
local loop = require "uring.loop"
local Task = require "uring.task"
local traces = require "uring.traces"

local running = coroutine.running
local pack, unpack = table.pack, table.unpack

local current -- the scheduler that runs

loop.on_switch(function(scheduler) current = scheduler end)

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
  local results = self.values
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
