--- Proves the row sendto: bytes go to an address that the op names.
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local temp = require "spec.support.temp"
local uring = require "uring.ring"

local C = uring.consts

rows.describe("sendto", function()
  local function udp(own, host)
    local family = host:find(":") and C.AF_INET6 or C.AF_INET
    local fd = own(uring.socket(family, C.SOCK_DGRAM))
    assert(uring.bind(fd, uring.sockaddr(host, 0)))
    return fd, assert(uring.getsockname(fd))
  end

  local function received(fd)
    local buffer = uring.buffer(64)
    return buffer:sub(1, (rows.raw("recv", fd, buffer, C.MSG_DONTWAIT)))
  end

  it("sends a datagram to an address, IPv4 or IPv6", function()
    local own <close> = rows.owner()
    for _, host in ipairs { "127.0.0.1", "::1" } do
      local from = udp(own, host)
      local first, first_address = udp(own, host)
      local second, second_address = udp(own, host)
      local buffer = uring.buffer(6):set(1, "buffer")
      assert.same({ 3, 0 },
        { rows.raw("sendto", from, "one", nil, first_address) })
      assert.same({ 4, 0 },
        { rows.raw("sendto", from, buffer:slice(3), nil, second_address) })
      assert.equal("one", received(first))
      assert.equal("ffer", received(second))
    end
  end)

  it("sends to the address of a Unix socket", function()
    local own <close> = rows.owner()
    local name <close> = temp.name()
    local abstract = uring.sockaddr("unix:@" .. name.path)
    for _, address in ipairs {
      uring.sockaddr("unix:" .. name.path), abstract,
    } do
      local here = own(uring.socket(C.AF_UNIX, C.SOCK_DGRAM))
      local there = own(uring.socket(C.AF_UNIX, C.SOCK_DGRAM))
      assert(uring.bind(there, address))
      assert.equal(4, (rows.raw("sendto", here, "unix", nil, address)))
      assert.equal("unix", received(there))
    end
  end)

  it("gives the count when awaited", function()
    local own <close> = rows.owner()
    local from = udp(own, "127.0.0.1")
    local to, address = udp(own, "127.0.0.1")
    assert.same({ 7, 0 },
      { rows.await("sendto", from, "awaited", nil, address) })
    assert.equal("awaited", received(to))
    assert.same({ 0, 0 }, { rows.await("sendto", from, "", nil, address) })
    assert.equal("", received(to))
  end)

  it("sends where it is told to, not where the socket is connected",
    function()
      local own <close> = rows.owner()
      local from = udp(own, "127.0.0.1")
      local _, elsewhere = udp(own, "127.0.0.1")
      local to, address = udp(own, "127.0.0.1")
      assert.equal(0, (rows.raw("connect", from, elsewhere)))
      rows.raw("sendto", from, "told", nil, address)
      assert.equal("told", received(to))
    end)

  it("keeps the address and the bytes until it has sent them", function()
    local own <close> = rows.owner()
    local from = udp(own, "127.0.0.1")
    local to, address = udp(own, "127.0.0.1")
    local ring <close> = rows.ring()
    for i = 1, 4 do
      local copy = uring.sockaddr(address.host, address.port)
      raw.prepare(ring, "sendto", from, ("text "):rep(i), nil, copy)
    end
    local _junk = sockets.overwrite_addresses()
    ring:submit()
    for i, cqe in ipairs(rows.reap(ring, 4)) do
      assert.equal(5 * i, cqe.res)
      assert.equal(("text "):rep(i), received(to))
    end
  end)

  it("fails for an address of another family, or of nobody", function()
    local own <close> = rows.owner()
    local name <close> = temp.name()
    rows.assert_fails("sendto", "EAFNOSUPPORT",
      "Address family not supported by protocol", (udp(own, "127.0.0.1")),
      "x", nil, uring.sockaddr("::1", 9))
    local unix = own(uring.socket(C.AF_UNIX, C.SOCK_DGRAM))
    rows.assert_fails("sendto", "ENOENT", "No such file or directory", unix,
      "x", nil, uring.sockaddr("unix:" .. name.path))
  end)

  it("fails for more than a datagram holds", function()
    local own <close> = rows.owner()
    local from, address = udp(own, "127.0.0.1")
    rows.assert_fails("sendto", "EMSGSIZE", "Message too long", from,
      ("x"):rep(65508), nil, address)
  end)

  it("fails where there is no peer, without a signal, and for no socket",
    function()
      local own <close> = rows.owner()
      local address = uring.sockaddr("127.0.0.1", 9)
      rows.assert_fails("sendto", "EPIPE", "Broken pipe",
        own(uring.socket(C.AF_INET, C.SOCK_STREAM)), "x", nil, address)
      rows.assert_fails("sendto", "ENOTSOCK",
        "Socket operation on non-socket", own(uring.pipe()), "x", nil,
        address)
    end)

  -- Of datagrams, of which a Unix socket holds so many: TCP goes on finding
  -- room for a while.
  it("is cancelled while there is no room", function()
    local own <close> = rows.owner()
    local name <close> = temp.name()
    local address = uring.sockaddr("unix:" .. name.path)
    local to = own(uring.socket(C.AF_UNIX, C.SOCK_DGRAM))
    assert(uring.bind(to, address))
    local from = own(uring.socket(C.AF_UNIX, C.SOCK_DGRAM))
    assert.equal(0, (rows.raw("connect", from, address)))
    local res
    repeat
      res = rows.raw("sendto", from, "x", C.MSG_DONTWAIT, address)
    until res ~= 1
    assert.equal(-uring.errno.EAGAIN, res)
    rows.assert_cancelled("sendto", from, "x", nil, address)
  end)
end)
