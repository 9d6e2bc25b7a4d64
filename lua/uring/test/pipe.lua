--- Pipes of a simulated run.
-- As with everything that stands behind a descriptor, a method says nothing
-- where it would have to wait, and false and an errno where it fails.
local core = require "uring.core"
local errno = require "uring.errno"
local news = require "uring.test.news"
local Queue = require "uring.test.queue"

local C = core.consts

local CAPACITY = 65536 -- bytes, as on Linux
local ATOMIC = 4096 -- a write of no more than this is done whole

local Reader = { kind = "pipe" }
Reader.__index = Reader

--- Takes bytes out.
---@param max integer
---@return string|false|nil bytes "" where nobody can write any more
---@return integer? code
function Reader:take(max)
  local pipe = self.pipe
  if pipe.bytes.size > 0 then
    news.tell(self)
    return pipe.bytes:take(max)
  end
  if pipe.writers == 0 then return "" end
end

--- Nothing is written to this end.
---@return false
---@return integer code
function Reader.give()
  return false, errno.EBADF
end

--- Tells for what it is ready.
---@return integer events of poll(2)
function Reader:events()
  local pipe = self.pipe
  return (pipe.bytes.size > 0 and C.POLLIN or 0)
    | (pipe.writers == 0 and C.POLLHUP or 0)
end

--- The last descriptor of it has gone.
function Reader:release()
  self.pipe.readers = 0
  news.tell(self)
end

local Writer = { kind = "pipe" }
Writer.__index = Writer

--- Nothing is read from this end.
---@return false
---@return integer code
function Writer.take()
  return false, errno.EBADF
end

--- Tells how much can be written now.
---@return integer|false room
---@return integer? code
function Writer:room()
  if self.pipe.readers == 0 then return false, errno.EPIPE end
  return CAPACITY - self.pipe.bytes.size
end

--- Puts bytes in.
---@param bytes string
---@param from integer the first of them that goes in
---@return integer|false|nil count
---@return integer? code
function Writer:give(bytes, from)
  local left, room, code = #bytes - from + 1, self:room()
  if not room then return false, code end
  if room < math.min(left, ATOMIC) then return nil end
  local count = math.min(left, room)
  self.pipe.bytes:put(bytes:sub(from, from + count - 1))
  news.tell(self)
  return count
end

--- Tells for what it is ready.
---@return integer events of poll(2)
function Writer:events()
  local pipe = self.pipe
  return (CAPACITY - pipe.bytes.size >= ATOMIC and C.POLLOUT or 0)
    | (pipe.readers == 0 and C.POLLERR or 0)
end

--- The last descriptor of it has gone.
function Writer:release()
  self.pipe.writers = 0
  news.tell(self)
end

local Pipe = {}

--- Makes a pipe.
---@return table reader
---@return table writer
function Pipe.new()
  local pipe = { bytes = Queue.new(), readers = 1, writers = 1 }
  local shared = news.new()
  return setmetatable({ references = 0, pipe = pipe, news = shared }, Reader),
    setmetatable({ references = 0, pipe = pipe, news = shared }, Writer)
end

return Pipe
