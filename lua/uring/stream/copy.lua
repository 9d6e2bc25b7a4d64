--- Copying what comes from one stream to another: stream.copy.
-- A piece at a time.  What has not gone when it fails, or is cancelled, is
-- unread again where it came from: one may go on.
local errno = require "uring.errno"
local given = require "uring.stream.given"
local loop = require "uring.loop"
local Piece = require "uring.stream.piece"
local splice = require "uring.stream.splice"

-- What says that two descriptors cannot be spliced.
local UNABLE = {
  [errno.EINVAL] = true, [errno.ENOSYS] = true, [errno.EOPNOTSUPP] = true,
}

---@class uring.Copy
---@field count integer bytes that have gone
---@field ways function[] that come into question, the best first
---@field fault "read"|"write"|false which side has failed
---@field is_flowing boolean pieces are large: by splice, or a Buffer
local Copy = {}
Copy.__index = Copy

-- A piece at a time

-- Waits first, so that who waits for long has no Buffer.
local function read_into(src, size, most)
  if src.splices then
    local ready, message, code = splice.wait(src)
    if not ready then return nil, message, code end
  end
  local buffer = Piece.buffer(size)
  local count, message, code = src:read_into(buffer, 1, most)
  if not count then
    Piece.keep(buffer)
    return nil, message, code
  end
  local data = count == size and buffer or buffer:slice(1, count)
  return Piece.new(data, 0, buffer)
end

-- Holding back what the destination holds back

local function hold(dst, piece)
  local done, message, code, sent = dst:write(piece.data)
  piece.sent = done and #piece.data or sent or 0
  return done, message, code
end

local function deliver(self, piece)
  local dst = self.dst
  if dst.held then
    if self.holds then return hold(dst, piece) end
    local done, message, code = dst:flush()
    if not done then return nil, message, code end
  end
  return dst:_write_out(piece)
end

-- Nobody reads from the source meanwhile, as some of it may go back there.
local function send(self, piece)
  local src, dst = self.src, self.dst
  local was_broken = dst.is_broken
  src.is_reading = true
  local ok, done, message, code = pcall(deliver, self, piece)
  local complete = ok and done
  if not complete and not src.is_closed then
    piece:put_back(src)
    dst.is_broken = was_broken
  end
  src.is_reading = false
  self.count, self.left = self.count + piece.sent, self.left - piece.sent
  if complete then
    piece:finish()
    return piece.sent
  end
  if not ok then error(done, 0) end
  if piece.is_end then return 0 end
  self.fault = "write"
  return nil, message, code
end

-- The ways

-- What comes now and then: no other way takes fewer ops.
local function by_string(self)
  local bytes, message, code =
    self.src:read_some(math.min(self.size, self.left))
  if not bytes then return nil, message, code end
  return Piece.new(bytes, 0)
end

local function by_buffer(self)
  if not self.src._receive_into then return by_string(self) end
  return read_into(self.src, self.size, math.min(self.size, self.left))
end

local function by_pipe(self)
  return splice.through_pipe(self.src, self.left)
end

local function by_splice(self)
  return splice.direct(self.src, self.left)
end

-- Whether a stream may be a pipe, and whether it is a file on a disk.
local function kind_of(stream)
  local is_file = stream._is_regular and stream:_is_regular()
  return stream.splices == "any" and not is_file, is_file
end

-- Which come into question, the best first.  From file to file bytes are
-- copied in any case, and by splice it takes far longer.
local function ways_of(src, dst, options)
  local ways = {}
  local is_able = src.splices and dst.splices and options.flush ~= false
  if is_able and options.way ~= "buffer" then
    local from_pipe, from_file = kind_of(src)
    local into_pipe, into_file = kind_of(dst)
    if not (from_file and into_file) or options.way == "splice" then
      if from_pipe or into_pipe then ways[1] = by_splice end
      ways[#ways + 1] = by_pipe
    end
  end
  ways[#ways + 1] = by_buffer
  return ways
end

-- From connection to connection: a receive and a send, of strings where they
-- are short.
local function relay(self)
  local src, dst = self.src, self.dst
  local is_view = src.flow > 1
  local data, message, code = (is_view and src._some_view or src._some)(src)
  if not data then
    self.fault = "read"
    return nil, message, code
  end
  if data == "" then return 0 end
  src.is_reading = true -- as in send
  local size, sent = #data, dst:_transmit_now(data)
  src.is_reading = false
  if sent ~= true then
    return send(self, Piece.new(data, sent or 0, false, is_view))
  end
  if is_view then data:close() end
  self.count = self.count + size
  return size
end

-- Bytes of a piece: fewer go fastest as a string, or by a relay.
local FLOW, RELAYED = 4096, 65536

-- Whether the next piece will be like this one.
local function learn(self, count)
  if not self.is_socket or not count then return end
  self.is_flowing = count >= (self.relays and RELAYED or FLOW)
end

-- What was received already goes first.
local function step(self)
  if self.relays and not self.is_flowing and self.src.received == "" then
    local count, message, code = relay(self)
    learn(self, count)
    return count, message, code
  end
  local take = self.is_flowing and self.ways[1] or by_string
  if self.src.at <= #self.src.received then take = by_string end
  local piece, message, code = take(self)
  local count = 0
  if piece then
    count, message, code = send(self, piece)
  elseif message then
    self.fault, count = "read", nil
  end
  learn(self, count)
  if count or take == by_string or take == by_buffer then
    return count, message, code
  end
  if UNABLE[code] then
    table.remove(self.ways, 1)
  elseif code ~= errno.EAGAIN then
    return nil, message, code
  end
  self.fault = false
  return step(self)
end

--- Makes what copies.
---@param src table
---@param dst table
---@param options table
---@return uring.Copy
function Copy.new(src, dst, options)
  local is_socket = src.splices == "socket" and options.way ~= "splice"
  return setmetatable({
    is_socket = is_socket, is_flowing = not is_socket,
    relays = is_socket and src._some_view and dst._transmit_now
      and not (options.way or options.size or options.max) or false,
    src = src, dst = dst, left = options.max or math.huge, count = 0,
    size = options.size or Piece.SIZE, progress = options.progress or false,
    holds = options.flush == false, fault = false,
    ways = ways_of(src, dst, options),
  }, Copy)
end

--- How it has been done.
---@return "splice"|"buffer"
function Copy:way()
  return self.ways[1] == by_buffer and "buffer" or "splice"
end

--- Copies to the end.
---@return integer? count
---@return string? way "splice" or "buffer"; or a message
---@return integer? code
---@return integer? count where it has failed
function Copy:run()
  while self.left > 0 do
    local count, message, code = step(self)
    if not count then return nil, message, code, self.count end
    if count == 0 then break end
    if self.progress then self.progress(self.count) end
  end
  return self.count, self:way()
end

--- Copies a stream to another, up to its end: by splice where both have a
-- descriptor that can, else through a Buffer.  Where it fails, and where the
-- task is cancelled, what was read and has not gone is next again in src.
---@param src uring.Stream
---@param dst uring.Stream
---@param options? table max (bytes); size = 65536 (bytes of a Buffer);
--- flush = true (false: dst may hold back what setvbuf has it);
--- progress = function(count); way = "buffer" (do not splice) or "splice"
---@return integer? count bytes
---@return string? way "splice" or "buffer"; or a message
---@return integer? code
---@return integer? count that had gone before it failed
function Copy.copy(src, dst, options)
  options = options or {}
  given.check_stream("copy", "src", src, "_receive")
  given.check_stream("copy", "dst", dst, "_write_out")
  given.check("copy", options)
  if not loop.is_running() then
    return loop.block(Copy.copy, src, dst, options)
  end
  return Copy.new(src, dst, options):run()
end

return Copy
