--- A semaphore: so many tokens, for which tasks wait in line.
-- Whoever comes first gets its tokens first, however many it wants: nobody
-- overtakes, or one that wants many would never get them.
local errno = require "uring.errno"
local loop = require "uring.loop"
local Queue = require "uring.sync.queue"
local turn = require "uring.sync.turn"
local words = require "uring.sync.words"

---@class uring.Semaphore
---@field tokens integer how many are there to be taken
local Semaphore = { __name = "uring.Semaphore" }
Semaphore.__index = Semaphore

---@class uring.SemaphoreGuard
local Guard = { __name = "uring.SemaphoreGuard" }
Guard.__index = Guard

--- Makes a semaphore.
---@param count integer how many tokens it has at first, from 0 on
---@return uring.Semaphore
function Semaphore.new(count)
  return setmetatable({
    tokens = words.integer("sync.semaphore", "count", count, 0),
    queue = Queue.new(), -- coroutines, each with its guard
  }, Semaphore)
end

local function new_guard(self, wanted)
  return setmetatable({ semaphore = self, wanted = wanted, count = 0 }, Guard)
end

local function take(self, guard)
  self.tokens = self.tokens - guard.wanted
  guard.count = guard.wanted
  return guard
end

-- Gives tokens to those that wait, as far as they go.
local function share(self)
  local thread, guard = self.queue:peek()
  while thread and guard.wanted <= self.tokens do
    self.queue:pop()
    take(self, guard)
    loop.wake(thread)
    thread, guard = self.queue:peek()
  end
end

local function is_there(self, wanted)
  return not self.queue.first and wanted <= self.tokens
end

--- Takes tokens, waiting until they are there and those that came before
-- have theirs.
---@param count? integer how many, from 1 on; 1 where it is left out
---@return uring.SemaphoreGuard guard releases them when a <close> variable ends
function Semaphore:acquire(count)
  count = words.integer("semaphore:acquire", "count", count or 1, 1)
  loop.check_can_wait("semaphore:acquire")
  local guard = new_guard(self, count)
  if is_there(self, count) then return take(self, guard) end
  turn.wait(self, self.queue, guard)
  return guard
end

--- Takes tokens if that needs no waiting.
---@param count? integer how many, from 1 on; 1 where it is left out
---@return uring.SemaphoreGuard? guard
---@return string? message "would wait"
---@return integer? code EAGAIN
function Semaphore:try_acquire(count)
  count = words.integer("semaphore:try_acquire", "count", count or 1, 1)
  if not is_there(self, count) then return nil, "would wait", errno.EAGAIN end
  return take(self, new_guard(self, count))
end

--- Puts tokens there, whoever took them, or new ones.  Tokens that have a
-- guard are the guard's to release.
---@param count? integer how many, from 1 on; 1 where it is left out
function Semaphore:release(count)
  count = words.integer("semaphore:release", "count", count or 1, 1)
  self.tokens = self.tokens + count
  share(self)
end

--- Calls a function with one token taken, which is released however that ends.
---@param body function
---@param ... any its arguments
---@return any ... what it returns
function Semaphore:with(body, ...)
  local _guard <close> = self:acquire()
  return body(...)
end

--- As a place to wait at: takes a coroutine out of the line.  Those behind it
-- may want no more than there is.
---@param thread thread
function Semaphore:leave(thread)
  if self.queue:remove(thread) then share(self) end
end

--- What it is to wait for it.
---@return string
function Semaphore:describe()
  local _, guard = self.queue:peek()
  return ("semaphore with %d token%s, the first in line wants %d"):format(
    self.tokens, self.tokens == 1 and "" or "s", guard and guard.wanted or 0)
end

function Semaphore:__tostring()
  return ("%s (%d token%s%s)"):format(Semaphore.__name, self.tokens,
    self.tokens == 1 and "" or "s", words.waiting(self.queue))
end

--- Releases what it was given for, once: it may be called twice.
function Guard:release()
  local count = self.count
  self.count = 0
  if count > 0 then self.semaphore:release(count) end
end

Guard.__close = Guard.release

function Guard:__tostring()
  return ("%s (%d token%s)"):format(Guard.__name, self.count,
    self.count == 1 and "" or "s")
end

return Semaphore
