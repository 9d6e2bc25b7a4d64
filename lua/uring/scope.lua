--- Scopes: what is cancelled together, and by when.
-- Scopes are in each other; what cancels one cancels those inside it, but
-- for shields.  Each is open in a coroutine: where a generator has opened
-- some, those count while it runs, then those of whoever resumes it.
-- How they open and close is in opening.lua; the tasks of a scope, and its end,
-- are in nursery.lua.
local cancelled = require "uring.cancelled"
local inside = require "uring.inside"
local insist = require "uring.insist"
local loop = require "uring.loop"
local Members = require "uring.members"
local system = require "uring.system"
local Timers = require "uring.timer"

local add_timer = Timers.add

local current -- the scheduler that runs

loop.on_switch(function(scheduler) current = scheduler end)

---@class uring.Scope
---@field name string? for people
---@field deadline number? seconds of uring.now; may be set
---@field cancelled boolean whether cancel was called, or its time is over
---@field errors any[] what failed after the first
local Scope = {
  __name = "uring.Scope",
  -- Of every scope until they are set, which few are.
  failures = 0, -- of async tasks
  on_error = false,
  promised = 0, -- places for tasks, to those who were woken
  trace = false, -- where the problem was raised
  was_left = false, -- by its generator
}

function Scope:__index(key)
  local value = Scope[key]
  if value ~= nil then return value end
  if key == "deadline" then return self.due and self.due / 1e9 or nil end
  if key == "cancelled" then return self.own_cause ~= false end
  if key == "errors" then
    self.errors = {}
    return self.errors
  end
end

function Scope:__newindex(key, value)
  if key == "deadline" then return self:set_deadline(value) end
  rawset(self, key, value)
end

--- What people call it.
---@return string
function Scope:title()
  if self.name then return "scope " .. self.name end
  if not self.number then
    local scheduler = self.scheduler
    scheduler.numbered = scheduler.numbered + 1
    self.number = scheduler.numbered
  end
  return "scope " .. self.number
end

function Scope:__tostring()
  local count = self.tasks.count
  return ("%s (%d task%s%s)"):format(self:title(), count,
    count == 1 and "" or "s", self.own_cause and ", cancelled" or "")
end

-- Calls a method in the run of the scope, which may not be the one that runs:
-- a function of uring.blocking has one of its own.
local function at_home(self, method, ...)
  return inside(self.scheduler, method, self, ...)
end

Scope.at_home = at_home

-- Cancellation

local function make_cause(what, reason)
  return cancelled.new(what:title(), reason)
end

--- Makes the cause that ends a scope or a task.  Where there is no memory for
-- it, that is the reason, and there is one for all.
---@param what uring.Scope|uring.Task
---@param reason? any
---@return uring.Cancelled
function Scope.cause_of(what, reason)
  local ok, cause = pcall(make_cause, what, reason)
  return ok and cause or cancelled.without_memory()
end

-- Ends the wait of a coroutine, or of one in it, for which there is a cause.
local function end_wait(thread, set)
  local leaf = current:innermost(thread)
  if current:cause_for(leaf) then current:end_wait(leaf, set) end
end

Scope.end_wait = end_wait

--- Cancels the scope and those inside it, up to shields, for a cause.
---@param cause uring.Cancelled
---@param set table<thread, true> who waits for ops in them is added to it
function Scope:spread(cause, set)
  if self.cause then return end
  loop.count_cancelled(1)
  self.cause = cause
  for _, inner in Members.each(self.inner) do
    if not inner.shield then inner:spread(cause, set) end
  end
  for _, task in Members.each(self.tasks) do end_wait(task.thread, set) end
  if self.thread then end_wait(self.thread, set) end
end

--- The same again for what was cancelled when memory was short.
function Scope:respread()
  if self.failed and not self.own_cause then self:cancel(self.problem) end
  local own = self.own_cause or self.ending
  if own and not self.cause then self:spread(own, {}) end
  for _, inner in Members.each(self.inner) do
    local of_task = inner.task and inner.task.scope == self
      and inner.task.cause
    local cause = self.cause or of_task
    if cause and not inner.shield then inner:spread(cause, {}) end
    inner:respread()
  end
end

local function carry_out(spread, what, cause)
  local set = {}
  spread(what, cause, set)
  current:cancel_ops(set)
end

--- Cancels for a cause what 'spread' walks through, now or, where memory is
-- short, in a moment.
---@param spread fun(what: table, cause: uring.Cancelled, set: table)
---@param what uring.Scope|uring.Task
---@param cause uring.Cancelled
function Scope.carry_out(spread, what, cause)
  local ok, problem = pcall(carry_out, spread, what, cause)
  if not ok then insist.retry(current, problem) end
end

--- Ends the scope: its body and tasks are cancelled at what they wait for,
-- and uring.scope returns nil, "cancelled: reason", ECANCELED.
---@param reason? any
function Scope:cancel(reason)
  if self.is_over or self.own_cause or not current then return end
  if self.scheduler ~= current then
    return at_home(self, self.cancel, reason)
  end
  self.own_cause = Scope.cause_of(self, reason)
  Scope.carry_out(self.spread, self, self.own_cause)
end

--- Its time is over: the scheduler calls it.
function Scope:expire()
  self.timed_out, self.bucket = self.timed_out or not self.own_cause, false
  self:cancel("timeout")
end

--- Sets when its time is over, instead of what was set before.
---@param deadline number? seconds of uring.now; nil: never
function Scope:set_deadline(deadline)
  if deadline ~= nil and (type(deadline) ~= "number"
    or deadline ~= deadline) then
    error("bad deadline (seconds expected)", 2)
  end
  if self.is_over or self.own_cause then return end
  if self.scheduler ~= current then
    return at_home(self, self.set_deadline, deadline)
  end
  if self.bucket then self.bucket:remove(self.place) end
  self.bucket, self.due = false, false
  if deadline and deadline < 1e9 then
    self:end_at(math.ceil(deadline * 1e9), system.now())
  end
end

--- Sets when its time is over, for the first time.
---@param due integer nanoseconds
---@param now integer
function Scope:end_at(due, now)
  self.due = due
  if due <= now then return self:expire() end
  self.bucket, self.place = add_timer(current.timers, due, self)
end

return Scope
