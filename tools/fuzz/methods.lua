--- Methods and functions of uring.ring, and what they are called with.
local low = require "uring.ring"
local ours = require "tools.fuzz.ours"
local values = require "tools.fuzz.values"

local any, integer, small = values.any, values.integer, values.small
local pack = table.pack
local CAREFUL = ours.CAREFUL

local methods = {}

--- Functions whose results are descriptors.
methods.OPENERS = { socket = true, pipe = true, socketpair = true,
  eventfd = true, epoll = true, pidfd = true, signalfd = true }

--- The names of the functions; close is called elsewhere.
methods.FUNCTIONS = {}
for name, value in pairs(low) do
  if type(value) == "function" and name ~= "close" then
    table.insert(methods.FUNCTIONS, name)
  end
end
table.sort(methods.FUNCTIONS)

--- The names of those of an object that may be called by themselves.
function methods.names(list, object)
  if list == "cqes" then return { "big", "buffer_id", "more", "notif" } end
  local names = {}
  local index = getmetatable(object).__index
  for name in pairs(type(index) == "table" and index or {}) do
    local bare = list ~= "sqes" or name:find "^set_p" or name == "id"
    local waits = ours.IS_OLD and name:find "^unregister_[bf]"
    if bare and not waits and (name ~= "close" or math.random(8) == 1)
      and not name:find "^prep_" then
      names[#names + 1] = name
    end
  end
  if math.random(30) == 1 and list ~= "sqes" then
    names[#names + 1] = getmetatable(object).__gc and "__gc"
  end
  table.sort(names)
  return names
end

local function buffers_of(w, count)
  local list = {}
  for i = 1, count do
    list[i] = math.random(10) == 1 and values.random() or any(w.lists.buffers)
  end
  return list
end

local function size_of(most)
  local size = integer()
  return size > most and size < 1 << 32 and size % most or size
end

-- The arguments of methods and functions that must not be just any.
local SPECIAL = {
  wait_cqe = function() return pack(values.soon()) end,
  submit_and_wait = function() return pack(small(), values.soon()) end,
  submit_and_wait_min_timeout = function()
    return pack(small(), values.soon(), values.soon())
  end,
  submit_and_wait_reg = function() return pack(0, integer()) end,
  set_reg_wait = function() return pack(integer(), values.soon()) end,
  register_napi = function() return pack(values.soon()) end,
  register_ifq = function() return pack { if_idx = any { -1, 100000 } } end,
  register_sync_cancel = function()
    return pack { id = any { nil, integer() }, seconds = 0.001,
      flags = any { nil, integer(), small() }, opcode = any { nil, small() } }
  end,
  register_eventfd = function(w) return pack(w.eventfd) end,
  register_files = function(w) return pack(ours.fds(w), values.random()) end,
  register_files_update = function(w)
    return pack(any { small(), integer() }, ours.fds(w), values.random())
  end,
  register_buffers = function(w) return pack(buffers_of(w, small())) end,
  register_buffers_update = function(w)
    return pack(small(), buffers_of(w, small()), values.random())
  end,
  clone_buffers = function(w) return pack(any(w.rings), values.random()) end,
  register_files_sparse = function() return pack(size_of(100)) end,
  register_buffers_sparse = function() return pack(size_of(100)) end,
  resize_rings = function() return pack(size_of(512), size_of(512)) end,
  buf_ring = function()
    return pack { bgid = any { small(), integer() },
      entries = any { 1 << small(), size_of(256) }, size = size_of(5000),
      incremental = any { true, nil, small() }, mapped = any { true, nil },
      source = any { true, nil } }
  end,
  buffer = function() return pack(size_of(70000), any { nil, 1, 64, 3 }) end,
  ring = function()
    return pack(size_of(64), any { nil, nil, { cq_entries = size_of(256) },
      { flags = any { "clamp", "r_disabled", "submit_all", "defer_taskrun",
        "no_mmap", "sq_rewind", "cqe32", small() } }, values.random() })
  end,
  socket = function()
    return pack(any(CAREFUL.domain), any(CAREFUL.type),
      any(CAREFUL.protocol))
  end,
  setsockopt = function(w)
    return pack(w:fd(), any(CAREFUL.level), any(CAREFUL.optname), integer())
  end,
  getsockopt = function(w)
    return pack(w:fd(), any(CAREFUL.level), integer())
  end,
  bind = function(w) return pack(w:fd(), any(w.lists.addresses)) end,
  listen = function(w) return pack(w:fd(), integer()) end,
  getsockname = function(w) return pack(w:fd()) end,
  signalfd = function() return pack(any { "USR2", "x", 1, {} }) end,
  register_sync_msg = function(w)
    return pack(any(w.rings):fileno(), integer(), integer(), integer())
  end,
  unpack_epoll_events = function(w)
    return pack(any(w.lists.buffers), small())
  end,
  string = function() return pack(integer() | 1, small()) end,
  recycle = function(w) return pack(any { small(), any(w.lists.buffers) }) end,
  cqe_seen = function(w) return pack(any(w.lists.cqes)) end,
  chain = function() return pack(any { 1, "x", function() end }) end,
}
SPECIAL.view = SPECIAL.string
SPECIAL.register_eventfd_async = SPECIAL.register_eventfd
SPECIAL.getpeername = SPECIAL.getsockname

--- The arguments of a method.
function methods.method_arguments(w, name)
  if name == "close" or name == "__gc" then return { n = 0 } end
  return methods.function_arguments(w, name)
end

--- The arguments of a function.
function methods.function_arguments(w, name)
  if SPECIAL[name] then return SPECIAL[name](w) end
  local list = values.list(math.random(0, 4))
  if math.random(2) == 1 then
    list[1] = any { any(w.lists.buffers), integer(), values.text() }
    list.n = math.max(list.n, 1)
  end
  return list
end

return methods
