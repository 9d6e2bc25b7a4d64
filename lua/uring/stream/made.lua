--- Streams that have no descriptor: of functions, of a string, of nothing.
local errno = require "uring.errno"
local limits = require "uring.limits"
local Stream = require "uring.stream.class"

local LINE_LIMIT, ALL_LIMIT = 65536, 8 << 20

local made = {}

local function closed(self)
  return self.is_closed or false
end

local function nothing()
  return true
end

local function close(self)
  if self.is_closed then return true end
  self.is_closed, self.received, self.at = true, "", 1
  limits.forget(self)
  return self:_end()
end

local function detach()
  return nil, "detach: the stream has no descriptor", errno.EBADF
end

local function describe(self)
  return ("%s (%s)"):format(self.__name, self.is_closed and "closed" or "open")
end

--- Makes a class of streams that have no descriptor.  Beside _receive and
-- _transmit it may have _end(self), which close calls.
---@param class table
function made.class(class)
  class.is_lent, class.closed, class.detach = true, closed, detach
  class.close, class._end = close, class._end or nothing
  class._shutdown = class._shutdown or nothing
  Stream.class(class, Stream.Reader, Stream.Writer)
  class.__tostring = describe
end

--- Makes a stream of such a class.
---@param class table
---@param fields table
---@return table
function made.new(class, fields)
  fields.strips_cr = true
  fields.line_limit, fields.all_limit = LINE_LIMIT, ALL_LIMIT
  return Stream.own(setmetatable(fields, class), false)
end

-- Of functions

---@class uring.Wrapped: uring.Stream
local Wrapped = { __name = "uring.Wrapped" }

local function unable(what)
  return nil, "the stream cannot be " .. what, errno.EBADF
end

-- What a function returns that keeps to no rule would come out anywhere.
local function check_returned(is_right, name, value, expected)
  if is_right then return value end
  error(("stream.wrap: %s has returned %s (%s expected)"):format(name,
    type(value) == "number" and tostring(value) or type(value), expected), 0)
end

function Wrapped:_receive()
  local read_some = self.functions.read_some
  if not read_some then return unable "read" end
  local bytes, message, code = read_some()
  if bytes then
    return check_returned(type(bytes) == "string", "read_some", bytes,
      "string")
  end
  if not message then return "" end
  return nil, message, code
end

function Wrapped:_transmit(data)
  local write_some = self.functions.write_some
  if not write_some then return unable "written to" end
  if type(data) ~= "string" then data = data:tostring() end
  local count, message, code = write_some(data)
  if not count then
    return nil, message or "Broken pipe", code or message and errno.EIO
      or errno.EPIPE
  end
  return check_returned(math.type(count) == "integer" and count >= 0
    and count <= #data, "write_some", count, "count of bytes")
end

function Wrapped:_shutdown(how)
  local shutdown = self.functions.shutdown
  if shutdown then return shutdown(how) end
  return true
end

function Wrapped:_end()
  local finish = self.functions.close
  if finish then return finish() end
  return true
end

made.class(Wrapped)

local FUNCTIONS = {
  read_some = true, write_some = true, close = true, shutdown = true,
}

--- Makes a stream of functions.  Closing it wakes nobody who waits in one.
-- Where a function returns what it should not, the call that made it raises.
---@param functions table read_some() --> bytes, nil at the end, or nil,
--- message, code; write_some(data) --> count, or nil, message, code;
--- shutdown(how) and close() --> true, or nil, message, code
---@return uring.Stream
function made.wrap(functions)
  if type(functions) ~= "table" then
    error("stream.wrap: bad argument 'functions' (table expected)", 2)
  end
  for name, each in pairs(functions) do
    if not FUNCTIONS[name] or type(each) ~= "function" then
      error(("stream.wrap: bad function '%s'"):format(tostring(name)), 2)
    end
  end
  return made.new(Wrapped, { functions = functions })
end

--- Makes a stream that gives the bytes of a string.
---@param text string
---@return uring.Stream
function made.from_string(text)
  if type(text) ~= "string" then
    error("stream.from_string: bad argument 'text' (string expected)", 2)
  end
  local self = made.wrap { read_some = function() return nil end }
  self.received = text
  return self
end

--- Makes a stream that writes to several what is written to it, to one after
-- the other.  Where one fails, that is the outcome; those before it have it.
-- Closing it closes none of them.
---@param ... uring.Stream
---@return uring.Stream
function made.tee(...)
  local targets = { ... }
  for i = 1, select("#", ...) do
    if type(targets[i]) ~= "table" or not targets[i].write then
      error(("stream.tee: bad argument #%d (stream expected)"):format(i), 2)
    end
  end
  return made.wrap { write_some = function(data)
    for _, target in ipairs(targets) do
      local done, message, code = target:write(data)
      if not done then return nil, message, code end
    end
    return #data
  end }
end

--- Nothing comes from it, and it takes all.  It cannot be closed.
made.null = made.wrap {
  read_some = function() return nil end,
  write_some = function(data) return #data end,
}
made.null.close = nothing

return made
