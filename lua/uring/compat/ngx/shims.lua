--- What lua-resty-* expect of LuaJIT, for those that need no more than this:
-- the modules bit, table.new, table.nkeys, table.clear, table.clone,
-- table.isarray, table.isempty; of ffi only arrays of char; and unpack.
local shims = {}

-- The module bit: numbers of 32 bits, with their sign.

local function signed(x)
  x = x & 0xFFFFFFFF
  return x < 0x80000000 and x or x - 0x100000000
end

local function word(x)
  return math.floor(x) & 0xFFFFFFFF
end

local function fold(operation)
  return function(first, ...)
    local result = word(first)
    for i = 1, select("#", ...) do
      result = operation(result, word((select(i, ...))))
    end
    return signed(result)
  end
end

local bit = {
  band = fold(function(a, b) return a & b end),
  bor = fold(function(a, b) return a | b end),
  bxor = fold(function(a, b) return a ~ b end),
}

--- The number itself, in 32 bits.
function bit.tobit(x)
  return signed(word(x))
end

--- All bits the other way.
function bit.bnot(x)
  return signed(~word(x))
end

--- Shifts to the left.
function bit.lshift(x, count)
  return signed(word(x) << (count & 31))
end

--- Shifts to the right, zeros come in.
function bit.rshift(x, count)
  return signed(word(x) >> (count & 31))
end

--- Shifts to the right, the sign comes in.
function bit.arshift(x, count)
  return signed(signed(word(x)) >> (count & 31))
end

--- Rotates to the left.
function bit.rol(x, count)
  count = count & 31
  return signed(word(x) << count | word(x) >> (32 - count))
end

--- Rotates to the right.
function bit.ror(x, count)
  return bit.rol(x, -count)
end

--- The bytes in the other order.
function bit.bswap(x)
  return signed((string.unpack(">I4", string.pack("<I4", word(x)))))
end

--- Eight digits, or so many; of a negative count large ones.
function bit.tohex(x, count)
  count = count or 8
  local digits = ("%08x"):format(word(x)):sub(-math.abs(count))
  return count < 0 and digits:upper() or digits
end

-- The module ffi: arrays of char

local ffi = {}

local function refuse(what)
  error("ffi." .. what .. " needs LuaJIT: only char[?] is here", 3)
end

--- The name of a type, of which there is one.
function ffi.typeof(name)
  return name == "char[?]" and name or refuse("typeof(" .. name .. ")")
end

--- An array that holds bytes, as numbers, from 0 on.
function ffi.new(name)
  return name == "char[?]" and {} or refuse("new(" .. tostring(name) .. ")")
end

local MANY = 4096 -- values for string.char at once

--- The bytes of an array.
function ffi.string(array, count)
  if type(array) == "string" then return array:sub(1, count) end
  if type(array) ~= "table" or not count then refuse "string" end
  local pieces = {}
  for from = 0, count - 1, MANY do
    pieces[#pieces + 1] = string.char(
      table.unpack(array, from, math.min(from + MANY, count) - 1))
  end
  return table.concat(pieces)
end

setmetatable(ffi, { __index = function(_, name) refuse(name) end })

-- table.new and the like

local tables = {}

--- A new table: room is made when it is filled.
tables["table.new"] = function() return {} end

--- How many fields a table has.
tables["table.nkeys"] = function(t)
  local count = 0
  for _ in pairs(t) do count = count + 1 end
  return count
end

--- Takes all out.
tables["table.clear"] = function(t)
  for key in pairs(t) do t[key] = nil end
end

--- A copy, not of what is inside.
tables["table.clone"] = function(t)
  local copy = {}
  for key, value in pairs(t) do copy[key] = value end
  return copy
end

--- Whether its keys are 1 to n.
tables["table.isarray"] = function(t)
  return tables["table.nkeys"](t) == #t
end

--- Whether it has no fields.
tables["table.isempty"] = function(t)
  return next(t) == nil
end

--- The modules: name -> value.
shims.modules = { bit = bit, ffi = ffi }
for name, f in pairs(tables) do shims.modules[name] = f end

--- The globals: name -> value.
shims.globals = { unpack = table.unpack }

return shims
