--- Connections: streams of bytes between two sockets.
local buffers = require "uring.buffers"
local claims = require "uring.claims"
local core = require "uring.core"
local errno = require "uring.errno"
local intake = require "uring.stream.intake"
local limits = require "uring.limits"
local loop = require "uring.loop"
local op = require "uring.op"
local Parts = require "uring.stream.parts"
local outcome = require "uring.stream.outcome"
local passing = require "uring.net.passing"
local Reader = require "uring.reader"
local sending = require "uring.net.sending"
local Socket = require "uring.net.socket"
local Stream = require "uring.stream"
local views = require "uring.stream.views"
local Writer = require "uring.writer"

local C = core.consts

local LINE_LIMIT, ALL_LIMIT = 65536, 8 << 20
local ENOBUFS, STRINGS = errno.ENOBUFS, buffers.STRINGS
local LEAST, NONEMPTY = buffers.LEAST, C.IORING_CQE_F_SOCK_NONEMPTY
local BUFFER = getmetatable(core.slice "")
local SEND_FLAGS = C.MSG_NOSIGNAL | C.MSG_WAITALL

local chunks, read_some = Reader.chunks, Reader.read_some

---@class uring.Conn: uring.Stream
local Conn = {
  __name = "uring.Conn", breaks = true, splices = "socket",
  claims = { _receive = true, _receive_into = true, _receive_view = true },
  -- What few set: a connection that waits is to be small.
  is_whole = true, strips_cr = true,
  line_limit = LINE_LIMIT, all_limit = ALL_LIMIT,
  read_timeout = false, write_timeout = false, writers = false,
}

local rows = {}
for _, row in ipairs(core.ops) do rows[row.name] = row end

local recv = claims.awaitable(rows.recv, "is_reading")
local recv_failure = claims.failure(rows.recv)
local send_failure = claims.failure(rows.send, Writer._pass_on)

-- What does the usual in C: false where something is to end, and in a
-- simulated run.  Where that can start nothing it returns nothing.
local receive, transmit = false, false
local quick = { false } -- what transmits, for write

loop.on_quiet(function(bound)
  receive = bound and bound.receive or false
  transmit = bound and bound.transmit or false
  quick[1] = transmit
end)

--- Makes a connection that is closed: Stream.own gives it its descriptor.
---@return uring.Conn
function Conn.new()
  return setmetatable({ -- 8 fields: one more would double its size
    fd = -1, is_closed = true, flow = 1, received = "", at = 1,
    is_reading = false, is_writing = false, is_broken = false,
  }, Conn)
end

-- Where no buffer ring has any.
local function receive_alone(self)
  local buffer = buffers.alone(self.flow)
  local count, extra, code = recv(self, buffer)
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
      bytes, extra, code = recv(self, from)
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
-- which needs no more than this.  'give' has the end, and failures.  No call
-- stands between a program and this one, and no more locals than these: of
-- those, an idle connection would have to keep the stack.
local function receiver(bgid, slowly, give)
  local limited = limited_receiver(bgid, slowly)
  local comes_back = bgid == STRINGS -- a buffer, before the next tick
  local function some(self)
    if self.is_reading or self.is_closed or self.read_timeout
      or not receive then
      return give(limited(self))
    end
    self.is_reading = true
    local bytes, extra = receive(self.fd, bgid - self.flow)
    self.is_reading = false
    if bytes and extra & NONEMPTY == 0 and bytes ~= ""
      and (self.flow == 1 or #bytes >= LEAST[self.flow])
      and not self.is_closed then
      return bytes
    end
    if not bytes and extra == ENOBUFS and comes_back
      and not self.is_closed then
      self.flow = 1
      return some(self)
    end
    return give(conclude(self, slowly, false, bytes, extra))
  end
  return some
end

local function rest_chunk(self)
  return outcome.chunk(read_some(self))
end

local next_some = receiver(STRINGS, intake.some, outcome.nil_at_end)
local next_chunk = receiver(STRINGS, intake.some, outcome.chunk)

Conn._some = receiver(STRINGS, intake.some, outcome.as_it_is)
Conn._some_view = receiver(buffers.VIEWS, views.some, outcome.as_it_is)

--- Reads what there is, as any stream does.
---@param max? integer|table
---@return string|uring.Buffer|nil bytes nil at the end of the stream
---@return string? message
---@return integer? code
function Conn:read_some(max)
  if max or self.received ~= "" then return read_some(self, max) end
  return next_some(self)
end

--- Iterates over what read_some gives, as any stream does.
---@param max? integer|table
---@return function iterator
---@return nil
---@return nil
---@return table? closes the last view
function Conn:chunks(max)
  if max then return chunks(self, max) end
  return function()
    if self.received ~= "" then return rest_chunk(self) end
    return next_chunk(self)
  end
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

-- Raises for the caller of the C function that calls it.
local function write_slowly(self, data, ...)
  local is_whole = type(data) == "string" or getmetatable(data) == BUFFER
  if not is_whole or select("#", ...) > 0 then
    local whole, problem = Parts.gather("write", data, ...)
    if not whole then error(problem, 3) end
    return Writer._write_out(self, whole)
  end
  local timeout = self.write_timeout
  if self.is_writing or self.is_broken or self.is_closed or not timeout
    or not transmit then
    return Writer._write_out(self, data)
  end
  -- What has a limit is as usual, too.
  local alarm = limits.prepare(self, "write_alarm", timeout)
  if not alarm then return Writer._write_out(self, data) end
  self.is_writing = true
  local count, extra = transmit(self.fd, alarm, data)
  self.is_writing, alarm.thread = false, false
  if not (count or extra) then return Writer._write_out(self, data) end
  return settle(self, data, alarm, count, extra)
end

-- What a send gave that is not just all of the data, or others wait to write.
local function go_on(self, data, count, extra)
  return settle(self, data, false, count, extra)
end

--- Writes all that is given, as any stream does; what is usual is done in C.
---@type fun(self: uring.Conn, ...: string|number|uring.Buffer|table):
--- uring.Stream?, string?, integer?, integer?
Conn.write = core.writer(quick, go_on, write_slowly)

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
  return recv(self, buffer)
end

-- Where too many views are open, the bytes get a buffer of their own.
local function receive_view_alone(self)
  local buffer = buffers.alone(self.flow)
  local count, extra, code = recv(self, buffer)
  if count == 0 then return "" end
  return count and buffer:slice(1, count), extra, code
end

function Conn:_receive_view()
  local from, view, extra, code = buffers.views(self.flow), nil, nil, nil
  if from then view, extra, code = recv(self, from) end
  if code == errno.ENOBUFS and self.flow > 1 then
    view, extra, code = recv(self, buffers.views(1))
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
