--- Connections: streams of bytes between two sockets.
local buffers = require "uring.buffers"
local core = require "uring.core"
local errno = require "uring.errno"
local op = require "uring.op"
local passing = require "uring.net.passing"
local Socket = require "uring.net.socket"
local Stream = require "uring.stream"

local C = core.consts

local BULK = 65536 -- for a peer that sends faster than we receive
local LINE_LIMIT, ALL_LIMIT = 65536, 8 << 20
local SEND_FLAGS = C.MSG_NOSIGNAL | C.MSG_WAITALL

---@class uring.Conn: uring.Stream
local Conn = { __name = "uring.Conn", breaks = true, splices = "socket" }

--- Makes a connection that is closed: Stream.own gives it its descriptor.
---@return uring.Conn
function Conn.new()
  return setmetatable({
    fd = -1, is_closed = true, strips_cr = true,
    line_limit = LINE_LIMIT, all_limit = ALL_LIMIT,
  }, Conn)
end

-- A peer in full flow gets a larger buffer of its own, until it pauses.
local function receive_bulk(self)
  local buffer = self.bulk or buffers.take_bulk()
  self.bulk = buffer
  local count, message, code = op.recv(self.fd, buffer)
  if not count then return nil, message, code end
  local bytes = buffer:sub(1, count)
  if count < BULK // 4 then
    self.bulk = nil
    buffers.give_bulk(buffer)
  end
  return bytes
end

-- An idle connection holds no memory: the kernel takes a buffer of the loop
-- only when bytes are there.
function Conn:_receive()
  local ring, size = buffers.receive()
  if self.bulk or not ring then return receive_bulk(self) end
  local bytes, extra, code
  repeat -- buffers are back before the next tick
    bytes, extra, code = op.recv(self.fd, ring)
  until code ~= errno.ENOBUFS or self.is_closed
  if not bytes then return nil, extra, code end
  if #bytes == size and extra & C.IORING_CQE_F_SOCK_NONEMPTY ~= 0 then
    self.bulk = buffers.take_bulk()
  end
  return bytes
end

function Conn:_transmit(data)
  return op.send(self.fd, data, SEND_FLAGS)
end

function Conn:_transmit_some(data)
  return op.send(self.fd, data, C.MSG_NOSIGNAL)
end

function Conn:_transmit_parts(iovecs)
  return op.sendmsg(self.fd, core.message { iov = iovecs }, SEND_FLAGS)
end

function Conn:_receive_into(buffer)
  return op.recv(self.fd, buffer)
end

-- Where too many views are open, the bytes get a buffer of their own.
function Conn:_receive_view()
  local ring, size = buffers.views(self.is_flowing)
  local view, extra, code
  if ring then view, extra, code = op.recv(self.fd, ring) end
  if not ring or code == errno.ENOBUFS then
    local buffer = core.buffer(BULK)
    view, extra, code = op.recv(self.fd, buffer)
    if view == 0 then return "" end
    view = view and buffer:slice(1, view)
  end
  if not view then return nil, extra, code end
  if self.is_flowing then
    self.is_flowing = #view >= BULK // 4
  elseif extra & C.IORING_CQE_F_SOCK_NONEMPTY ~= 0 then
    self.is_flowing = #view >= size
  end
  return view
end

Stream.class(Conn, Socket.methods, passing, Stream.Reader, Stream.Writer)

return Conn
