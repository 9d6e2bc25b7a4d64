--- A limiter: at most so many tasks at a time, and it knows which.
-- A task may hold one token, and only the one that took it gives it back.
local holding = require "uring.sync.holding"
local loop = require "uring.loop"
local Queue = require "uring.sync.queue"
local words = require "uring.sync.words"

---@class uring.Limiter
---@field limit integer how many tasks may hold a token
---@field held integer how many do
local Limiter = {
  __name = "uring.Limiter", HELD = "a token of this limiter",
}
Limiter.__index = Limiter

---@class uring.LimiterGuard
local Guard = { __name = "uring.LimiterGuard" }
Guard.__index = Guard
Limiter.Guard = Guard

--- Makes a limiter.
---@param limit integer how many tasks at a time, from 1 on
---@return uring.Limiter
function Limiter.new(limit)
  return setmetatable({
    limit = words.integer("sync.limiter", "limit", limit, 1),
    held = 0,
    guards = {}, -- task that holds a token -> its guard
    queue = Queue.new(), -- coroutines, each with its guard
  }, Limiter)
end

-- For holding

function Limiter:_guard_of(task)
  return self.guards[task]
end

function Limiter:_is_free()
  return self.held < self.limit
end

function Limiter:_expect(guard)
  self.guards[guard.task] = false -- the place for it
end

function Limiter:_give(guard)
  self.guards[guard.task] = guard
  self.held = self.held + 1
end

function Limiter:_take_back(guard)
  self.guards[guard.task] = nil
  self.held = self.held - 1
end

-- For programs

--- Takes a token, waiting for one.  Raises where the running task holds one.
---@return uring.LimiterGuard guard releases it when a <close> variable ends
function Limiter:acquire()
  return holding.acquire(self, "limiter:acquire")
end

--- Takes a token if that needs no waiting.  Raises where the running task
-- holds one.
---@return uring.LimiterGuard? guard
---@return string? message "would wait"
---@return integer? code EAGAIN
function Limiter:try_acquire()
  return holding.try_acquire(self, "limiter:try_acquire")
end

--- Gives back the token of the running task.  Raises where it holds none.
function Limiter:release()
  local task = loop.task()
  local guard = task and self.guards[task]
  if not guard then
    error(("limiter:release: %s holds no token of this limiter"):format(
      words.of(task)), 2)
  end
  holding.release(guard)
end

--- Calls a function with a token, which is given back however that ends.
---@param body function
---@param ... any its arguments
---@return any ... what it returns
function Limiter:with(body, ...)
  local _guard <close> = self:acquire()
  return body(...)
end

--- As a place to wait at: takes a coroutine out of the line.
---@param thread thread
function Limiter:leave(thread)
  local waited, guard = self.queue:remove(thread)
  if waited then self.guards[guard.task] = nil end
end

-- The tasks that hold a token, in the order of their numbers.
local function holders(self)
  local tasks = {}
  for task, guard in pairs(self.guards) do
    if guard then tasks[#tasks + 1] = task end
  end
  table.sort(tasks, function(a, b) return a:id() < b:id() end)
  for i, task in ipairs(tasks) do tasks[i] = words.of(task) end
  return table.concat(tasks, ", ")
end

--- What it is to wait for it.
---@return string
function Limiter:describe()
  return "limiter held by " .. holders(self)
end

function Limiter:__tostring()
  return ("%s (%d of %d held%s)"):format(Limiter.__name, self.held,
    self.limit, words.waiting(self.queue))
end

--- Gives the token back, unless that was done since: it may be called twice.
function Guard:release()
  holding.release(self)
end

Guard.__close = Guard.release

function Guard:__tostring()
  return ("%s (%s)"):format(Guard.__name,
    holding.has(self) and "held by " .. words.of(self.task) or "released")
end

return Limiter
