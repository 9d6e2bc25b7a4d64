--- The tasks of a scope: no task outlives the block that has spawned it.
-- A scope ends when its body and all its tasks have.  Where one of them
-- fails, the others are cancelled, and the scope raises that error, as it
-- is; what fails after the first is in scope.errors.
local cancelled = require "uring.cancelled"
local errno = require "uring.errno"
local loop = require "uring.loop"
local Scope = require "uring.scope"
local Task = require "uring.task"

local running = coroutine.running

local current -- the scheduler that runs

loop.on_switch(function(scheduler) current = scheduler end)

-- Waits until there is room for one more task.
local function wait_for_room(self)
  while self.live >= self.max do
    loop.check_can_wait("scope:spawn")
    self.line = self.line or {}
    table.insert(self.line, (running()))
    loop.wait(self.line_place or self:make_line())
  end
end

--- Makes the place where those wait who want to spawn one more.
function Scope:make_line()
  local line = self.line
  self.line_place = {
    leave = function(_, thread)
      for i, each in ipairs(line) do
        if each == thread then return table.remove(line, i) end
      end
    end,
    describe = function() return "room in " .. self:title() end,
  }
  return self.line_place
end

local function add(self, what, body, ...)
  if type(body) ~= "function" then
    error(what .. ": bad argument 'body' (function expected)", 3)
  end
  if self.is_over then error(what .. ": the scope has ended", 3) end
  if self.max then wait_for_room(self) end
  local task = Task.new(self, body, ...)
  local parent = current:task()
  task.locals = parent and parent.locals
  self.tasks[task] = true
  self.live = self.live + 1
  return task
end

--- Starts a task.  It first runs when the one that calls waits.  Where it
-- fails, the scope does.
---@param body function
---@param ... any its arguments
---@return uring.Task
function Scope:spawn(body, ...)
  return add(self, "spawn", body, ...)
end

--- Starts a task whose failure belongs to whoever calls task:await.  Where
-- nobody has, the scope fails with it at its end.
---@param body function
---@param ... any its arguments
---@return uring.Task
function Scope:async(body, ...)
  local task = add(self, "async", body, ...)
  task.is_async = true
  return task
end

--- Starts a task that does not keep the scope alive: it is cancelled when
-- the others have ended.
---@param body function
---@param ... any its arguments
---@return uring.Task
function Scope:daemon(body, ...)
  local task = add(self, "daemon", body, ...)
  task.is_daemon = true
  self.daemons = self.daemons + 1
  return task
end

--- How many tasks have not ended.
---@return integer
function Scope:count()
  return self.live
end

--- Iterates over the tasks that have not ended.
---@return function iterator
function Scope:children()
  return next, self.tasks
end

--- One of its tasks has ended: the task calls it.
---@param task uring.Task
function Scope:ended(task)
  self.tasks[task] = nil
  self.live = self.live - 1
  if task.is_daemon then self.daemons = self.daemons - 1 end
  if task.outcome == "failed" and task.is_async then
    self.unseen = self.unseen or {}
    table.insert(self.unseen, task)
  elseif task.outcome == "failed" then
    self:fail(task.problem, task.trace)
  end
  if self.line and self.line[1] then loop.wake(table.remove(self.line, 1)) end
  if self.waiter and self.live <= (self.ending and 0 or self.daemons) then
    local waiter = self.waiter
    self.waiter = false
    loop.wake(waiter)
  end
end

--- Notes that something in it has failed: the rest is cancelled.
---@param problem any
---@param trace? string|false
function Scope:fail(problem, trace)
  if self.on_error then pcall(self.on_error, problem, trace) end
  if self.failed then
    table.insert(self.errors, problem)
    return
  end
  self.failed, self.problem, self.trace = true, problem, trace or false
  self:cancel(problem)
end

-- The end

--- What it is to wait for it.
---@return string
function Scope:describe()
  return "the tasks of " .. self:title()
end

local function wait_for_tasks(self)
  while self.live > (self.ending and 0 or self.daemons) do
    self.waiter = running()
    loop.wait(self) -- has no method leave: not even a cancellation ends it
  end
end

local function end_tasks(self, reason)
  self.ending = true
  if not self.cause then
    local threads = {}
    self:spread(cancelled.new(self:title(), reason), threads)
    current:interrupt(threads)
  end
end

--- Waits for all that is in it, and cleans up behind generators that were
-- left with a scope open.
function Scope:wait_for_all()
  wait_for_tasks(self)
  if self.live > 0 then
    end_tasks(self, "all but daemons have ended")
    wait_for_tasks(self)
  end
  local left = next(self.inner)
  while left do
    end_tasks(left, "its coroutine was left")
    wait_for_tasks(left)
    left:wait_for_all()
    left:finish()
    left = next(self.inner)
  end
end

local function note_unseen(self)
  for _, task in ipairs(self.unseen or {}) do
    if not task.was_seen then self:fail(task.problem, task.trace) end
  end
end

-- What the scope comes to: as pcall has it.
local function verdict(self, ok, ...)
  if self.failed then
    Task.set_trace(self.problem, self.trace)
    return false, self.problem
  end
  local cause, value = self.own_cause, ...
  if ok and (not cause or self.timed_out) then return true, ... end
  if not ok and not cancelled.means(value, cause) then return false, value end
  if self.timed_out then return true, nil, "timeout", errno.ETIMEDOUT end
  return true, nil, "cancelled: " .. tostring(cause.reason), errno.ECANCELED
end

--- Its body has ended, as pcall has it: waits for the rest.
---@param ok boolean
---@param ... any
---@return boolean ok
---@return any ...
function Scope:join(ok, ...)
  if not ok then
    local value = ...
    if cancelled.is(value) and not value.is_over
      or cancelled.means(value, self.cause) then
      self:cancel("its body was cancelled")
    else
      self:fail(value, Task.trace_of(value))
    end
  end
  self:wait_for_all()
  note_unseen(self)
  self:finish()
  return verdict(self, ok, ...)
end

return Scope
