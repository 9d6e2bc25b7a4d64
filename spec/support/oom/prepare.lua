--- Preparing: SQEs of every row, each with new arguments of every kind, and
-- more of them than one chunk of slots holds.
local core = require "uring.core"

local NOBODY = 0x7fffffff -- no such descriptor: the ops fail, and do nothing
local SLOT_CHUNK = 256

local ring = assert(core.ring(2 * SLOT_CHUNK))
local bufring = assert(ring:buf_ring { bgid = 1, entries = 4, size = 16 })
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
}

local function arguments(row)
  local values = {}
  for i, spec in ipairs(row.args) do values[i] = make[spec.kind]() end
  return table.unpack(values, 1, #row.args)
end

local function get_sqe()
  local sqe = ring:get_sqe()
  taken = taken + 1
  return sqe
end

function attempt()
  for _, row in ipairs(core.ops) do
    local sqe = get_sqe()
    local id = sqe["prep_" .. row.name](sqe, arguments(row))
    assert(id == sqe:id())
    sqe:set_data({}):set_flags("async"):set_flags({ "async" }, 0)
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
  assert(ring:submit_and_wait(taken))
  local count = 0
  for res, _, data in ring:cqes() do
    if not data then assert(res <= 0) end
    count = count + 1
  end
  assert(count == taken and ring:in_flight() == 0)
  ring:get_sqe():prep_nop()
  assert(ring:submit_and_wait(1) == 1)
  assert(ring:cqes()(ring) == 0)
  assert(bufring:available() == 4)
end
