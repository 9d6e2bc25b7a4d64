--- Two streams in memory, each of which reads what is written to the other.
local errno = require "uring.errno"
local loop = require "uring.loop"
local made = require "uring.stream.made"

local ROOM = 65536 -- bytes on their way, in each direction

-- One direction

---@class uring.Flow
---@field size integer bytes on their way
---@field is_ended boolean nothing more will come
---@field is_refused boolean nobody will read any more
local Flow = {}
Flow.__index = Flow

local function new_flow(room)
  return setmetatable({
    pieces = {}, size = 0, room = room, is_ended = false, is_refused = false,
    reader = false, writer = false,
  }, Flow)
end

local Place = {} -- where a coroutine waits
Place.__index = Place

--- Takes out who no longer waits.
function Place:leave()
  self.flow[self.side] = false
end

--- What it is to wait for it.
---@return string
function Place:describe()
  return self.side == "reader" and "bytes of a stream in memory"
    or "room in a stream in memory"
end

-- Interrupted it says EINTR, as the kernel does.
local function wait(flow, side, ...)
  if not loop.is_running() then return loop.block(...) end
  loop.check_can_wait("a stream in memory")
  flow[side] = coroutine.running()
  local place = setmetatable({ flow = flow, side = side }, Place)
  if loop.wait(place) then return true end
  return nil, "interrupted", errno.EINTR
end

--- Lets who waits on a side look again.
---@param side "reader"|"writer"
function Flow:wake(side)
  local thread = self[side]
  self[side] = false
  if thread then loop.wake(thread) end
end

--- Takes all that is on its way.
---@return string
function Flow:take()
  local bytes = table.concat(self.pieces)
  self.pieces, self.size = {}, 0
  self:wake "writer"
  return bytes
end

--- Puts in what there is room for.
---@param data string|uring.Buffer
---@return integer count
function Flow:give(data)
  local part = data:sub(1, math.min(#data, self.room - self.size))
  self.pieces[#self.pieces + 1] = part
  self.size = self.size + #part
  self:wake "reader"
  return #part
end

--- Nothing more will come.
function Flow:finish()
  self.is_ended = true
  self:wake "reader"
end

--- Nobody will read any more.
function Flow:refuse()
  self.is_refused, self.pieces, self.size = true, {}, 0
  self:wake "reader"
  self:wake "writer"
end

-- The streams

---@class uring.Memory: uring.Stream
local Memory = { __name = "uring.Memory", breaks = true }

function Memory:_receive()
  local flow = self.inward
  while not self.is_closed do
    if flow.size > 0 then return flow:take() end
    if flow.is_ended or flow.is_refused then return "" end
    local woken, message, code = wait(flow, "reader", self._receive, self)
    if woken ~= true then return woken, message, code end
  end
  return nil, "closed", errno.ECLOSED
end

function Memory:_transmit(data)
  local flow = self.outward
  while not self.is_closed do
    if flow.is_ended or flow.is_refused then
      return nil, "Broken pipe", errno.EPIPE
    end
    if flow.size < flow.room then return flow:give(data) end
    local woken, message, code = wait(flow, "writer", self._transmit, self,
      data)
    if woken ~= true then return woken, message, code end
  end
  return nil, "closed", errno.ECLOSED
end

function Memory:_shutdown(how)
  if how ~= "r" then self.outward:finish() end
  if how ~= "w" then self.inward:refuse() end
  return true
end

function Memory:_end()
  self.outward:wake "writer"
  return self:_shutdown "rw"
end

made.class(Memory)

local memory = {}

--- Makes two streams in memory, each of which reads what is written to the
-- other.
---@param room? integer bytes that may be on their way in one direction before
--- writers wait, default 65536
---@return uring.Stream
---@return uring.Stream
function memory.pair(room)
  if room ~= nil and (math.type(room) ~= "integer" or room < 1) then
    error("stream.pair: bad argument 'room' (count of bytes expected)", 2)
  end
  local there, back = new_flow(room or ROOM), new_flow(room or ROOM)
  return made.new(Memory, { outward = there, inward = back }),
    made.new(Memory, { outward = back, inward = there })
end

return memory
