--- The bytes of a file, read ahead and written behind, as C's stdio does it.
-- Fields: fd, position (the kernel's offset of the next read or write, -1
-- where the kernel keeps it itself), unread and at (what was read ahead),
-- written and pending (what was not written yet, and its size), buffering
-- ("full", "line", "no"), limit (bytes that may be pending).
local core = require "uring.core"
local errno = require "uring.errno"
local loop = require "uring.loop"
local Mutex = require "uring.sync.mutex"
local op = require "uring.op"
local stat = require "uring.fs.stat"

local C = core.consts

local CHUNK = 65536 -- bytes that are read ahead
local KERNELS = -1 -- a position that the kernel keeps

local bytes = { KERNELS = KERNELS }

--- The fields of a new file.
---@param fd integer
---@param position integer
---@return table
function bytes.fields(fd, position)
  return {
    fd = fd, position = position, unread = "", at = 1, buffering = "full",
    written = {}, pending = 0, limit = CHUNK, lock = false, appends = false,
    is_readonly = false,
  }
end

-- Calls a function while no other task reads or writes the file.
local function alone(self, body)
  if not loop.is_running() then return body(self) end
  self.lock = self.lock or Mutex.new()
  local _guard <close> = self.lock:lock()
  return body(self)
end

-- What another process has made non-blocking is waited for.
local function patiently(self, events, transfer, data)
  local count, message, code = transfer(self.fd, data, self.position)
  while code == errno.EAGAIN do
    op.poll_add(self.fd, events)
    count, message, code = transfer(self.fd, data, self.position)
  end
  return count, message, code
end

local function moved(self, count)
  if self.position ~= KERNELS then self.position = self.position + count end
end

-- Writes what is pending; what could not be stays so.
local function write_out(self)
  local written = self.written
  while #written > 0 do
    local data = table.concat(written)
    self.written = { data }
    written = self.written
    local count, _, code = patiently(self, C.POLLOUT, op.write, data)
    if not count then return nil, code end
    moved(self, count)
    self.pending = self.pending - count
    if count < #data then
      written[1] = data:sub(count + 1)
    else
      table.remove(written, 1)
    end
  end
  if self.appends and self.position ~= KERNELS then
    local found = stat.of(self.fd)
    if found then self.position = found.size end
  end
  return true
end

--- Writes what is pending.
---@param self table
---@return boolean? true
---@return integer? code
function bytes.flush(self)
  if self.pending == 0 then return true end
  if self.before_write then self.before_write() end
  return alone(self, write_out)
end

-- What was read ahead is nobody's: the position is where the program is.
local function forget_unread(self)
  if self.at > #self.unread then return end
  moved(self, self.at - 1 - #self.unread)
  self.unread, self.at = "", 1
end

--- Adds bytes to what is pending, and writes it where that is due.
---@param self table
---@param data string
---@return boolean? true
---@return integer? code
function bytes.write(self, data)
  if data == "" then return true end
  if self.position ~= KERNELS then forget_unread(self) end
  self.written[#self.written + 1] = data
  self.pending = self.pending + #data
  local buffering = self.buffering
  if buffering == "no" or self.pending >= self.limit
    or buffering == "line" and data:find("\n", 1, true) then
    return bytes.flush(self)
  end
  return true
end

local function read_ahead(self)
  if self.at <= #self.unread then return true end -- another task has
  local buffer = self.buffer or core.buffer(CHUNK)
  self.buffer = buffer
  local count, _, code = patiently(self, C.POLLIN, op.read, buffer)
  if not count then return nil, code end
  moved(self, count)
  self.unread, self.at = buffer:sub(1, count), 1
  return count > 0
end

--- Makes sure that something is unread.
---@param self table
---@return boolean? some false at the end of the file
---@return integer? code
function bytes.fill(self)
  if self.at <= #self.unread then return true end
  if self.pending > 0 then
    local ok, code = bytes.flush(self)
    if not ok then return nil, code end
  end
  return alone(self, read_ahead)
end

--- Takes the unread bytes up to the place 'stop'.
---@param self table
---@param stop integer
---@return string
function bytes.take(self, stop)
  local taken = self.unread:sub(self.at, stop)
  self.at = stop + 1
  return taken
end

local SEEKABLE = { [0x4000] = true, [0x6000] = true, [0x8000] = true }
local FORMAT, CHARACTERS = 0xf000, 0x2000 -- of a mode

--- Moves to another position.
---@param self table whose position is not the kernel's
---@param whence "set"|"cur"|"end"
---@param offset integer
---@return integer? position
---@return integer? code
function bytes.seek(self, whence, offset)
  local ok, code = bytes.flush(self)
  if not ok then return nil, code end
  local found, _, problem = stat.of(self.fd)
  if not found then return nil, problem end
  local format = found.mode & FORMAT
  if format == CHARACTERS then return 0 end
  if not SEEKABLE[format] then return nil, errno.ESPIPE end
  forget_unread(self)
  local base = whence == "cur" and self.position
    or whence == "end" and found.size or 0
  if base + offset < 0 then return nil, errno.EINVAL end
  self.unread, self.at, self.position = "", 1, base + offset
  return self.position
end

return bytes
