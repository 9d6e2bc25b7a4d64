--- Proves the row close: it gives a descriptor back, and nothing more.
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local uring = require "uring.ring"

rows.describe("close", function()
  it("closes a descriptor", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    assert.same({ 0, 0 }, { rows.raw("close", w) })
    own:forget(w)
    assert.is_nil(sockets.cloexec(w))
    assert.equal(0, (rows.raw("read", r, uring.buffer(1)))) -- its end
  end)

  it("gives true when awaited", function()
    local own <close> = rows.owner()
    local r = own(uring.pipe())
    assert.same({ true, 0 }, { rows.await("close", r) })
    own:forget(r)
    assert.is_nil(sockets.cloexec(r))
  end)

  it("fails where the descriptor is not open", function()
    rows.assert_fails("close", "EBADF", "Bad file descriptor", rows.NOT_OPEN)
  end)

  it("refuses to close the ring itself", function()
    local ring <close> = rows.ring()
    local res = rows.call(ring, "close", ring:fileno())
    assert.equal(-uring.errno.EBADF, res)
  end)

  it("leaves an op on the descriptor in flight", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local ring <close> = rows.ring()
    local buffer = uring.buffer(8)
    rows.start(ring, "recv", a, buffer)
    ring:submit_and_wait(0)
    assert.equal(0, (rows.raw("close", a)))
    own:forget(a)
    assert.equal(0, ring:cq_ready())
    assert.equal(4, (rows.raw("send", b, "late")))
    assert.same({ { res = 4, flags = 0, data = "recv" } },
      rows.reap(ring, 1))
    assert.equal("late", buffer:sub(1, 4))
  end)
end)
