--- Writing to a stream: all of what is given, one task at a time.
local core = require "uring.core"
local errno = require "uring.errno"
local loop = require "uring.loop"

local Writer = {}

local function lock(self)
  if not self.is_writing then
    self.is_writing = true
    return
  end
  local line = self.writers
  if not line then
    line = { first = 1, last = 0 }
    self.writers = line
  end
  line.last = line.last + 1
  line[line.last] = coroutine.running()
  loop.park()
end

local function unlock(self)
  local line = self.writers
  if not line then
    self.is_writing = false
    return
  end
  loop.wake(line[line.first])
  line[line.first] = nil
  line.first = line.first + 1
  if line.first > line.last then self.writers = nil end
end

-- One string of several pieces; a Buffer or string alone as it is.
local function gather(data, ...)
  if select("#", ...) == 0 and type(data) ~= "number" then
    if type(data) == "string" or type(data) == "userdata" then return data end
  end
  local pieces = table.pack(data, ...)
  for i = 1, pieces.n do
    local kind = type(pieces[i])
    if kind ~= "string" and kind ~= "number" then
      error(("write: bad argument #%d (string or number expected, got %s)")
        :format(i, kind), 3)
    end
  end
  return table.concat(pieces)
end

-- Sends everything; nil, message, code, and how much had gone.
local function transmit_all(self, data)
  local sent, size = 0, #data
  while sent < size do
    if self.is_closed then return nil, "closed", errno.ECLOSED, sent end
    local rest = sent == 0 and data or core.slice(data, sent + 1)
    local count, message, code = self:_transmit(rest)
    if count == 0 then
      count, message, code = nil, "closed", errno.EPIPE
    end
    if not count then
      if self.is_closed then message, code = "closed", errno.ECLOSED end
      return nil, message, code, sent
    end
    sent = sent + count
  end
  return self
end

--- Writes all that is given, strings and numbers, or one Buffer; whole with
-- respect to other writers.
---@param ... string|number|uring.Buffer
---@return uring.Stream? self
---@return string? message
---@return integer? code
---@return integer? written bytes that had gone before it failed
function Writer:write(...)
  local data = gather(...)
  if self.is_closed then return nil, "closed", errno.ECLOSED, 0 end
  lock(self)
  local done, message, code, sent = transmit_all(self, data)
  unlock(self)
  return done, message, code, sent
end

return Writer
