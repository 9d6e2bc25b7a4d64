--- Proves the row msg_ring: one ring posts a completion to another.
local loop = require "uring.loop"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local errno = uring.errno
local NAME = "msg_ring"

rows.describe(NAME, function()
  it("posts a result and a number to another ring", function()
    local ring <close> = rows.ring()
    local other <close> = rows.ring()
    assert.same({ 0, 0 }, { rows.call(ring, NAME, other:fileno(), 17, 4711) })
    assert.equal(1, other:cq_ready())
    assert.same({ 17, 0, 4711 }, { raw.take(other) })
    assert.equal(0, other:in_flight())
  end)

  it("posts numbers to the ends of their ranges", function()
    local ring <close> = rows.ring()
    local other <close> = rows.ring()
    for _, sample in ipairs { { 0, 0 }, { 0x7fffffff, (1 << 62) - 1 },
      { -0x80000000, math.mininteger }, { -errno.EIO, -1 } } do
      local res, data = table.unpack(sample)
      assert.equal(0, (rows.call(ring, NAME, other:fileno(), res, data)))
      assert.same({ res, 0, data }, { raw.take(other) })
    end
  end)

  it("wakes who waits for the other ring", function()
    local ring <close> = rows.ring()
    local other <close> = rows.ring()
    local poll <close> = rows.ring()
    rows.start(poll, "poll_add", other:fileno(), uring.consts.POLLIN)
    assert.equal(0, poll:submit_and_wait(0))
    assert.equal(0, poll:cq_ready())
    rows.call(ring, NAME, other:fileno(), 1, 2)
    assert.equal(uring.consts.POLLIN, rows.reap(poll, 1)[1].res)
    assert.same({ 1, 0, 2 }, { raw.take(other) })
  end)

  it("posts to its own ring too", function()
    local ring <close> = rows.ring()
    rows.start(ring, NAME, ring:fileno(), 5, 6)
    local found = {}
    for _, cqe in ipairs(rows.reap(ring, 2)) do found[cqe.data] = cqe.res end
    assert.same({ [6] = 5, [NAME] = 0 }, found)
    assert.equal(0, ring:in_flight())
  end)

  it("refuses a number that could be taken for an op", function()
    local ring <close> = rows.ring()
    local sqe = ring:get_sqe()
    local id = sqe:id()
    assert.error_matches(function() sqe:prep_msg_ring(0, 0, id) end,
      "msg_ring: bad argument 'data' %(out of range%)")
  end)

  it("gives true when awaited", function()
    local other <close> = rows.ring()
    assert.same({ true, 0 }, { rows.await(NAME, other:fileno(), 3, 4) })
    assert.same({ 3, 0, 4 }, { raw.take(other) })
  end)

  it("is passed over by a loop that it comes to", function()
    within.run(function()
      local ring = loop.current("this spec").ring
      local others = ring:in_flight()
      assert.same({ true, 0 }, { u.op.msg_ring(ring:fileno(), 3, 4) })
      assert.is_true(u.op.nop())
      assert.equal(others, ring:in_flight())
    end)
  end)

  it("fails for what is no ring, and where nothing is open", function()
    local own <close> = rows.owner()
    rows.assert_fails(NAME, "EBADFD", "File descriptor in bad state",
      (sockets.pair(own)), 1, 2)
    rows.assert_fails(NAME, "EBADF", "Bad file descriptor", rows.NOT_OPEN, 1,
      2)
  end)

  it("fails for a flag that is none", function()
    local other <close> = rows.ring()
    rows.assert_fails(NAME, "EINVAL", "Invalid argument", other:fileno(), 1,
      2, 1 << 20)
    assert.equal(0, other:cq_ready())
  end)
end)
