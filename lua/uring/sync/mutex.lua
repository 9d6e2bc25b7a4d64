--- A mutex: at most one task at a time.
-- It is handed over: whoever unlocks it makes the task that waited longest
-- its holder, before that runs, so that nobody comes between.
local errno = require "uring.errno"
local loop = require "uring.loop"
local Queue = require "uring.sync.queue"
local words = require "uring.sync.words"

local running = coroutine.running

---@class uring.Mutex
---@field holder uring.Task|false the task that has locked it
local Mutex = { __name = "uring.Mutex" }
Mutex.__index = Mutex

---@class uring.MutexGuard
local Guard = { __name = "uring.MutexGuard" }
Guard.__index = Guard

--- Makes a mutex, which is free.
---@return uring.Mutex
function Mutex.new()
  return setmetatable({
    holder = false,
    guard = false, -- that of the holder
    queue = Queue.new(), -- coroutines, each with its guard
  }, Mutex)
end

local function give(self, guard)
  self.guard, self.holder = guard, guard.task
end

local function release(self)
  local thread, guard = self.queue:pop()
  if not thread then
    self.guard, self.holder = false, false
    return
  end
  give(self, guard)
  loop.wake(thread)
end

local function new_guard(self, what)
  local task = loop.task()
  if not task then error(what .. " needs uring.run", 3) end
  if self.holder == task then
    error(("%s: %s holds this mutex already"):format(what, words.of(task)), 3)
  end
  return setmetatable({ mutex = self, task = task }, Guard)
end

--- Locks the mutex, waiting until it is free.  Raises where the running task
-- holds it already.
---@return uring.MutexGuard guard unlocks it at the end of a <close> variable
function Mutex:lock()
  loop.check_can_wait("mutex:lock")
  local guard = new_guard(self, "mutex:lock")
  if not self.holder then
    give(self, guard)
  else
    self.queue:push(running(), guard)
    assert(loop.wait(self))
  end
  return guard
end

--- Locks the mutex if that needs no waiting.  Raises where the running task
-- holds it already.
---@return uring.MutexGuard? guard
---@return string? message "would wait"
---@return integer? code EAGAIN
function Mutex:try_lock()
  local guard = new_guard(self, "mutex:try_lock")
  if self.holder then return nil, "would wait", errno.EAGAIN end
  give(self, guard)
  return guard
end

--- Unlocks the mutex.  Raises where the running task does not hold it.
function Mutex:unlock()
  if not self.holder then error("mutex:unlock: nobody holds this mutex", 2) end
  if self.holder ~= loop.task() then
    error(("mutex:unlock: %s holds this mutex, not %s"):format(
      words.of(self.holder), words.of(loop.task())), 2)
  end
  release(self)
end

--- Calls a function with the mutex locked, which is unlocked again however
-- that ends.
---@param body function
---@param ... any its arguments
---@return any ... what it returns
function Mutex:with(body, ...)
  local _guard <close> = self:lock()
  return body(...)
end

--- As a place to wait at: takes a coroutine out of the line.
---@param thread thread
function Mutex:leave(thread)
  self.queue:remove(thread)
end

--- What it is to wait for it.
---@return string
function Mutex:describe()
  return "mutex held by " .. words.of(self.holder)
end

function Mutex:__tostring()
  return ("%s (%s%s)"):format(Mutex.__name,
    self.holder and "held by " .. words.of(self.holder) or "free",
    words.waiting(self.queue))
end

-- For conditions

-- Stands for a mutex as a place that one waits at in any case: it has no
-- method leave, and so not even a cancellation ends the wait.
local Return = {}

function Return:__index(key)
  if key == "describe" then return Return.describe end
  if key == "holder" then return self.mutex.holder end
end

--- What it is to wait for it.
---@return string
function Return:describe()
  return self.mutex:describe()
end

--- Unlocks the mutex for a while: for conditions.
---@return uring.MutexGuard guard with which _return locks it again
function Mutex:_leave_to_others()
  local guard = self.guard
  release(self)
  return guard
end

--- Locks the mutex again, waiting until it is free even in a task that is
-- being cancelled.
---@param guard uring.MutexGuard
function Mutex:_return(guard)
  if not self.holder then return give(self, guard) end
  self.queue:push(running(), guard)
  assert(loop.wait(setmetatable({ mutex = self }, Return)))
end

-- Guards

--- Unlocks the mutex, unless that was done since: it may be called twice.
function Guard:unlock()
  if self.mutex.guard == self then release(self.mutex) end
end

Guard.__close = Guard.unlock

function Guard:__tostring()
  return ("%s (%s)"):format(Guard.__name,
    self.mutex.guard == self and "locked" or "unlocked")
end

return Mutex
