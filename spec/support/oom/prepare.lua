--- Preparing: SQEs of every row, each with new arguments of every kind, and
-- more of them than one chunk of slots holds.
local core = require "uring.core"

local NOBODY = 0x7fffffff -- no such descriptor: the ops fail, and do nothing
local SLOT_CHUNK = 256
local MORE = core.consts.IORING_CQE_F_MORE -- a notification will follow

local ring = assert(core.ring(2 * SLOT_CHUNK))
local bufring = assert(ring:buf_ring { bgid = 1, entries = 4, size = 16 })
local source = assert(ring:buf_ring { bgid = 2, entries = 4, size = 16,
  source = true })
local pinned = core.buffer(64)
assert(ring:register_buffers { pinned })
local taken = 0 -- SQEs

local function text()
  return ("t"):rep(64)
end

local make = {
  fd = function() return NOBODY end,
  dirfd = function() return NOBODY end,
  int = function() return -1 end,
  offset = function() return 0 end,
  id = function() return 1 end,
  out = function() return core.buffer(256) end,
  into = function() return bufring end,
  bufring = function() return bufring end,
  src = text,
  iovecs = function()
    return core.iovecs { text(), core.buffer(8), core.slice(text(), 2) }
  end,
  vector = function() return core.iovecs { core.buffer(8), core.buffer(8) } end,
  path = text,
  seconds = function() return { 0, 0 } end,
  address = function() return core.sockaddr("127.0.0.1", 1) end,
  peer = function() return core.buffer(128) end,
  fds = function() return { -1, NOBODY } end,
  slot = function() return 0 end,
  index = function() return 0 end,
  bgid = function() return 7 end,
  size = function() return 0 end,
  advice = function() return 0 end,
  zcflags = function() return 0 end,
  buf = function() return core.buffer(8) end,
  data = function() return 1 end,
  pages = function() return core.buffer(4096, 4096) end,
  source = function() return source end,
  command = function() return "command" end,
  msg = function()
    return core.message { iov = text(), control = "c",
      name = core.sockaddr("127.0.0.1", 1) }
  end,
  msgout = function()
    return core.message { iov = core.iovecs { core.buffer(8) }, name = true,
      control = 16 }
  end,
  futexes = function() return core.futexes { { core.buffer(4), 1 } } end,
  name = text,
  how = function() return { flags = 0, mode = 0, resolve = 0 } end,
}

-- What a row with a registered buffer reads from or writes to.
local FIXED = {
  buf = function() return pinned:slice(1, 8) end,
  out = function() return pinned:slice(1, 8) end,
  vector = function() return core.iovecs { pinned:slice(1, 8) } end,
  msg = function()
    return core.message { iov = core.iovecs { pinned:slice(1, 8) } }
  end,
}

-- What a row takes that holds its data until a notification.
local NOTIF = {
  msg = function() return core.message { iov = core.buffer(8) } end,
}

local function is_fixed(row)
  local last = row.args[#row.args]
  return last ~= nil and last.kind == "index"
end

local function arguments(row)
  local values = {}
  for i, spec in ipairs(row.args) do
    local new = is_fixed(row) and FIXED[spec.kind]
      or row.notif and NOTIF[spec.kind] or make[spec.kind]
    values[i] = new()
  end
  return table.unpack(values, 1, #row.args)
end

local function get_sqe()
  local sqe = ring:get_sqe()
  taken = taken + 1
  return sqe
end

local function prepare(row)
  local sqe = get_sqe()
  local id = sqe["prep_" .. row.name](sqe, arguments(row))
  assert(id == sqe:id())
  sqe:set_data({}):set_flags("async"):set_flags({ "async" }, 0)
end

function attempt()
  for _, row in ipairs(core.ops) do
    if not row.wide then prepare(row) end
  end
  local sqe = get_sqe()
  sqe:prep_send(NOBODY, core.slice(text(), 2))
  sqe:prep_read(NOBODY, core.buffer(8, 4096)) -- instead
  sqe:prep_recv(NOBODY, core.buffer(8))
  sqe:set_buf_group(1)
  for _ = taken, SLOT_CHUNK + 8 do get_sqe():set_data(text()) end
end

function verify(ok)
  assert(not ok or taken > SLOT_CHUNK)
  assert(ring:in_flight() == taken, "a slot leaked")
  while ring:sq_ready() > 0 do assert(ring:submit()) end -- each stops it
  local count = 0
  while ring:in_flight() > 0 do -- workers do them, and notify
    assert(ring:submit_and_wait(1, 10))
    for res, flags, data in ring:cqes() do
      if not data then assert(res <= 0) end
      if flags & MORE == 0 then count = count + 1 end
    end
  end
  assert(count == taken)
  ring:get_sqe():prep_nop()
  assert(ring:submit_and_wait(1) == 1)
  assert(ring:cqes()(ring) == 0)
  assert(bufring:available() == 4)
end
