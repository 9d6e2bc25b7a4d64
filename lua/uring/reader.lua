--- Reading from a stream: by lines, counts, chunks, or all of it.
-- What was received and not asked for yet is self.unread, from the byte
-- self.at on.  End of file is a bare nil.
local errno = require "uring.errno"
local limits = require "uring.limits"
local loop = require "uring.loop"

local isyieldable = coroutine.isyieldable

local Reader = {}

-- More bytes, "" at the end, or nil, message, code.  'limit' is what
-- limits.begin has set for the call.
local function receive(self, limit)
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  if limit and limit.rang then return nil, "timeout", errno.ETIMEDOUT end
  if self.is_reading then
    error("the stream is being read by another task", 4)
  end
  self.is_reading = true
  local ok, bytes, message, code = pcall(self._receive, self)
  self.is_reading = false
  if not ok then error(bytes, 0) end
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  if not bytes and limits.is_over(limit, code) then
    return nil, "timeout", errno.ETIMEDOUT
  end
  return bytes, message, code
end

local function keep(self, bytes, at)
  self.unread, self.at = bytes, at
end

-- What was taken, and not given out, is next again.
local function put_back(self, bytes)
  if self.is_closed then return end
  keep(self, bytes .. self.unread:sub(self.at), 1)
end

-- The alarm of a call that has a limit needs a loop.
local function needs_loop(self)
  return self.read_timeout and not loop.is_running()
end

local TURN = 64 -- calls that need not wait, until others have their turn

-- Before a call takes what was received already: it costs no wait, but is not
-- for a task that is to end.
local function before_unread(self)
  loop.check()
  local hits = (self.hits or 0) + 1
  self.hits = hits
  if hits >= TURN and isyieldable() then
    self.hits = 0
    loop.pause()
  end
end

--- Reads what there is, waiting for a first byte.
---@param max? integer no more bytes than this; the rest stays for later
---@return string? bytes nil at the end of the stream
---@return string? message
---@return integer? code
function Reader:read_some(max)
  if max and (math.type(max) ~= "integer" or max < 1) then
    error("read_some: bad argument 'max' (count of bytes expected)", 2)
  end
  if self.at <= #self.unread then before_unread(self) end
  local bytes, at = self.unread, self.at
  if at > #bytes then
    if needs_loop(self) then return loop.block(Reader.read_some, self, max) end
    local limit <close> = self.read_timeout and limits.begin(self, "read")
    local message, code
    bytes, message, code = receive(self, limit)
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

-- What collect gives; read notes it where it may have to put it back.
local function take(self, pieces)
  local bytes, given = table.concat(pieces), self.given
  if given then given[#given + 1] = bytes end
  return bytes
end

-- Collects pieces until 'enough' says at which byte of the last they
-- suffice, or to the end, which it says by "eof".  What comes after stays
-- unread; where it fails, everything does, so that nothing is lost.
local function collect(self, most, enough)
  if needs_loop(self) then return loop.block(collect, self, most, enough) end
  if self.at <= #self.unread then before_unread(self) end
  local limit <close> = self.read_timeout and limits.begin(self, "read")
  local pieces, size = {}, 0
  local piece, at = self.unread, self.at
  local ok, message, code
  while true do
    local stop = enough(piece, at, size)
    if stop then
      pieces[#pieces + 1] = piece:sub(at, stop)
      keep(self, piece, stop + 1)
      return take(self, pieces)
    end
    pieces[#pieces + 1] = piece:sub(at)
    size = size + #piece - at + 1
    keep(self, "", 1) -- they are ours alone
    if size > most then
      message, code = "too long", errno.ELIMIT
      break
    end
    ok, piece, message, code = pcall(receive, self, limit)
    if not ok then
      put_back(self, table.concat(pieces))
      error(piece, 0)
    end
    if not piece then break end
    if piece == "" then return take(self, pieces), "eof" end
    at = 1
  end
  put_back(self, table.concat(pieces))
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

local function kind_of(format)
  if math.type(format) == "integer" and format >= 0 then return "count" end
  return type(format) == "string" and format:match("^%*?([lLa])")
    or error("read: bad format '" .. tostring(format)
      .. "' (\"l\", \"L\", \"a\" or a count expected)", 4)
end

local function read_one(self, format)
  local kind = kind_of(format)
  if kind == "count" then return read_count(self, format) end
  if kind == "a" then return read_all(self) end
  return read_line(self, kind == "L")
end

-- Returns the results packed, or nil, message, code.
local function read_each(self, formats)
  local results = { n = formats.n }
  for i = 1, formats.n do
    local bytes, message, code = read_one(self, formats[i])
    if not bytes and message then return nil, message, code end
    results[i] = bytes
    if not bytes then
      results.n = i
      break
    end
  end
  return results
end

-- Where one fails, what the others have read is next again.
local function read_several(self, formats)
  self.given = {}
  local ok, results, message, code = pcall(read_each, self, formats)
  local given = table.concat(self.given)
  self.given = nil
  if ok and results then return table.unpack(results, 1, results.n) end
  put_back(self, given)
  if not ok then error(results, 0) end
  return nil, message, code
end

--- Reads as a file of the io library does: "l" a line without its end, "L"
-- with it, "a" all, a number so many bytes, fewer only at the end.
---@param ... string|integer formats, default "l"
---@return string? ... one for each format; nil at the end of the stream
---@return string? message
---@return integer? code
function Reader:read(...)
  local count = select("#", ...)
  if count == 0 then return read_one(self, "l") end
  if count == 1 then return read_one(self, (...)) end
  for i = 1, count do kind_of((select(i, ...))) end
  return read_several(self, table.pack(...))
end

--- Iterates over what read_some gives.  Raises where that fails.
---@return function iterator
function Reader:chunks()
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
function Reader:lines(format)
  return function()
    local line, message = read_one(self, format or "l")
    if not line and message then error(message, 2) end
    return line
  end
end

return Reader
