--- Proves the row cmd_getsockopt: what an option of a socket says.
local rows = require "spec.support.rows"
local uring = require "uring.ring"

local C = uring.consts

rows.describe("cmd_getsockopt", function()
  local function get(fd, name)
    local value = uring.buffer(4)
    assert.same({ 4, 0 },
      { rows.raw("cmd_getsockopt", fd, C.SOL_SOCKET, name, value) })
    return (string.unpack("<i4", value:tostring()))
  end

  it("gets an integer", function()
    local own <close> = rows.owner()
    local stream = own(uring.socket(C.AF_INET, C.SOCK_STREAM))
    local datagram = own(uring.socket(C.AF_INET, C.SOCK_DGRAM))
    assert.equal(C.SOCK_STREAM, get(stream, C.SO_TYPE))
    assert.equal(C.SOCK_DGRAM, get(datagram, C.SO_TYPE))
    assert.equal(C.AF_INET, get(stream, C.SO_DOMAIN))
  end)

  it("gets what was set", function()
    local own <close> = rows.owner()
    local fd = own(uring.socket(C.AF_INET, C.SOCK_STREAM))
    assert.equal(0, get(fd, C.SO_KEEPALIVE))
    assert.is_true(uring.setsockopt(fd, C.SOL_SOCKET, C.SO_KEEPALIVE, 1))
    assert.equal(1, get(fd, C.SO_KEEPALIVE))
    assert.equal(uring.getsockopt(fd, C.SOL_SOCKET, C.SO_RCVBUF),
      get(fd, C.SO_RCVBUF))
  end)

  it("tells how many bytes it has written", function()
    local own <close> = rows.owner()
    local fd = own(uring.socket(C.AF_INET, C.SOCK_STREAM))
    local large, small = uring.buffer(16), uring.buffer(4)
    large:set(5, "untouched")
    small:set(1, "\255\255\255\255")
    assert.equal(4, (rows.raw("cmd_getsockopt", fd, C.SOL_SOCKET, C.SO_TYPE,
      large)))
    assert.equal("\1\0\0\0untouched\0\0\0", large:tostring())
    assert.equal(2, (rows.raw("cmd_getsockopt", fd, C.SOL_SOCKET, C.SO_TYPE,
      small:slice(1, 2))))
    assert.equal("\1\0\255\255", small:tostring())
  end)

  it("gives the count when awaited", function()
    local own <close> = rows.owner()
    local fd, value = own(uring.socketpair()), uring.buffer(4)
    assert.same({ 4, 0 },
      { rows.await("cmd_getsockopt", fd, C.SOL_SOCKET, C.SO_TYPE, value) })
    assert.equal("\1\0\0\0", value:tostring())
  end)

  it("fails for another level, and for an option that is none", function()
    local own <close> = rows.owner()
    local fd = own(uring.socket(C.AF_INET, C.SOCK_STREAM))
    rows.assert_fails("cmd_getsockopt", "EOPNOTSUPP",
      "Operation not supported", fd, C.IPPROTO_TCP, C.TCP_NODELAY,
      uring.buffer(4))
    rows.assert_fails("cmd_getsockopt", "ENOPROTOOPT",
      "Protocol not available", fd, C.SOL_SOCKET, 9999, uring.buffer(4))
  end)

  it("fails for what is no socket, or not open", function()
    local own <close> = rows.owner()
    rows.assert_fails("cmd_getsockopt", "EOPNOTSUPP",
      "Operation not supported", own(uring.pipe()), C.SOL_SOCKET, C.SO_TYPE,
      uring.buffer(4))
    rows.assert_fails("cmd_getsockopt", "EBADF", "Bad file descriptor",
      rows.NOT_OPEN, C.SOL_SOCKET, C.SO_TYPE, uring.buffer(4))
  end)
end)
