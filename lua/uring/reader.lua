--- Reading from a stream: by lines, counts, numerals, chunks, or all of it.
-- End of file is a bare nil.
local errno = require "uring.errno"
local intake = require "uring.stream.intake"
local limits = require "uring.limits"
local loop = require "uring.loop"
local delimiter = require "uring.stream.delimiter"
local numeral = require "uring.stream.numeral"
local views = require "uring.stream.views"

local before_received, collect = intake.before_received, intake.collect
local needs_loop, put_back = intake.needs_loop, intake.put_back
local receive = intake.receive

local Reader = {}

local function keep(self, bytes, at)
  self.received, self.at = bytes, at
end

--- Reads what there is, waiting for a first byte.
---@param max? integer|table no more bytes than this, the rest stays for
--- later; or {view = true, max =}: a view of the bytes, which copies none
---@return string|uring.Buffer|nil bytes nil at the end of the stream
---@return string? message
---@return integer? code
function Reader:read_some(max)
  if max then
    views.check("read_some", max, 3)
    if type(max) == "table" then return views.read(self, max) end
  end
  if self.at <= #self.received then before_received(self) end
  local bytes, at = self.received, self.at
  if at > #bytes then
    if needs_loop(self) then return loop.block(Reader.read_some, self, max) end
    local limit <close> = self.read_timeout and limits.begin(self, "read")
    local message, code
    bytes, message, code = receive(self, limit, "_receive")
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

local newline = delimiter.finder "\n"

-- A line that begins in what came before the others, and may end later.
local function collect_line(self, eol, over)
  local line, message, code = collect(self, self.line_limit + #eol,
    #eol == 1 and newline or delimiter.finder(eol), over)
  if code == errno.ELIMIT then message = "line too long" end
  return line, message, code
end

local function read_line(self, whole)
  local eol = self.eol or "\n"
  local line, message, code = intake.take_through(self, eol, self.line_limit)
  if line == false then
    line, message, code = collect_line(self, eol, message)
    if message == "eof" and line == "" then return nil end
    if message == "eof" then return line end
  end
  if not line and not message then return nil end
  if not line then return nil, message, code end
  if whole then return line end
  if self.strips_cr and #eol == 1 and line:sub(-2, -2) == "\r" then
    return line:sub(1, -3)
  end
  return line:sub(1, -#eol - 1)
end

local function read_count(self, count)
  local bytes, message, code = intake.count(self, count)
  if not bytes then return nil, message, code end
  if bytes == "" and message == "eof" then return nil end
  return bytes
end

local function read_all(self)
  local bytes, message, code = collect(self, self.all_limit + 1,
    function() end)
  if not bytes then return nil, message, code end
  return bytes
end

local function read_number(self)
  local state = numeral.begin()
  local bytes, message, code = collect(self, math.huge,
    function(piece, at) return numeral.scan(state, piece, at) end)
  if not bytes then return nil, message, code end
  return numeral.value(state, bytes)
end

local function kind_of(what, format, level)
  if type(format) == "number" then
    local count = math.tointeger(format)
    if count and count >= 0 then return "count" end
  end
  return type(format) == "string" and format:match("^%*?([lLan])")
    or error(("%s: bad format '%s' (\"l\", \"L\", \"a\", \"n\" or a count "
      .. "expected)"):format(what, tostring(format)), level + 1)
end

local function read_one(self, format, kind)
  if kind == "count" then return read_count(self, math.tointeger(format)) end
  if kind == "a" then return read_all(self) end
  if kind == "n" then return read_number(self) end
  return read_line(self, kind == "L")
end

-- Returns the results packed, or nil, message, code.
local function read_each(self, formats)
  local results = { n = formats.n }
  for i = 1, formats.n do
    local format = formats[i]
    local value, message, code = read_one(self, format,
      kind_of("read", format, 5))
    if not value and message then return nil, message, code end
    results[i] = value
    if not value then
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

local function check_formats(what, formats, level)
  for i = 1, formats.n do kind_of(what, formats[i], level + 1) end
end

--- Reads as a file of the io library does: "l" a line without its end, "L"
-- with it, "a" all, "n" a numeral, a number so many bytes, fewer only at the
-- end.
---@param ... string|number formats, default "l"
---@return string|number|nil ... one for each format; nil at the end of the
--- stream, and where there is no numeral
---@return string? message
---@return integer? code
function Reader:read(...)
  local count = select("#", ...)
  if count == 0 then return read_line(self, false) end
  if count == 1 then
    local format = ...
    return read_one(self, format, kind_of("read", format, 2))
  end
  local formats = table.pack(...)
  check_formats("read", formats, 2)
  return read_several(self, formats)
end

--- Iterates over what read_some gives.  Raises where that fails.
---@param max? integer|table as of read_some; a view is closed before the
--- next is read
---@return function iterator
---@return nil
---@return nil
---@return table? closes the last view
function Reader:chunks(max)
  views.check("chunks", max, 3)
  if type(max) == "table" then return views.chunks(self, max) end
  return function()
    local bytes, message = self:read_some(max)
    if not bytes and message then error(message, 2) end
    return bytes
  end
end

local function check_read(value, message, ...)
  if value == nil and message then error(message, 3) end
  return value, message, ...
end

--- Iterates over lines, or what other formats of read give.  Raises where
-- that fails.
---@param ... string|number formats, default "l"
---@return function iterator
function Reader:lines(...)
  local count = select("#", ...)
  if count > 1 then
    local formats = table.pack(...)
    check_formats("lines", formats, 2)
    return function() return check_read(read_several(self, formats)) end
  end
  local format = count == 0 and "l" or (...)
  local kind = kind_of("lines", format, 2)
  return function()
    local value, message = read_one(self, format, kind)
    if value == nil and message then error(message, 2) end
    return value
  end
end

return Reader
