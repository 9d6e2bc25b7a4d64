--- Files: opened, read, written and closed through the ring.
local core = require "uring.core"
local errno = require "uring.errno"
local limits = require "uring.limits"
local loop = require "uring.loop"
local op = require "uring.op"
local Stream = require "uring.stream"

local C = core.consts

local CHUNK = 65536 -- larger strings cost the allocator a mapping each
local HERE = -1 -- the file's own position

local fs = {}

---@class uring.File: uring.Stream
local File = { __name = "uring.File" }

local function in_context(self, value, message, code)
  if value or not self.path then return value, message, code end
  return nil, self.path .. ": " .. core.strerror(code), code
end

-- Whoever else has the description may have made it non-blocking; then some
-- kernels say EAGAIN instead of waiting.
local function patiently(self, events, start, ...)
  local value, message, code = start(self.fd, ...)
  while code == errno.EAGAIN and not self.is_closed do
    value, message, code = op.poll_add(self.fd, events)
    if not value then break end
    value, message, code = start(self.fd, ...)
  end
  return in_context(self, value, message, code)
end

function File:_receive()
  local buffer = self.buffer or core.buffer(CHUNK)
  self.buffer = buffer
  local count, message, code = patiently(self, C.POLLIN, op.read, buffer, HERE)
  if not count then return nil, message, code end
  return buffer:sub(1, count)
end

function File:_receive_into(buffer)
  return patiently(self, C.POLLIN, op.read, buffer, HERE)
end

function File:_receive_view()
  local buffer = core.buffer(CHUNK)
  local count, message, code = self:_receive_into(buffer)
  if not count then return nil, message, code end
  return count > 0 and buffer:slice(1, count) or ""
end

function File:_transmit(data)
  return patiently(self, C.POLLOUT, op.write, data, HERE)
end

function File:_transmit_parts(iovecs)
  return patiently(self, C.POLLOUT, op.writev, iovecs, HERE)
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

Stream.class(File, Stream.Reader, Stream.Writer)

local function new_file(name)
  return setmetatable({
    fd = -1, is_closed = true, path = name,
    line_limit = math.huge, all_limit = math.huge,
  }, File)
end

--- Makes a File of a descriptor, which it owns from then on.
---@param fd integer
---@param name? string for messages
---@return uring.File
function fs.from_fd(fd, name)
  return Stream.own(new_file(name), fd)
end

local MODES = {
  r = C.O_RDONLY, ["r+"] = C.O_RDWR,
  w = C.O_WRONLY | C.O_CREAT | C.O_TRUNC,
  ["w+"] = C.O_RDWR | C.O_CREAT | C.O_TRUNC,
  a = C.O_WRONLY | C.O_CREAT | C.O_APPEND,
  ["a+"] = C.O_RDWR | C.O_CREAT | C.O_APPEND,
}

local function flags_of(mode)
  if type(mode) ~= "string" then
    error("open: bad argument 'mode' (string expected)", 3)
  end
  local plain, exclusive = mode:gsub("b", ""):gsub("x", "")
  local flags = MODES[plain]
  if exclusive > 1 or exclusive == 1 and plain:find("r") then flags = nil end
  if not flags then error("open: bad mode '" .. mode .. "'", 3) end
  return exclusive == 1 and flags | C.O_EXCL or flags
end

--- Opens a file.
---@param path string
---@param mode? string as io.open: "r" (default), "w", "a", "r+", "w+", "a+",
--- with "x" added where the file must be new; "b" is ignored
---@param perm? integer permissions of a new file, default tonumber("666", 8)
--- less the umask
---@return uring.File? file
---@return string? message
---@return integer? code
function fs.open(path, mode, perm)
  local flags, file = flags_of(mode or "r"), new_file(path)
  local fd, _, code = op.openat(C.AT_FDCWD, path, flags, perm or 438)
  if not fd then return core.fail(path, code) end
  return Stream.own(file, fd)
end

return fs
