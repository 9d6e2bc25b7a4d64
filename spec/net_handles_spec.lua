--- What sockets of all kinds can do: options by name, addresses, pairs,
-- descriptors that are adopted or passed.
local leaks = require "spec.support.leaks"
local net = require "uring.net"
local raw = require "uring.ring"
local uring = require "uring"
local within = require "spec.support.within"

local C, errno = raw.consts, uring.errno

uring.op.nop() -- the ring of calls outside of a run is there from now on
leaks.watch()

local LOCAL = "127.0.0.1:0"
local CLOSED = { nil, "closed", errno.ECLOSED }

-- Calls body with a connection, a listener and a UDP socket, in a run.
local function sockets(body)
  return within.run(function()
    local listener <close> = assert(net.listen(LOCAL))
    local conn <close> = assert(net.connect(listener:sockname()))
    local server <close> = assert(listener:accept())
    local datagram <close> = assert(net.udp(LOCAL))
    return body(conn, listener, datagram, server)
  end)
end

describe("an option", function()
  it("is set and told as what it is", function()
    sockets(function(conn, listener)
      assert.is_true(conn:getopt("mtu") > 1000)
      for name, value in pairs {
        nodelay = false, keepalive = true, keepidle = 11, keepintvl = 3,
        keepcnt = 5, reuseaddr = true, reuseport = true, broadcast = true,
        tos = 16, ttl = 33, priority = 4, user_timeout = 2.5,
        congestion = "reno", quickack = false, timestamp = true, cork = true,
        maxseg = 900, notsent_lowat = 4096, syncnt = 3, oobinline = true,
        rcvlowat = 2, bindtodevice = "lo", freebind = true,
      } do
        local done, message = conn:setopt(name, value)
        assert.equal(conn, done, message)
        if name ~= "maxseg" then assert.equal(value, conn:getopt(name)) end
      end
      assert.equal(conn, conn:setopt("sndbuf", 30000))
      assert.equal(60000, conn:getopt("sndbuf")) -- as Linux counts
      assert.equal("stream", conn:getopt("type"))
      assert.equal("inet", conn:getopt("domain"))
      assert.equal(C.IPPROTO_TCP, conn:getopt("protocol"))
      assert.equal(0, conn:getopt("error"))
      assert.is_false(conn:getopt("acceptconn"))
      assert.is_true(listener:getopt("acceptconn"))
      assert.equal("integer", math.type(conn:getopt("incoming_cpu")))
    end)
  end)

  it("that lingers is a table", function()
    sockets(function(conn)
      assert.same({ on = false, seconds = 0 }, conn:getopt("linger"))
      assert(conn:setopt("linger", { on = true, seconds = 3 }))
      assert.same({ on = true, seconds = 3 }, conn:getopt("linger"))
      assert(conn:setopt("linger", 1.5))
      assert.same({ on = true, seconds = 2 }, conn:getopt("linger"))
      for _, off in ipairs { false, { on = false } } do
        assert(conn:setopt("linger", off))
        assert.is_false(conn:getopt("linger").on)
      end
    end)
  end)

  it("of IP is that of the family", function()
    within.run(function()
      local six = net.udp("[::1]:0")
      if not six then return pending("this machine has no IPv6") end
      local _six <close> = six
      assert(six:setopt("ttl", 44))
      assert(six:setopt("multicast_ttl", 5))
      assert(six:setopt("multicast_interface", 1))
      assert(six:setopt("tos", 8))
      assert.same({ 44, 5, 1, 8, true }, { six:getopt("ttl"),
        six:getopt("multicast_ttl"), six:getopt("multicast_interface"),
        six:getopt("tos"), six:getopt("v6only") })
    end)
  end)

  it("that nobody knows raises, and tells those that there are", function()
    sockets(function(conn, listener, datagram)
      for _, handle in ipairs { conn, listener, datagram } do
        for what, call in pairs { setopt = handle.setopt,
          getopt = handle.getopt } do
          assert.error_matches(function() call(handle, "no_delay", true) end,
            what .. ": bad argument 'name' (no option 'no_delay'; there are "
              .. "acceptconn, bindtodevice, ", 1, true)
        end
        assert.error_matches(function() handle:getopt() end, "no option 'nil'")
      end
    end)
  end)

  it("of another kind raises, and says which", function()
    sockets(function(conn)
      for name, bad in pairs {
        nodelay = { 1, "boolean" }, keepidle = { "1", "seconds" },
        sndbuf = { 1.5, "integer" }, mark = { 1 << 40, "integer" },
        congestion = { 1, "string" }, user_timeout = { -1, "seconds" },
        linger = { "on", "false, seconds or {on =, seconds =}" },
      } do
        assert.error_matches(function() conn:setopt(name, bad[1]) end,
          ("setopt: bad argument 'value' of '%s' (%s expected)"):format(name,
            bad[2]), 1, true)
      end
      assert.error_matches(function() conn:setopt("type", 1) end,
        "setopt: option 'type' can only be read")
    end)
  end)

  it("that the kernel refuses says so", function()
    sockets(function(conn, _, datagram)
      assert.same({ nil, "setopt congestion: No such file or directory",
        errno.ENOENT }, { conn:setopt("congestion", "no-such") })
      assert.same({ nil, "getopt nodelay: Operation not supported",
        errno.EOPNOTSUPP }, { datagram:getopt("nodelay") })
      conn:close()
      assert.same(CLOSED, { conn:setopt("nodelay", true) })
      assert.same(CLOSED, { conn:getopt("nodelay") })
    end)
  end)

  it("tells a connection's error once", function()
    sockets(function(conn, _, _, server)
      server:setopt("linger", 0)
      server:close()
      uring.op.poll_add(conn:fileno(), C.POLLERR)
      assert.equal(errno.ECONNRESET, conn:getopt("error"))
      assert.equal(0, conn:getopt("error"))
    end)
  end)
end)

describe("an address", function()
  it("is made of what people write", function()
    for where, text in pairs {
      ["127.0.0.1:80"] = "127.0.0.1:80", ["[::1]:80"] = "[::1]:80",
      [":80"] = "[::]:80", ["unix:/a"] = "unix:/a", ["unix:@b"] = "unix:@b",
      ["localhost:1"] = "127.0.0.1:1",
    } do
      assert.equal(text, tostring(net.addr(where)))
    end
    local address = net.addr("::1", 443)
    assert.same({ "::1", 443, "inet6" }, { address.host, address.port,
      address.family })
    assert.is_true(net.addr(address) == address)
  end)

  it("that is none says so", function()
    assert.same({ nil, "nonsense: not an address (host:port, [host]:port or "
      .. "unix:path)", errno.EINVAL }, { net.addr("nonsense") })
    assert.same({ nil, "a-name, port 80: not a numeric address",
      errno.EINVAL }, { net.addr("a-name", 80) })
    assert.equal(errno.EINVAL, select(3, net.addr("127.0.0.1", -1)))
    assert.same({ nil, "127.0.0.1: no port 65536 (0 to 65535)",
      errno.EINVAL }, { net.addr("127.0.0.1", 65536) })
    assert.same({ nil, "unix:: Invalid argument", errno.EINVAL },
      { net.addr("unix:") })
    local long = "unix:/" .. ("x"):rep(107)
    assert.same({ nil, long .. ": File name too long", errno.ENAMETOOLONG },
      { net.addr(long) })
    assert.equal(107, #net.addr(long:sub(1, -2)).path)
  end)

  it("is checked where it is given, by the name of the function", function()
    local socket <close> = assert(net.udp())
    local expected = "^spec/net_handles_spec.lua:%d+: %s: bad argument "
      .. "'where' %(string or uring.Address expected, got %a+%)$"
    for name, call in pairs {
      addr = function() net.addr {} end,
      connect = function() net.connect({}, 80) end,
      datagram = function() net.datagram {} end,
      listen = function() net.listen {} end,
      sendto = function() socket:sendto("data", {}) end,
      udp = function() net.udp(80) end,
    } do
      local ok, message = pcall(call)
      assert.is_false(ok)
      assert.matches((expected:gsub("%%s", name)), message)
      assert.is_nil(message:find "lua/uring")
    end
    for _, port in ipairs { "80", 80.5, true } do
      for name, call in pairs { addr = net.addr, connect = net.connect } do
        assert.error_matches(function() call("127.0.0.1", port) end,
          name .. ": bad argument 'port' %(integer expected, got ")
      end
    end
    assert.equal(80, net.addr("127.0.0.1", 80.0).port)
  end)

  it("may be a key of a table", function()
    local seen = {}
    for _, where in ipairs { "127.0.0.1:80", "[::1]:80", "unix:/a" } do
      seen[net.addr(where):key()] = where
    end
    for _, where in ipairs { "127.0.0.1:80", "[::1]:80", "unix:/a" } do
      assert.equal(where, seen[net.addr(where):key()])
      assert.is_nil(seen[net.addr("127.0.0.1:81"):key()])
    end
  end)
end)

describe("a pair", function()
  it("of streams is two connections", function()
    within.run(function()
      local one <close>, two = assert(net.socketpair())
      local other <close> = two
      assert(one:write("line\n"))
      assert.equal("line", other:read())
      other:close()
      assert.is_nil(one:read())
    end)
  end)

  it("of messages keeps their borders", function()
    within.run(function()
      for _, kind in ipairs { "datagram", "seqpacket" } do
        local one <close>, two = assert(net.socketpair(kind))
        local other <close> = two
        assert.equal(kind, one:getopt("type"))
        assert(one:send("a"))
        assert(one:send("bc"))
        assert.same({ "a" }, { other:recv() })
        assert.same({ "bc" }, { other:recv() })
      end
      assert.error_matches(function() net.socketpair("tcp") end,
        "socketpair: bad argument 'type'")
    end)
  end)
end)

describe("a pair of seqpacket sockets", function()
  it("has an end, which an empty packet is not", function()
    local function body()
      local one <close>, two = assert(net.socketpair("seqpacket"))
      local other <close> = two
      for _, data in ipairs { "", "a", "", "last" } do
        assert(one:send(data))
      end
      assert.same({ n = 1, "" }, table.pack(other:recv()))
      one:close()
      local got = {}
      for data in other:iter() do got[#got + 1] = data end
      assert.same({ "a", "", "last" }, got)
      assert.same({ n = 1 }, table.pack(other:recv()))
      assert.same({ n = 1 }, table.pack(other:recvfrom()))
    end
    body()
    within.run(body)
  end)

  it("whose other side goes wakes who waits", function()
    within.run(function()
      local one, two = assert(net.socketpair("seqpacket"))
      local other <close> = two
      local waiting = uring.spawn(function()
        return table.pack(other:recv())
      end)
      uring.sleep(0.01)
      one:close()
      assert.same({ n = 1 }, waiting:await())
    end)
  end)
end)

describe("a descriptor", function()
  it("becomes the handle of what it is", function()
    within.run(function()
      local fd, other = raw.socketpair()
      local conn <close> = assert(net.fromfd(fd))
      assert.equal("uring.Conn", conn.__name)
      local peer <close> = assert(net.fromfd(other, "conn"))
      assert(conn:write("x\n"))
      assert.equal("x", peer:read())
      fd = raw.socket(C.AF_INET, C.SOCK_DGRAM)
      local datagram <close> = assert(net.fromfd(fd))
      assert.equal("uring.Datagram", datagram.__name)
      fd = raw.socket(C.AF_INET, C.SOCK_STREAM)
      assert(raw.bind(fd, raw.sockaddr("127.0.0.1", 0)))
      assert(raw.listen(fd))
      local listener <close> = assert(net.fromfd(fd))
      local client <close> = assert(net.connect(listener:sockname()))
      local server <close> = assert(listener:accept())
      assert.is_true(client:peername() == server:sockname())
    end)
  end)

  it("of others that do not wait waits here", function()
    within.run(function()
      local fd, other = raw.socketpair(C.SOCK_STREAM | C.SOCK_NONBLOCK)
      local conn <close> = assert(net.fromfd(fd))
      local peer <close> = assert(net.fromfd(other))
      uring.spawn(function()
        uring.sleep(0.01)
        assert(peer:write("late\n"))
      end)
      assert.equal("late", conn:read())
    end)
  end)

  it("that is no socket, or another, stays the caller's", function()
    within.run(function()
      local fd, other = raw.pipe()
      assert.same({ nil, "fromfd: Socket operation on non-socket",
        errno.ENOTSOCK }, { net.fromfd(fd) })
      assert(raw.close(fd) and raw.close(other))
      fd = raw.socket(C.AF_INET, C.SOCK_DGRAM)
      assert.same({ nil, "fromfd: Protocol wrong type for socket",
        errno.EPROTOTYPE }, { net.fromfd(fd, "conn") })
      assert(raw.close(fd))
      assert.equal(errno.EBADF, select(3, net.fromfd(fd)))
      assert.error_matches(function() net.fromfd("1") end,
        "fromfd: bad argument 'fd'")
      assert.error_matches(function() net.fromfd(1, "file") end,
        "fromfd: bad argument 'kind'")
    end)
  end)
end)
