--- The ring of a run, and the buffers that its sockets receive into.
local core = require "uring.core"
local loop = require "uring.loop"

-- Sizes of the buffers: for a peer that sends little at a time, more, and as
-- much as goes.  There are few at first, since the kernel walks round and round
-- through all of them and a cache shall hold them; where a turn has found none
-- there are more, up to 4 MiB.
local SIZES = { 4096, 16384, 65536 }
local FIRST, MOST = { 8, 8, 4 }, { 1024, 256, 64 }
local FULLEST = #SIZES
local NONEMPTY = core.consts.IORING_CQE_F_SOCK_NONEMPTY

local buffers = {
  -- Bytes: where fewer come at a time, that is another flow's.
  LEAST = { 0, SIZES[1], SIZES[2] },
  -- The bgid of a buffer ring is its kind's, less the flow.
  STRINGS = 65536,
  VIEWS = 65533,
}

local current -- the scheduler that runs

loop.on_switch(function(scheduler) current = scheduler end)

--- Makes a buffer ring that the ops of this run may receive into: give it
-- to uring.op.recv, read or recv_multishot in the place of a Buffer.
---@param options table bgid (0 to 65529), entries (a power of two), size
---@return uring.BufRing? buffers
---@return string? message
---@return integer? code
function buffers.buf_ring(options)
  return loop.current("uring.buf_ring").ring:buf_ring(options)
end

--- The ring of this run: for its register calls, whose buffers, files and
-- the like uring.op uses then, and for what it tells about itself.
---@return uring.Ring
function buffers.ring()
  return loop.current("uring.ring").ring
end

-- A ring of this run, which is made when it is first asked for.
local function ring_of(kind, bgid, flow)
  if not current then return nil end
  local rings = current[kind]
  if rings[flow] == nil then
    rings[flow] = current.ring:buf_ring {
      bgid = bgid - flow, entries = MOST[flow], first = FIRST[flow],
      size = SIZES[flow], views = kind == "views",
    } or false
  end
  return rings[flow] or nil
end

--- The buffer ring from which sockets receive.
---@param flow integer of the peer: how much comes at a time, 1 to 3
---@return uring.BufRing? buffers nil where this kernel has none
function buffers.receive(flow)
  return ring_of("strings", buffers.STRINGS, flow)
end

--- The same for what is read as views: rings of their own, so that views that
-- stay open are in nobody's way.
---@param flow integer
---@return uring.BufRing? buffers nil where this kernel has none
function buffers.views(flow)
  return ring_of("views", buffers.VIEWS, flow)
end

--- A buffer to receive into where there is none to be had from a ring.
---@param flow integer
---@return uring.Buffer
function buffers.alone(flow)
  return core.buffer(SIZES[flow])
end

--- How much comes at a time, as what has come now tells.
---@param flow integer until now
---@param size integer bytes
---@param flags integer of the CQE
---@return integer flow
function buffers.flow(flow, size, flags)
  if flow < FULLEST and size == SIZES[flow] and flags & NONEMPTY ~= 0 then
    return flow + 1
  elseif size < buffers.LEAST[flow] then
    return flow - 1
  end
  return flow
end

return buffers
