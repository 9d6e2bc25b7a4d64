--- Proves the row shutdown: one direction of a connection ends, or both.
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C = uring.consts

rows.describe("shutdown", function()
  it("ends what we send", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local buffer = uring.buffer(8)
    assert.same({ 0, 0 }, { rows.raw("shutdown", a, C.SHUT_WR) })
    assert.equal(0, (rows.raw("recv", b, buffer)))
    assert.equal(-uring.errno.EPIPE, (rows.raw("send", a, "x")))
    assert.equal(1, (rows.raw("send", b, "x")))
    assert.equal(1, (rows.raw("recv", a, buffer)))
  end)

  it("ends what we receive, also for who waits for it", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local ring <close> = rows.ring()
    rows.start(ring, "recv", a, uring.buffer(8))
    rows.start(ring, "shutdown", a, C.SHUT_RD)
    local res = {}
    for _, cqe in ipairs(rows.reap(ring, 2)) do res[cqe.data] = cqe.res end
    assert.same({ recv = 0, shutdown = 0 }, res)
    assert.equal(-uring.errno.EPIPE, (rows.raw("send", b, "x")))
  end)

  it("gives true when awaited", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    within.run(function()
      local got
      u.spawn(function() got = u.op.recv(b, uring.buffer(8)) end)
      assert.same({ true, 0 }, { u.op.shutdown(a, C.SHUT_RDWR) })
      while not got do u.op.nop() end
      assert.equal(0, got)
    end)
  end)

  it("fails where there is no connection, or no such direction", function()
    local own <close> = rows.owner()
    rows.assert_fails("shutdown", "ENOTCONN",
      "Transport endpoint is not connected",
      own(uring.socket(C.AF_INET, C.SOCK_STREAM)), C.SHUT_WR)
    rows.assert_fails("shutdown", "EINVAL", "Invalid argument",
      sockets.pair(own), 7)
    rows.assert_fails("shutdown", "ENOTSOCK",
      "Socket operation on non-socket", own(uring.pipe()), C.SHUT_WR)
  end)
end)
