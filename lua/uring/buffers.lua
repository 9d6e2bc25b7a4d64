--- The ring of a run, and the buffers that its sockets receive into.
local core = require "uring.core"
local loop = require "uring.loop"

local GROUP, VIEWS, BULK_VIEWS = 0, 65535, 65534 -- bgids
local COUNT, SIZE = 256, 4096 -- in all, what an L2 cache holds
local FEW, LARGE = 16, 65536 -- for a peer in full flow

local buffers = {
  SIZE = SIZE, -- of those that sockets receive into
}

local current -- the scheduler that runs
local spare = false -- a large buffer that nobody uses

loop.on_switch(function(scheduler) current = scheduler end)

--- Makes a buffer ring that the ops of this run may receive into: give it
-- to uring.op.recv, read or recv_multishot in the place of a Buffer.
---@param options table bgid (1 to 65533), entries (a power of two), size
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

--- The buffer ring from which sockets receive.
---@return uring.BufRing? buffers nil where this kernel has none
function buffers.receive()
  if not current then return nil end
  if current.buffers == nil then
    current.buffers = current.ring:buf_ring {
      bgid = GROUP, entries = COUNT, size = SIZE,
    } or false
  end
  return current.buffers or nil
end

--- Takes a buffer to receive into from a peer in full flow, and where there
-- is no buffer ring.
---@return uring.Buffer buffer of 64 KiB
function buffers.take_bulk()
  local buffer = spare or core.buffer(LARGE)
  spare = false
  return buffer
end

--- Gives one back, whose bytes nobody needs.  One is kept for the next.
---@param buffer uring.Buffer
function buffers.give_bulk(buffer)
  spare = buffer
end

local function ring_of(place, bgid, entries, size)
  if current[place] == nil then
    current[place] = current.ring:buf_ring {
      bgid = bgid, entries = entries, size = size, views = true,
    } or false
  end
  return current[place] or nil
end

--- The buffer ring from which sockets receive what is read as views: one of
-- its own, so that views that stay open are in nobody's way.
---@param bulk boolean? a ring of larger buffers
---@return uring.BufRing? buffers nil where this kernel has none
---@return integer size of one buffer, in bytes
function buffers.views(bulk)
  local size = bulk and LARGE or SIZE
  if not current then return nil, size end
  if bulk then return ring_of("bulk_views", BULK_VIEWS, FEW, LARGE), size end
  return ring_of("views", VIEWS, COUNT, SIZE), size
end

return buffers
