--- Proves the row bind: a socket gets its local address.
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local temp = require "spec.support.temp"
local uring = require "uring.ring"

local C = uring.consts

rows.describe("bind", function()
  local ANY = assert(uring.sockaddr("127.0.0.1", 0))

  local function tcp(own)
    return own(uring.socket(C.AF_INET, C.SOCK_STREAM))
  end

  it("gives a socket a port of the kernel's choice", function()
    local own <close> = rows.owner()
    local fd = tcp(own)
    assert.same({ 0, 0 }, { rows.raw("bind", fd, ANY) })
    local address = uring.getsockname(fd)
    assert.equal("127.0.0.1", address.host)
    assert.is_true(address.port > 0)
  end)

  it("gives a Unix socket a path", function()
    local own <close> = rows.owner()
    local name <close> = temp.name()
    local fd = own(uring.socket(C.AF_UNIX, C.SOCK_STREAM))
    local address = assert(uring.sockaddr("unix:" .. name.path))
    assert.equal(0, (rows.raw("bind", fd, address)))
    assert.equal(name.path, uring.getsockname(fd).path)
    local buffer = uring.buffer(256)
    assert.equal(0, (rows.raw("statx", C.AT_FDCWD, name.path, 0, nil,
      buffer)))
    local mode = uring.unpack_statx(buffer).mode
    assert.equal(12 << 12, mode & 61440) -- S_IFSOCK
  end)

  it("gives true when awaited", function()
    local own <close> = rows.owner()
    local fd = tcp(own)
    assert.same({ true, 0 }, { rows.await("bind", fd, ANY) })
    assert.is_true(uring.getsockname(fd).port > 0)
  end)

  it("needs its address no longer than until it is prepared", function()
    local own <close> = rows.owner()
    local ring <close> = rows.ring()
    local sqe, fd = ring:get_sqe(), tcp(own)
    sqe:prep_bind(fd, uring.sockaddr("127.0.0.1", 0))
    local junk = sockets.overwrite_addresses()
    ring:submit()
    assert.equal(0, rows.reap(ring, 1)[1].res)
    assert.equal("127.0.0.1", uring.getsockname(fd).host)
    assert.equal(100, #junk)
  end)

  it("fails where the address is taken, or is not ours", function()
    local own <close> = rows.owner()
    local _, taken = sockets.listener(own)
    rows.assert_fails("bind", "EADDRINUSE", "Address already in use",
      tcp(own), taken)
    rows.assert_fails("bind", "EADDRNOTAVAIL",
      "Cannot assign requested address", tcp(own),
      uring.sockaddr("192.0.2.1", 0))
  end)

  it("fails for a socket that is bound", function()
    local own <close> = rows.owner()
    rows.assert_fails("bind", "EINVAL", "Invalid argument",
      sockets.bound(own), ANY)
  end)
end)
