--- Right and wrong values for each kind of argument that a row may have.
-- Wrong ones come with what the refusal says in parentheses.
local core = require "uring.core"

local C = core.consts

local samples = {}

--- Makes what some of the values are taken from.
---@param ring uring.Ring for its buffer rings
---@return table things
function samples.things(ring)
  local other = assert(core.ring(1))
  local things = {
    buffer = core.buffer(256),
    small = core.buffer(127),
    slice = core.slice("text"),
    strings = core.iovecs { "text" },
    vector = core.iovecs { core.buffer(4) },
    address = assert(core.sockaddr("127.0.0.1", 1)),
    bufring = assert(ring:buf_ring { bgid = 7, entries = 1, size = 8 }),
    closed = assert(ring:buf_ring { bgid = 8, entries = 1, size = 8 }),
    foreign = assert(other:buf_ring { bgid = 7, entries = 1, size = 8 }),
    other = other,
  }
  things.closed:close()
  return things
end

--- Gives a value that the kind of an argument takes.
---@param arg table of the args of a row
---@param things table
---@return any value
function samples.right(arg, things)
  local right = {
    fd = 0, dirfd = C.AT_FDCWD, int = 0, offset = 0, id = 1,
    out = things.buffer, into = things.buffer, bufring = things.bufring,
    src = "text", iovecs = things.strings, vector = things.vector,
    path = "/", seconds = 0, address = things.address, peer = nil,
  }
  return right[arg.kind]
end

-- Of these types are none of what a kind expects.
local OTHERS = { "nil", "boolean", "string", "number", "table",
  "uring.Address", "uring.Buffer", "uring.BufRing", "uring.Iovecs" }

local function values_of(things)
  return {
    boolean = true, string = "text", number = 1, table = {},
    ["uring.Address"] = things.address, ["uring.Buffer"] = things.buffer,
    ["uring.BufRing"] = things.bufring, ["uring.Iovecs"] = things.vector,
  }
end

-- What a kind takes, and how a refusal calls it.
local EXPECTED = {
  fd = { "descriptor", "number" },
  dirfd = { "descriptor", "number" },
  int = { "integer", "number" },
  offset = { "offset", "number" },
  id = { "id", "number" },
  out = { "uring.Buffer", "uring.Buffer" },
  peer = { "uring.Buffer", "uring.Buffer" },
  into = { "uring.Buffer or uring.BufRing", "uring.Buffer", "uring.BufRing" },
  bufring = { "uring.BufRing", "uring.BufRing" },
  src = { "string or uring.Buffer", "string", "uring.Buffer" },
  iovecs = { "uring.Iovecs", "uring.Iovecs" },
  vector = { "uring.Iovecs", "uring.Iovecs" },
  path = { "path", "string" },
  seconds = { "seconds", "number", "table" },
  address = { "uring.Address", "uring.Address" },
}

-- Numbers that are no integers.
local FRACTIONS = { 1.5, 0 / 0, math.huge, -math.huge, 2.0 ^ 63 }

local RANGE = "out of range"
local TIMESPEC = "{seconds, nanoseconds} expected"
local READ_ONLY = "a slice of a string is read-only"
local SMALL = "the buffer is too small"
local CLOSED = "the buffer ring is closed"
local FOREIGN = "a buffer ring of another ring"

-- Values of the right type that are wrong all the same: {value, why}, ...
local SUBTLE = {
  fd = function()
    return { { -1, RANGE }, { -100, RANGE }, { 1 << 31, RANGE },
      { math.mininteger, RANGE }, { math.maxinteger, RANGE } }
  end,
  dirfd = function()
    return { { -1, RANGE }, { -99, RANGE }, { -101, RANGE },
      { 1 << 31, RANGE }, { math.mininteger, RANGE } }
  end,
  int = function()
    return { { 1 << 32, RANGE }, { -(1 << 31) - 1, RANGE },
      { math.mininteger, RANGE }, { math.maxinteger, RANGE } }
  end,
  offset = function()
    return { { -2, RANGE }, { math.mininteger, RANGE } }
  end,
  id = function() return {} end,
  out = function(things, arg)
    local wrong = { { things.slice, READ_ONLY } }
    if arg.default > 0 then wrong[2] = { things.small, SMALL } end
    return wrong
  end,
  into = function(things)
    return { { things.slice, READ_ONLY }, { things.closed, CLOSED },
      { things.foreign, FOREIGN } }
  end,
  peer = function(things)
    return { { things.slice, READ_ONLY },
      { things.small, SMALL .. " for an address (128 bytes)" } }
  end,
  bufring = function(things)
    return { { things.closed, CLOSED }, { things.foreign, FOREIGN } }
  end,
  src = function() return {} end,
  iovecs = function() return {} end,
  vector = function(things)
    return { { things.strings, "strings among them are read-only" } }
  end,
  path = function()
    local why = "the path contains a zero byte"
    return { { "a\0b", why }, { "\0", why }, { "/etc/passwd\0", why } }
  end,
  seconds = function()
    return { { -1, RANGE }, { -0.001, RANGE }, { 0 / 0, RANGE },
      { math.huge, RANGE }, { 1e15, RANGE }, { {}, TIMESPEC },
      { { 1 }, TIMESPEC }, { { -1, 0 }, TIMESPEC }, { { 1, -1 }, TIMESPEC },
      { { 0, 1000000000 }, TIMESPEC }, { { 0.5, 0 }, TIMESPEC },
      { { 0, 0.5 }, TIMESPEC }, { { "one", 0 }, TIMESPEC },
      { { "1", 0 }, TIMESPEC }, { { 1, "0" }, TIMESPEC } }
  end,
  address = function() return {} end,
}

local function has(list, value)
  for i = 2, #list do
    if list[i] == value then return true end
  end
  return false
end

--- Lists values that an argument must refuse.
---@param arg table of the args of a row
---@param things table
---@return table[] wrong {value = any, why = string}, ...
function samples.wrong(arg, things)
  local wrong, values = {}, values_of(things)
  local expected = assert(EXPECTED[arg.kind], "a kind without samples")
  local function add(value, why)
    wrong[#wrong + 1] = { value = value, why = why }
  end
  for _, name in ipairs(OTHERS) do
    if not has(expected, name) and not (name == "nil" and arg.optional) then
      add(values[name], ("%s expected, got %s"):format(expected[1], name))
    end
  end
  if expected[2] == "number" and arg.kind ~= "seconds" then
    for _, number in ipairs(FRACTIONS) do
      add(number, expected[1] .. " expected, got number")
    end
  end
  for _, subtle in ipairs(SUBTLE[arg.kind](things, arg)) do
    add(subtle[1], subtle[2])
  end
  return wrong
end

return samples
