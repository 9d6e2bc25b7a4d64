--- The scheduler: who runs next, and what becomes of those who have run.
-- One tick: run what is ready, then submit all that was started and wait, in
-- one system call, or two where many have completed (see step.c); then whoever
-- waits for what has completed goes on.  C knows who started an op, resumes
-- it, and tells us of the first that does not wait again: no ids, no opcodes.
--
-- A coroutine that waits yields IO, a private sentinel (see loop.lua), so
-- that waiting can be told from the values of a generator.
--
-- Nested coroutines.  A task may wait inside a generator: C remembers the
-- innermost coroutine, and that one is resumed directly, at any depth.
-- Those around it wait as well, each noted in 'outer' by our resume, which
-- yields IO onwards.  When the inner one yields a value or ends, 'settle'
-- gives that to the one that had resumed it.
local core = require "uring.core"
local insist = require "uring.insist"
local system = require "uring.system"
local Timers = require "uring.timer"

local status, next_due, take_due = coroutine.status, Timers.next, Timers.due

local FEW = 64 -- so many that were ready leave a list that is used again

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
  --- Coroutine -> what it waits for, or has waited for in vain: its __close
  -- gives back what the coroutine was given and does not know of.
  turns = setmetatable({}, { __mode = "k" }),
  --- Stand in 'waits': for a coroutine whose wait has ended early, and for
  -- one that sleeps without an end.
  INTERRUPTED = { describe = function() return "interrupted" end },
  FOREVER = { describe = function() return "sleep for ever" end,
    leave = function() return true end },
}
Scheduler.__index = Scheduler

-- [1] is the coroutine that was resumed last, by the scheduler that runs.
local leaf = { false }

-- resume(thread, ...) tells whether a coroutine waits again.  Of one that
-- does not, what coroutine.resume returns is 'taken'.
local resume, taken = core.resumer(Scheduler.IO)
local is_watched = false -- another function resumes
Scheduler.resume, Scheduler.last = resume, leaf

local settle

--- Makes a scheduler on a ring, which it will close.
---@param ring uring.Ring
---@param bound table what system.bind makes of it
---@return uring.Scheduler scheduler
function Scheduler.new(ring, bound)
  return setmetatable({
    ring = ring, bound = bound, timers = Timers.new(),
    strings = {}, views = {}, -- buffer rings, see buffers.lua
    ready = {}, spare = {}, -- whom to resume; that of the next tick, empty
    outer = {}, -- coroutine -> the one that resumed it, and waits with it
    inside = {}, -- the other way round
    waits = {}, -- coroutine -> the place where it waits, but for ops
    tasks = {}, -- coroutine -> task
    own = {}, -- coroutine -> the innermost scope that was opened in it
    nested = { false }, -- inside the leaf: the innermost, then from outside on
    live = 0, -- tasks that have not ended
    unended = false, -- what insists, while there is something: the next
    insistence = insist.new(),
    births = 0, numbered = 0, -- tasks so far; scopes whose number was asked
    has_locals = false, -- whether a task has had some
    blank = false, -- a scope to be used again; its parent is the next one
    now = 0, -- the time of the last step
    root = false, -- the outermost scope
    on_deadlock = false, -- called where nothing could ever wake a task
    on_signal = false, -- called with the number of a signal
    cancelling = 0, last_leaf = false, -- while another one runs: of loop.lua
  }, Scheduler)
end

--- From now on a task has another coroutine: the one it had has ended.
---@param task uring.Task
---@param thread thread
function Scheduler:replace(task, thread)
  self.tasks[thread], self.own[thread] = task, self.own[task.thread]
  self.tasks[task.thread], self.own[task.thread] = nil, nil
  task.thread = thread
end

--- Resumes a coroutine from outside of any.
---@param thread thread
---@param ... any
function Scheduler:run(thread, ...)
  leaf[1] = thread
  local waits, ok, count = resume(thread, ...)
  if not waits then return settle(self, thread, taken(thread, ok, count)) end
end

--- The coroutine that was resumed last, in which those of the user nest.
---@param put? thread|false what it is from now on
---@return thread|false before
function Scheduler.leaf(put)
  local before = leaf[1]
  if put ~= nil then leaf[1] = put end
  return before
end

--- The task that runs.
---@return uring.Task?
function Scheduler:task()
  local thread, outer = leaf[1], self.outer
  while outer[thread] do thread = outer[thread] end
  return self.tasks[thread]
end

-- Running

--- From now on this resumes coroutines, as Scheduler.resume does.
---@param f function
function Scheduler.use_resume(f)
  resume, is_watched = f, f ~= Scheduler.resume
end

-- What a resumed coroutine did, where it did not just wait.
function settle(self, thread, ok, ...)
  local outer = self.outer[thread]
  if outer then
    self.outer[thread], self.inside[outer] = nil, nil
    return self:run(outer, ok, ...)
  end
  local task = self.tasks[thread]
  if not task then return end -- it has ended, or is none
  local problem = ...
  if ok and status(thread) == "dead" then
    ok, problem = pcall(task.conclude, task, ...)
    if ok then return end
  elseif ok then
    problem = "a task called coroutine.yield outside of a generator; "
      .. "uring.yield() lets other tasks run"
  end
  local can, why = pcall(task.abort, task, problem)
  if not can then insist.retry(self, why) end
end

local function run_ready(self)
  local ready = self.ready
  local count = #ready
  -- What gets ready meanwhile runs in the next tick.
  self.ready, self.spare = self.spare, count <= FEW and ready or {}
  for i = 1, count do
    local thread = ready[i]
    leaf[1], ready[i] = thread, nil
    local waits, ok, number = resume(thread)
    if not waits then settle(self, thread, taken(thread, ok, number)) end
  end
end

local function fire_timers(self, now)
  local timers = self.timers
  local bucket = take_due(timers, now)
  if not bucket then return end
  local ready, waits = self.ready, self.waits
  repeat
    for i = 1, #bucket do
      local what = bucket[i]
      if waits[what] then
        waits[what] = nil
        ready[#ready + 1] = what
      elseif what and type(what) ~= "thread" then -- false: it was taken out
        what:expire()
      end
    end
    bucket = take_due(timers, now)
  until not bucket
end

-- How long a step may wait: not at all, some nanoseconds, or -1: for ever.
local function patience(self)
  if self.ready[1] then return false, 0 end
  local due = next_due(self.timers)
  if not due then return true, -1 end
  local left = due - system.now()
  return left > 0, left > 0 and left or 0
end

--- As bound.go, by hand.
---@param bound table what system.bind has made
---@param left integer completions to take, at most
---@return any ... what that returns
function Scheduler.one_by_one(bound, left)
  while true do
    local thread, value, extra
    left, thread, value, extra = bound.take(left)
    if not left then return end
    leaf[1] = thread
    local waits, ok, count = resume(thread, value, extra)
    if not waits then return left, thread, ok, count end
  end
end

-- Resumes those whose ops have completed.  All of them, even where one fails:
-- a value may be a descriptor, which only its task knows to close.
local function deliver(self, left)
  local bound = self.bound
  while left do
    local thread, ok, count
    if is_watched then left, thread, ok, count = self.one_by_one(bound, left)
    else left, thread, ok, count = bound.go(left) end
    if left then settle(self, thread, taken(thread, ok, count)) end
  end
end

--- One tick: runs what is ready, and then what has completed.
---@param limit? integer nanoseconds that it waits at most
---@return boolean live whether there are tasks yet
function Scheduler:tick(limit)
  self.nested[1] = false
  if self.nested[2] then self:forget_nested() end
  if self.ready[1] then run_ready(self) end
  leaf[1] = false
  if self.live == 0 then return false end
  local wait, nanoseconds = patience(self)
  if limit and (nanoseconds > limit
    or nanoseconds < 0 and self.ring:in_flight() > 0) then
    wait, nanoseconds = limit > 0, limit
  end
  if self.unended then nanoseconds = insist.limit(self, nanoseconds) end
  local count, now, signal = self.bound.step(wait, nanoseconds)
  if not count then
    self:on_deadlock()
    return true
  end
  self.now = now
  deliver(self, count)
  leaf[1] = false
  fire_timers(self, now)
  if self.unended then insist.look(self, now) end
  if signal then self:on_signal(signal) end
  return true
end

-- Who is where

--- The cause for which the running code shall end, if there is one: that of
-- the nearest scope that is being cancelled, not beyond one that shields.
---@return uring.Cancelled|false|nil
function Scheduler:cause()
  local own, nested = self.own, self.nested
  local thread, place = nested[1], #nested
  while thread do
    local scope = own[thread]
    if scope then
      if scope.cause then return scope.cause end
      if scope.guards then return false end
    end
    thread, place = place > 1 and nested[place], place - 1
  end
  return self:cause_for(leaf[1])
end

--- The same for a coroutine that does not run.
---@param thread thread
---@return uring.Cancelled|false|nil
function Scheduler:cause_for(thread)
  local own, outer = self.own, self.outer
  while true do
    local scope = own[thread]
    if scope then
      if scope.cause then return scope.cause end
      if scope.guards then return false end
    end
    if not outer[thread] then break end
    thread = outer[thread]
  end
  local task = self.tasks[thread]
  return task and (task.cause or task.scope.cause)
end

--- The innermost coroutine that waits with one; itself where none does.
---@param thread thread
---@return thread
function Scheduler:innermost(thread)
  local inside = self.inside
  while inside[thread] do thread = inside[thread] end
  return thread
end

return Scheduler
