--- A mutex: at most one task at a time.
-- It is handed over to the one that waited longest, see holding.lua.
local holding = require "uring.sync.holding"
local loop = require "uring.loop"
local Queue = require "uring.sync.queue"
local turn = require "uring.sync.turn"
local words = require "uring.sync.words"

---@class uring.Mutex
---@field holder uring.Task|false the task that has locked it
local Mutex = { __name = "uring.Mutex", HELD = "this mutex" }
Mutex.__index = Mutex

---@class uring.MutexGuard
local Guard = { __name = "uring.MutexGuard" }
Guard.__index = Guard
Mutex.Guard = Guard

--- Makes a mutex, which is free.
---@return uring.Mutex
function Mutex.new()
  return setmetatable({
    holder = false,
    guard = false, -- that of the holder
    queue = Queue.new(), -- coroutines, each with its guard
  }, Mutex)
end

-- For holding

function Mutex:_guard_of(task)
  return self.holder == task and self.guard
end

function Mutex:_is_free()
  return not self.holder
end

function Mutex._expect() end

function Mutex:_give(guard)
  self.guard, self.holder = guard, guard.task
end

function Mutex:_take_back()
  self.guard, self.holder = false, false
end

-- For programs

--- Locks the mutex, waiting until it is free.  Raises where the running task
-- holds it already.
---@return uring.MutexGuard guard unlocks it at the end of a <close> variable
function Mutex:lock()
  return holding.acquire(self, "mutex:lock")
end

--- Locks the mutex if that needs no waiting.  Raises where the running task
-- holds it already.
---@return uring.MutexGuard? guard
---@return string? message "would wait"
---@return integer? code EAGAIN
function Mutex:try_lock()
  return holding.try_acquire(self, "mutex:try_lock")
end

--- Unlocks the mutex.  Raises where the running task does not hold it.
function Mutex:unlock()
  if not self.holder then error("mutex:unlock: nobody holds this mutex", 2) end
  if self.holder ~= loop.task() then
    error(("mutex:unlock: %s holds this mutex, not %s"):format(
      words.of(self.holder), words.of(loop.task())), 2)
  end
  holding.release(self.guard)
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
  if key == "describe" or key == "give_up" then return Return[key] end
  if key == "holder" then return self.mutex.holder end
end

--- What it is to wait for it.
---@return string
function Return:describe()
  return self.mutex:describe()
end

--- Where the run is given up it ends all the same.
---@param thread thread
function Return:give_up(thread)
  self.mutex:leave(thread)
end

--- Unlocks the mutex for a while: for conditions.
---@return uring.MutexGuard guard with which _return locks it again
function Mutex:_leave_to_others()
  local guard = self.guard
  holding.release(guard)
  return guard
end

--- Locks the mutex again, waiting until it is free even in a task that is
-- being cancelled.
---@param guard uring.MutexGuard
function Mutex:_return(guard)
  if not self.holder then return self:_give(guard) end
  turn.wait(setmetatable({ mutex = self }, Return), self.queue, guard)
end

-- Guards

--- Unlocks the mutex, unless that was done since: it may be called twice.
function Guard:unlock()
  holding.release(self)
end

Guard.__close = Guard.unlock

function Guard:__tostring()
  return ("%s (%s)"):format(Guard.__name,
    holding.has(self) and "locked" or "unlocked")
end

return Mutex
