--- Proves the row cmd_siocinq: how much a socket has for us to receive.
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local uring = require "uring.ring"

local C = uring.consts

rows.describe("cmd_siocinq", function()
  local function connected(own)
    local listener, address = sockets.listener(own)
    local client = sockets.client(own, address)
    return own((rows.raw("accept", listener))), client
  end

  it("counts the bytes of a stream", function()
    local own <close> = rows.owner()
    local server, client = connected(own)
    assert.same({ 0, 0 }, { rows.raw("cmd_siocinq", server) })
    rows.raw("send", client, "hello")
    rows.raw("poll_add", server, C.POLLIN)
    assert.same({ 5, 0 }, { rows.raw("cmd_siocinq", server) })
    assert.equal(2, (rows.raw("recv", server, uring.buffer(2))))
    assert.equal(3, (rows.raw("cmd_siocinq", server)))
  end)

  it("counts the bytes of the next datagram", function()
    local own <close> = rows.owner()
    local fd = own(uring.socket(C.AF_INET, C.SOCK_DGRAM))
    assert(uring.bind(fd, uring.sockaddr("127.0.0.1", 0)))
    assert.equal(0, (rows.raw("cmd_siocinq", fd)))
    rows.raw("connect", fd, uring.getsockname(fd))
    rows.raw("send", fd, "seven b")
    rows.raw("send", fd, "two")
    rows.raw("poll_add", fd, C.POLLIN)
    assert.equal(7, (rows.raw("cmd_siocinq", fd)))
    rows.raw("recv", fd, uring.buffer(1))
    rows.raw("poll_add", fd, C.POLLIN)
    assert.equal(3, (rows.raw("cmd_siocinq", fd)))
  end)

  it("gives the count when awaited", function()
    local own <close> = rows.owner()
    local server, client = connected(own)
    assert.same({ 0, 0 }, { rows.await("cmd_siocinq", server) })
    rows.raw("send", client, "hello")
    rows.raw("poll_add", server, C.POLLIN)
    assert.same({ 5, 0 }, { rows.await("cmd_siocinq", server) })
  end)

  it("fails for a socket that listens", function()
    local own <close> = rows.owner()
    rows.assert_fails("cmd_siocinq", "EINVAL", "Invalid argument",
      (sockets.listener(own)))
  end)

  it("fails for what has no such count", function()
    local own <close> = rows.owner()
    rows.assert_fails("cmd_siocinq", "EOPNOTSUPP", "Operation not supported",
      (own(uring.pipe())))
    rows.assert_fails("cmd_siocinq", "EBADF", "Bad file descriptor",
      rows.NOT_OPEN)
  end)
end)
