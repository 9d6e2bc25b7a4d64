--- What files, connections and standard streams have in common.
-- A class of streams has the methods of reader.lua and writer.lua, and
-- these, copied into it.  It brings its own
--   _receive(self)        --> bytes, "" at the end | nil, message, code
--   _transmit(self, data) --> count               | nil, message, code
-- and the fields fd, unread = "", at = 1, line_limit, all_limit (bytes).
-- A closed stream says nil, "closed", ECLOSED.
local limits = require "uring.limits"
local loop = require "uring.loop"
local Reader = require "uring.reader"
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
  return self
end

--- Closes the stream without waiting: whoever waits on it gets nil,
-- "closed".  Once more is nothing.
---@return boolean true
function Stream:close()
  if self.is_closed then return true end
  self.is_closed, self.unread, self.at = true, "", 1
  limits.forget(self)
  if self.is_reading or self.is_writing or (self.waiting or 0) > 0 then
    loop.cancel_fd(self.fd)
  end
  if not loop.post("close", self.fd) then system.close(self.fd) end
  return true
end

local function collected(self) -- no op is in flight: its task would keep us
  if not self.is_closed and not self.is_lent then
    self.is_closed = true
    system.close(self.fd)
  end
end

local function describe(self)
  return ("%s (%s)"):format(self.__name,
    self.is_closed and "closed" or "fd " .. self.fd)
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
  close = Stream.close, closed = Stream.closed, fileno = Stream.fileno,
  settimeout = limits.settimeout,
}
Stream.Reader, Stream.Writer = Reader, Writer

return Stream
