--- Proves the row cmd_getsockname: a socket's address, or its peer's.
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local temp = require "spec.support.temp"
local uring = require "uring.ring"

local C = uring.consts

rows.describe("cmd_getsockname", function()
  local function ask(fd, peer)
    local buffer = uring.buffer(128)
    assert.same({ 0, 0 }, { rows.raw("cmd_getsockname", fd, buffer, peer) })
    return uring.unpack_sockaddr(buffer)
  end

  it("tells the address of a socket", function()
    local own <close> = rows.owner()
    local fd, address = sockets.bound(own)
    assert.equal(address, ask(fd))
    assert.equal(address, ask(fd, 0))
    assert.equal("127.0.0.1", ask(fd).host)
  end)

  it("tells the address of the peer where asked for", function()
    local own <close> = rows.owner()
    local _, address = sockets.listener(own)
    local client = sockets.client(own, address)
    assert.equal(address, ask(client, 1))
    assert.equal(uring.getsockname(client), ask(client))
  end)

  it("tells the path of a Unix socket", function()
    local own <close> = rows.owner()
    local name <close> = temp.name()
    local fd = own(uring.socket(C.AF_UNIX, C.SOCK_STREAM))
    local address = assert(uring.sockaddr("unix:" .. name.path))
    assert(uring.bind(fd, address))
    assert.equal(address, ask(fd))
  end)

  it("gives true when awaited", function()
    local own <close> = rows.owner()
    local fd, address = sockets.bound(own)
    local buffer = uring.buffer(128)
    assert.same({ true, 0 }, { rows.await("cmd_getsockname", fd, buffer) })
    assert.equal(address, uring.unpack_sockaddr(buffer))
  end)

  it("keeps the Buffer until it is done", function()
    local own <close> = rows.owner()
    local fd = sockets.bound(own)
    local ring <close> = rows.ring()
    for _ = 1, 8 do
      ring:get_sqe():prep_cmd_getsockname(fd, uring.buffer(128))
    end
    collectgarbage()
    collectgarbage()
    assert.equal(8, ring:submit())
    for _, cqe in ipairs(rows.reap(ring, 8)) do assert.equal(0, cqe.res) end
  end)

  it("fails where there is no peer, or for neither side", function()
    local own <close> = rows.owner()
    local fd = sockets.bound(own)
    rows.assert_fails("cmd_getsockname", "ENOTCONN",
      "Transport endpoint is not connected", fd, uring.buffer(128), 1)
    rows.assert_fails("cmd_getsockname", "EINVAL", "Invalid argument",
      fd, uring.buffer(128), 2)
  end)

  it("fails for what is no socket, or not open", function()
    local own <close> = rows.owner()
    rows.assert_fails("cmd_getsockname", "EOPNOTSUPP",
      "Operation not supported", own(uring.pipe()), uring.buffer(128))
    rows.assert_fails("cmd_getsockname", "EBADF", "Bad file descriptor",
      rows.NOT_OPEN, uring.buffer(128))
  end)
end)
