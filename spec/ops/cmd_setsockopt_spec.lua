--- Proves the row cmd_setsockopt: an option of a socket is set.
local rows = require "spec.support.rows"
local uring = require "uring.ring"

local C = uring.consts

rows.describe("cmd_setsockopt", function()
  local function set(fd, level, name, value)
    return rows.raw("cmd_setsockopt", fd, level, name,
      string.pack("<i4", value))
  end

  local function stream(own)
    return own(uring.socket(C.AF_INET, C.SOCK_STREAM))
  end

  it("sets an integer", function()
    local own <close> = rows.owner()
    local fd = stream(own)
    assert.equal(0, uring.getsockopt(fd, C.SOL_SOCKET, C.SO_REUSEADDR))
    assert.same({ 0, 0 }, { set(fd, C.SOL_SOCKET, C.SO_REUSEADDR, 1) })
    assert.equal(1, uring.getsockopt(fd, C.SOL_SOCKET, C.SO_REUSEADDR))
    assert.equal(0, (set(fd, C.SOL_SOCKET, C.SO_REUSEADDR, 0)))
    assert.equal(0, uring.getsockopt(fd, C.SOL_SOCKET, C.SO_REUSEADDR))
  end)

  it("sets options of other levels too", function()
    local own <close> = rows.owner()
    local fd = stream(own)
    assert.equal(0, uring.getsockopt(fd, C.IPPROTO_TCP, C.TCP_NODELAY))
    assert.equal(0, (set(fd, C.IPPROTO_TCP, C.TCP_NODELAY, 1)))
    assert.equal(1, uring.getsockopt(fd, C.IPPROTO_TCP, C.TCP_NODELAY))
  end)

  it("takes the value from a Buffer, and more than an integer", function()
    local own <close> = rows.owner()
    local fd = stream(own)
    local value = uring.buffer(8)
    value:set(1, string.pack("<i4 i4", 1, 42)) -- struct linger
    assert.equal(0, (rows.raw("cmd_setsockopt", fd, C.SOL_SOCKET,
      C.SO_LINGER, value)))
    local got = uring.buffer(8)
    assert.equal(8, (rows.raw("cmd_getsockopt", fd, C.SOL_SOCKET,
      C.SO_LINGER, got)))
    assert.equal(value:tostring(), got:tostring())
  end)

  it("gives true when awaited", function()
    local own <close> = rows.owner()
    local fd = stream(own)
    assert.same({ true, 0 }, { rows.await("cmd_setsockopt", fd, C.SOL_SOCKET,
      C.SO_KEEPALIVE, string.pack("<i4", 1)) })
    assert.equal(1, uring.getsockopt(fd, C.SOL_SOCKET, C.SO_KEEPALIVE))
  end)

  it("fails for a value that is too short", function()
    local own <close> = rows.owner()
    local fd = stream(own)
    for _, value in ipairs { "", "\1", "\1\0\0" } do
      rows.assert_fails("cmd_setsockopt", "EINVAL", "Invalid argument",
        fd, C.SOL_SOCKET, C.SO_KEEPALIVE, value)
    end
    assert.equal(0, uring.getsockopt(fd, C.SOL_SOCKET, C.SO_KEEPALIVE))
  end)

  it("fails for an option that is none, or no such level", function()
    local own <close> = rows.owner()
    local fd = stream(own)
    rows.assert_fails("cmd_setsockopt", "ENOPROTOOPT",
      "Protocol not available", fd, C.SOL_SOCKET, 9999, "\1\0\0\0")
    rows.assert_fails("cmd_setsockopt", "EOPNOTSUPP",
      "Operation not supported", own(uring.socketpair()), C.IPPROTO_TCP,
      C.TCP_NODELAY, "\1\0\0\0")
  end)

  it("fails for what is no socket, or not open", function()
    local own <close> = rows.owner()
    rows.assert_fails("cmd_setsockopt", "EOPNOTSUPP",
      "Operation not supported", own(uring.pipe()), C.SOL_SOCKET,
      C.SO_KEEPALIVE, "\1\0\0\0")
    rows.assert_fails("cmd_setsockopt", "EBADF", "Bad file descriptor",
      rows.NOT_OPEN, C.SOL_SOCKET, C.SO_KEEPALIVE, "\1\0\0\0")
  end)
end)
