--- Reading and writing a File somewhere else than at its position.
local attributes = require "uring.fs.attributes"
local cached = require "uring.fs.cached"
local check = require "uring.fs.check"
local core = require "uring.core"
local errno = require "uring.errno"
local File = require "uring.fs.file"
local op = require "uring.op"

local BUFFER = getmetatable(core.slice "")
local math_type = math.type
local fill_cached = cached.fill

local BLOCK = 1 << 20 -- bytes that one op reads
local KEPT = 1 << 20 -- bytes of the Buffers that a file keeps

-- A Buffer that nobody uses: the next read is often as large as the last.
local function take_buffer(self, size)
  local kept = self.kept
  local buffer = kept and kept.size == size and table.remove(kept)
  return buffer or File.new_buffer(self, size)
end

local function give_buffer(self, buffer)
  local kept, size = self.kept, #buffer
  if not kept or kept.size ~= size then
    kept = { size = size }
    self.kept = kept
  end
  if (#kept + 1) * size <= KEPT then kept[#kept + 1] = buffer end
end

local function fill(self, buffer, offset)
  local at_once = fill_cached(self, buffer, offset)
  if at_once and at_once > 0 then return at_once end
  if self.is_closed then return nil end
  return op.read(self.fd, buffer, offset)
end

-- Reads what follows the bytes that are there already.
local function read_at(self, count, offset, bytes)
  local got = #bytes
  local pieces = got > 0 and { bytes } or {}
  local buffer = take_buffer(self, math.min(math.max(count - got, 1), BLOCK))
  while got < count do
    local into = count - got < #buffer and buffer:slice(1, count - got)
      or buffer
    local n, message, code = fill(self, into, offset + got)
    if not n then
      if got == 0 then return nil, message, code end
      break
    end
    if self.is_closed then return nil end
    if n == 0 then break end
    got = got + n
    pieces[#pieces + 1] = buffer:sub(1, n)
  end
  give_buffer(self, buffer)
  return pieces[2] and table.concat(pieces) or pieces[1] or ""
end

local function read_rest(self, count, offset, bytes)
  count = check.count_of_file("pread", "count", count)
  offset = check.count_of_file("pread", "offset", offset)
  local message, code
  bytes, message, code = File.using(self, read_at, count, offset, bytes)
  if not bytes then return nil, message, code end
  if bytes == "" and count > 0 then return nil end
  return bytes
end

--- Reads somewhere; the position stays.
---@param self uring.File
---@param count integer bytes; fewer only at the end of the file
---@param offset integer from the beginning
---@return string? bytes nil at the end of the file
---@return string? message
---@return integer? code
File.pread = cached.reader(read_rest)

local function fill_at(self, buffer, offset)
  return op.read(self.fd, buffer, offset)
end

local function check_buffer(buffer)
  if getmetatable(buffer) ~= BUFFER then
    error("pread_into: bad argument 'buffer' (uring.Buffer expected)", 3)
  end
end

-- A slice of what a read is to fill.
local function part_of(buffer, i, max)
  if getmetatable(buffer) ~= BUFFER then return buffer end
  local size = #buffer
  i = i or 1
  if math_type(i) ~= "integer" or i < 1 or i > size then
    error("pread_into: bad argument 'i' (position in the buffer expected)", 3)
  end
  if max and (math_type(max) ~= "integer" or max < 1) then
    error("pread_into: bad argument 'max' (count of bytes expected)", 3)
  end
  return buffer:slice(i, max and math.min(size, i + max - 1) or size)
end

--- Reads somewhere, into a Buffer, by one op: what there is, which may be less
-- than what has room.  The position stays.
---@param buffer uring.Buffer
---@param offset integer from the beginning
---@param i? integer position of the first byte in the Buffer, default 1
---@param max? integer no more bytes than this, default: what has room
---@return integer? count nil at the end of the file
---@return string? message
---@return integer? code
function File:pread_into(buffer, offset, i, max)
  if i or max then buffer = part_of(buffer, i, max) end
  local at_once = fill_cached(self, buffer, offset or -1)
  if at_once and at_once > 0 then return at_once end
  check_buffer(buffer)
  offset = check.count_of_file("pread_into", "offset", offset)
  local count, message, code = File.using(self, fill_at, buffer, offset)
  if not count then return nil, message, code end
  if count > 0 then return count end
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
