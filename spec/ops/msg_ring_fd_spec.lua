--- Proves the row msg_ring_fd: a registered file goes to another ring.
local loop = require "uring.loop"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C, errno = uring.consts, uring.errno
local NAME = "msg_ring_fd"

rows.describe(NAME, function()
  -- A ring whose slot 1 has a pipe's write end that is nowhere else, and
  -- the other end.
  local function source(own)
    local ring = rows.ring()
    local r, w = own(uring.pipe())
    assert(ring:register_files { -1, w })
    own:close(w)
    return ring, r
  end

  -- A ring with three slots, of which the first is not empty.
  local function target()
    local ring = rows.ring()
    local r, w = assert(uring.pipe())
    assert(ring:register_files { r, -1, -1 })
    uring.close(r)
    return ring, w
  end

  local function assert_leads_to(ring, slot, r)
    local buffer = uring.buffer(4)
    raw.prepare(ring, "write", slot, "text"):set_fixed_file()
    ring:submit()
    assert.equal(4, (raw.take(ring)))
    assert.equal(4, (rows.raw("read", r, buffer)))
    assert.equal("text", buffer:tostring())
  end

  it("puts the file into a slot of the other ring, and says so", function()
    local own <close> = rows.owner()
    local ring <close>, r = source(own)
    local other <close>, w = target()
    own(w)
    assert.same({ 0, 0 },
      { rows.call(ring, NAME, other:fileno(), 1, 2, 4711) })
    assert.same({ 0, 0, 4711 }, { raw.take(other) })
    assert_leads_to(other, 2, r)
    assert_leads_to(ring, 1, r)
    ring:close()
    assert_leads_to(other, 2, r)
  end)

  it("tells both which slot the kernel has chosen", function()
    local own <close> = rows.owner()
    local ring <close>, r = source(own)
    local other <close>, w = target()
    own(w)
    for _, slot in ipairs { 1, 2 } do
      assert.equal(slot, (rows.call(ring, NAME, other:fileno(), 1, nil, 7)))
      assert.same({ slot, 0, 7 }, { raw.take(other) })
      assert_leads_to(other, slot, r)
    end
    assert.equal(-errno.ENFILE,
      (rows.call(ring, NAME, other:fileno(), 1, nil, 7)))
    assert.equal(0, other:cq_ready())
  end)

  it("replaces what is in the slot", function()
    local own <close> = rows.owner()
    local ring <close>, r = source(own)
    local other <close>, w = target()
    own(w)
    assert.equal(0, (rows.call(ring, NAME, other:fileno(), 1, 0, 7)))
    assert.same({ 0, 0, 7 }, { raw.take(other) })
    assert_leads_to(other, 0, r)
    assert.equal(C.POLLERR, (rows.raw("poll_add", w, 0))) -- nobody reads
  end)

  it("says nothing to the other ring where told to", function()
    local own <close> = rows.owner()
    local ring <close>, r = source(own)
    local other <close>, w = target()
    own(w)
    assert.equal(0, (rows.call(ring, NAME, other:fileno(), 1, 1, 7,
      C.IORING_MSG_RING_CQE_SKIP)))
    assert.equal(0, other:cq_ready())
    assert_leads_to(other, 1, r)
  end)

  it("gives the slot when awaited", function()
    local own <close> = rows.owner()
    local r, sent = own(uring.pipe())
    local other <close>, w = target()
    own(w)
    within.run(function()
      assert(loop.current("this spec").ring:register_files { sent })
      assert.same({ 1, 0 }, { u.op.msg_ring_fd(other:fileno(), 0, nil, -1) })
    end)
    assert.same({ 1, 0, -1 }, { raw.take(other) })
    assert_leads_to(other, 1, r)
  end)

  it("fails for a slot that has no file, or is not there", function()
    local own <close> = rows.owner()
    local ring <close> = source(own)
    local other <close>, w = target()
    own(w)
    local to = other:fileno()
    assert.equal(-errno.EBADF, (rows.call(ring, NAME, to, 0, 1, 7)))
    assert.equal(-errno.EBADF, (rows.call(ring, NAME, to, 2, 1, 7)))
    assert.equal(-errno.EINVAL, (rows.call(ring, NAME, to, 1, 3, 7)))
    assert.equal(0, other:cq_ready())
  end)

  it("fails for its own ring, and for what is no ring", function()
    local own <close> = rows.owner()
    local ring <close>, r = source(own)
    assert.equal(-errno.EINVAL,
      (rows.call(ring, NAME, ring:fileno(), 1, 0, 7)))
    assert.equal(-errno.EBADFD, (rows.call(ring, NAME, r, 1, 0, 7)))
    rows.assert_fails(NAME, "EBADFD", "File descriptor in bad state", r, 0, 0,
      7)
    rows.assert_fails(NAME, "EBADF", "Bad file descriptor", rows.NOT_OPEN, 0,
      0, 7)
  end)
end)
