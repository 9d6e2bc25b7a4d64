--- Checks the arguments of simulated ops: what is wrong raises as it does on
-- a ring, and what an op keeps is kept as the kernel would have it.
local core = require "uring.core"

local C = core.consts

local INT_MIN, INT_MAX, UINT_MAX = -0x80000000, 0x7fffffff, 0xffffffff
local PEER_SIZE = 128

local function name_of(value)
  local meta = debug.getmetatable(value)
  local name = meta and rawget(meta, "__name")
  return type(name) == "string" and name or type(value)
end

local function wrong(value, expected)
  return nil, ("%s expected, got %s"):format(expected, name_of(value))
end

local function integer(expected, least, most)
  return function(value)
    if math.type(value) ~= "integer" then
      if type(value) ~= "number" or not math.tointeger(value) then
        return wrong(value, expected)
      end
      value = math.tointeger(value)
    end
    if value < least or value > most then return nil, "out of range" end
    return value
  end
end

local function is_buffer(value)
  return type(value) == "userdata" and name_of(value) == "uring.Buffer"
end

local function is_closed(buffer)
  return tostring(buffer):find("(closed)", 1, true) ~= nil
end

-- What an op keeps of a Buffer: its bytes, though the Buffer be closed.
local function out(value, spec)
  if not is_buffer(value) then return wrong(value, "uring.Buffer") end
  if is_closed(value) then return nil, "the buffer is closed" end
  if not pcall(value.set, value, 1, "") then
    return nil, "a slice of a string is read-only"
  end
  if #value < spec.default then return nil, "the buffer is too small" end
  return core.slice(value)
end

local function bufring(value)
  if name_of(value) ~= "uring.BufRing" then
    return wrong(value, "uring.BufRing")
  elseif type(value) ~= "table" then
    return nil, "a buffer ring of another ring"
  elseif value.is_closed then
    return nil, "the buffer ring is closed"
  end
  return value
end

local any_fd = integer("descriptor", C.AT_FDCWD, INT_MAX)

local function dirfd(value)
  local fd, why = any_fd(value)
  if fd and fd < 0 and fd ~= C.AT_FDCWD then return nil, "out of range" end
  return fd, why
end

local function into(value, spec)
  if name_of(value) == "uring.BufRing" then return bufring(value) end
  if is_buffer(value) then return out(value, spec) end
  return wrong(value, "uring.Buffer or uring.BufRing")
end

local function src(value)
  if type(value) == "string" then return value end
  if not is_buffer(value) then return wrong(value, "string or uring.Buffer") end
  if is_closed(value) then return nil, "the buffer is closed" end
  return core.slice(value)
end

local function peer(value, spec)
  local buffer, why = out(value, spec)
  if buffer and #buffer < PEER_SIZE then
    return nil, "the buffer is too small for an address (128 bytes)"
  end
  return buffer, why
end

local function path(value)
  if type(value) ~= "string" then return wrong(value, "path") end
  if value:find("\0", 1, true) then
    return nil, "the path contains a zero byte"
  end
  return value
end

local function address(value)
  if name_of(value) ~= "uring.Address" then
    return wrong(value, "uring.Address")
  end
  return value
end

-- As nanoseconds.
local function seconds(value)
  if type(value) == "table" then
    local s, ns = value[1], value[2]
    if math.type(s) ~= "integer" or math.type(ns) ~= "integer" or s < 0
      or ns < 0 or ns >= 1000000000 then
      return nil, "{seconds, nanoseconds} expected"
    end
    return s * 1000000000 + ns
  end
  if type(value) ~= "number" then return wrong(value, "seconds") end
  if not (0 <= value and value < 1e15) then return nil, "out of range" end
  return value < 9e9 and math.ceil(value * 1e9) or math.maxinteger // 2
end

local HOW = { flags = true, mode = true, resolve = true }

local function how(value)
  if type(value) ~= "table" then return wrong(value, "table") end
  for name in pairs(value) do
    if not HOW[name] then
      return nil, ("unknown field '%s'"):format(
        type(name) == "string" and name or "?")
    end
  end
  for _, name in ipairs { "flags", "mode", "resolve" } do
    local field = value[name] or 0
    if not (math.type(field) == "integer" and field >= 0) then
      return nil, ("'%s' is out of range"):format(name)
    end
  end
  return { flags = value.flags or 0, mode = value.mode or 420,
    resolve = value.resolve or 0 }
end

-- Reads and writes of several parts.
local function parts(value, writable)
  if name_of(value) ~= "uring.Iovecs" then
    return wrong(value, "uring.Iovecs")
  end
  local list = {}
  for i, part in ipairs(debug.getuservalue(value, 1)) do
    if writable and not pcall(part.set, part, 1, "") then
      return nil, "strings among them are read-only"
    end
    list[i] = core.slice(part)
  end
  return list
end

-- What a message sends.
local function message(value)
  if name_of(value) ~= "uring.Message" then
    return wrong(value, "uring.Message")
  end
  if debug.getuservalue(value, 1) or debug.getuservalue(value, 2) then
    return nil, "uring.test does not simulate names and control data"
  end
  local iov = debug.getuservalue(value, 3)
  if name_of(iov) == "uring.Iovecs" then return parts(iov, false) end
  return { core.slice(iov or "") }
end

local check = {
  address = address, bufring = bufring, dirfd = dirfd, how = how, into = into,
  msg = message, out = out, path = path, peer = peer, seconds = seconds,
  src = src,
  fd = integer("descriptor", 0, INT_MAX),
  int = integer("integer", INT_MIN, UINT_MAX),
  size = integer("size", 0, math.maxinteger),
  offset = integer("offset", -1, math.maxinteger),
  id = integer("id", math.mininteger, math.maxinteger),
  zcflags = integer("integer", INT_MIN, UINT_MAX),
  vector = function(value) return parts(value, true) end,
  iovecs = function(value) return parts(value, false) end,
}

local args = {}

--- Checks the arguments of an op, which stand in it from 1 on, and puts the
-- defaults in.  Raises in the line of who called the function around the one
-- that started it.
---@param op table
---@param row table of core.ops
function args.check(op, row)
  local specs = row.args
  for i = 1, #specs do
    local spec, given = specs[i], op[i]
    if given == nil and spec.optional then
      op[i] = spec.kind ~= "peer" and spec.default
    else
      local value, why = check[spec.kind](given, spec)
      if value == nil then
        error(("%s: bad argument '%s' (%s)"):format(row.name, spec.name, why),
          4)
      end
      op[i] = value
    end
  end
end

return args
