--- Moving bytes from one descriptor to another inside the kernel.
-- Where neither is a pipe they go through one of ours.  A splice that has to
-- wait holds up a thread of the kernel, so a poll goes before each: idle
-- connections cost no thread, and no pipe.
local core = require "uring.core"
local errno = require "uring.errno"
local intake = require "uring.stream.intake"
local limits = require "uring.limits"
local op = require "uring.op"
local pipes = require "uring.stream.pipes"
local structured = require "uring.structured"
local system = require "uring.system"

local C = core.consts

local FLAGS = C.SPLICE_F_MOVE | C.SPLICE_F_NONBLOCK
local HERE = -1 -- a descriptor's own position
local MOST = 1 << 20 -- bytes of one splice; a pipe takes less
local SOME = 65536 -- bytes of a read, and of a pipe as it is made
local ERESTARTSYS = 512 -- as some kernels call an EINTR here

local splice = {}

local function move(from, offset, to, count)
  local moved, message, code = op.splice(from, offset, to, HERE, count, FLAGS)
  if code == ERESTARTSYS then code = errno.EINTR end
  return moved, message, code
end

local function in_context(stream, moved, message, code)
  if moved or not stream.path then return moved, message, code end
  return nil, stream.path .. ": " .. core.strerror(code), code
end

-- What is in a pipe

---@class uring.Piped
---@field size integer bytes that were in it
---@field sent integer of them have gone
local Piped = {}
Piped.__index = Piped

function Piped:__len()
  return self.size
end

--- Parts have this method too.
function Piped:skip()
  return self
end

--- Moves to a stream what goes at once.
---@param stream table
---@param piped uring.Piped
---@return integer? count
---@return string? message
---@return integer? code
function Piped.transmit(stream, piped)
  local moved, message, code
  repeat
    moved, message, code = op.poll_add(stream.fd, C.POLLOUT)
    if not moved then break end
    if stream.is_closed then return nil, "closed", errno.ECLOSED end
    moved, message, code = move(piped.pipe.from, HERE, stream.fd,
      piped.size - piped.sent)
  until code ~= errno.EAGAIN or stream.is_closed
  if moved then piped.sent = piped.sent + moved end
  return in_context(stream, moved, message, code)
end

local function drain(fd)
  local buffer, pieces = core.buffer(SOME), {}
  while true do
    local count, _, code = op.read(fd, buffer, HERE)
    if count and count > 0 then
      pieces[#pieces + 1] = buffer:sub(1, count)
    elseif code ~= errno.EINTR then
      return table.concat(pieces)
    end
  end
end

-- Gives a stream back what is in a pipe, also where the task is cancelled.
-- What is in it counts, not what an interrupted splice has said.
local function recover(src, pipe)
  pipe:close_into()
  local bytes = structured.shield(drain, pipe.from)
  pipe:close()
  intake.put_back(src, bytes)
  return #bytes
end

--- Gives back to where it came from what has not gone.
---@param src table
function Piped:put_back(src)
  self.sent = self.size - recover(src, self.pipe)
end

--- All of it has gone.
function Piped:finish()
  pipes.give(self.pipe)
end

-- Filling one

--- The stream's method _await: until there are bytes, or the end.
---@param self table
---@return integer? events
---@return string? message
---@return integer? code
function splice.await(self)
  return in_context(self, op.poll_add(self.fd, C.POLLIN))
end

--- Its method _pour: fills a pipe.
---@param self table
---@param filled table pipe, which it may set; most
---@return integer? count 0 at the end
---@return string? message "again" where bytes came, and were given back
---@return integer? code
function splice.pour(self, filled)
  local moved, message, code
  repeat
    moved, message, code = self:_await()
    if not moved then return nil, message, code end
    if self.is_closed then break end
    if not filled.pipe then
      filled.pipe, message = pipes.take()
      if not filled.pipe then return nil, message, errno.EINVAL end
    end
    moved, message, code = move(self.fd, self.offset or HERE,
      filled.pipe.into, filled.most)
  until code ~= errno.EAGAIN or self.is_closed
  if code == errno.EINTR and filled.pipe then
    local pipe = filled.pipe
    filled.pipe = false
    if recover(self, pipe) > 0 then return nil, "again", errno.EAGAIN end
  end
  if moved and self.offset then self.offset = self.offset + moved end
  return in_context(self, moved, message, code)
end

--- Takes what there is of a stream into a pipe, waiting for a first byte.
---@param src table
---@param most integer bytes
---@return uring.Piped? piped nil where it fails, and, with no message, at the
--- end
---@return string? message
---@return integer? code EINVAL where this cannot be done; EAGAIN: once more
function splice.through_pipe(src, most)
  local filled = { pipe = false, most = math.min(most, MOST) }
  local limit <close> = src.read_timeout and limits.begin(src, "read")
  local ok, count, message, code = pcall(intake.receive, src, limit, "_pour",
    filled)
  local pipe = filled.pipe
  if ok and count and count > 0 then
    return setmetatable({ pipe = pipe, size = count, sent = 0 }, Piped)
  end
  if ok and count then
    pipes.give(pipe)
    return nil
  elseif pipe then
    recover(src, pipe)
  end
  if not ok then error(count, 0) end
  return nil, message, code
end

-- Where one of the two is a pipe

---@class uring.Direct
---@field src table
---@field most integer bytes
---@field size integer bytes that have gone; 1 before
---@field sent integer
---@field is_end boolean
local Direct = {}
Direct.__index = Direct
Direct.__len, Direct.skip = Piped.__len, Piped.skip

--- Moves what goes at once.
---@param stream table
---@param direct uring.Direct
---@return integer? count
---@return string? message
---@return integer? code
function Direct.transmit(stream, direct)
  local moved, message, code = op.poll_add(stream.fd, C.POLLOUT)
  if moved and (stream.is_closed or direct.src.is_closed) then
    return nil, "closed", errno.ECLOSED -- the number may be another's by now
  elseif moved then
    moved, message, code = move(direct.src.fd, HERE, stream.fd, direct.most)
  end
  if not moved then return in_context(stream, nil, message, code) end
  direct.size, direct.sent, direct.is_end = moved, moved, moved == 0
  if moved == SOME and direct.most > SOME and not stream.is_wide then
    stream.is_wide = true
    system.widen(stream.fd, MOST) -- it would be full again and again
  end
  return moved
end

--- Nothing is under way.
function Direct.put_back() end

--- It has gone.
function Direct.finish() end

--- Waits for a first byte, or the end.
---@param src table
---@return integer? events
---@return string? message
---@return integer? code
function splice.wait(src)
  local limit <close> = src.read_timeout and limits.begin(src, "read")
  return intake.receive(src, limit, "_await")
end

--- Waits for a first byte, that is to be moved at once.
---@param src table
---@param most integer bytes
---@return uring.Direct? direct
---@return string? message
---@return integer? code
function splice.direct(src, most)
  local ready, message, code = splice.wait(src)
  if not ready then return nil, message, code end
  return setmetatable({ src = src, most = math.min(most, MOST), size = 1,
    sent = 0, is_end = false }, Direct)
end

return splice
