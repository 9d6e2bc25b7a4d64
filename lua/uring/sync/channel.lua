--- A channel: values that tasks send, each to the one that receives it.
-- It keeps up to 'capacity' of them.  Senders wait only while it is full,
-- receivers only while it is empty and no sender waits.  A value is handed
-- over in one step, in which nobody can be cancelled: it is the sender's or
-- the receiver's at any time, and never lost.
local errno = require "uring.errno"
local loop = require "uring.loop"
local Queue = require "uring.sync.queue"
local Waiter = require "uring.sync.waiter"
local words = require "uring.sync.words"

local pop = Queue.pop

---@class uring.Channel
---@field capacity integer how many values it keeps that nobody has received
local Channel = { __name = "uring.Channel" }
Channel.__index = Channel

--- Makes a channel.
---@param capacity? integer how many values it keeps, from 0 on.  0, or left
--- out: none, a sender waits until somebody receives
---@return uring.Channel
function Channel.new(capacity)
  return setmetatable({
    capacity = words.integer("sync.channel", "capacity", capacity or 0, 0),
    values = {}, first = 1, count = 0, -- a ring of values
    senders = Queue.new(), receivers = Queue.new(), -- of waiters
    is_closed = false, problem = nil,
  }, Channel)
end

local function keep(self, value)
  self.values[(self.first + self.count - 1) % self.capacity + 1] = value
  self.count = self.count + 1
end

local function take_kept(self)
  local first = self.first
  local value = self.values[first]
  self.values[first] = nil
  self.count = self.count - 1
  -- an empty one begins anew: few values never need many places
  self.first = self.count > 0 and first % self.capacity + 1 or 1
  return value
end

-- What receiving a value looks like: a nil that was sent is no end.
local function received(value)
  if value == nil then return nil, true end
  return value
end

-- What receiving looks like where nothing more will come.
local function ended(self)
  if self.problem == nil then return nil end
  return nil, self.problem
end

local function can_receive(self)
  return self.count > 0 or self.senders.first or self.is_closed
end

-- Only where one can.
local function receive(self)
  if self.count == 0 then
    local sender = pop(self.senders)
    if not sender then return ended(self) end
    local value = sender.value
    sender:succeed()
    return received(value)
  end
  local value = take_kept(self)
  local sender = pop(self.senders)
  if sender then
    keep(self, sender.value)
    sender:succeed()
  end
  return received(value)
end

local function can_send(self)
  return self.count < self.capacity or self.receivers.first or self.is_closed
end

local function refuse()
  return nil, "closed", errno.ECLOSED
end

-- Only where one can.
local function send(self, value)
  if self.is_closed then return refuse() end
  local receiver = pop(self.receivers)
  if receiver then receiver:succeed(value) else keep(self, value) end
  return true
end

--- Sends a value, waiting until somebody receives it, or the channel has room.
-- Cancelled while it waits, it has not sent it.
---@param value any also nil and false
---@return boolean? true
---@return string? message "closed"
---@return integer? code ECLOSED
function Channel:send(value)
  loop.check_can_wait("channel:send")
  if can_send(self) then return send(self, value) end
  local waiter = Waiter.new(self.senders, "send to ", self, value)
  assert(loop.wait(waiter))
  if waiter.is_done then return true end
  return refuse()
end

--- Sends a value if that needs no waiting.
---@param value any also nil and false
---@return boolean? true
---@return string? message "would wait" or "closed"
---@return integer? code EAGAIN or ECLOSED
function Channel:try_send(value)
  if can_send(self) then return send(self, value) end
  return nil, "would wait", errno.EAGAIN
end

--- Receives a value, waiting for one.
---@return any value nil alone, once the channel is closed and empty
---@return any problem true beside a nil that was sent; beside that of the end
--- what close was given
function Channel:recv()
  loop.check_can_wait("channel:recv")
  if can_receive(self) then return receive(self) end
  local waiter = Waiter.new(self.receivers, "receive from ", self)
  assert(loop.wait(waiter))
  if waiter.is_done then return received(waiter.value) end
  return ended(self)
end

--- Receives a value if that needs no waiting.
---@return any value as recv has it
---@return any problem as recv has it, or "would wait"
---@return integer? code EAGAIN where there is none yet
function Channel:try_recv()
  if can_receive(self) then return receive(self) end
  return nil, "would wait", errno.EAGAIN
end

--- Iterates over the values, until the channel is closed and empty.  Raises
-- what close was given, and where a nil was sent, which no loop can have.
---@return fun(): any
function Channel:iter()
  return function()
    local value, problem = self:recv()
    if value ~= nil or problem == nil then return value end
    if problem ~= true then error(problem, 0) end
    error("channel:iter: received a nil; use channel:recv for those", 2)
  end
end

-- No value waits where a receiver does, and so none has more to come.
local function dismiss(queue)
  local waiter = queue:pop()
  while waiter do
    waiter:fail()
    waiter = queue:pop()
  end
end

local function close(self, problem)
  if self.is_closed then return end
  self.is_closed, self.problem = true, problem
  dismiss(self.receivers)
  dismiss(self.senders)
end

--- Closes the channel: nothing more can be sent.  What it keeps can still be
-- received; senders that wait have not sent.  Once more is nothing.
---@param problem? any what those find who receive after the last value:
--- nil, problem.  An error of any kind but a boolean
---@return boolean true
function Channel:close(problem)
  if type(problem) == "boolean" then
    words.bad_argument("channel:close", "problem", "no boolean", problem)
  end
  close(self, problem)
  return true
end

--- Whether close was called.
---@return boolean
function Channel:closed()
  return self.is_closed
end

-- A stage that fails with its channel in a <close> variable tells the next.
function Channel:__close(problem)
  if type(problem) == "boolean" then problem = tostring(problem) end
  close(self, problem)
end

function Channel:__len()
  return self.count
end

function Channel:__tostring()
  local waiting = ""
  if #self.senders > 0 then
    waiting = (", %d sending"):format(#self.senders)
  elseif #self.receivers > 0 then
    waiting = (", %d receiving"):format(#self.receivers)
  end
  return ("%s (%d of %d%s%s)"):format(Channel.__name, self.count,
    self.capacity, waiting, self.is_closed and ", closed" or "")
end

-- For select

local RECV = {
  is_ready = can_receive,
  take = receive,
  enter = function(self, _, group)
    return Waiter.new(self.receivers, "receive from ", self, nil, group)
  end,
  result = function(self, waiter)
    if waiter.is_done then return received(waiter.value) end
    return ended(self)
  end,
}

local SEND = {
  is_ready = can_send,
  take = function(self, case) return send(self, case[3]) end,
  enter = function(self, case, group)
    return Waiter.new(self.senders, "send to ", self, case[3], group)
  end,
  result = function(_, waiter)
    if waiter.is_done then return true end
    return refuse()
  end,
}

--- What a select does with { channel, "recv" } or { channel, "send", value }.
---@param verb any
---@return table? case nil where there is no such verb
function Channel._case(_, verb)
  if verb == "recv" then return RECV end
  if verb == "send" then return SEND end
end

return Channel
