--- uring.File: a stream with a position.
local cached = require "uring.fs.cached"
local core = require "uring.core"
local errno = require "uring.errno"
local limits = require "uring.limits"
local loop = require "uring.loop"
local op = require "uring.op"
local splice = require "uring.stream.splice"
local Stream = require "uring.stream"
local system = require "uring.system"

local C = core.consts

local CHUNK = 65536 -- larger strings cost the allocator a mapping each
local PAGE = 4096 -- to which O_DIRECT wants memory aligned
local HERE = -1 -- the file's own position

---@class uring.File: uring.Stream
---@field path string? as it was opened
local File = {
  __name = "uring.File", splices = "any",
  -- What few set: many are opened to be asked or read once.
  is_whole = true, line_limit = math.huge, all_limit = math.huge,
  is_reading = false, is_writing = false, writers = false, is_broken = false,
  read_timeout = false, write_timeout = false,
}

local function in_context(self, value, message, code)
  if value ~= nil then return value end
  if not self.path or not code or code < 0 then return nil, message, code end
  return nil, self.path .. ": " .. core.strerror(code), code
end

-- Whoever else has the description may have made it non-blocking; then some
-- kernels say EAGAIN instead of waiting.
local function patiently(self, events, start, ...)
  local value, message, code = start(self.fd, ...)
  while code == errno.EAGAIN and not self.is_closed do
    value, message, code = op.poll_add(self.fd, events)
    if not value then break end
    if self.is_closed then return nil, "closed", errno.ECLOSED end
    value, message, code = start(self.fd, ...)
  end
  return in_context(self, value, message, code)
end

-- Where the file stands; nil: it has no position.
local function position(self)
  if self.has_position == false then return nil end
  local at = system.lseek(self.fd, 0, C.SEEK_CUR)
  self.has_position = at ~= nil
  return at
end

-- Linux does not move the position of a file that is read or written past
-- its cache, nor where the disk was full in the middle of a write.
local function move_on(self, at, count)
  if at and count and not self.is_closed then
    system.lseek(self.fd, at + count, C.SEEK_SET)
  end
end

function File:_receive_into(buffer)
  if self.has_position == nil then position(self) end
  if self.has_position then
    local at_once = cached.fill(self, buffer)
    if at_once and at_once > 0 then return at_once end
    if self.is_closed then return nil end
  end
  local at = self.is_direct and position(self) or nil
  local count, message, code = patiently(self, C.POLLIN, op.read, buffer,
    at or HERE)
  move_on(self, at, count)
  return count, message, code
end

--- Makes a Buffer that the file can be read into.
---@param self uring.File
---@param size integer bytes
---@return uring.Buffer
function File.new_buffer(self, size)
  return core.buffer(size, self.is_direct and PAGE or nil)
end

function File:_receive()
  local buffer = self.buffer or File.new_buffer(self, CHUNK)
  self.buffer = buffer
  local count, message, code = self:_receive_into(buffer)
  if not count then return nil, message, code end
  return buffer:sub(1, count)
end

function File:_receive_view()
  local buffer = File.new_buffer(self, CHUNK)
  local count, message, code = self:_receive_into(buffer)
  if not count then return nil, message, code end
  return count > 0 and buffer:slice(1, count) or ""
end

-- What was read ahead is read again, or written over: the kernel's position
-- becomes that of the program.  Pipes have none, and keep what they have.
local function step_back(self)
  local ahead = #self.received - self.at + 1
  if ahead > 0 and not self.is_reading
    and system.lseek(self.fd, -ahead, C.SEEK_CUR) then
    self.received, self.at = "", 1
  end
end

--- What is written to a file with O_DIRECT has to be aligned.
---@param self uring.File
---@param data string|uring.Buffer
---@return string|uring.Buffer
function File.aligned(self, data)
  if not self.is_direct or type(data) ~= "string" then return data end
  local buffer = File.new_buffer(self, #data)
  buffer:set(1, data)
  return buffer
end

local function transmit(self, write, data, size)
  step_back(self)
  local at = position(self)
  local count, message, code = patiently(self, C.POLLOUT, write, data,
    self.is_direct and at or HERE)
  if self.is_direct or count and count < size then
    move_on(self, at, count)
  end
  return count, message, code
end

function File:_transmit(data)
  return transmit(self, op.write, File.aligned(self, data), #data)
end

function File:_transmit_parts(iovecs, size)
  return transmit(self, op.writev, iovecs, size)
end

--- Whether it is a file on a disk: its bytes are always there, or else it
-- has ended.
---@return boolean
function File:_is_regular()
  if self.is_regular == nil then
    local known = system.stat_known(self.fd)
    self.is_regular = known ~= nil and known.type == "file"
  end
  return self.is_regular
end

-- A poll would say no more than that.
function File:_await()
  if self:_is_regular() then return C.POLLIN end
  return splice.await(self)
end

--- Closes the file and waits for what the kernel says to that: some file
-- systems report only then that a write has failed.
---@return boolean? true
---@return string? message
---@return integer? code
function File:close()
  if self.is_closed or not loop.is_running() then return self:_abandon() end
  if self.is_reading or self.is_writing or (self.waiting or 0) > 0 then
    return self:_abandon()
  end
  if not coroutine.isyieldable() then return self:_abandon() end
  self.is_closed, self.buffer, self.received, self.at = true, nil, "", 1
  limits.forget(self)
  local ok, message, code = op.close(self.fd)
  return in_context(self, ok, message, code)
end

File._abandon, File.__close = Stream.close, Stream.close

-- Calls that wait beside reading and writing: closing ends them.
local function finish(self, ok, value, message, code, extra)
  self.waiting = self.waiting - 1
  if not ok then error(value, 0) end
  if value ~= nil then return value end
  if self.is_closed then return nil, "closed", errno.ECLOSED, extra end
  value, message, code = in_context(self, value, message, code)
  return value, message, code, extra
end

--- Calls a function that waits for the file: closing ends it.
---@param self uring.File
---@param body fun(self: uring.File, ...): any
---@param ... any its further arguments
---@return any value
---@return string? message
---@return integer? code
---@return any extra
function File.using(self, body, ...)
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  self.waiting = (self.waiting or 0) + 1
  return finish(self, pcall(body, self, ...))
end

-- Position

local WHENCE = { set = C.SEEK_SET, cur = C.SEEK_CUR, ["end"] = C.SEEK_END }

--- Sets and tells the position, as a file of the io library does.
---@param whence? "set"|"cur"|"end" default "cur"
---@param offset? integer default 0
---@return integer? position in bytes from the beginning
---@return string? message
---@return integer? code
function File:seek(whence, offset)
  local how = WHENCE[whence or "cur"]
  if not how then
    error("seek: bad argument 'whence' (\"set\", \"cur\" or \"end\" "
      .. "expected)", 2)
  end
  offset = math.tointeger(offset or 0)
  if not offset then
    error("seek: bad argument 'offset' (integer expected)", 2)
  end
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  if self.is_reading then
    error("the stream is being read by another task", 2)
  end
  if self.flush then
    local done, message, code = self:flush()
    if not done then return nil, message, code end
  end
  local ahead = #self.received - self.at + 1
  if how ~= C.SEEK_CUR then ahead = 0 end
  if how == C.SEEK_CUR and offset == 0 then
    local at, message, code = system.lseek(self.fd, 0, how)
    if not at then return in_context(self, nil, message, code) end
    return at - ahead
  end
  local at, message, code = system.lseek(self.fd, offset - ahead, how)
  if not at then return in_context(self, nil, message, code) end
  self.received, self.at = "", 1
  return at
end

Stream.class(File, Stream.Reader, Stream.Writer)

--- Makes a closed one, to be given its descriptor by Stream.own.
---@param path? string for messages
---@param flags? integer with which it is opened
---@return uring.File
function File.new(path, flags)
  local is_direct = (flags or 0) & C.O_DIRECT ~= 0
  local self = setmetatable({ -- 8 fields: one more would double its size
    fd = -1, is_closed = true, path = path, received = "", at = 1,
    waiting = 0, is_direct = is_direct,
    uncached = is_direct and math.huge or 0, -- see cached.lua
  }, File)
  if is_direct then self._transmit_parts = false end
  return self
end

return File
