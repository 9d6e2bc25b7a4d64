--- Proves the row connect: a socket gets a peer.
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local temp = require "spec.support.temp"
local uring = require "uring.ring"

local C = uring.consts

rows.describe("connect", function()
  local function tcp(own)
    return own(uring.socket(C.AF_INET, C.SOCK_STREAM))
  end

  it("connects to a listener", function()
    local own <close> = rows.owner()
    local _, address = sockets.listener(own)
    local fd = tcp(own)
    assert.same({ 0, 0 }, { rows.raw("connect", fd, address) })
    assert.equal(address, uring.getpeername(fd))
  end)

  it("connects to a path", function()
    local own <close> = rows.owner()
    local name <close> = temp.name()
    local address = assert(uring.sockaddr("unix:" .. name.path))
    local listener = own(uring.socket(C.AF_UNIX, C.SOCK_STREAM))
    assert(uring.bind(listener, address))
    assert(uring.listen(listener))
    local fd = own(uring.socket(C.AF_UNIX, C.SOCK_STREAM))
    assert.equal(0, (rows.raw("connect", fd, address)))
    assert.equal(name.path, uring.getpeername(fd).path)
  end)

  it("gives true when awaited", function()
    local own <close> = rows.owner()
    local _, address = sockets.listener(own)
    local fd = tcp(own)
    assert.same({ true, 0 }, { rows.await("connect", fd, address) })
    assert.equal(address, uring.getpeername(fd))
  end)

  it("needs its address no longer than until it is prepared", function()
    local own <close> = rows.owner()
    local _, address = sockets.listener(own)
    local ring <close> = rows.ring()
    local sqe, fd = ring:get_sqe(), tcp(own)
    sqe:prep_connect(fd, uring.sockaddr(address.host, address.port))
    local junk = sockets.overwrite_addresses()
    ring:submit()
    assert.equal(0, rows.reap(ring, 1)[1].res)
    assert.equal(address, uring.getpeername(fd))
    assert.equal(100, #junk)
  end)

  it("fails where nobody listens", function()
    local own <close> = rows.owner()
    local _, address = sockets.bound(own)
    rows.assert_fails("connect", "ECONNREFUSED", "Connection refused",
      tcp(own), address)
    local fd = own(uring.socket(C.AF_UNIX, C.SOCK_STREAM))
    local name <close> = temp.name()
    rows.assert_fails("connect", "ENOENT", "No such file or directory", fd,
      uring.sockaddr("unix:" .. name.path))
  end)

  it("fails for a socket that is connected", function()
    local own <close> = rows.owner()
    local _, address = sockets.listener(own)
    rows.assert_fails("connect", "EISCONN",
      "Transport endpoint is already connected",
      sockets.client(own, address), address)
  end)

  it("is cancelled while the listener has no room", function()
    local own <close> = rows.owner()
    local _, address = sockets.listener(own, 0)
    sockets.client(own, address)
    rows.assert_cancelled("connect", tcp(own), address)
  end)
end)
