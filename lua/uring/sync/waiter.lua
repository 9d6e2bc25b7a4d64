--- One wait in one queue, and what came of it.
-- Several of them may be one wait together, that of a select: then the first
-- that is woken takes the others out of their queues, so that whoever finds
-- a waiter in a queue may wake it.
local loop = require "uring.loop"
local Queue = require "uring.sync.queue"

local push, running = Queue.push, coroutine.running

---@class uring.Waiter
---@field value any to send, or what was received
---@field is_done boolean whether it got what it waited for
local Waiter = { __name = "uring.Waiter" }
Waiter.__index = Waiter

--- Makes a waiter of the running coroutine, and lets it wait in a queue.
---@param queue uring.Queue
---@param what string to be said before the object, such as "receive from "
---@param object any what it waits for, of which tostring tells more
---@param value any for whoever wakes it
---@param group? uring.Select with the method won(waiter)
---@return uring.Waiter
function Waiter.new(queue, what, object, value, group)
  local self = setmetatable({
    thread = running(), queue = queue, what = what, object = object,
    value = value, group = group or false, is_done = false,
  }, Waiter)
  push(queue, self)
  return self
end

--- As a place to wait at: takes it out of its queue.
function Waiter:leave()
  self.queue:remove(self)
end

--- What it is to wait for it.
---@return string
function Waiter:describe()
  return self.what .. tostring(self.object)
end

-- It is out of its own queue by now.
local function wake(self)
  if self.group then self.group:won(self) end
  loop.wake(self.thread)
end

--- Gives it what it waits for.  Only for one that was popped just now.
---@param value any
function Waiter:succeed(value)
  self.value, self.is_done = value, true
  wake(self)
end

--- Ends its wait without: what it waits for will not come.  Only for one that
-- was popped just now.
function Waiter:fail()
  wake(self)
end

return Waiter
