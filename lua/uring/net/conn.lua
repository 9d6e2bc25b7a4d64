--- Connections: streams of bytes between two sockets.
local buffers = require "uring.buffers"
local claims = require "uring.claims"
local core = require "uring.core"
local intake = require "uring.stream.intake"
local limits = require "uring.limits"
local loop = require "uring.loop"
local op = require "uring.op"
local Parts = require "uring.stream.parts"
local outcome = require "uring.stream.outcome"
local passing = require "uring.net.passing"
local Reader = require "uring.reader"
local receiving = require "uring.net.receiving"
local sending = require "uring.net.sending"
local Socket = require "uring.net.socket"
local Stream = require "uring.stream"
local views = require "uring.stream.views"
local Writer = require "uring.writer"

local C = core.consts

local LINE_LIMIT, ALL_LIMIT = 65536, 8 << 20
local BUFFER = getmetatable(core.slice "")
local SEND_FLAGS = C.MSG_NOSIGNAL | C.MSG_WAITALL

local receiver, STRINGS = receiving.receiver, buffers.STRINGS
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

local send_failure = claims.failure(rows.send, Writer._pass_on)

-- What does the usual in C: false where something is to end, and in a
-- simulated run.  Where that can start nothing it returns nothing.
local transmit = false
local quick = { false } -- what transmits, for write

loop.on_quiet(function(bound)
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

Stream.class(Conn, receiving.methods, Socket.methods, passing, sending,
  Stream.Reader, Stream.Writer)

return Conn
