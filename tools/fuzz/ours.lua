--- Objects of ours, and which values fit where in a row: by the kind of the
-- argument.  What could harm the machine, or wait for ever, is left out here.
local low = require "uring.ring"
local values = require "tools.fuzz.values"

local C = low.consts
local any, integer, small = values.any, values.integer, values.small

local ours = {}

local function is_older(major, minor)
  local release <close> = assert(io.open "/proc/sys/kernel/osrelease")
  local here = { release:read("l"):match "^(%d+)%.(%d+)" }
  return here[1] * 1000 + here[2] < major * 1000 + minor
end

--- Whether drained ops may never start, for the kernel has lost count of what
-- they wait for, and unregistering waits for ops that use what it takes away.
ours.IS_OLD = is_older(6, 16)

--- The names of a world's lists, a type of ours in each.
ours.LISTS = { "rings", "odd", "dead", "sqes", "cqes", "bufrings", "buffers",
  "iovecs", "messages", "futexes", "addresses", "chains" }

--- What may be set on an SQE that is in nobody else's hands.
ours.SETTERS = { "set_buf_group", "set_fixed_file", "set_flags", "set_ioprio",
  "set_personality" }

local TYPES = {
  ["uring.Ring"] = "rings", ["uring.SQE"] = "sqes", ["uring.CQE"] = "cqes",
  ["uring.BufRing"] = "bufrings", ["uring.Buffer"] = "buffers",
  ["uring.Iovecs"] = "iovecs", ["uring.Message"] = "messages",
  ["uring.Futexes"] = "futexes", ["uring.Address"] = "addresses",
  ["uring.Chain"] = "chains",
}

--- The list that an object belongs to.
function ours.list_of(object)
  return TYPES[getmetatable(object).__name]
end

--- Whether nobody outside of this machine, and no file outside of the folder,
-- has an address.
function ours.is_safe(w, address)
  if address.path then
    return address.path:find("^@") or address.path:find(w.path, 1, true) == 1
  end
  return address.host == "127.0.0.1" or address.host == "::1"
end

--- A few descriptors, some of them none.
function ours.fds(w)
  local list = {}
  for i = 1, math.random(0, 5) do
    list[i] = math.random(4) == 1 and any { -1, -2 } or w:fd()
  end
  return list
end

--- Makes an object for each list that has no other source.
ours.MAKERS = {
  buffers = function()
    if math.random(4) == 1 then return low.slice("a slice of a string", 3) end
    local buffer = low.buffer(math.random(1, 9000),
      math.random(3) == 1 and 4096 or 1)
    if math.random(6) == 1 then buffer:close() end
    if math.random(9) == 1 then getmetatable(buffer).__gc(buffer) end
    return buffer
  end,
  iovecs = function(w)
    local text = math.random(2) == 1 and "text" or low.buffer(5)
    local ok, made = pcall(low.iovecs, { text, low.buffer(100),
      any(w.lists.buffers) })
    return ok and made
  end,
  messages = function()
    return low.message { iov = any { "text", low.buffer(64) },
      name = any { true, nil }, control = any { 0, 64, nil } }
  end,
  futexes = function()
    return low.futexes { { low.buffer(4), 0 }, { low.buffer(8), 1 } }
  end,
  addresses = function(w)
    return any { low.sockaddr("127.0.0.1", 0), low.sockaddr("::1", 0),
      (low.sockaddr("unix:" .. w.path .. "/socket")) }
  end,
}

--- Integers that must not be just any, by the name of the argument.
ours.CAREFUL = {
  domain = { 1, 2, -1, 1000, 1 << 31 }, type = { 1, 2, 5, 1 << 20 },
  protocol = { 0, 6, 17 }, level = { 1, -1, 1 << 20 }, cmd_op = { 0, 1, 1000 },
  optname = { 2, 3, 4, 7, 8, 9, 20, 1000, -1 },
  length = { 0, 1, 100, 4096, 1 << 20, -1, math.maxinteger },
}
local CAREFUL = ours.CAREFUL
-- Of bundles the kernel counts buffers by what it has received.
local BUNDLE_FLAGS = { 0, C.MSG_DONTWAIT, C.MSG_PEEK, C.MSG_WAITALL }

local function number_of(row, argument)
  if argument.name == "flags" and row.name:find "bundle" then
    return any(BUNDLE_FLAGS)
  end
  if CAREFUL[argument.name] then return any(CAREFUL[argument.name]) end
  return math.random(2) == 1 and argument.default or integer()
end

local function how()
  return { flags = any { 0, C.O_RDWR, C.O_CREAT, integer() },
    mode = any { 0, 420, nil }, resolve = any { 0, 8, integer() } }
end

--- What gives a value that fits a kind of argument, or nearly so.
ours.KINDS = {
  fd = function(w, row)
    if row.name:find "^msg_ring" then return any(w.rings):fileno() end
    return w:fd()
  end,
  fds = ours.fds,
  slot = function() return any { nil, small(), integer() } end,
  index = small, bgid = small, offset = integer, data = integer,
  how = how,
  id = function(w) return any { integer(), any(w.ids) } end,
  seconds = function(_, row)
    if row.multishot then return 0.001 + math.random() / 100 end
    return values.soon()
  end,
  source = function(w) return any(w.lists.bufrings) end,
  name = function() return any { "user.x", "user.y", values.text() } end,
  src = function(w) return any { values.text(), any(w.lists.buffers) } end,
  command = function() return any { "", values.text() } end,
}
local KINDS = ours.KINDS
KINDS.bufring = KINDS.source
for kind, list in pairs {
  out = "buffers", buf = "buffers", pages = "buffers", peer = "buffers",
  iovecs = "iovecs", vector = "iovecs", msg = "messages",
  msgout = "messages", futexes = "futexes", address = "addresses",
} do
  KINDS[kind] = function(w) return any(w.lists[list]) end
end
function KINDS.into(w)
  return any { any(w.lists.buffers), any(w.lists.bufrings) }
end

-- Where nothing but what is safe may stand, even by mistake.  A multishot
-- timer that fires sooner than it can be cancelled never ends.
local STRICT = { fd = true, fds = true, path = true, dirfd = true,
  seconds = true }

local function value_for(w, row, argument, relative)
  local kind = argument.kind
  if kind == "path" then
    if row.name == "symlinkat" and argument.name == "target" then
      return any { "f1", "l1", "missing" } -- leads nowhere else
    end
    return w.name(relative)
  elseif kind == "dirfd" then
    return relative and w.dir or any { w.dir, C.AT_FDCWD, w:fd() }
  elseif not STRICT[kind] and math.random(6) == 1
    and not CAREFUL[argument.name] then
    return values.random()
  end
  return (KINDS[kind] or number_of)(KINDS[kind] and w or row,
    KINDS[kind] and row or argument)
end

--- The arguments of a row, sometimes too few or too many.
function ours.arguments(w, row)
  local relative = math.random(2) == 1
  local list = { n = #row.args }
  for i, argument in ipairs(row.args) do
    list[i] = value_for(w, row, argument, relative)
  end
  if row.result == "pipe" then list[1] = low.buffer(8) end
  if math.random(12) == 1 and not row.name:find "bundle" then
    list.n = math.random(0, list.n)
  end
  return list
end

--- What a setter gets; io_drain only where the ring is one that drains.
function ours.setting(name, drains)
  if name ~= "set_flags" then
    return math.random(3) == 1 and values.random() or small()
  end
  local flags = integer()
  if not drains then flags = flags & ~C.IOSQE_IO_DRAIN end
  return any { "async", "io_link", "io_hardlink", "cqe_skip_success",
    { "async" }, 0, 1, 16, flags, drains and "io_drain" or flags,
    values.text() }
end

return ours
