--- What a world begins with: a folder, descriptors, rings and their buffers.
local low = require "uring.ring"
local ours = require "tools.fuzz.ours"
local values = require "tools.fuzz.values"

local C = low.consts

local stock = {}

--- Makes the folder of all worlds; stock.path is its name.
---@return table folder a <close> variable, please
function stock.folder()
  local handle = assert(io.popen "mktemp -d")
  stock.path = handle:read "l"
  handle:close()
  return setmetatable({}, { __close = function()
    os.execute("rm -rf '" .. stock.path .. "'")
  end })
end

local function open(path, flags)
  local ring <close> = assert(low.ring(4))
  ring:get_sqe():prep_openat(C.AT_FDCWD, path, flags)
  assert(ring:submit_and_wait(1, 5))
  return (ring:cqes()(ring))
end

-- Adds descriptors to those of a world, and to those of a kind.
local function add(w, kind, ...)
  w.kinds[kind] = w.kinds[kind] or {}
  for _, fd in ipairs { ... } do
    table.insert(w.fds, fd)
    table.insert(w.kinds[kind], fd)
  end
end

--- Files and names for a world.
function stock.add_files(w)
  local path = stock.path
  os.execute(("cd '%s' && rm -rf * && mkdir d1 && : >f1 && echo text >f2 "
    .. "&& : >d1/f3 && ln -s f1 l1"):format(path))
  for _, name in ipairs { "/f1", "/f2" } do
    add(w, "files", open(path .. name, C.O_RDWR))
  end
  w.dir = open(path, C.O_DIRECTORY)
  add(w, "files", w.dir)
end

--- Sockets, pipes and the like.
function stock.add_sockets(w)
  add(w, "sockets", low.socketpair())
  add(w, "sockets", low.socketpair())
  add(w, "others", low.socketpair(C.SOCK_DGRAM))
  add(w, "others", low.socketpair(C.SOCK_SEQPACKET))
  for _ = 1, 2 do
    local reader, writer = low.pipe()
    add(w, "readers", reader)
    add(w, "writers", writer)
  end
  add(w, "epolls", low.epoll())
  for _ = 1, 3 do add(w, "loose", low.socket(C.AF_INET, C.SOCK_STREAM)) end
  local listener = low.socket(C.AF_INET, C.SOCK_STREAM)
  assert(low.bind(listener, low.sockaddr("127.0.0.1", 0)))
  assert(low.listen(listener))
  add(w, "listeners", listener)
  local address = low.getsockname(listener)
  w:keep("addresses", address)
  local client = low.socket(C.AF_INET, C.SOCK_STREAM)
  local ring <close> = assert(low.ring(1))
  ring:get_sqe():prep_connect(client, address)
  ring:submit_and_wait(1, 5)
  add(w, "sockets", client)
  w.eventfd = low.eventfd()
  add(w, "others", w.eventfd)
end

local RINGS = {
  {}, { flags = { "single_issuer", "defer_taskrun" } },
  { flags = { "coop_taskrun", "taskrun_flag" }, cq_entries = 16 },
  { flags = { "sqe128", "cqe32" } }, { flags = "sqe_mixed" },
  { flags = { "cqe_mixed" } }, { flags = "no_sqarray" },
  { flags = "sqpoll", sq_thread_idle = 1 },
}

-- One buffer ring of each kind, that which one sends from at the end.
local function add_bufrings(w, ring)
  w.bufrings_of[ring] = {}
  for bgid, more in ipairs { {}, { mapped = true }, { incremental = true },
    { source = true } } do
    more.bgid, more.entries, more.size = bgid, 1 << values.small() // 2, 64
    local bufring = ring:buf_ring(more)
    w:keep("bufrings", bufring)
    table.insert(w.bufrings_of[ring], bufring)
    if more.source then pcall(bufring.add, bufring, "added") end
  end
end

--- Adds a ring.
function stock.add_ring(w)
  local ring = low.ring(16, values.any(RINGS)) or assert(low.ring(16))
  local flags = ring:flags()
  w.wide[ring] = flags.sqe128 or flags.sqe_mixed
  w.drains[ring] = not ours.IS_OLD and not flags.sqpoll
    and math.random(4) == 1
  table.insert(w.rings, ring)
  add_bufrings(w, ring)
  ring:register_files_sparse(8)
  local registered = low.buffer(4096, 4096)
  ring:register_buffers { registered, low.buffer(100) }
  w.registered[ring] = registered
  w:keep("buffers", registered)
end

--- Adds objects that are neither.
function stock.add_objects(w)
  for _ = 1, 3 do
    for _, list in ipairs(ours.LISTS) do
      local make = ours.MAKERS[list]
      if make then w:keep(list, make(w)) end
    end
  end
  local ring = assert(low.ring(1))
  w:keep("bufrings", ring:buf_ring { bgid = 1, entries = 1, size = 8 })
  ring:close()
  w:keep("dead", ring)
  w:keep("odd", low.ring(4, { flags = "r_disabled" }))
end

return stock
