--- What files, connections and standard streams have in common.
-- A class of streams has the methods of reader.lua and writer.lua, and
-- these, copied into it.  It brings its own
--   _receive(self)        --> bytes, "" at the end | nil, message, code
--   _transmit(self, data) --> count               | nil, message, code
-- and the fields fd, line_limit, all_limit (bytes).  Where it can do better
-- than what is made of these two, it may have
--   _receive_into(self, buffer)   --> count, 0 at the end | nil, message, code
--   _receive_view(self)           --> Buffer, not empty; "" at the end | ...
--   _transmit_some(self, data)    --> count: what goes without waiting for
--                                     the peer to take all of it | ...
--   _transmit_parts(self, iovecs, size) --> count, of so many bytes | ...
--   _shutdown(self, how)          --> true  | ...
--   _what(self)                   --> what it is of, for tostring; nil
--   _await(self)                  --> events: until there are bytes, or the
--                                     end | ...
--   _is_regular(self)             --> whether it is a file on a disk
--   splices     "any", or "socket" where fd is one: the bytes of the stream
--               are those of fd, so that stream.copy may splice them
--   is_whole    true where a new one has the fields that Stream.own makes
--   claims      a set of the names of those of these that hold is_reading
--               while an op of theirs is in flight, see claims.awaitable
-- An EINTR of these is tried again.  Where a class has a close of its own,
-- that is for what was written to be sent, see stream/holding.lua.
-- A closed stream says nil, "closed", ECLOSED.
local core = require "uring.core"
local descriptors = require "uring.descriptors"
local errno = require "uring.errno"
local framing = require "uring.stream.framing"
local holding = require "uring.stream.holding"
local limits = require "uring.limits"
local op = require "uring.op"
local Reader = require "uring.reader"
local splice = require "uring.stream.splice"
local system = require "uring.system"
local Writer = require "uring.writer"

local Stream = {}

--- Whether close was called.
---@return boolean
function Stream:closed()
  return self.is_closed or false
end

--- The descriptor, lent: the stream goes on owning it.
---@return integer? fd nil where it is closed
function Stream:fileno()
  return not self.is_closed and self.fd or nil
end

--- Gives a handle its descriptor, which it owns from then on.  The handle is
-- made first, closed: whatever fails, a descriptor has an owner.
---@param self table
---@param fd integer
---@return table self
function Stream.own(self, fd)
  self.fd, self.is_closed = fd, false
  if self.is_whole then return self end
  -- what each call looks at is found at once
  self.received, self.at = "", 1
  self.is_reading, self.is_writing, self.writers = false, false, false
  self.is_broken, self.read_timeout, self.write_timeout = false, false, false
  return self
end

-- Whether some task is at work with it.
local function is_busy(self)
  return self.is_reading or self.is_writing or (self.waiting or 0) > 0
end

--- Closes the stream without waiting, but for what setvbuf has held back:
-- whoever waits on it gets nil, "closed".  Once more is nothing.
---@return boolean true
function Stream:close()
  if self.held then holding.finish(self) end
  if self.is_closed then return true end
  self.is_closed, self.received, self.at = true, "", 1
  limits.forget(self)
  if is_busy(self) then descriptors.cancel(self.fd) end
  descriptors.close(self.fd)
  return true
end

--- Takes the descriptor out of the stream, which is closed then.  What it
-- holds back is sent before.
---@return integer? fd yours to close
---@return string received bytes that nobody has asked for; or a message
---@return integer? code EBUSY where a task is at work with the stream
function Stream:detach()
  if self.held then
    local sent, message, code = holding.finish(self)
    if not sent then return nil, message, code end
  end
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  if is_busy(self) then
    return nil, "detach: " .. core.strerror(errno.EBUSY), errno.EBUSY
  end
  local rest = self.received:sub(self.at)
  self.is_closed, self.received, self.at = true, "", 1
  limits.forget(self)
  return self.fd, rest
end

local C = core.consts
local HOW = { r = C.SHUT_RD, w = C.SHUT_WR, rw = C.SHUT_RDWR }

--- Ends one direction, or both; the other side sees the end of the stream.
-- What setvbuf has held back is sent before.
---@param how "r"|"w"|"rw"
---@return boolean? true
---@return string? message
---@return integer? code
function Stream:shutdown(how)
  if not HOW[how] then
    error("shutdown: bad argument 'how' (\"r\", \"w\" or \"rw\" expected)", 2)
  end
  if self.held and how ~= "r" then
    local sent, message, code = holding.flush(self)
    if not sent then return nil, message, code end
  end
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  if self._shutdown then return self:_shutdown(how) end
  return op.shutdown(self.fd, HOW[how])
end

local function collected(self) -- no op is in flight: its task would keep us
  if not self.is_closed and not self.is_lent then
    self.is_closed = true
    system.close(self.fd)
  end
end

local function describe(self)
  if self.is_closed then return self.__name .. " (closed)" end
  local what = self._what and self:_what()
  return ("%s (fd %d%s)"):format(self.__name, self.fd,
    what and ", " .. what or "")
end

--- Makes a class of a table with methods: copies those of streams into it,
-- except what it has already, and sets its metamethods.
---@param class table
---@param ... table further sets of methods, such as Stream.Reader
function Stream.class(class, ...)
  for _, methods in ipairs { Stream.methods, ... } do
    for name, method in pairs(methods) do
      class[name] = class[name] or method
    end
  end
  class.__index = class
  class.__close = class.__close or class.close
  class.__gc = collected
  class.__tostring = describe
end

Stream.methods = {
  close = Stream.close, closed = Stream.closed, detach = Stream.detach,
  fileno = Stream.fileno, settimeout = limits.settimeout,
  received = "", at = 1, -- of a stream that has received nothing yet
  _await = splice.await, _pour = splice.pour,
}
Stream.Reader, Stream.Writer = Reader, Writer
for name, method in pairs(framing) do Reader[name] = method end
Writer.shutdown = Stream.shutdown

return Stream
