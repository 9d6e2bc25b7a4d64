--- Datagrams, of UDP and of Unix sockets: sent, received whole or cut, to
-- groups, and refused.
local abstract = require "spec.support.abstract"
local leaks = require "spec.support.leaks"
local names = require "uring.net.names"
local net = require "uring.net"
local process = require "spec.support.process"
local raw = require "uring.ring"
local temp = require "spec.support.temp"
local uring = require "uring"
local within = require "spec.support.within"

local C, errno = raw.consts, uring.errno

uring.op.nop() -- the ring of calls outside of a run is there from now on
leaks.watch()

local LOCAL = "127.0.0.1:0"
local CLOSED = { nil, "closed", errno.ECLOSED }
local TIMEOUT = { nil, "timeout", errno.ETIMEDOUT }

-- Calls body with two sockets and their addresses, in a run.
local function pair(body)
  return within.run(function()
    local one <close> = assert(net.udp(LOCAL))
    local other <close> = assert(net.udp(LOCAL))
    return body(one, other, one:sockname(), other:sockname())
  end)
end

describe("a datagram", function()
  it("comes whole, with the address of its sender", function()
    pair(function(one, other, from, to)
      for _, data in ipairs { "hello", "", ("x"):rep(65507) } do
        assert.equal(one, one:sendto(data, to))
        local got, peer, truncated = other:recvfrom()
        assert.is_true(got == data)
        assert.is_true(peer == from)
        assert.is_nil(truncated)
      end
      assert(one:sendto("one", to))
      assert(one:sendto("two", to))
      assert.same({ "one" }, { other:recv() })
      assert.same({ "two" }, { other:recv() })
    end)
  end)

  it("that is larger than the room for it is cut, and that is told",
    function()
      pair(function(one, other, from, to)
        for _ = 1, 2 do
          assert(one:sendto("0123456789", to))
          local got, peer, truncated = other:recvfrom(4)
          assert.equal("0123", got)
          assert.is_true(peer == from)
          assert.is_true(truncated)
          assert(one:sendto("0123456789", to))
          assert.same({ "01234", true }, { other:recv(5) })
          assert(one:sendto("0123", to))
          assert.same({ "0123" }, { other:recv(4) })
        end
      end)
    end)

  it("may be a Buffer, and go to a text or a name", function()
    pair(function(one, other, _, to)
      local buffer = raw.buffer(3)
      buffer:set(1, "abc")
      assert(one:sendto(buffer, tostring(to)))
      assert.equal("abc", other:recv())
      assert(one:sendto("x", "localhost:" .. to.port))
      assert.equal("x", other:recv())
      local before <const> = names.resolver
      local _guard <close> = setmetatable({}, { __close = function()
        names.resolver = before
      end })
      function names.resolver(host, options)
        if host ~= "peer" then return nil, "unknown " .. host, -100 end
        return { raw.sockaddr("127.0.0.1", options.port) }
      end
      assert(one:sendto("named", "peer:" .. to.port))
      assert.equal("named", other:recv())
      assert.same({ nil, "sendto unknown nobody", -100 },
        { one:sendto("", "nobody:1") })
    end)
  end)

  it("that is too large is refused", function()
    pair(function(one, _, _, to)
      assert.same({ nil, ("sendto %s: Message too long"):format(to),
        errno.EMSGSIZE }, { one:sendto(("x"):rep(70000), to) })
      assert(one:connect(to))
      assert.same({ nil, "send: Message too long", errno.EMSGSIZE },
        { one:send(("x"):rep(70000)) })
    end)
  end)

  it("goes to and comes from others' programs", function()
    pair(function(one)
      local client <close> = process.start { "sh", "-c",
        "printf ping | timeout 20 socat -T 10 - UDP:127.0.0.1:" ..
        one:sockname().port }
      local data, from = one:recvfrom()
      assert.equal("ping", data)
      assert(one:sendto("pong\n", from))
      client:expect "^pong\n"
    end)
  end)

  it("goes over IPv6 as well, and to IPv4 from there", function()
    within.run(function()
      local six = net.udp("[::1]:0")
      if not six then return pending("this machine has no IPv6") end
      local _six <close> = six
      local any <close> = assert(net.udp(":0"))
      local four <close> = assert(net.udp(LOCAL))
      assert.equal("inet6", any:sockname().family)
      assert(any:sendto("six", six:sockname()))
      assert.equal("six", six:recv())
      assert(any:sendto("four", "127.0.0.1:" .. four:sockname().port))
      local data, from = four:recvfrom()
      assert.equal("four", data)
      assert.equal("127.0.0.1:" .. any:sockname().port, tostring(from))
    end)
  end)
end)

describe("a socket that is connected", function()
  it("hears one peer alone", function()
    pair(function(one, other, from, to)
      local third <close> = assert(net.udp(LOCAL))
      assert.equal(one, one:connect(to))
      assert.is_true(one:peername() == to)
      assert(third:sendto("no", from))
      assert(other:sendto("yes", from))
      assert.equal("yes", one:recv())
      assert.equal(one, one:send("hi"))
      assert.equal("hi", other:recv())
      assert.same(TIMEOUT, { one:settimeout(0.01):recv() })
    end)
  end)

  it("is told that nobody is there, and goes on", function()
    pair(function(one, other, _, to)
      assert(one:connect(to))
      other:close()
      uring.sleep(0.01)
      assert(one:send("a"))
      assert.same({ nil, "recv: Connection refused", errno.ECONNREFUSED },
        { one:settimeout(5):recv() })
      assert(one:send("b"))
      uring.sleep(0.01)
      assert.same({ nil, "send: Connection refused", errno.ECONNREFUSED },
        { one:send("c") })
    end)
  end)

  it("cannot connect to what is no address", function()
    pair(function(one)
      assert.same({ nil, "connect nowhere: not an address (host:port, "
        .. "[host]:port or unix:path)", errno.EINVAL },
        { one:connect("nowhere") })
    end)
  end)
end)

describe("receiving", function()
  it("iterates until the socket is closed", function()
    pair(function(one, other, from, to)
      local got = {}
      local task = uring.spawn(function()
        for data, peer, truncated in other:iter(3) do
          assert.is_true(peer == from)
          got[#got + 1] = data .. (truncated and "+" or "")
        end
      end)
      for _, data in ipairs { "a", "", "long" } do one:sendto(data, to) end
      while #got < 3 do uring.yield() end
      other:close()
      task:await()
      assert.same({ "a", "", "lon+" }, got)
    end)
  end)

  it("ends where the socket is closed, for all that wait", function()
    pair(function(one)
      local got = {}
      for i = 1, 3 do
        uring.spawn(function() got[i] = { one:recvfrom() } end)
      end
      uring.yield()
      one:close()
      uring.sleep(0.01)
      assert.same({ CLOSED, CLOSED, CLOSED }, got)
      assert.same(CLOSED, { one:recv() })
      assert.same(CLOSED, { one:send("") })
      assert.same(CLOSED, { one:sendto("", "127.0.0.1:1") })
      assert.same(CLOSED, { one:connect("127.0.0.1:1") })
      assert.same(CLOSED, { one:join("239.1.2.3") })
      assert.is_nil(one:iter()())
    end)
  end)

  it("that is cancelled or late loses no datagram", function()
    pair(function(one, other, _, to)
      assert.is_nil((uring.timeout(0.01, other.recvfrom, other)))
      other:settimeout(0.01)
      assert.same(TIMEOUT, { other:recvfrom() })
      assert(one:sendto("still here", to))
      assert.equal("still here", other:recv())
    end)
  end)

  it("works outside of a run", function()
    local one <close> = assert(net.udp(LOCAL))
    local other <close> = assert(net.udp(LOCAL))
    assert(one:sendto("outside", other:sockname()))
    assert.equal("outside", other:recv())
    assert.same(TIMEOUT, { other:settimeout(0.01):recvfrom() })
    assert(one:settimeout(1):sendto("again", other:sockname()))
    assert.equal("again", other:recv())
  end)

  it("keeps up with thousands", function()
    pair(function(one, other, _, to)
      local count <const> = 3000
      uring.spawn(function()
        for i = 1, count do
          assert(one:sendto(tostring(i), to))
          if i % 20 == 0 then uring.sleep(0) end
        end
      end)
      for i = 1, count do assert.equal(tostring(i), other:recv()) end
    end)
  end)
end)

describe("a group", function()
  it("is joined and left", function()
    within.run(function()
      local one <close> = assert(net.udp("0.0.0.0:0"))
      local other <close> = assert(net.udp(LOCAL, { multicast_ttl = 1 }))
      local group = "239.255.77.7:" .. one:sockname().port
      assert.equal(one, one:join("239.255.77.7", "lo"))
      assert(other:setopt("multicast_interface", 1)) -- lo, everywhere
      assert(other:sendto("to all", group))
      assert.equal("to all", one:settimeout(5):recv())
      assert(other:setopt("multicast_loop", false))
      assert.is_false(other:getopt("multicast_loop"))
      assert(other:setopt("multicast_loop", true))
      assert.equal(one, one:leave("239.255.77.7", "lo"))
      assert(other:sendto("to nobody", group))
      assert.same(TIMEOUT, { one:settimeout(0.02):recv() })
    end)
  end)

  it("is an address of its kind, on an interface that is there", function()
    pair(function(one)
      assert.same({ nil, "join 127.0.0.1: Invalid argument", errno.EINVAL },
        { one:join("127.0.0.1") })
      assert.same({ nil, "join a-name: not a numeric address",
        errno.EINVAL }, { one:join("a-name") })
      assert.same({ nil, "join no-such-0: No such device", errno.ENODEV },
        { one:join("239.1.2.3", "no-such-0") })
      assert.error_matches(function() one:join(5) end,
        "join: bad argument 'group'")
      assert.error_matches(function() one:join("239.1.2.3", {}) end,
        "bad argument 'interface' (name or index expected)", 1, true)
    end)
  end)
end)

describe("a Unix socket of datagrams", function()
  it("has a path or a name, or none", function()
    local name <close> = temp.name()
    within.run(function()
      local one = assert(net.datagram("unix:" .. name.path, { mode = 384 }))
      local other <close> = assert(net.datagram(abstract "gram"))
      local none <close> = assert(net.datagram())
      assert.equal("socket 600", process.capture("stat -c '%F %a' "
        .. name.path))
      assert(other:sendto("hello", one:sockname()))
      local data, from = one:recvfrom()
      assert.equal("hello", data)
      assert(one:sendto("back", from))
      assert.equal("back", other:recv())
      assert(none:sendto("?", "unix:" .. name.path))
      data, from = one:recvfrom()
      assert.equal("?", data)
      assert.is_true(from == nil or from.path == "")
      one:close()
      assert.is_nil(io.open(name.path))
      assert.same({ nil, ("sendto unix:%s: No such file or directory"):format(
        name.path), errno.ENOENT }, { none:sendto("", "unix:" .. name.path) })
    end)
  end)

  it("waits where the other side does not receive", function()
    within.run(function()
      local one <close>, two = assert(net.socketpair("datagram"))
      local other <close> = two
      one:settimeout(0.02)
      local sent = 0
      repeat
        local done, message = one:send(("x"):rep(1000))
        if done then sent = sent + 1 end
      until not done or message
      assert.is_true(sent > 1)
      local task = uring.spawn(function()
        for _ = 1, sent do assert.equal(1000, #other:recv()) end
      end)
      assert(one:settimeout(5):send("more"))
      task:await()
      assert.equal("more", other:recv())
    end)
  end)
end)

describe("making a socket of datagrams", function()
  it("takes options", function()
    within.run(function()
      local one <close> = assert(net.udp { reuseport = true, ttl = 9,
        broadcast = true, rcvbuf = 50000 })
      assert.equal("0.0.0.0", one:sockname().host)
      assert.equal(9, one:getopt("ttl"))
      assert.is_true(one:getopt("broadcast"))
      assert.equal(100000, one:getopt("rcvbuf"))
      local other <close> = assert(net.udp(one:sockname(),
        { reuseport = true }))
      assert.is_true(other:sockname() == one:sockname())
      assert.same({ nil, ("udp %s: Address already in use"):format(
        one:sockname()), errno.EADDRINUSE }, { net.udp(one:sockname()) })
    end)
  end)

  it("refuses what it does not know", function()
    within.run(function()
      for _, bad in ipairs {
        { "udp: bad option 'backlog'", net.udp, LOCAL, { backlog = 1 } },
        { "udp: bad option 'family'", net.udp, { family = "unix" } },
        { "use net.datagram", net.udp, "unix:/x" },
        { "use net.udp", net.datagram, LOCAL },
        { "datagram: bad option 'ttl'", net.datagram, nil, { ttl = 1 } },
      } do
        assert.error_matches(function()
          bad[2](table.unpack(bad, 3, 4))
        end, bad[1], 1, true)
      end
      local one <close> = assert(net.udp(LOCAL))
      for _, max in ipairs { 0, 1.5, "x" } do
        assert.error_matches(function() one:recvfrom(max) end,
          "recvfrom: bad argument 'max'")
      end
      for _, data in ipairs { 5, {} } do
        assert.error_matches(function() one:sendto(data, LOCAL) end,
          "sendto: bad argument 'data'")
      end
    end)
  end)

  it("prints as what it is", function()
    pair(function(one)
      assert.equal(("uring.Datagram (fd %d, %s)"):format(one:fileno(),
        one:sockname()), tostring(one))
      assert.equal(C.SOCK_DGRAM, raw.getsockopt(one:fileno(), C.SOL_SOCKET,
        C.SO_TYPE))
    end)
  end)
end)
