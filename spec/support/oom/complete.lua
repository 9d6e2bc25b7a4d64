--- Completing: CQEs as objects and in a row, strings of a buffer ring.
local core = require "uring.core"

local BUFFERS = 4
local HAS_BUFFER = core.consts.IORING_CQE_F_BUFFER

local ring = assert(core.ring(8))
local bufring = assert(ring:buf_ring { bgid = 1, entries = BUFFERS, size = 64 })
local reader, writer = assert(core.socketpair())
local lent, bytes -- flags and res of a CQE whose buffer is out

local function take_object()
  local cqe = assert(ring:wait_cqe(5))
  local again = ring:peek_cqe()
  assert(tostring(cqe) == tostring(again) and cqe.data == again.data)
  assert(not cqe:more() and not cqe:notif())
  if cqe:buffer_id() then lent, bytes = cqe.flags, cqe.res end
  ring:cqe_seen(cqe)
end

local function take_all()
  for res, flags in ring:cqes() do
    if flags & HAS_BUFFER ~= 0 then lent, bytes = flags, res end
  end
end

local function copy()
  local text = bufring:string(lent, bytes)
  lent = nil
  assert(text == ("x"):rep(64))
end

local function exchange(take)
  ring:get_sqe():set_data {}
  assert(ring:submit_and_wait(1) == 1)
  take()
  local sqe = ring:get_sqe()
  sqe:prep_send(writer, ("x"):rep(64))
  sqe:set_data {}
  assert(ring:submit_and_wait(1) == 1)
  take()
  ring:get_sqe():prep_recv(reader, bufring)
  assert(ring:submit_and_wait(1) == 1)
  take()
  copy()
end

function attempt()
  exchange(take_object)
  exchange(take_all)
  local none, message = ring:wait_cqe(0)
  assert(not none and message == "timeout")
end

function verify()
  assert(ring:submit_and_wait(ring:in_flight()))
  take_all()
  if lent then copy() end
  assert(bufring:available() == BUFFERS, "a buffer is lost")
  assert(ring:in_flight() == 0, "an op did not end")
  core.close(reader)
  core.close(writer)
end
