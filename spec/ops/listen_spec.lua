--- Proves the row listen: a socket accepts connections from then on.
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local uring = require "uring.ring"

local C = uring.consts
local SO_ACCEPTCONN = 30

rows.describe("listen", function()
  local function listens(fd)
    return uring.getsockopt(fd, C.SOL_SOCKET, SO_ACCEPTCONN)
  end

  it("makes a bound socket listen", function()
    local own <close> = rows.owner()
    local fd, address = sockets.bound(own)
    assert.equal(0, listens(fd))
    assert.same({ 0, 0 }, { rows.raw("listen", fd) })
    assert.equal(1, listens(fd))
    sockets.client(own, address)
    own((rows.raw("accept", fd)))
  end)

  it("gives true when awaited", function()
    local own <close> = rows.owner()
    local fd, address = sockets.bound(own)
    assert.same({ true, 0 }, { rows.await("listen", fd, 1) })
    sockets.client(own, address)
    own((rows.raw("accept", fd)))
  end)

  it("lets no more connections wait than the backlog says", function()
    local own <close> = rows.owner()
    local fd, address = sockets.bound(own)
    assert.equal(0, (rows.raw("listen", fd, 1)))
    for _ = 1, 2 do sockets.client(own, address) end
    rows.assert_cancelled("connect",
      own(uring.socket(C.AF_INET, C.SOCK_STREAM)), address)
  end)

  it("fails for a socket that cannot listen", function()
    local own <close> = rows.owner()
    rows.assert_fails("listen", "EOPNOTSUPP", "Operation not supported",
      own(uring.socket(C.AF_INET, C.SOCK_DGRAM)))
    local _, address = sockets.listener(own)
    rows.assert_fails("listen", "EINVAL", "Invalid argument",
      sockets.client(own, address))
    rows.assert_fails("listen", "ENOTSOCK", "Socket operation on non-socket",
      own(uring.pipe()))
  end)
end)
