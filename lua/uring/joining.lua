--- How a scope ends: once its body and all its tasks have.
local cancelled = require "uring.cancelled"
local errno = require "uring.errno"
local loop = require "uring.loop"
local Members = require "uring.members"
local Scope = require "uring.opening"
local traces = require "uring.traces"

local running = coroutine.running

local OFTEN = 10 -- times that something is tried

local current -- the scheduler that runs

loop.on_switch(function(scheduler) current = scheduler end)

--- What it is to wait for it.
---@return string
function Scope:describe()
  local text = "the tasks of " .. self:title()
  if not self.failed then return text end
  return text .. ", which failed: " .. cancelled.text_of(self.problem)
end

local function enter_waits(self, thread)
  self.waiters = self.waiters or {}
  current.waits[thread] = self
  table.insert(self.waiters, thread)
end

-- The tasks are waited for even where memory is short, for a while.
local function line_up(self, try)
  local thread = running()
  local ok, problem = pcall(enter_waits, self, thread)
  if ok then return end
  current.waits[thread] = nil
  if try == OFTEN then error(problem, 0) end
  return line_up(self, try + 1)
end

local function wait_for_tasks(self)
  while self.tasks.count > (self.ending and 0 or self.daemons) do
    line_up(self, 1)
    loop.wait(self) -- has no method leave: not even a cancellation ends it
  end
end

--- Nobody else is left: the daemons are to end, too.
function Scope:end_daemons()
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
    Members.leave(self.parent.inner, self)
    self.parent = false
    return
  end
  self.watchers = self.watchers or {}
  table.insert(self.watchers, (running()))
  loop.wait(self)
end

--- Whether something is in it for which its end would have to wait.
---@return boolean
function Scope:has_something()
  return self.tasks.count > 0 or self.inner.count > 0
end

local function first_of(following, members, seat)
  return following(members, seat)
end

--- Waits for all that is in it, and cleans up behind generators that were
-- left with a scope open.
function Scope:wait_for_all()
  repeat
    wait_for_tasks(self)
    if self.tasks.count > 0 then
      self:end_daemons()
      wait_for_tasks(self)
    end
    local _, left = first_of(Members.each(self.inner))
    if left then end_left(left) end
  until not self:has_something()
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

--- Ends it, where its body has ended well, nothing is to be waited for, and
-- nothing to be told.
---@return boolean ended
function Scope:end_plainly()
  if self.tasks.count > 0 or self.inner.count > 0 or self.cause
    or self.failed or self.unseen or self.is_over or self.own_cause then
    return false
  end
  Scope.finish(self)
  return true
end

--- Its body has ended, as pcall has it: waits for the rest.
---@param ok boolean
---@param ... any
---@return boolean ok
---@return any ...
function Scope:join(ok, ...)
  if ok and Scope.end_plainly(self) then return true, ... end
  if self.is_over then return verdict(self, ok, ...) end -- it was left
  if not ok then note_problem(self, (...)) end
  repeat
    self:wait_for_all()
    note_unseen(self)
  until not self:has_something()
  self:finish()
  return verdict(self, ok, ...)
end

return Scope
