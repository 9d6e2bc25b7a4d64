--- How a scope opens and closes.
local loop = require "uring.loop"
local Members = require "uring.members"
local Scope = require "uring.scope"
local Timers = require "uring.timer"

local running = coroutine.running
local enter, leave, reserve = Members.enter, Members.leave, Members.reserve
local remove_timer = Timers.remove

local BLANKS <const> = 100 -- at most, that are kept
local NOBODY = Members.NOBODY

local current -- the scheduler that runs

loop.on_switch(function(scheduler) current = scheduler end)

local function make(parent, task, thread, outer, shield, guards)
  return setmetatable({
    scheduler = current,
    parent = parent, task = task, thread = thread, outer = outer,
    shield = shield, guards = guards, -- it, or one of those around it, does
    inner = NOBODY, tasks = NOBODY, seat = 0, -- in the 'inner' of its parent
    max = false, daemons = 0, number = false,
    cause = false, own_cause = false, failed = false, unseen = false,
    timed_out = false, was_cut = false, ending = false, is_over = false,
    waiters = false, watchers = false, line = false,
    due = false, bucket = false, place = 0, -- at most 32 fields: half the size
  }, Scope)
end

local function set_options(self, options)
  self.max = options.max or false
  if options.name then self.name = options.name end
  if options.on_error then self.on_error = options.on_error end
end

-- Makes a scope inside another; 'outer' is the one that was opened before it
-- in the same coroutine.
local function new(parent, task, thread, outer, options)
  local members = parent.inner
  if members == NOBODY then
    members = Members.new()
    parent.inner = members
  end
  reserve(members)
  local scheduler, self = current, current.blank
  local shield = options and options.shield or false
  local guards = shield or outer and outer.guards
  if self then
    scheduler.blank, self.is_over = self.parent, false
    self.parent, self.task, self.thread = parent, task, thread
    self.outer, self.shield, self.guards = outer, shield, guards
  else
    self = make(parent, task, thread, outer, shield, guards)
  end
  if options then set_options(self, options) end
  scheduler.own[thread] = self
  enter(members, self)
  local cause = parent.cause
  if cause and not shield then
    loop.count_cancelled(1)
    self.cause = cause
  end
  return self
end

--- Makes the scope around all others.
---@param name string
---@return uring.Scope
function Scope.outermost(name)
  local self = make(false, false, false, false, false, false)
  self.name = name
  return self
end

-- The scope of a task in which it spawns where it has opened none.
local function implicit_scope(task)
  local scope = task.implicit
  if scope then return scope end
  local name, thread = task.name, task.thread
  scope = new(task.scope, task, thread, current.own[thread] or false,
    name and { name = name })
  task.implicit = scope
  if task.cause and not scope.cause then
    loop.count_cancelled(1)
    scope.cause = task.cause
  end
  return scope
end

--- The scope in which the running code is: the innermost that is open.
---@return uring.Scope
function Scope.innermost()
  local scheduler = current
  local nested = scheduler.nested
  local thread, place = nested[1], #nested
  while thread do
    if scheduler.own[thread] then return scheduler.own[thread] end
    thread, place = place > 1 and nested[place], place - 1
  end
  thread = scheduler.leaf()
  while not scheduler.own[thread] and scheduler.outer[thread] do
    thread = scheduler.outer[thread]
  end
  return scheduler.own[thread] or implicit_scope(scheduler.tasks[thread])
end

--- Opens a scope for the running code, in the innermost that is open: where
-- its task has opened none, beside the one in which that would spawn.
---@param options table|false
---@return uring.Scope
function Scope.open(options)
  local scheduler, thread = current, running()
  local task, outer = scheduler.tasks[thread], scheduler.own[thread]
  if task then
    return new(outer or task.scope, task, thread, outer or false, options)
  end
  return new(Scope.innermost(), scheduler:task(), thread, outer or false,
    options)
end

-- Nothing starts in it any more, and its time does not end.
local function close(self)
  local bucket, own = self.bucket, current.own
  local thread, parent = self.thread, self.parent
  self.is_over = true
  if bucket then
    self.bucket = false
    remove_timer(bucket, self.place)
  end
  if thread and own[thread] == self then own[thread] = self.outer or nil end
  if parent then leave(parent.inner, self) end
end

--- Forgets the scope, which has ended.
function Scope:finish()
  if self.is_over then return end
  close(self)
  if self.cause then loop.count_cancelled(-1) end
  if self.own_cause then self.own_cause.is_over = true end
  if self.ending then self.ending.is_over = true end
  if self.line then loop.wake_all(self.line) end
  if self.watchers then loop.wake_all(self.watchers) end
  self.line, self.watchers = false, false
end

--- Ends it, where its body has ended well, nothing was ever in it, and
-- nothing has happened to it.  It may be opened again, as another one: only
-- for a scope that nobody else knows of.
---@return boolean ended
function Scope:vanish()
  if self.tasks ~= NOBODY or self.inner ~= NOBODY or self.cause
    or self.own_cause or self.is_over or self.number then
    return false
  end
  close(self)
  local blank = current.blank
  local place = blank and blank.place + 1 or 1
  if place > BLANKS then return true end
  self.task, self.thread, self.outer, self.due = false, false, false, false
  self.place, self.parent, current.blank = place, blank, self
  return true
end

return Scope
