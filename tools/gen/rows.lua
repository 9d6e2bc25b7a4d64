--- The rows of the opcode table, with what there is to say about them.

local lines = require "tools.gen.lines"

local rows = {}

-- What an argument of each kind takes: its type for editors, and in words,
-- which may be what the type says already.
local ARGUMENTS = {
  fd = { type = "integer", words = "a descriptor" },
  dirfd = { type = "integer",
    words = "a folder's descriptor, or `AT_FDCWD`" },
  fds = { type = "integer[]|uring.Buffer",
    words = "a list of descriptors, or a Buffer of them, 32 bits each" },
  slot = { type = "integer", words = "a slot of the registered files; "
    .. "by default "
    .. "one that is free (5.19)" },
  index = { type = "integer", words = "the index of a registered Buffer" },
  bgid = { type = "integer", words = "an integer of 16 bits" },
  int = { type = "integer", words = "an integer", obvious = true },
  size = { type = "integer", words = "bytes" },
  advice = { type = "integer", words = "MADV_NORMAL, _RANDOM, _SEQUENTIAL, "
    .. "_WILLNEED, _DONTNEED, _FREE, _COLD, _PAGEOUT, _POPULATE_READ, "
    .. "_POPULATE_WRITE, _COLLAPSE, _HUGEPAGE or _NOHUGEPAGE" },
  data = { type = "integer",
    words = "an integer below 2^62, or a negative one" },
  offset = { type = "integer",
    words = "a place in the file, in bytes; -1 is the file's own position" },
  id = { type = "integer", words = "what `prep` returned for another op" },
  out = { type = "uring.Buffer", words = "a Buffer to fill" },
  buf = { type = "uring.Buffer", words = "a Buffer", obvious = true },
  zcflags = { type = "integer", words = "flags of the send, such as "
    .. "`IORING_RECVSEND_POLL_FIRST`" },
  pages = { type = "uring.Buffer",
    words = "a Buffer that was made with an alignment of pages (4096)" },
  source = { type = "uring.BufRing",
    words = "a BufRing that was made with `source = true`" },
  command = { type = "string|uring.Buffer",
    words = "at most 16 bytes, or 80 in a wide SQE" },
  msg = { type = "uring.Message", words = "a Message to send" },
  msgout = { type = "uring.Message", words = "a Message to fill" },
  futexes = { type = "uring.Futexes", words = "a Futexes", obvious = true },
  name = { type = "string", words = "a name, such as `user.note`" },
  how = { type = "table", words = "`{flags =, mode =, resolve =}`" },
  into = { type = "uring.Buffer|uring.BufRing",
    words = "a Buffer to fill, or a BufRing that the kernel picks one from" },
  bufring = { type = "uring.BufRing",
    words = "a BufRing that the kernel picks buffers from" },
  src = { type = "string|uring.Buffer", words = "a string or a Buffer",
    obvious = true },
  iovecs = { type = "uring.Iovecs",
    words = "an Iovecs of strings and Buffers" },
  vector = { type = "uring.Iovecs", words = "an Iovecs of Buffers, to fill" },
  path = { type = "string", words = "a path", obvious = true },
  seconds = { type = "number|integer[]",
    words = "seconds, or `{seconds, nanoseconds}`" },
  address = { type = "uring.Address", words = "an Address", obvious = true },
  peer = { type = "uring.Buffer", words = "a Buffer of 128 bytes for the "
    .. "peer's address, which `unpack_sockaddr` reads" },
}

-- What an op brings for each kind of result.
local RESULTS = {
  none = { name = "true", type = "true", words = "`true`" },
  count = { name = "count", type = "integer", words = "how many bytes" },
  fd = { name = "fd", type = "integer",
    words = "a new descriptor, which is yours to close" },
  number = { name = "number", type = "integer", words = "a number" },
  slot = { name = "slot", type = "integer",
    words = "the slot; in a CQE 0 where the program chose it" },
  pipe = { name = "true", type = "true",
    words = "`true`; the two descriptors are yours to close" },
  slots = { name = "true", type = "true",
    words = "`true`; the two slots are in the Buffer" },
  matches = { name = "true", type = "true|integer",
    words = "`true`, or how many ops; with `IORING_ASYNC_CANCEL_ALL` "
      .. "always that" },
  mask = { name = "mask", type = "integer",
    words = "the poll events that are there" },
  expired = { name = "true", type = "true",
    words = "`true`: the time is over" },
}

-- With a buffer ring, what was received is the result.
local RECEIVED = {
  bufring = { name = "bytes", type = "string",
    words = "the bytes, as a string" },
  into = { name = "count", type = "integer|string",
    words = "how many bytes; with a BufRing, the bytes as a string" },
}

local function result_of(row)
  for _, argument in ipairs(row.args) do
    if RECEIVED[argument.kind] then return RECEIVED[argument.kind] end
  end
  return RESULTS[row.result]
    or error("rows.lua has no result of the kind " .. row.result)
end

-- The arguments of each row as they stand in ops.def.
local function read_table(text)
  local found = {}
  for name, arguments in text:gmatch "\nOP %(([%w_]+),.-ARGS (%b())" do
    found[name] = arguments
  end
  return found
end

local function value_of(core, term)
  local octal = term:match "^0%d+$"
  return core.consts[term] or tonumber(term, octal and 8 or nil)
end

-- Kinds that may be absent, and then there is none.
local NO_DEFAULT = { peer = true, slot = true, command = true, data = true,
  out = true, zcflags = true }

-- What ops.def calls the default of an argument, "MSG_NOSIGNAL"; its number
-- must be that of the module, or one of them is older than the other.
local function default_of(core, argument, source)
  if not argument.optional or NO_DEFAULT[argument.kind] then return nil end
  if argument.kind == "offset" then return "-1" end
  if argument.kind == "size" then return "0" end
  local term = source:match("OPT %(" .. argument.name .. ", ([^)]+)%)")
  assert(term and value_of(core, term) == argument.default,
    "ops.def has another default than the module: " .. argument.name)
  return term
end

local function words_for(argument, words)
  if argument.kind ~= "out" or argument.default == 0 then return words end
  return ("a Buffer of %d bytes to fill"):format(argument.default)
end

local function describe_argument(core, argument, source)
  local kind = ARGUMENTS[argument.kind]
    or error("rows.lua has no argument of the kind " .. argument.kind)
  return {
    name = argument.name, optional = argument.optional, type = kind.type,
    words = words_for(argument, kind.words), obvious = kind.obvious,
    default = default_of(core, argument, source),
  }
end

local function describe_row(core, row, source)
  local arguments = {}
  for i, argument in ipairs(row.args) do
    arguments[i] = describe_argument(core, argument, source)
  end
  return {
    name = row.name, summary = row.summary, since = row.since,
    helper = row.helper, multishot = row.multishot, args = arguments,
    result = result_of(row), line = lines.ROWS[row.name]
      or error("lines.def has no line for " .. row.name),
  }
end

--- Describes every row.
---
---@param core table uring.core
---@param definitions string what is in ops.def
---@return table[] described in the order of the table
function rows.describe(core, definitions)
  local sources, described = read_table(definitions), {}
  for i, row in ipairs(core.ops) do
    local source = sources[row.name] or error("not in ops.def: " .. row.name)
    described[i] = describe_row(core, row, source)
  end
  return described
end

-- From the argument after the last one that must be given, all may be absent.
local function required(arguments)
  local last = #arguments
  while last > 0 and arguments[last].optional do last = last - 1 end
  return last
end

--- Lists arguments as a call shows them: "fd, buf [, flags]".
---
---@param arguments table[]
---@return string
function rows.parameters(arguments)
  local text, least = "", required(arguments)
  for i, argument in ipairs(arguments) do
    local comma = i > 1 and ", " or ""
    if i > least then
      text = text .. (i > 1 and " [" or "[") .. comma .. argument.name
    else
      text = text .. comma .. argument.name
    end
  end
  return text .. ("]"):rep(#arguments - least)
end

return rows
