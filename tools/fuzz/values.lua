--- Random values of all Lua types.
local low = require "uring.ring"

local values = {}

local EDGES = { 0, 1, 2, 3, 4, 7, 8, 16, 63, 64, 127, 128, 255, 256, 1023,
  4095, 4096, 32767, 32768, 65535, 65536, 1 << 20, (1 << 31) - 1, 1 << 31,
  (1 << 32) - 2, (1 << 32) - 1, 1 << 32, 1 << 62, math.maxinteger,
  math.mininteger, -1, -2, -3, -4096, -(1 << 31), -(1 << 31) - 1 }
local FLOATS = { 0.0, -0.0, 0.5, 1.0, 1.5, -1.5, 1e-9, 0 / 0, 1 / 0, -1 / 0,
  1e15, 2.0 ^ 31, 2.0 ^ 53, 2.0 ^ 63, 1e308 }
local WORDS = { "", "x", "\0", "a\0b", "file", "user.x", "recv", "async",
  "io_link", "io_hardlink", "single_issuer", "monotonic", "USR2", "no such",
  "\255\254", "ö", "%d%s%n", "-1", ("long"):rep(100), ("\0"):rep(1000),
  ("0123456789abcdef"):rep(4200) }
local CONSTS = {}
for name, value in pairs(low.consts) do
  if math.type(value) == "integer" then CONSTS[#CONSTS + 1] = name end
end
table.sort(CONSTS) -- so that a seed means the same each time

--- One of a list.
function values.any(list)
  return list[math.random(#list)]
end

local any = values.any

--- An integer, more often one that something may hinge upon.
function values.integer()
  local kind = math.random(6)
  if kind == 1 then return math.random(0) end
  if kind == 2 then return math.random(0, 70000) end
  if kind == 3 then return low.consts[any(CONSTS)] end
  return any(EDGES)
end

--- One that is small.
function values.small()
  return math.random(0, 8)
end

--- A string.
function values.text()
  if math.random(3) > 1 then return any(WORDS) end
  local bytes = {}
  for i = 1, math.random(0, 200) do
    bytes[i] = string.char(math.random(0, 255))
  end
  return table.concat(bytes)
end

--- A number of seconds that is over soon, or none at all.
function values.soon()
  if math.random(8) > 1 then return math.random() / 1000 end
  return any { -1, -1 / 0, 0 / 0, "x", {}, true, print }
end

local KEYS = { "bgid", "entries", "size", "flags", "mode", "resolve", "iov",
  "name", "control", "id", "fd", "seconds", "opcode", "level", "type", "data",
  "incremental", "source", "mapped", "x", 1, 2, 3 }

-- Makes a value of each Lua type; 'deep' counts tables in tables.
local MAKERS = {
  function() return nil end,
  function() return math.random(2) == 1 end,
  values.integer, values.integer, values.integer, values.small,
  function() return any(FLOATS) end,
  values.text, values.text,
  function(deep)
    local list = {}
    for i = 1, deep < 2 and math.random(0, 5) or 0 do
      list[i] = values.random(deep + 1)
    end
    return list
  end,
  function(deep)
    local fields = {}
    for _ = 1, deep < 2 and math.random(0, 3) or 0 do
      fields[any(KEYS)] = values.random(deep + 1)
    end
    return fields
  end,
  function() return function() end end,
  function() return coroutine.create(print) end,
  function() return io.stdout end,
}

-- Gives an object of ours.
local objects = function() return nil end

--- From now on this is where objects of ours come from.
---@param source function
function values.set_objects(source)
  objects = source
end

--- Any value at all.
---@param deep? integer how many tables it is in
function values.random(deep)
  if math.random(3) == 1 then return objects() end
  return any(MAKERS)(deep or 0)
end

--- So many of them, with their count in the field n.
---@param count integer
---@return table
function values.list(count)
  local list = { n = count }
  for i = 1, count do list[i] = values.random() end
  return list
end

return values
