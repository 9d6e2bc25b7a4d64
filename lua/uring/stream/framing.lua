--- Reading parts of known size or end, and what was received already.
-- These methods join those of reader.lua.
local core = require "uring.core"
local delimiter = require "uring.stream.delimiter"
local errno = require "uring.errno"
local intake = require "uring.stream.intake"
local limits = require "uring.limits"
local loop = require "uring.loop"

local MOST = 65536 -- bytes before a delimiter, where nothing else is said
local BUFFER = getmetatable(core.slice "")

local framing = {}

local function check_count(what, count, least)
  count = math.tointeger(count)
  if not count or count < least then
    error(what .. ": bad argument 'count' (count of bytes expected)", 3)
  end
  return count
end

--- Reads so many bytes, not fewer.
---@param count integer
---@return string? bytes
---@return string? message "eof" where the stream ends before
---@return integer? code EEOF then
---@return string? partial what came before the end
function framing:read_exact(count)
  count = check_count("read_exact", count, 0)
  if count == 0 and not self.is_closed then return "" end
  local bytes, message, code = intake.count(self, count)
  if not bytes then return nil, message, code end
  if #bytes == count then return bytes end
  return nil, "eof", errno.EEOF, bytes
end

local function check_until(text, options)
  if type(text) ~= "string" or text == "" then
    error("read_until: bad argument 'delimiter' (string expected)", 3)
  end
  for name in pairs(options) do
    if name ~= "max" and name ~= "include" then
      error("read_until: unknown option '" .. tostring(name) .. "'", 3)
    end
  end
  local max = options.max
  if max ~= nil and not (type(max) == "number" and max >= 0) then
    error("read_until: bad option 'max' (count of bytes expected)", 3)
  end
end

local function limit_of(self, options)
  if options.max then return options.max end
  return self.line_limit < math.huge and self.line_limit or MOST
end

--- Reads up to a delimiter, a plain string, and takes that as well.
---@param text string
---@param options? table max = 65536, bytes that may come before it (more:
--- ELIMIT, and all stays unread); include = false, give it too
---@return string? bytes nil at the end of the stream
---@return string? message "eof" where that comes before the delimiter
---@return integer? code EEOF then
---@return string? partial what came before the end
function framing:read_until(text, options)
  options = options or {}
  check_until(text, options)
  local most = limit_of(self, options)
  local bytes, message, code = intake.take_through(self, text, most)
  if bytes == false then
    bytes, message, code = intake.collect(self, most + #text,
      delimiter.finder(text), message)
  end
  if code == errno.ELIMIT then message = "line too long" end
  if not bytes and not message then return nil end
  if not bytes then return nil, message, code end
  if message == "eof" then
    if bytes == "" then return nil end
    return nil, "eof", errno.EEOF, bytes
  end
  return options.include and bytes or bytes:sub(1, -#text - 1)
end

--- Looks at the next bytes, which stay unread.
---@param count? integer default 1
---@return string? bytes fewer only before the end, nil at the end
---@return string? message
---@return integer? code
function framing:peek(count)
  count = check_count("peek", count or 1, 1)
  local at = self.at
  if #self.received - at + 1 >= count then
    intake.before_received(self)
    if self.at == at then return self.received:sub(at, at + count - 1) end
  end
  local bytes, message, code = intake.count(self, count)
  if not bytes then return nil, message, code end
  intake.put_back(self, bytes)
  if bytes == "" then return nil end
  return bytes
end

--- Puts bytes before those that come next.
---@param bytes string
---@return table? self
---@return string? message
---@return integer? code EBUSY where another task reads
function framing:unread(bytes)
  if type(bytes) ~= "string" then
    error("unread: bad argument 'bytes' (string expected)", 2)
  end
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  if self.is_reading then return intake.busy(self) end
  if bytes ~= "" then intake.put_back(self, bytes) end
  return self
end

--- How many bytes were received that nobody has asked for yet.
---@return integer
function framing:buffered()
  return #self.received - self.at + 1
end

local function check_target(buffer, i, max)
  if getmetatable(buffer) ~= BUFFER then
    error("read_into: bad argument 'buffer' (uring.Buffer expected)", 3)
  end
  if math.type(i) ~= "integer" or i < 1 or i > #buffer then
    error("read_into: bad argument 'i' (position in the buffer expected)", 3)
  end
  if max and (math.type(max) ~= "integer" or max < 1) then
    error("read_into: bad argument 'max' (count of bytes expected)", 3)
  end
  local room = #buffer - i + 1
  return math.min(max or room, room)
end

local function take_at_hand(self, buffer, i, max)
  intake.before_received(self)
  local at = self.at
  local bytes = self.received:sub(at, at + max - 1)
  buffer:set(i, bytes)
  self.at = at + #bytes
  return #bytes
end

local function read_by_string(self, buffer, i, max)
  local bytes, message, code = self:read_some(max)
  if not bytes then return nil, message, code end
  buffer:set(i, bytes)
  return #bytes
end

--- Reads what there is into a Buffer, waiting for a first byte.
---@param buffer uring.Buffer
---@param i? integer position of the first byte, default 1
---@param max? integer no more bytes than this, default: what has room
---@return integer? count nil at the end of the stream
---@return string? message
---@return integer? code
function framing:read_into(buffer, i, max)
  i = i or 1
  max = check_target(buffer, i, max)
  if self.at <= #self.received then
    local count = take_at_hand(self, buffer, i, max)
    if count > 0 then return count end
  end
  if not self._receive_into then return read_by_string(self, buffer, i, max) end
  if intake.needs_loop(self) then
    return loop.block(framing.read_into, self, buffer, i, max)
  end
  local limit <close> = self.read_timeout and limits.begin(self, "read")
  local whole = i == 1 and max == #buffer
  local count, message, code = intake.receive(self, limit, "_receive_into",
    whole and buffer or buffer:slice(i, i + max - 1))
  if count == 0 then return nil end
  return count, message, code
end

local LIMITS = { line = "line_limit", all = "all_limit" }

--- Limits what read may collect; beyond, it says "too long", ELIMIT.
---@param options table line: bytes of a line, and before a delimiter; all:
--- bytes of read("a"); math.huge for no limit
---@return table self
function framing:setlimit(options)
  if type(options) ~= "table" then
    error("setlimit: bad argument 'options' (table expected)", 2)
  end
  for name, value in pairs(options) do
    if not LIMITS[name] or type(value) ~= "number" or value ~= value
      or value < 1 then
      error(("setlimit: bad option '%s'"):format(tostring(name)), 2)
    end
  end
  for name, value in pairs(options) do self[LIMITS[name]] = value end
  return self
end

--- Says what ends a line.
---@param eol "any"|"\n"|"\r\n" "any": a newline, and a carriage return
--- before it that "l" leaves away; "\n", "\r\n": just these
---@return table self
function framing:seteol(eol)
  if eol ~= "any" and eol ~= "\n" and eol ~= "\r\n" then
    error("seteol: bad argument 'eol' (\"any\", \"\\n\" or \"\\r\\n\" "
      .. "expected)", 2)
  end
  self.strips_cr = eol == "any"
  self.eol = eol == "\r\n" and eol or nil
  return self
end

return framing
