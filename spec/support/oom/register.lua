--- Registering, chains and views: what a ring keeps, and what it lends.
local core = require "uring.core"

local C = core.consts
local MORE = C.IORING_CQE_F_MORE

local function registers(ring)
  local buffer = core.buffer(64)
  assert(ring:register_buffers({ buffer, false }, { 1, 0 }))
  assert(ring:register_buffers_update(1, { buffer:slice(1, 8) }, { 2 }))
  local other <close> = assert(core.ring(2))
  assert(other:clone_buffers(ring))
  assert(ring:unregister_buffers())
  assert(ring:register_files({ 0, -1 }, { 3, 0 }))
  assert(ring:register_files_update(1, { 0 }, { 4 }))
  assert(ring:unregister_files())
  assert(ring:register_iowq_max_workers(1, 1))
  core.register_query()
end

local function chains(ring, fd)
  assert(ring:chain(function(chain)
    for _ = 1, 3 do
      chain:get_sqe():prep_nop()
    end
    local sqe = chain:get_sqe()
    sqe:prep_send(fd, ("s"):rep(32))
    sqe:set_data({})
  end))
  assert(ring:submit_and_wait(4, 10))
  for _ in ring:cqes() do end
end

local function views(ring, fd)
  local bufring <close> = assert(ring:buf_ring { bgid = 1, entries = 2,
    size = 16, incremental = true })
  ring:get_sqe():prep_recv(fd, bufring)
  assert(ring:submit_and_wait(1, 10))
  local cqe = ring:peek_cqe()
  assert(cqe.res == 16 and cqe.flags & MORE == 0)
  local view <close> = bufring:view(cqe.flags, cqe.res)
  local slice = view:slice(2, 3)
  assert(slice:tostring() == "ss")
  ring:cqe_seen(cqe)
end

local function body(a, b)
  local ring <close> = assert(core.ring(8))
  registers(ring)
  chains(ring, a)
  views(ring, b)
end

-- Between the descriptors and their end nothing is allocated but in body.
function attempt()
  local a, b = core.socketpair()
  local ok, message = pcall(body, a, b)
  core.close(a)
  core.close(b)
  if not ok then error(message, 0) end
end

function verify()
  local ring <close> = assert(core.ring(2))
  assert(ring:register_buffers { core.buffer(8) })
  assert(ring:chain(function(chain) chain:get_sqe() end) == 1)
  assert(ring:submit_and_wait(1) == 1)
end
