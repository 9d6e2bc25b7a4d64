--- Reading and writing a File somewhere else than at its position.
local attributes = require "uring.fs.attributes"
local check = require "uring.fs.check"
local core = require "uring.core"
local errno = require "uring.errno"
local File = require "uring.fs.file"
local op = require "uring.op"

local BLOCK = 1 << 20 -- bytes that one op reads

local function read_at(self, count, offset)
  local pieces, got = {}, 0
  local buffer = File.new_buffer(self, math.min(math.max(count, 1), BLOCK))
  while got < count do
    local into = count - got < #buffer and buffer:slice(1, count - got)
      or buffer
    local n, message, code = op.read(self.fd, into, offset + got)
    if not n then
      if got == 0 then return nil, message, code end
      break
    end
    if self.is_closed then return nil end
    if n == 0 then break end
    got = got + n
    pieces[#pieces + 1] = buffer:sub(1, n)
  end
  return table.concat(pieces)
end

--- Reads somewhere; the position stays.
---@param count integer bytes; fewer only at the end of the file
---@param offset integer from the beginning
---@return string? bytes nil at the end of the file
---@return string? message
---@return integer? code
function File:pread(count, offset)
  count = check.count_of_file("pread", "count", count)
  offset = check.count_of_file("pread", "offset", offset)
  local bytes, message, code = File.using(self, read_at, count, offset)
  if not bytes then return nil, message, code end
  if bytes == "" and count > 0 then return nil end
  return bytes
end

local function write_at(self, data, offset)
  local sent, size = 0, #data
  while sent < size do
    local rest = sent == 0 and data or core.slice(data, sent + 1)
    local n, message, code = op.write(self.fd, File.aligned(self, rest),
      offset + sent)
    if n == 0 then n, message, code = nil, "closed", errno.EPIPE end
    if not n then return nil, message, code, sent end
    sent = sent + n
    if self.is_closed and sent < size then return nil, nil, nil, sent end
  end
  return self
end

--- Writes all of something somewhere; the position stays.  A file that was
-- opened to append appends all the same: so does Linux.
---@param data string|uring.Buffer
---@param offset integer from the beginning
---@return uring.File? self
---@return string? message
---@return integer? code
---@return integer? written bytes that had gone before it failed
function File:pwrite(data, offset)
  if type(data) == "number" then data = tostring(data) end
  if type(data) ~= "string" and type(data) ~= "userdata" then
    error("pwrite: bad argument 'data' (string expected, got " .. type(data)
      .. ")", 2)
  end
  offset = check.count_of_file("pwrite", "offset", offset)
  if #data == 0 and not self.is_closed then return self end
  local done, message, code, written = File.using(self, write_at, data, offset)
  if done then return self end
  return nil, message, code, written or 0
end

local function resize(self, size)
  return attributes.resize(self.fd, size)
end

--- Cuts the file off, or extends it with zeros; the position stays.
---@param size integer bytes
---@return boolean? true
---@return string? message
---@return integer? code
function File:truncate(size)
  size = check.count_of_file("truncate", "size", size)
  return File.using(self, resize, size)
end

return File
