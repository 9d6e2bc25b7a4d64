--- What files, connections and standard streams have in common: reading by
-- lines, counts and chunks, and writing all of what is given.
-- A class of streams has these methods copied into it, and brings its own
--   _receive(self)        --> bytes, "" at the end | nil, message, code
--   _transmit(self, data) --> count               | nil, message, code
-- and the fields fd, unread = "", at = 1, line_limit, all_limit (bytes).
-- End of file is a bare nil.  The closed handle says nil, "closed", ECLOSED.
local core = require "uring.core"
local errno = require "uring.errno"
local loop = require "uring.loop"

local Stream = {}

--- Whether close was called.
---@return boolean
function Stream:closed()
  return self.is_closed or false
end

--- The descriptor, lent: the stream goes on owning it.
---@return integer? fd nil where it is closed
function Stream:fileno()
  return not self.is_closed and self.fd or nil
end

-- Reading.  What was received and not asked for yet is self.unread, from
-- the byte self.at on.

-- More bytes, "" at the end, or nil, message, code.
local function receive(self)
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  if self.is_reading then
    error("the stream is being read by another task", 4)
  end
  self.is_reading = true
  local bytes, message, code = self:_receive()
  self.is_reading = false
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  return bytes, message, code
end

local function keep(self, bytes, at)
  self.unread, self.at = bytes, at
end

--- Reads what there is, waiting for a first byte.
---@param max? integer no more bytes than this; the rest stays for later
---@return string? bytes nil at the end of the stream
---@return string? message
---@return integer? code
function Stream:read_some(max)
  local bytes, at = self.unread, self.at
  if at > #bytes then
    local message, code
    bytes, message, code = receive(self)
    if not bytes then return nil, message, code end
    if bytes == "" then return nil end
    at = 1
  end
  if max and #bytes - at >= max then
    keep(self, bytes, at + max)
    return bytes:sub(at, at + max - 1)
  end
  keep(self, "", 1)
  return at == 1 and bytes or bytes:sub(at)
end

-- Collects pieces until 'enough' says at which byte of the last they
-- suffice, or to the end, which it says by "eof".  What comes after stays
-- unread; where it fails, everything does, so that nothing is lost.
local function collect(self, limit, enough)
  local pieces, size = {}, 0
  local piece, at = self.unread, self.at
  local message, code
  while true do
    local stop = enough(piece, at, size)
    if stop then
      pieces[#pieces + 1] = piece:sub(at, stop)
      keep(self, piece, stop + 1)
      return table.concat(pieces)
    end
    pieces[#pieces + 1] = piece:sub(at)
    size = size + #piece - at + 1
    if size > limit then
      message, code = "too long", errno.ELIMIT
      break
    end
    piece, message, code = receive(self)
    if not piece then break end
    if piece == "" then
      keep(self, "", 1)
      return table.concat(pieces), "eof"
    end
    at = 1
  end
  keep(self, table.concat(pieces), 1)
  return nil, message, code
end

local function newline(piece, at)
  return (piece:find("\n", at, true))
end

local function read_line(self, whole)
  local line, message, code = collect(self, self.line_limit, newline)
  if not line then return nil, message, code end
  if message == "eof" and line == "" then return nil end
  if message == "eof" or whole then return line end
  return line:sub(1, self.strips_cr and line:sub(-2, -2) == "\r" and -3 or -2)
end

local function read_count(self, count)
  local bytes, message, code = collect(self, math.huge,
    function(piece, at, size)
      if size + #piece - at + 1 >= count and (count > 0 or at <= #piece) then
        return at + count - size - 1
      end
    end)
  if not bytes then return nil, message, code end
  if bytes == "" and message == "eof" then return nil end
  return bytes
end

local function read_all(self)
  local bytes, message, code = collect(self, self.all_limit, function() end)
  if not bytes then return nil, message, code end
  return bytes
end

local function read_one(self, format)
  if math.type(format) == "integer" and format >= 0 then
    return read_count(self, format)
  end
  local letter = type(format) == "string" and format:match("^%*?([lLa])")
  if letter == "l" then return read_line(self, false) end
  if letter == "L" then return read_line(self, true) end
  if letter == "a" then return read_all(self) end
  error("read: bad format '" .. tostring(format)
    .. "' (\"l\", \"L\", \"a\" or a count expected)", 3)
end

--- Reads as a file of the io library does: "l" a line without its end, "L"
-- with it, "a" all, a number so many bytes, fewer only at the end.
---@param ... string|integer formats, default "l"
---@return string? ... one for each format; nil at the end of the stream
---@return string? message
---@return integer? code
function Stream:read(...)
  local count = select("#", ...)
  if count == 0 then return read_one(self, "l") end
  if count == 1 then return read_one(self, (...)) end
  local results = {}
  for i = 1, count do
    local bytes, message, code = read_one(self, (select(i, ...)))
    results[i] = bytes
    if not bytes then
      if not message then return table.unpack(results, 1, i) end
      return nil, message, code
    end
  end
  return table.unpack(results, 1, count)
end

--- Iterates over what read_some gives.  Raises where that fails.
---@return function iterator
function Stream:chunks()
  return function()
    local bytes, message = self:read_some()
    if not bytes and message then error(message, 2) end
    return bytes
  end
end

--- Iterates over lines, or what another format of read gives.  Raises where
-- that fails.
---@param format? string|integer default "l"
---@return function iterator
function Stream:lines(format)
  return function()
    local line, message = read_one(self, format or "l")
    if not line and message then error(message, 2) end
    return line
  end
end

-- Writing.  One task at a time; the others wait in line.

local function lock(self)
  if not self.is_writing then
    self.is_writing = true
    return
  end
  local line = self.writers
  if not line then
    line = { first = 1, last = 0 }
    self.writers = line
  end
  line.last = line.last + 1
  line[line.last] = coroutine.running()
  loop.park()
end

local function unlock(self)
  local line = self.writers
  if not line then
    self.is_writing = false
    return
  end
  loop.wake(line[line.first])
  line[line.first] = nil
  line.first = line.first + 1
  if line.first > line.last then self.writers = nil end
end

-- One string of several pieces; a Buffer or string alone as it is.
local function gather(data, ...)
  if select("#", ...) == 0 and type(data) ~= "number" then
    if type(data) == "string" or type(data) == "userdata" then return data end
  end
  local pieces = table.pack(data, ...)
  for i = 1, pieces.n do
    local kind = type(pieces[i])
    if kind ~= "string" and kind ~= "number" then
      error(("write: bad argument #%d (string or number expected, got %s)")
        :format(i, kind), 3)
    end
  end
  return table.concat(pieces)
end

-- Sends everything; nil, message, code, and how much had gone.
local function transmit_all(self, data)
  local sent, size = 0, #data
  while sent < size do
    if self.is_closed then return nil, "closed", errno.ECLOSED, sent end
    local rest = sent == 0 and data or core.slice(data, sent + 1)
    local count, message, code = self:_transmit(rest)
    if count == 0 then
      count, message, code = nil, "closed", errno.EPIPE
    end
    if not count then
      if self.is_closed then message, code = "closed", errno.ECLOSED end
      return nil, message, code, sent
    end
    sent = sent + count
  end
  return self
end

--- Writes all that is given, strings and numbers, or one Buffer; whole with
-- respect to other writers.
---@param ... string|number|uring.Buffer
---@return uring.Stream? self
---@return string? message
---@return integer? code
---@return integer? written bytes that had gone before it failed
function Stream:write(...)
  local data = gather(...)
  if self.is_closed then return nil, "closed", errno.ECLOSED, 0 end
  lock(self)
  local done, message, code, sent = transmit_all(self, data)
  unlock(self)
  return done, message, code, sent
end

-- Closing.

--- Closes the stream without waiting: whoever waits on it gets nil,
-- "closed".  Once more is nothing.
---@return boolean true
function Stream:close()
  if self.is_closed then return true end
  self.is_closed = true
  keep(self, "", 1)
  if self.is_reading or self.is_writing then
    loop.post("cancel_fd", self.fd, core.consts.IORING_ASYNC_CANCEL_ALL)
  end
  if not loop.post("close", self.fd) then core.close(self.fd) end
  return true
end

--- Copies these methods, and the metamethods that close, into a class.
---@param class table
function Stream.extend(class)
  class.__index = class
  for name, method in pairs(Stream) do
    if name ~= "extend" and not class[name] then class[name] = method end
  end
  function class:__close() self:close() end
  function class:__gc() -- no op is in flight, or its task would keep us
    if not self.is_closed then
      self.is_closed = true
      core.close(self.fd)
    end
  end
  function class:__tostring()
    return ("%s (%s)"):format(class.__name,
      self.is_closed and "closed" or "fd " .. self.fd)
  end
end

return Stream
