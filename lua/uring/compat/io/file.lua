--- Files as the io library has them.
local argument = require "uring.compat.argument"
local bytes = require "uring.compat.io.bytes"
local core = require "uring.core"
local errno = require "uring.errno"
local formats = require "uring.compat.io.formats"
local loop = require "uring.loop"
local op = require "uring.op"
local system = require "uring.system"

local stock_open = io.open

local file = {}

---@class uring.compat.File
local File = { __name = "FILE*" }
File.__index = File

local unflushed = setmetatable({}, { __mode = "k" }) -- a set of files

--- Makes a file of a descriptor, which it owns.
---@param fd integer
---@param position integer
---@return uring.compat.File
function file.new(fd, position)
  return setmetatable(bytes.fields(fd, position), File)
end

--- Whether a value is a file of ours.
---@param value any
---@return boolean
function file.is_ours(value)
  return getmetatable(value) == File
end

local function check(self, level)
  if not file.is_ours(self) then
    error("bad argument #1 to file's method (FILE* expected)", level or 3)
  end
  if self.is_closed then
    error("attempt to use a closed file", level or 3)
  end
end

local function failed(code)
  return nil, core.strerror(code), code
end

local function check_format(what, place, format)
  if type(format) == "number" then
    local count = math.tointeger(format)
    if count and count >= 0 then return end
    argument.refuse(what, place, count and "invalid count"
      or "number has no integer representation", 2)
  end
  if type(format) ~= "string" then
    argument.refuse_type(what, place, "string", format, 2)
  end
  if not format:find("^%*?[nlLa]") then
    argument.refuse(what, place, "invalid format", 2)
  end
end

local function read_each(self, what, list)
  for place = 1, list.n do
    check_format(what, place, list[place])
    local value, code = formats.read(self, list[place])
    if code then return failed(code) end
    list[place] = value
    if value == nil then return table.unpack(list, 1, place) end
  end
  return table.unpack(list, 1, list.n)
end

--- Reads what formats say; default "l".
---@param ... string|integer
---@return string|number|nil ... one for each; nil where there is none
---@return string? message
---@return integer? code
function File:read(...)
  check(self)
  if select("#", ...) == 0 then
    local line, code = formats.read(self, "l")
    if code then return failed(code) end
    return line
  end
  return read_each(self, "read", table.pack(...))
end

-- One step of an iterator.
local function step(self, list, closes)
  if self.is_closed then error("file is already closed", 3) end
  local results = table.pack(read_each(self, "lines",
    table.move(list, 1, list.n, 1, { n = list.n })))
  if results[1] ~= nil then return table.unpack(results, 1, results.n) end
  if results.n > 1 and results[2] then error(results[2], 3) end
  if closes then self:close() end
  return nil
end

--- Iterates over what formats read; default "l".
---@param ... string|integer
---@return function iterator
function File:lines(...)
  check(self)
  return file.iterate(self, false, ...)
end

--- Iterates over a file.
---@param self uring.compat.File
---@param closes boolean closes it at the end
---@param ... string|integer formats
---@return function iterator
function file.iterate(self, closes, ...)
  local list = table.pack(...)
  if list.n == 0 then list = { n = 1, "l" } end
  local format, is_checked = list.n == 1 and list[1], false
  return function()
    if not is_checked or self.is_closed then
      is_checked = format
      return step(self, list, closes)
    end
    local value, code = formats.read(self, format) -- most of them
    if value ~= nil then return value end
    if code then error(core.strerror(code), 2) end
    if closes then self:close() end
    return nil
  end
end

local function text_of(place, value)
  if type(value) == "string" then return value end
  if math.type(value) == "integer" then return ("%d"):format(value) end
  if math.type(value) == "float" then return ("%.14g"):format(value) end
  if value == nil then
    argument.refuse("write", place, "string expected, got nil", 1)
  end
  argument.refuse_type("write", place, "string", value, 1)
end

-- Outside of a run a standard file is Lua's own, whose buffer print shares.
local function write_stock(self, ...)
  local ok, message, code = self.stock:write(...)
  if ok then return self end
  return nil, message, code
end

--- Writes strings and numbers.
---@param ... string|number
---@return uring.compat.File? self
---@return string? message
---@return integer? code
function File:write(...)
  check(self)
  if self.stock and self.pending == 0 and not loop.is_running() then
    return write_stock(self, ...)
  end
  local pieces = table.pack(...)
  for place = 1, pieces.n do
    pieces[place] = text_of(place, pieces[place])
  end
  local data = table.concat(pieces)
  if self.is_readonly and data ~= "" then return failed(errno.EBADF) end
  local ok, code = bytes.write(self, data)
  unflushed[self] = self.pending > 0 or nil
  if not ok then return failed(code) end
  return self
end

--- Writes what is kept in memory.
---@return boolean? true
---@return string? message
---@return integer? code
function File:flush()
  check(self)
  local ok, code = bytes.flush(self)
  unflushed[self] = self.pending > 0 or nil
  if not ok then return failed(code) end
  if self.stock then return self.stock:flush() end
  return true
end

local WHENCE = { set = "set", cur = "cur", ["end"] = "end" }

--- Tells where in the file it is, after moving there.
---@param whence? "set"|"cur"|"end" default "cur"
---@param offset? integer bytes, default 0
---@return integer? position
---@return string? message
---@return integer? code
function File:seek(whence, offset)
  check(self)
  whence = argument.option("seek", 1, whence, WHENCE, "cur")
  offset = math.tointeger(argument.number("seek", 2, offset, 0))
  if not offset then
    argument.refuse("seek", 2, "number has no integer representation")
  end
  if self.stock then return file.seek_stock(self, whence, offset) end
  local position, code = bytes.seek(self, whence, offset)
  if not position then return failed(code) end
  return position
end

--- Moves where the kernel keeps the position: the stock handle of the same
-- descriptor does it.
---@param self table
---@param whence string
---@param offset integer
---@return integer? position
---@return string? message
---@return integer? code
function file.seek_stock(self, whence, offset)
  self:flush()
  local ahead = #self.unread - self.at + 1
  if whence == "cur" then offset = offset - ahead end
  local position, message, code = self.stock:seek(whence, offset)
  if not position then return nil, message, code end
  self.unread, self.at = "", 1
  return position
end

local MODES = { full = "full", line = "line", no = "no" }

--- Says when what is written goes out: "full": where so much is pending,
-- "line": at each end of line, "no": at once.
---@param mode "full"|"line"|"no"
---@param size? integer bytes
---@return boolean true
function File:setvbuf(mode, size)
  check(self)
  if mode == nil then argument.refuse_type("setvbuf", 1, "string", mode) end
  self.buffering = argument.option("setvbuf", 1, mode, MODES)
  self.limit = math.max(argument.number("setvbuf", 2, size, self.limit), 1)
  return true
end

--- Closes it, once what is pending was written.
---@return boolean? true
---@return string? message
---@return integer|string|nil code
---@return integer? status of a program
function File:close()
  check(self)
  if self.stock then return nil, "cannot close standard file" end
  local ok, code = bytes.flush(self)
  self.is_closed, self.buffer, unflushed[self] = true, nil, nil
  if self.finish then return self.finish() end
  local closed, _, problem = op.close(self.fd)
  if not ok then return failed(code) end
  if not closed then return failed(problem) end
  return true
end

-- Where nothing may wait any more, stdio writes what is pending.
local function rescue(self)
  if self.pending == 0 then return end
  local mode = self.appends and "a" or "r+"
  local other = stock_open("/proc/self/fd/" .. self.fd, mode)
  if not other then return end
  if not self.appends and self.position >= 0 then
    other:seek("set", self.position)
  end
  other:write(table.concat(self.written))
  other:close()
end

function File:__gc()
  if self.is_closed then return end
  rescue(self)
  self.is_closed = true
  if not self.stock and not self.finish then system.close(self.fd) end
end

function File:__close()
  if self.is_closed or self.stock then return end
  if coroutine.isyieldable() or not loop.is_running() then
    self:close()
  else
    self:__gc()
  end
end

function File:__tostring()
  if self.is_closed then return "file (closed)" end
  return ("file (%p)"):format(self)
end

--- Writes what all files have pending.
function file.flush_all()
  for self in pairs(unflushed) do rescue(self) end
  for self in pairs(unflushed) do
    self.written, self.pending, unflushed[self] = {}, 0, nil
  end
end

return file
