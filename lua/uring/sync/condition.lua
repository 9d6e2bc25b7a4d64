--- A condition: tasks that hold a mutex wait for something to become true.
local loop = require "uring.loop"
local Mutex = require "uring.sync.mutex"
local Queue = require "uring.sync.queue"
local words = require "uring.sync.words"

local running = coroutine.running

---@class uring.Condition
local Condition = { __name = "uring.Condition" }
Condition.__index = Condition

--- Makes a condition of what a mutex protects.
---@param mutex uring.Mutex
---@return uring.Condition
function Condition.new(mutex)
  if getmetatable(mutex) ~= Mutex then
    words.bad_argument("sync.condition", "mutex", "uring.Mutex", mutex)
  end
  return setmetatable({ mutex = mutex, queue = Queue.new() }, Condition)
end

local function wait(self)
  assert(loop.wait(self))
end

--- Unlocks the mutex, waits until somebody notifies, and locks the mutex again:
-- it is locked when this returns, and also when it raises because the task is
-- cancelled.  Raises where the running task does not hold the mutex.
function Condition:wait()
  loop.check_can_wait("condition:wait")
  local mutex = self.mutex
  if mutex.holder ~= loop.task() then
    error(("condition:wait: %s does not hold the mutex"):format(
      words.of(loop.task())), 2)
  end
  self.queue:push(running())
  local guard = mutex:_leave_to_others()
  local ok, problem = pcall(wait, self)
  mutex:_return(guard)
  if not ok then error(problem, 0) end
end

--- Wakes those that have waited longest.  They go on one by one, each once
-- it has the mutex.
---@param count? integer how many at most, from 1 on; 1 where it is left out
---@return integer woken how many there were
function Condition:notify(count)
  count = words.integer("condition:notify", "count", count or 1, 1)
  local woken = math.min(count, #self.queue)
  for _ = 1, woken do loop.wake((self.queue:pop())) end
  return woken
end

--- Wakes all that wait.
---@return integer woken how many there were
function Condition:notify_all()
  return self:notify(math.maxinteger)
end

--- As a place to wait at: takes a coroutine out.
---@param thread thread
function Condition:leave(thread)
  self.queue:remove(thread)
end

--- What it is to wait for it.
---@return string
function Condition.describe()
  return "condition, for somebody to notify"
end

function Condition:__tostring()
  return ("%s (%d waiting)"):format(Condition.__name, #self.queue)
end

return Condition
