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
local passing = require "uring.net.passing"
local Reader = require "uring.reader"
local sending = require "uring.net.sending"
local Socket = require "uring.net.socket"
local Stream = require "uring.stream"
local views = require "uring.stream.views"
local Writer = require "uring.writer"

local C = core.consts

local LINE_LIMIT, ALL_LIMIT = 65536, 8 << 20
local ENOBUFS = errno.ENOBUFS
local LITTLE, NONEMPTY = buffers.LITTLE, C.IORING_CQE_F_SOCK_NONEMPTY
local NONE = { strings = {}, views = {} }
local SEND_FLAGS = C.MSG_NOSIGNAL | C.MSG_WAITALL
local BUFFER = getmetatable(core.slice "")

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
local send = claims.awaitable(rows.send, "is_writing", Writer._pass_on)
local send_failure = claims.failure(rows.send, Writer._pass_on)

-- Has what the sockets of the run that runs receive into, see buffers.lua.
local rings = NONE

loop.on_switch(function(scheduler) rings = scheduler or NONE end)

-- What does the usual in C: false where something is to end, and in a
-- simulated run.  Where that can start nothing it returns nothing.
local receive = false
local quick = { false } -- what transmits

loop.on_quiet(function(bound)
  receive = bound and bound.receive or false
  quick[1] = bound and bound.transmit or false
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

-- What a receive gave that is not just a few bytes.  Where it has to be done
-- again, that is slower.
local function conclude(self, slowly, alarm, bytes, extra, code)
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  if bytes then
    self.flow = buffers.flow(self.flow, #bytes, extra)
    return bytes
  end
  if code == errno.ENOBUFS then return slowly(self) end
  if limits.is_over(alarm, code) then
    return nil, "timeout", errno.ETIMEDOUT
  end
  if code == errno.EINTR then return slowly(self) end
  return nil, extra, code
end

-- Makes the function that receives from the rings of a kind where there is
-- a limit to it.
local function limited_receiver(kind, slowly)
  return function(self)
    local ring = rings[kind][self.flow]
    if not ring or self.is_reading or self.is_closed
      or not self.read_timeout then
      return slowly(self)
    end
    local alarm = limits.prepare(self, "read_alarm", self.read_timeout)
    if not alarm then return slowly(self) end
    return conclude(self, slowly, alarm, recv(self, alarm, ring))
  end
end

-- Makes the one that receives as it usually goes, which needs no more than
-- this.  'give' has the end, and failures.  No call stands between a program
-- and this one: of those, an idle connection would have to keep the stack.
local function receiver(kind, bgid, slowly, give)
  local limited = limited_receiver(kind, slowly)
  local comes_back = kind == "strings" -- a buffer, before the next tick
  local function some(self)
    if self.is_reading or self.is_closed or self.read_timeout
      or not receive then
      return give(limited(self))
    end
    self.is_reading = true
    local bytes, extra = receive(self.fd, bgid - self.flow)
    self.is_reading = false
    if bytes then
      if (extra & NONEMPTY == 0 or #bytes < LITTLE) and self.flow == 1
        and bytes ~= "" and not self.is_closed then
        return bytes
      end
      return give(conclude(self, slowly, false, bytes, extra))
    end
    if not extra then return give(slowly(self)) end
    if extra == ENOBUFS and comes_back and not self.is_closed then
      self.flow = 1
      return some(self)
    end
    return give(conclude(self, slowly, false, recv_failure(self, extra)))
  end
  return some
end

local function as_it_is(...)
  return ...
end

local function nil_at_end(bytes, message, code)
  if bytes == "" then return nil end
  if bytes then return bytes end
  return nil, message, code
end

local function chunk(bytes, message)
  if bytes == "" then return nil end
  if not bytes and message then error(message, 2) end
  return bytes
end

local function rest_chunk(self)
  return chunk(read_some(self))
end

local STRINGS = buffers.STRINGS
local next_some = receiver("strings", STRINGS, intake.some, nil_at_end)
local next_chunk = receiver("strings", STRINGS, intake.some, chunk)

Conn._some = receiver("strings", STRINGS, intake.some, as_it_is)
Conn._some_view = receiver("views", buffers.VIEWS, views.some, as_it_is)

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

-- Raises for the caller of the C function that calls it.
local function write_slowly(self, data, ...)
  local is_whole = type(data) == "string" or getmetatable(data) == BUFFER
  if not is_whole or select("#", ...) > 0 then
    local whole, problem = Parts.gather("write", data, ...)
    if not whole then error(problem, 3) end
    return Writer._write_out(self, whole)
  end
  if self.is_writing or self.is_broken or self.is_closed
    or not self.write_timeout or #data == 0 then
    return Writer._write_out(self, data)
  end
  local alarm = limits.prepare(self, "write_alarm", self.write_timeout)
  if not alarm then return Writer._write_out(self, data) end
  -- What has a limit is as usual, too.
  local count, message, code = send(self, alarm, data, SEND_FLAGS)
  if count ~= #data then
    return Writer._go_on(self, data, alarm, count, message, code)
  end
  if self.writers then Writer._pass_on(self) end
  return self
end

-- What a send gave that is not just all of the data, or others wait to write.
local function go_on(self, data, count, extra)
  if count == #data then
    Writer._pass_on(self)
    return self
  end
  local message, code = extra, nil
  if not count then count, message, code = send_failure(self, extra) end
  return Writer._go_on(self, data, false, count, message, code)
end

--- Writes all that is given, as any stream does; what is usual is done in C.
---@type fun(self: uring.Conn, ...: string|number|uring.Buffer|table):
--- uring.Stream?, string?, integer?, integer?
Conn.write = core.writer(quick, go_on, write_slowly)

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
