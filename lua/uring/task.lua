--- Tasks: coroutines that a scope waits for, with a result.
local cancelled = require "uring.cancelled"
local insist = require "uring.insist"
local loop = require "uring.loop"
local Members = require "uring.members"
local Scheduler = require "uring.ending"
local Scope = require "uring.scope"
local traces = require "uring.traces"

local close, create = coroutine.close, coroutine.create
local status = coroutine.status
local pack = table.pack
local reserve, running_task = Members.reserve, Scheduler.task
local NOBODY = Members.NOBODY
local getinfo, setmetatable = debug.getinfo, setmetatable

local NUMBER <const>, BORN <const> = 1, 2

local current -- the scheduler that runs

---@class uring.Task
---@field name string? for people
---@field thread thread
---@field scope uring.Scope that waits for it
---@field outcome string|false
---@field values table? its results
local Task = { __name = "uring.Task" }
Task.__index = Task

loop.on_switch(function(scheduler) current = scheduler end)

-- Ending

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
  local scheduler, cause, waiters = current, self.cause, self.waiters
  if cause and not cause.is_over then
    cause.is_over = true
    loop.count_cancelled(-1)
  end
  if waiters then
    loop.wake_all(waiters)
    self.waiters, self.greeter = nil, nil
  end
  Scope.ended(self.scope, self)
  scheduler.tasks[self.thread] = nil -- a call may raise
  scheduler.live = scheduler.live - 1
end

local function finish(self, ok, ...)
  if ok then
    if select("#", ...) > 0 then self.values = pack(...) end
    self.outcome = "done"
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

-- What waits then, does so in another coroutine.
local function conclude(self, ok, ...)
  local implicit = self.implicit
  if not (implicit and implicit:has_something()
    or not ok and self.scope.on_error) then
    return join_and_finish(self, ok, ...)
  end
  local thread = create(join_and_finish)
  current:replace(self, thread)
  if implicit then implicit.thread = thread end
  current:run(thread, self, ok, ...)
end

--- The scheduler calls it when the coroutine has ended, as xpcall has it.
---@param ok boolean
---@param ... any
function Task:conclude(ok, ...)
  if not ok or self.implicit then return conclude(self, ok, ...) end
  if select("#", ...) > 0 then self.values = pack(...) end
  self.outcome = "done"
  leave(self)
end

local function first_members(scope)
  local members = Members.new()
  scope.tasks = members
  return members
end

local function inherit(self, parent)
  local locals = parent and parent.locals
  if locals then self.locals = locals end
end

--- Makes a task of a scope, and enters it there and in the scheduler.
---@param scope uring.Scope
---@param thread thread that calls its body, as xpcall does, once it is resumed
---@param kind "is_async"|"is_daemon"|false
---@return uring.Task
function Task.new(scope, thread, kind)
  local scheduler, members = current, scope.tasks
  if members == NOBODY then members = first_members(scope) end
  local ready, number = scheduler.ready, scheduler.births + 1
  scheduler.births = number
  local self = setmetatable({ -- 4 fields: one more would double their place
    number, scheduler.now, -- see id and born
    thread = thread, scope = scope, outcome = false, seat = 0,
  }, Task)
  if kind then self[kind] = true end
  if scheduler.has_locals then inherit(self, running_task(scheduler)) end
  -- From here on no finalizer runs, which may spawn as well.
  local seat, last = reserve(members), #ready + 1
  self.seat = seat
  ready[last] = thread
  ready[last] = nil -- there is room for it now
  scheduler.tasks[thread] = self -- where it raises, nobody is resumed
  -- Nothing of what follows needs memory.
  ready[last] = thread
  scheduler.live = scheduler.live + 1
  members[seat], members.last, members.count = self, seat, members.count + 1
  if kind == "is_daemon" then scope.daemons = scope.daemons + 1 end
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
  return self[NUMBER]
end

--- When it was spawned.
---@return integer nanoseconds
function Task:born()
  return self[BORN]
end

--- What people call it.
---@return string such as "task 7"
function Task:title()
  return "task " .. self[NUMBER]
end

--- Tells how a task is: "new", "ready", "running", "waiting", or, once it has
-- ended, "done", "failed" or "cancelled".
---@return string
function Task:status()
  if self.outcome then return self.outcome end
  local thread = self.thread
  if status(thread) == "suspended" and not getinfo(thread, 0) then
    return "new"
  end
  if current and current:task() == self then return "running" end
  local leaf = current and current:innermost(thread) or thread
  if status(leaf) == "running" or status(leaf) == "normal" then
    return "running"
  end
  for _, each in ipairs(current and current.ready or {}) do
    if each == leaf then return "ready" end
  end
  return "waiting"
end

function Task:__tostring()
  local name = self.name and " " .. self.name or ""
  return ("task %d%s (%s)"):format(self:id(), name, self:status())
end

-- Cancels the outermost scopes that the task itself has opened, and it.
local function spread(self, cause, set)
  for _, scope in Members.each(self.scope.inner) do
    if scope.task == self and not scope.shield then
      scope:spread(cause, set)
    end
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
  local cause = Scope.cause_of(self, reason)
  loop.count_cancelled(1)
  self.cause = cause
  Scope.carry_out(spread, self, cause)
end

return Task
