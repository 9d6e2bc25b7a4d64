--- How a cosocket reads.  What was received and not asked for is self.buffer,
-- from the byte self.at on.  A call whose time is over, or whose connection
-- has ended, returns what it had by then as the third value.
local words = require "uring.compat.ngx.words"

local concat = table.concat

local Receive = {}

local function keep(self, bytes, at)
  self.buffer, self.at = bytes, at
end

-- More bytes; or nil and why not.  Where the task is cancelled, what the call
-- has in hand is next again.
local function receive(self, pieces)
  local conn = self.conn
  conn:settimeout(self.read_timeout, "read")
  self.is_reading = true
  local ok, bytes, message, code = pcall(conn.read_some, conn)
  self.is_reading = false
  self.is_suspect = not (ok and bytes)
  if not ok then
    keep(self, concat(pieces), 1)
    error(bytes, 0)
  end
  if bytes then return bytes end
  if message == "timeout" then return nil, message end
  if self.conn == conn then self:_drop() end
  return nil, message and words.failure(message, code) or "closed"
end

-- Collects pieces until 'enough' says at which byte of the last they do.
local function collect(self, enough)
  local piece, at = self.buffer, self.at
  local stop = enough(piece, at, 0)
  if stop then
    keep(self, piece, stop + 1)
    return piece:sub(at, stop)
  end
  local pieces, size = {}, 0
  while true do
    stop = enough(piece, at, size)
    if stop then
      keep(self, piece, stop + 1)
      pieces[#pieces + 1] = piece:sub(at, stop)
      return concat(pieces)
    end
    pieces[#pieces + 1] = piece:sub(at)
    size = size + #piece - at + 1
    keep(self, "", 1)
    local more, problem = receive(self, pieces)
    if not more then return nil, problem, concat(pieces) end
    piece, at = more, 1
  end
end

local function newline(piece, at)
  return (piece:find("\n", at, true))
end

local function read_line(self)
  local line, problem, partial = collect(self, newline)
  if not line then return nil, problem, (partial:gsub("\r", "")) end
  line = line:sub(1, -2)
  return line:find("\r", 1, true) and line:gsub("\r", "") or line
end

local function read_count(self, count)
  return collect(self, function(piece, at, size)
    if size + #piece - at + 1 >= count then return at + count - size - 1 end
  end)
end

local function read_all(self)
  local _, problem, bytes = collect(self, function() end)
  if problem == "closed" then return bytes end
  return nil, problem, bytes
end

local function bad_argument(method, place, text)
  error(("bad argument #%d to '%s' (%s)"):format(place, method, text), 3)
end

local function busy(self)
  if not self.conn then return "closed" end
  if self.is_reading then return "socket busy reading" end
end

--- Reads "*l" a line without its end, "*a" all, or so many bytes.
---@param pattern? string|integer default "*l"
---@return string? bytes
---@return string? message "timeout", after which one may read on; "closed"
---@return string? partial
function Receive:receive(pattern)
  local count = tonumber(pattern)
  local kind = pattern == nil and "*l" or pattern
  if count then
    count = math.tointeger(count)
    if not count or count < 0 then
      bad_argument("receive", 2, "bad number argument")
    end
  elseif kind ~= "*l" and kind ~= "*a" then
    bad_argument("receive", 2, "bad pattern argument: " .. tostring(kind))
  end
  local problem = busy(self)
  if problem then return nil, problem end
  if count then return read_count(self, count) end
  if kind == "*a" then return read_all(self) end
  return read_line(self)
end

--- Reads what there is, waiting for a first byte.
---@param max integer no more bytes than this
---@return string? bytes
---@return string? message
---@return string? partial always ""
function Receive:receiveany(max)
  max = math.tointeger(tonumber(max))
  if not max or max < 1 then
    bad_argument("receiveany", 2, "bad max argument")
  end
  local problem = busy(self)
  if problem then return nil, problem end
  return collect(self, function(piece, at)
    if at <= #piece then return math.min(#piece, at + max - 1) end
  end)
end

-- How many bytes at the end may be the beginning of a pattern.
local function begun(bytes, at, pattern)
  for count = math.min(#pattern - 1, #bytes - at + 1), 1, -1 do
    if bytes:sub(-count) == pattern:sub(1, count) then return count end
  end
  return 0
end

local function take(self, bytes, stop, goes_on)
  local taken = bytes:sub(self.at, stop)
  keep(self, bytes, goes_on)
  return taken
end

-- Returns bytes and whether the pattern came after them; or nil, message,
-- partial.
local function read_until(self, pattern, size)
  local search = self.at
  while true do
    local bytes, at = self.buffer, self.at
    local from, to = bytes:find(pattern, search, true)
    local safe = from and from - at
      or #bytes - at + 1 - begun(bytes, at, pattern)
    if size and safe >= size and not (from and safe == size) then
      return take(self, bytes, at + size - 1, at + size), false
    elseif from then
      return take(self, bytes, from - 1, to + 1), true
    end
    local rest = bytes:sub(at)
    search = math.max(1, #rest - #pattern + 2)
    keep(self, "", 1)
    local more, problem = receive(self, { rest })
    if not more then return nil, problem, rest end
    keep(self, rest .. more, 1)
  end
end

local function next_chunk(reader, size)
  local self = reader.socket
  local problem = busy(self)
  if problem then return nil, problem end
  size = math.tointeger(tonumber(size))
  if size and size < 1 then size = nil end
  if reader.is_over then
    reader.is_over = false
    return nil, nil, nil
  end
  local bytes, matched, partial = read_until(self, reader.pattern, size)
  if not bytes then return nil, matched, partial end
  reader.is_over = size ~= nil and matched
  if matched and reader.inclusive then return bytes .. reader.pattern end
  return bytes
end

--- Makes a function that reads up to a string; given a size, so many bytes of
-- that, and nil, nil, nil once after the last.
---@param pattern string
---@param options? table inclusive = true: the string is a part of it
---@return fun(size?: integer): string? iterator
---@return string? message
function Receive:receiveuntil(pattern, options)
  if type(pattern) ~= "string" then
    bad_argument("receiveuntil", 2, "string expected, got " .. type(pattern))
  end
  if pattern == "" then return nil, "pattern is empty" end
  local reader = {
    socket = self, pattern = pattern, is_over = false,
    inclusive = options and options.inclusive or false,
  }
  return function(size) return next_chunk(reader, size) end
end

return Receive
