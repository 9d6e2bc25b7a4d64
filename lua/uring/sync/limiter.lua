--- A limiter: at most so many tasks at a time, and it knows which.
-- A task may hold one token, and only the one that took it gives it back.
local errno = require "uring.errno"
local loop = require "uring.loop"
local Queue = require "uring.sync.queue"
local words = require "uring.sync.words"

local running = coroutine.running

---@class uring.Limiter
---@field limit integer how many tasks may hold a token
---@field held integer how many do
local Limiter = { __name = "uring.Limiter" }
Limiter.__index = Limiter

---@class uring.LimiterGuard
local Guard = { __name = "uring.LimiterGuard" }
Guard.__index = Guard

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

local function new_guard(self, what)
  local task = loop.task()
  if not task then error(what .. " needs uring.run", 3) end
  if self.guards[task] then
    error(("%s: %s holds a token of this limiter already"):format(what,
      words.of(task)), 3)
  end
  return setmetatable({ limiter = self, task = task }, Guard)
end

local function take(self, guard)
  self.guards[guard.task] = guard
  self.held = self.held + 1
end

-- Hands the token to the one that waited longest.
local function give_back(self, guard)
  self.guards[guard.task] = nil
  local thread, following = self.queue:pop()
  if not thread then
    self.held = self.held - 1
    return
  end
  self.guards[following.task] = following
  loop.wake(thread)
end

--- Takes a token, waiting for one.  Raises where the running task holds one.
---@return uring.LimiterGuard guard releases it when a <close> variable ends
function Limiter:acquire()
  loop.check_can_wait("limiter:acquire")
  local guard = new_guard(self, "limiter:acquire")
  if self.held < self.limit then
    take(self, guard)
  else
    self.queue:push(running(), guard)
    assert(loop.wait(self))
  end
  return guard
end

--- Takes a token if that needs no waiting.  Raises where the running task
-- holds one.
---@return uring.LimiterGuard? guard
---@return string? message "would wait"
---@return integer? code EAGAIN
function Limiter:try_acquire()
  local guard = new_guard(self, "limiter:try_acquire")
  if self.held >= self.limit then return nil, "would wait", errno.EAGAIN end
  take(self, guard)
  return guard
end

--- Gives back the token of the running task.  Raises where it holds none.
function Limiter:release()
  local task = loop.task()
  local guard = task and self.guards[task]
  if not guard then
    error(("limiter:release: %s holds no token of this limiter"):format(
      words.of(task)), 2)
  end
  give_back(self, guard)
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
  self.queue:remove(thread)
end

-- The tasks that hold a token, in the order of their numbers.
local function holders(self)
  local tasks = {}
  for task in pairs(self.guards) do tasks[#tasks + 1] = task end
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
  local limiter = self.limiter
  if limiter.guards[self.task] == self then give_back(limiter, self) end
end

Guard.__close = Guard.release

function Guard:__tostring()
  local holds = self.limiter.guards[self.task] == self
  return ("%s (%s)"):format(Guard.__name,
    holds and "held by " .. words.of(self.task) or "released")
end

return Limiter
