--- Sending files over connections: conn:sendfile.
local Copy = require "uring.stream.copy"
local core = require "uring.core"
local errno = require "uring.errno"
local loop = require "uring.loop"
local op = require "uring.op"
local Stream = require "uring.stream"
local structured = require "uring.structured"
local system = require "uring.system"

local C = core.consts

local NS = 1e9

local sending = {}

-- A part of a file as a stream to copy from, which has a position of its own:
-- the file's stays where it is.

---@class uring.FilePart
---@field file uring.File
---@field offset integer of the next byte
local Part = { __name = "uring.FilePart" }

function Part:_receive_into(buffer)
  local count, message, code = op.read(self.fd, buffer, self.offset)
  if not count then
    if self.path then return core.fail(self.path, code) end
    return nil, message, code
  end
  self.offset = self.offset + count
  return count
end

Stream.class(Part, Stream.Reader)

-- It is open as long as the file is, and leaves closing it to that.
function Part:__index(name)
  if name == "is_closed" then return self.file.is_closed end
  return Part[name]
end

Part.__gc = nil

local function part_of(file, offset)
  return setmetatable({
    file = file, fd = file.fd, path = file.path, offset = offset,
    splices = not file.is_direct and file.splices and "socket" or nil,
    received = "", at = 1, is_reading = false, read_timeout = false,
  }, Part)
end

local function check_count(name, value)
  if value == nil then return nil end
  local count = type(value) == "number" and math.tointeger(value)
  if count and count >= 0 then return count end
  error(("sendfile: bad argument '%s' (count of bytes expected)"):format(name),
    3)
end

-- A limit is for the call, not for each piece.
local function run(self, copy)
  if not self.write_timeout then return copy:run() end
  return structured.timeout(self.write_timeout / NS, copy.run, copy)
end

-- Whether there are places in it to begin at: a pipe has none.
local function check_position(file)
  local at, _, code = system.lseek(file.fd, 0, C.SEEK_CUR)
  if at then return true end
  return core.fail(file.path or "sendfile", code)
end

local function send(self, file, offset, count)
  if self.is_closed or file.is_closed then
    return nil, "closed", errno.ECLOSED, 0
  end
  if offset then
    local has_position, message, code = check_position(file)
    if not has_position then return nil, message, code, 0 end
  end
  if not loop.is_running() then
    return loop.block(send, self, file, offset, count)
  end
  local copy = Copy.new(offset and part_of(file, offset) or file, self,
    { max = count, way = "splice" })
  file.waiting = (file.waiting or 0) + 1 -- closing it ends this
  local ok, done, message, code = pcall(run, self, copy)
  file.waiting = file.waiting - 1
  if not ok then error(done, 0) end
  if done then return done, message end
  return nil, message, code, copy.count
end

--- Sends a file: the kernel moves the bytes from its cache to the socket.
---@param file uring.File
---@param offset? integer where to begin, whatever the position of the file,
--- which stays, so that any number of connections may be sent the same file;
--- nil: at the position, which moves on
---@param count? integer bytes; nil: up to the end of the file
---@return integer? count fewer only where the file ends before
---@return string? way "splice" or "buffer"; or a message
---@return integer? code
---@return integer? count that had gone before it failed
function sending:sendfile(file, offset, count)
  if type(file) ~= "table" or not file._receive or not file.fd then
    error("sendfile: bad argument 'file' (open file expected)", 2)
  end
  offset = check_count("offset", offset)
  count = check_count("count", count)
  return send(self, file, offset, count)
end

return sending
