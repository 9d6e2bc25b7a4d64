--- Connections: streams of bytes between two sockets.
local buffers = require "uring.buffers"
local claims = require "uring.claims"
local core = require "uring.core"
local errno = require "uring.errno"
local intake = require "uring.stream.intake"
local limits = require "uring.limits"
local loop = require "uring.loop"
local op = require "uring.op"
local passing = require "uring.net.passing"
local Reader = require "uring.reader"
local sending = require "uring.net.sending"
local Socket = require "uring.net.socket"
local Stream = require "uring.stream"
local views = require "uring.stream.views"
local Writer = require "uring.writer"

local C = core.consts

local LINE_LIMIT, ALL_LIMIT = 65536, 8 << 20
local LEAST, NONEMPTY = buffers.LEAST, C.IORING_CQE_F_SOCK_NONEMPTY
local SEND_FLAGS = C.MSG_NOSIGNAL | C.MSG_WAITALL

local read_some, write = Reader.read_some, Writer.write

---@class uring.Conn: uring.Stream
local Conn = {
  __name = "uring.Conn", breaks = true, splices = "socket",
  claims = { _receive = true, _receive_into = true, _receive_view = true },
}

local rows = {}
for _, row in ipairs(core.ops) do rows[row.name] = row end

local recv = claims.awaitable(rows.recv, "is_reading")
local recv_failure = claims.failure(rows.recv)
local send_failure = claims.failure(rows.send, Writer._pass_on)

-- What does the usual in C: false where something is to end, and in a
-- simulated run.  Where that can start nothing it returns nothing.
local receive, transmit = false, false

loop.on_quiet(function(bound)
  receive = bound and bound.receive or false
  transmit = bound and bound.transmit or false
end)

--- Makes a connection that is closed: Stream.own gives it its descriptor.
---@return uring.Conn
function Conn.new()
  return setmetatable({
    fd = -1, is_closed = true, flow = 1, strips_cr = true,
    line_limit = LINE_LIMIT, all_limit = ALL_LIMIT,
  }, Conn)
end

-- Where no buffer ring has any.
local function receive_alone(self)
  local buffer = buffers.alone(self.flow)
  local count, extra, code = recv(self, nil, buffer)
  if not count then return nil, extra, code end
  return buffer:sub(1, count), extra
end

-- An idle connection holds no memory: the kernel takes a buffer of the loop
-- only when bytes are there.
function Conn:_receive()
  local from = buffers.receive(self.flow)
  local bytes, extra, code
  repeat
    if not from then
      bytes, extra, code = receive_alone(self)
    else
      bytes, extra, code = recv(self, nil, from)
    end
    if code == errno.ENOBUFS then from = buffers.receive(1) end
  until code ~= errno.ENOBUFS or self.is_closed -- back before the next tick
  if not bytes then return nil, extra, code end
  self.flow = buffers.flow(self.flow, #bytes, extra)
  return bytes
end

-- What a receive gave that is not as usual.  Where it has to be done again,
-- or has started nothing, that is slower.
local function conclude(self, slowly, alarm, bytes, extra)
  if not extra then return slowly(self) end
  local code
  if not bytes then bytes, extra, code = recv_failure(self, extra) end
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  if bytes then
    self.flow = buffers.flow(self.flow, #bytes, extra)
    return bytes
  end
  if limits.is_over(alarm, code) then
    return nil, "timeout", errno.ETIMEDOUT
  end
  if code == errno.ENOBUFS or code == errno.EINTR then return slowly(self) end
  return nil, extra, code
end

-- Makes the function that receives where there is a limit to it.
local function limited_receiver(bgid, slowly)
  return function(self)
    local timeout, flow = self.read_timeout, self.flow
    if self.is_reading or self.is_closed or not timeout or not receive then
      return slowly(self)
    end
    local alarm = limits.prepare(self, "read_alarm", timeout)
    if not alarm then return slowly(self) end
    self.is_reading = true
    local bytes, extra = receive(self.fd, bgid - flow, alarm)
    self.is_reading, alarm.thread = false, false
    if bytes and extra & NONEMPTY == 0
      and (flow == 1 or #bytes >= LEAST[flow]) and not self.is_closed then
      return bytes
    end
    return conclude(self, slowly, alarm, bytes, extra)
  end
end

-- Makes the one that receives from the rings of a kind as it usually goes,
-- which needs no more than this.
local function receiver(bgid, slowly)
  local limited = limited_receiver(bgid, slowly)
  return function(self)
    if self.is_reading or self.is_closed or self.read_timeout
      or not receive then
      return limited(self)
    end
    local flow = self.flow
    self.is_reading = true
    local bytes, extra = receive(self.fd, bgid - flow)
    self.is_reading = false
    if bytes and extra & NONEMPTY == 0
      and (flow == 1 or #bytes >= LEAST[flow]) and not self.is_closed then
      return bytes
    end
    return conclude(self, slowly, false, bytes, extra)
  end
end

local some = receiver(buffers.STRINGS, intake.some)

Conn._some = some
Conn._some_view = receiver(buffers.VIEWS, views.some)

--- Reads what there is, as any stream does.
---@param max? integer|table
---@return string|uring.Buffer|nil bytes nil at the end of the stream
---@return string? message
---@return integer? code
function Conn:read_some(max)
  if max or self.received ~= "" then return read_some(self, max) end
  local bytes, message, code = some(self)
  if bytes == "" then return nil end
  if bytes then return bytes end
  return nil, message, code
end

function Conn:_transmit(data)
  return op.send(self.fd, data, SEND_FLAGS)
end

-- What an op that was to send it all has done.
local function settle(self, data, alarm, count, extra)
  if count == true then
    if self.writers then Writer._pass_on(self) end
    return self
  end
  local message, code = extra, nil
  if not count then count, message, code = send_failure(self, extra) end
  return Writer._go_on(self, data, alarm, count, message, code)
end

-- What has a limit is as usual, too.
local function write_slowly(self, data, ...)
  local timeout = self.write_timeout
  if self.is_writing or self.is_broken or self.is_closed or not timeout
    or not transmit then
    return write(self, data, ...)
  end
  local alarm = limits.prepare(self, "write_alarm", timeout)
  if not alarm then return write(self, data, ...) end
  self.is_writing = true
  local count, extra = transmit(self.fd, alarm, data, ...)
  self.is_writing, alarm.thread = false, false
  if not (count or extra) then return write(self, data, ...) end
  return settle(self, data, alarm, count, extra)
end

--- Writes all that is given, as any stream does; what is usual does it at
-- once.
---@param data string|number|uring.Buffer|table
---@param ... string|number|uring.Buffer|table
---@return uring.Stream? self
---@return string? message
---@return integer? code
---@return integer? written bytes that had gone before it failed
function Conn:write(data, ...)
  if self.is_writing or self.is_broken or self.is_closed
    or self.write_timeout or not transmit then
    return write_slowly(self, data, ...)
  end
  self.is_writing = true
  local count, extra = transmit(self.fd, false, data, ...)
  self.is_writing = false
  if count == true and not self.writers then return self end
  if not (count or extra) then return write(self, data, ...) end
  return settle(self, data, false, count, extra)
end

--- Sends what goes in one op, where that is as usual.  If that is not all, the
-- caller goes on at once: another writer's turn comes after that.
---@param data string|uring.Buffer
---@return integer|true|nil count true: all; nil where nothing was sent, for
--- whatever reason
function Conn:_transmit_now(data)
  if self.is_writing or self.is_broken or self.is_closed
    or self.write_timeout or self.held or not transmit then
    return nil
  end
  self.is_writing = true
  local count = transmit(self.fd, false, data)
  self.is_writing = false
  if self.writers and count == true then Writer._pass_on(self) end
  return count
end

function Conn:_transmit_some(data)
  return op.send(self.fd, data, C.MSG_NOSIGNAL)
end

function Conn:_transmit_parts(iovecs)
  return op.sendmsg(self.fd, core.message { iov = iovecs }, SEND_FLAGS)
end

function Conn:_receive_into(buffer)
  return recv(self, nil, buffer)
end

-- Where too many views are open, the bytes get a buffer of their own.
local function receive_view_alone(self)
  local buffer = buffers.alone(self.flow)
  local count, extra, code = recv(self, nil, buffer)
  if count == 0 then return "" end
  return count and buffer:slice(1, count), extra, code
end

function Conn:_receive_view()
  local from, view, extra, code = buffers.views(self.flow), nil, nil, nil
  if from then view, extra, code = recv(self, nil, from) end
  if code == errno.ENOBUFS and self.flow > 1 then
    view, extra, code = recv(self, nil, buffers.views(1))
  end
  if not from or code == errno.ENOBUFS then
    view, extra, code = receive_view_alone(self)
  end
  if not view then return nil, extra, code end
  self.flow = buffers.flow(self.flow, #view, extra)
  return view
end

Stream.class(Conn, Socket.methods, passing, sending, Stream.Reader,
  Stream.Writer)

return Conn
