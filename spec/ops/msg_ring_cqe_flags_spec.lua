--- Proves the row msg_ring_cqe_flags: as msg_ring, with flags of our own.
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local uring = require "uring.ring"

local C = uring.consts
local NAME = "msg_ring_cqe_flags"

rows.describe(NAME, function()
  it("posts a result, a number and flags to another ring", function()
    local ring <close> = rows.ring()
    local other <close> = rows.ring()
    assert.same({ 0, 0 }, { rows.call(ring, NAME, other:fileno(), 17, 4711,
      nil, C.IORING_CQE_F_SOCK_NONEMPTY | 7 << C.IORING_CQE_BUFFER_SHIFT) })
    local cqe = assert(other:peek_cqe())
    assert.same({ 17, 4711 }, { cqe.res, cqe.data })
    assert.equal(C.IORING_CQE_F_SOCK_NONEMPTY
      | 7 << C.IORING_CQE_BUFFER_SHIFT, cqe.flags)
    other:cqe_seen(cqe)
    assert.equal(0, other:in_flight())
  end)

  it("lends no buffer of the other ring, whatever the flags say", function()
    local ring <close> = rows.ring()
    local other <close> = rows.ring()
    local buffers = assert(other:buf_ring { bgid = 1, entries = 2, size = 8 })
    rows.call(ring, NAME, other:fileno(), 4, 5, nil,
      C.IORING_CQE_F_BUFFER | C.IORING_CQE_F_MORE)
    local res, flags, data = raw.take(other)
    assert.same({ 4, C.IORING_CQE_F_BUFFER | C.IORING_CQE_F_MORE, 5 },
      { res, flags, data })
    assert.error_matches(function() buffers:string(flags, res) end,
      "the buffer is not out")
    assert.equal(2, buffers:available())
  end)

  it("posts none where they are 0", function()
    local ring <close> = rows.ring()
    local other <close> = rows.ring()
    rows.call(ring, NAME, other:fileno(), -1, -2, 0, 0)
    assert.same({ -1, 0, -2 }, { raw.take(other) })
  end)

  it("gives true when awaited", function()
    local other <close> = rows.ring()
    assert.same({ true, 0 },
      { rows.await(NAME, other:fileno(), 3, 4, nil, 1 << 16) })
    assert.same({ 3, 1 << 16, 4 }, { raw.take(other) })
  end)

  it("fails for what is no ring, and where nothing is open", function()
    local own <close> = rows.owner()
    rows.assert_fails(NAME, "EBADFD", "File descriptor in bad state",
      (sockets.pair(own)), 1, 2, nil, 1)
    rows.assert_fails(NAME, "EBADF", "Bad file descriptor", rows.NOT_OPEN, 1,
      2, nil, 1)
  end)
end)
