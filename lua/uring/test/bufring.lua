--- A buffer ring of a simulated ring.  What is received into it becomes a
-- string at once, so that a buffer is only taken for a moment.
local errno = require "uring.errno"

local BufRing = { __name = "uring.BufRing" }

function BufRing.__index(_, name)
  if BufRing[name] ~= nil or type(name) ~= "string" then
    return BufRing[name]
  end
  error("uring.test does not simulate bufring:" .. name, 2)
end

local function field(options, name, least, most)
  local value = options[name]
  if math.type(value) ~= "integer" or value < least or value > most then
    error(("buf_ring: bad option '%s'"):format(name), 4)
  end
  return value
end

--- Makes one.
---@param ring table
---@param options table bgid, entries (a power of two), size, first
---@return table? bufring
---@return string? message
---@return integer? code
function BufRing.new(ring, options)
  local bgid = field(options, "bgid", 0, 65535)
  local entries = field(options, "entries", 1, 32768)
  local size = field(options, "size", 1, math.maxinteger)
  if options.first ~= nil then field(options, "first", 1, entries) end
  if options.source or options.incremental then
    error("uring.test does not simulate such buffer rings", 3)
  end
  ring.groups = rawget(ring, "groups") or {}
  if ring.groups[bgid] then
    return nil, "buf_ring: File exists", errno.EEXIST
  end
  local self = setmetatable({ ring = ring, group = bgid, entries = entries,
    size = size, is_closed = false, views = options.views or false }, BufRing)
  ring.groups[bgid] = self
  return self
end

--- Whether something is one.
---@param value any
---@return boolean
function BufRing.is(value)
  return type(value) == "table" and getmetatable(value) == BufRing
end

--- How many buffers there are to pick from.
---@return integer
function BufRing:available()
  return self.entries
end

--- The number of the group.
---@return integer
function BufRing:bgid()
  return self.group
end

--- Closes it.  Once more is nothing.
function BufRing:close()
  self.is_closed, self.ring.groups[self.group] = true, nil
end

BufRing.__close = BufRing.close

function BufRing:__tostring()
  if self.is_closed then return "uring.BufRing (closed)" end
  return ("uring.BufRing (bgid %d, %d × %d bytes)"):format(self.group,
    self.entries, self.size)
end

return BufRing
