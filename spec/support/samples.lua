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
    pages = core.buffer(4096, 4096),
    message = core.message { iov = core.buffer(8) },
    letter = core.message { iov = "text" },
    futexes = core.futexes { { core.buffer(4), 0 } },
    source = assert(ring:buf_ring { bgid = 9, entries = 1, size = 8,
      source = true }),
    shut = core.buffer(256),
    address = assert(core.sockaddr("127.0.0.1", 1)),
    bufring = assert(ring:buf_ring { bgid = 7, entries = 1, size = 8 }),
    closed = assert(ring:buf_ring { bgid = 8, entries = 1, size = 8 }),
    foreign = assert(other:buf_ring { bgid = 7, entries = 1, size = 8 }),
    other = other,
  }
  things.closed:close()
  things.shut:close()
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
    fds = { -1 }, slot = 0, index = 0, bgid = 0, size = 0, data = 1,
    advice = 4, buf = things.buffer, zcflags = 0,
    pages = things.pages, source = things.source, command = "",
    msg = things.message, msgout = things.message, name = "user.x",
    futexes = things.futexes, how = {},
  }
  return right[arg.kind]
end

-- Of these types are none of what a kind expects.
local OTHERS = { "nil", "boolean", "string", "number", "table",
  "uring.Address", "uring.Buffer", "uring.BufRing", "uring.Futexes",
  "uring.Iovecs", "uring.Message" }

local function values_of(things)
  return {
    boolean = true, string = "text", number = 1, table = {},
    ["uring.Address"] = things.address, ["uring.Buffer"] = things.buffer,
    ["uring.BufRing"] = things.bufring, ["uring.Iovecs"] = things.vector,
    ["uring.Futexes"] = things.futexes, ["uring.Message"] = things.message,
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
  fds = { "table or uring.Buffer", "table", "uring.Buffer" },
  slot = { "slot", "number" },
  index = { "index", "number" },
  bgid = { "integer", "number" },
  size = { "size", "number" },
  advice = { "integer", "number" },
  zcflags = { "integer", "number" },
  buf = { "uring.Buffer", "uring.Buffer" },
  data = { "integer", "number" },
  pages = { "uring.Buffer", "uring.Buffer" },
  source = { "uring.BufRing", "uring.BufRing" },
  command = { "string or uring.Buffer", "string", "uring.Buffer" },
  msg = { "uring.Message", "uring.Message" },
  msgout = { "uring.Message", "uring.Message" },
  name = { "name", "string" },
  futexes = { "uring.Futexes", "uring.Futexes" },
  how = { "table", "table" },
}

-- Numbers that are no integers.
local FRACTIONS = { 1.5, 0 / 0, math.huge, -math.huge, 2.0 ^ 63 }

local RANGE = "out of range"
local TIMESPEC = "{seconds, nanoseconds} expected"
local READ_ONLY = "a slice of a string is read-only"
local SMALL = "the buffer is too small"
local CLOSED = "the buffer ring is closed"
local FOREIGN = "a buffer ring of another ring"
local SOURCE = "the buffer ring is a source, to send from"
local SHUT = "the buffer is closed"

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
  fds = function()
    return { { {}, "1 to 32768 descriptors expected" },
      { { "1" }, "no descriptor at 1" }, { { 0, -3 }, "no descriptor at 2" },
      { { 1 << 31 }, "no descriptor at 1" } }
  end,
  slot = function()
    return { { -1, RANGE }, { 1 << 31, RANGE }, { (1 << 32) - 2, RANGE },
      { 1 << 32, RANGE } }
  end,
  index = function()
    local why = "no buffer is registered at this index"
    return { { -1, RANGE }, { 1 << 16, RANGE }, { 0, why }, { 65535, why } }
  end,
  bgid = function() return { { -1, RANGE }, { 1 << 16, RANGE } } end,
  size = function() return { { -1, RANGE }, { math.mininteger, RANGE } } end,
  advice = function()
    local why = "not an advice that a buffer can take"
    return { { 10, why }, { 102, why }, { -1, why }, { 1 << 32, RANGE } }
  end,
  zcflags = function()
    return { { 1 << 32, RANGE },
      { 1 << 5, "IORING_SEND_VECTORIZED reads pointers" } }
  end,
  buf = function(things)
    return { { things.slice, READ_ONLY }, { things.shut, SHUT } }
  end,
  data = function()
    return { { 1 << 62, RANGE }, { math.maxinteger, RANGE } }
  end,
  out = function(things, arg)
    local wrong = { { things.slice, READ_ONLY }, { things.shut, SHUT } }
    if arg.default > 0 then
      wrong[3] = { things.buffer:slice(1, arg.default - 1), SMALL }
    end
    return wrong
  end,
  pages = function(things)
    return { { things.slice, READ_ONLY }, { things.shut, SHUT },
      { things.buffer, "the buffer is not aligned to pages" } }
  end,
  into = function(things)
    return { { things.slice, READ_ONLY }, { things.closed, CLOSED },
      { things.shut, SHUT }, { things.foreign, FOREIGN },
      { things.source, SOURCE } }
  end,
  peer = function(things)
    return { { things.slice, READ_ONLY }, { things.shut, SHUT },
      { things.small, SMALL .. " for an address (128 bytes)" } }
  end,
  bufring = function(things)
    return { { things.closed, CLOSED }, { things.foreign, FOREIGN },
      { things.source, SOURCE } }
  end,
  source = function(things)
    return { { things.closed, CLOSED }, { things.foreign, FOREIGN },
      { things.bufring, "the buffer ring is to receive, not a source" } }
  end,
  src = function(things) return { { things.shut, SHUT } } end,
  command = function(things)
    return { { things.shut, SHUT }, { ("."):rep(17), "more than 16 bytes" } }
  end,
  msg = function() return {} end,
  msgout = function(things)
    return { { things.letter, "it was made to be sent" } }
  end,
  futexes = function() return {} end,
  name = function()
    return { { "a\0b", "the name contains a zero byte" } }
  end,
  how = function()
    return { { { flags = -1 }, "'flags' is out of range" },
      { { resolv = 1 }, "unknown field 'resolv'" },
      { { mode = "x" }, "'mode' is out of range" },
      { { resolve = 1.5 }, "'resolve' is out of range" } }
  end,
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
