--- The tasks of a scope: no task outlives the block that has spawned it.
-- A scope ends when its body and all its tasks have.  Where one of them
-- fails, the others are cancelled, and the scope raises that error, as it
-- is; what fails after the first is in scope.errors.
local cancelled = require "uring.cancelled"
local errno = require "uring.errno"
local Line = require "uring.line"
local loop = require "uring.loop"
local Members = require "uring.members"
local report = require "uring.report"
local Scope = require "uring.scope"
local Task = require "uring.task"
local traces = require "uring.traces"

local pack, running = table.pack, coroutine.running

local current -- the scheduler that runs

loop.on_switch(function(scheduler) current = scheduler end)

local function new_task(self, body, args)
  local tasks = self.tasks
  if not tasks then
    tasks = Members.new()
    self.tasks = tasks
  end
  tasks:reserve()
  local task = Task.new(self, body, args)
  local parent = current:task()
  if parent then task.locals = parent.locals end
  tasks:enter(task)
  self.live = self.live + 1
  return task
end

local function add(self, what, body, args)
  if type(body) ~= "function" then
    error(what .. ": bad argument 'body' (function expected)", 3)
  end
  local is_here = self.scheduler == current -- it cannot wait elsewhere
  if self.max and is_here then Line.wait(self) end
  if self.is_over or not current then
    error(what .. ": the scope has ended", 3)
  end
  if is_here then return new_task(self, body, args) end
  return self:at_home(new_task, body, args)
end

--- Starts a task.  It first runs when the one that calls waits.  Where it
-- fails, the scope does.
---@param body function
---@param ... any its arguments
---@return uring.Task
function Scope:spawn(body, ...)
  local task = add(self, "spawn", body, select("#", ...) > 0 and pack(...))
  return task -- no tail call: errors name the caller's line
end

--- Starts a task whose failure belongs to whoever calls task:await.  Where
-- nobody has, the scope fails with it at its end.
---@param body function
---@param ... any its arguments
---@return uring.Task
function Scope:async(body, ...)
  local task = add(self, "async", body, select("#", ...) > 0 and pack(...))
  task.is_async = true
  return task
end

--- Starts a task that does not keep the scope alive: it is cancelled when
-- the others have ended.
---@param body function
---@param ... any its arguments
---@return uring.Task
function Scope:daemon(body, ...)
  local task = add(self, "daemon", body, select("#", ...) > 0 and pack(...))
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

--- One of its tasks has ended: the task calls it.
---@param task uring.Task
function Scope:ended(task)
  local live, daemons, line = self.live - 1, self.daemons, self.line
  if daemons > 0 and task.is_daemon then daemons = daemons - 1 end
  if line and line[1] then
    loop.wake(line[1])
    table.remove(line, 1)
    self.promised = self.promised + 1
  end
  if self.waiters and live <= (self.ending and 0 or daemons) then
    loop.wake_all(self.waiters)
    self.waiters = false
  end
  self.live, self.daemons = live, daemons -- where waking raises: once more
  self.tasks:leave(task)
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

-- The end

--- What it is to wait for it.
---@return string
function Scope:describe()
  local text = "the tasks of " .. self:title()
  if not self.failed then return text end
  return text .. ", which failed: " .. cancelled.text_of(self.problem)
end

local function wait_for_tasks(self)
  while self.live > (self.ending and 0 or self.daemons) do
    self.waiters = self.waiters or {}
    table.insert(self.waiters, (running()))
    loop.wait(self) -- has no method leave: not even a cancellation ends it
  end
end

local function end_daemons(self)
  self.ending = Scope.cause_of(self, "all but daemons have ended")
  if not self.cause then
    Scope.carry_out(self.spread, self, self.ending)
  end
end

-- Whether a coroutine has resumed the running one, if not directly.
local function is_around(thread)
  local each = running()
  while each and each ~= thread do each = current.outer[each] end
  return each ~= nil
end

-- A generator has left this scope open.  Where a task outside waits inside
-- of the generator, that one has to leave it first.
local function end_left(self)
  self.was_left = true
  self:cancel("its coroutine was left")
  if not current.outer[self.thread] then
    self:wait_for_all()
    return self:finish()
  end
  if is_around(self.thread) then -- we cannot wait for ourselves
    self.parent.inner:leave(self)
    self.parent = false
    return
  end
  self.watchers = self.watchers or {}
  table.insert(self.watchers, (running()))
  loop.wait(self)
end

local function has_inner(self)
  return self.inner and self.inner.count > 0
end

--- Whether something is in it for which its end would have to wait.
---@return boolean
function Scope:has_something()
  return self.live > 0 or has_inner(self)
end

local function first_of(following, members, seat)
  return following(members, seat)
end

--- Waits for all that is in it, and cleans up behind generators that were
-- left with a scope open.
function Scope:wait_for_all()
  repeat
    wait_for_tasks(self)
    if self.live > 0 then
      end_daemons(self)
      wait_for_tasks(self)
    end
    local _, left = first_of(Members.each(self.inner))
    if left then end_left(left) end
  until self.live == 0 and not has_inner(self)
end

local function note_unseen(self)
  local unseen = self.unseen
  if not unseen then return end
  self.unseen = false
  for number = 1, self.failures do -- in the order in which they ended
    local task = unseen[number]
    if task then self:fail(task.problem, task.trace) end
  end
end

-- What the scope comes to: as pcall has it.
local function verdict(self, ok, ...)
  if self.failed then
    traces.set(self.problem, self.trace)
    return false, self.problem
  end
  local cause, value = self.own_cause, ...
  if not ok and not cancelled.means(value, cause) then return false, value end
  local absorbs = not cause or self.timed_out or self.was_left
  if ok and absorbs and not self.was_cut then return true, ... end
  if not cause then return false, self.cause end
  if self.timed_out then return true, nil, "timeout", errno.ETIMEDOUT end
  return true, nil, "cancelled: " .. cancelled.text_of(cause.reason),
    errno.ECANCELED
end

local function note_problem(self, value)
  if cancelled.is(value) and not value.is_over
    or cancelled.means(value, self.cause) then
    self:cancel("its body was cancelled")
  else
    self:fail(value, traces.of(value))
  end
end

-- Whether there is nothing to wait for, and nothing to tell.
local function is_plain(self)
  return self.live == 0 and not (self.cause or self.failed or self.was_cut
    or self.unseen or self.is_over or self.own_cause or has_inner(self))
end

--- Its body has ended, as pcall has it: waits for the rest.
---@param ok boolean
---@param ... any
---@return boolean ok
---@return any ...
function Scope:join(ok, ...)
  if ok and is_plain(self) then
    self:finish()
    return true, ...
  end
  if self.is_over then return verdict(self, ok, ...) end -- it was left
  if not ok then note_problem(self, (...)) end
  repeat
    self:wait_for_all()
    note_unseen(self)
  until self.live == 0 and not has_inner(self)
  self:finish()
  return verdict(self, ok, ...)
end

return Scope
