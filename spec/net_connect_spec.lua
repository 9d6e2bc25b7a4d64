--- Connecting: options, names, several addresses at once, and every way in
-- which it may fail or be ended.
local blackhole = require "spec.support.blackhole"
local eyeballs = require "uring.net.eyeballs"
local leaks = require "spec.support.leaks"
local net = require "uring.net"
local process = require "spec.support.process"
local raw = require "uring.ring"
local uring = require "uring"
local within = require "spec.support.within"

local errno = uring.errno

uring.op.nop() -- the ring of calls outside of a run is there from now on
leaks.watch()

local LOCAL = "127.0.0.1:0"

-- An address where nobody listens.
local function refusing(host)
  local fd = raw.socket(host and host:find ":" and raw.consts.AF_INET6
    or raw.consts.AF_INET, raw.consts.SOCK_STREAM)
  assert(raw.bind(fd, raw.sockaddr(host or "127.0.0.1", 0)))
  local address = raw.getsockname(fd)
  raw.close(fd)
  return address
end

-- A resolver that gives these addresses, and notes what it is asked.
local function resolver(addresses, asked)
  return function(host, options)
    if asked then
      asked[#asked + 1] = { host, options.family, options.port }
    end
    return addresses
  end
end

local function texts(addresses)
  local list = {}
  for i, each in ipairs(addresses) do list[i] = each.host end
  return table.concat(list, " ")
end

describe("a connection", function()
  it("has the options that connect was given, and good ones", function()
    within.run(function()
      local listener <close> = assert(net.listen(LOCAL))
      local where = listener:sockname()
      local plain <close> = assert(net.connect(where))
      assert.is_true(plain:getopt("nodelay"))
      assert.is_false(plain:getopt("keepalive"))
      local conn <close> = assert(net.connect(where, {
        nodelay = false, keepalive = { idle = 30, interval = 7, count = 4 },
      }))
      assert.is_false(conn:getopt("nodelay"))
      assert.is_true(conn:getopt("keepalive"))
      assert.same({ 30, 7, 4 }, { conn:getopt("keepidle"),
        conn:getopt("keepintvl"), conn:getopt("keepcnt") })
      local alive <close> = assert(net.connect(where.host, where.port,
        { keepalive = true }))
      assert.is_true(alive:getopt("keepalive"))
    end)
  end)

  it("comes from the address that it is told to", function()
    within.run(function()
      local listener <close> = assert(net.listen(LOCAL))
      local conn <close> = assert(net.connect(listener:sockname(),
        { local_addr = "127.0.0.9" }))
      assert.equal("127.0.0.9", conn:sockname().host)
      local port = refusing("127.0.0.8").port
      local other <close> = assert(net.connect(listener:sockname(),
        { local_addr = "127.0.0.8:" .. port }))
      assert.equal("127.0.0.8:" .. port, tostring(other:sockname()))
      local none, message, code = net.connect(listener:sockname(),
        { local_addr = "192.0.2.1" })
      assert.is_nil(none)
      assert.equal(("connect %s: Cannot assign requested address"):format(
        listener:sockname()), message)
      assert.equal(errno.EADDRNOTAVAIL, code)
      assert.same({ nil, ("connect %s: Address family not supported by "
        .. "protocol"):format(listener:sockname()), errno.EAFNOSUPPORT },
        { net.connect(listener:sockname(), { local_addr = "::1" }) })
    end)
  end)

  it("sends its first bytes with its request where it may", function()
    within.run(function()
      local listener <close> = assert(net.listen(LOCAL, { fastopen = true }))
      assert.equal(256, listener:getopt("fastopen"))
      local conn <close> = assert(net.connect(listener:sockname(),
        { fastopen = true }))
      assert.is_true(conn:getopt("fastopen_connect"))
      assert(conn:write("early\n"))
      local server <close> = assert(listener:accept())
      assert.equal("early", server:read())
    end)
  end)

  it("that cannot have an option says which", function()
    within.run(function()
      local listener <close> = assert(net.listen(LOCAL))
      local where = listener:sockname()
      assert.same({ nil, ("connect %s: setopt bindtodevice: No such device")
        :format(where), errno.ENODEV },
        { net.connect(where, { bind_device = "no-such-device" }) })
    end)
  end)

  it("is made outside of a run as well", function()
    local listener <close> = assert(net.listen(LOCAL))
    local where = listener:sockname()
    local one <close> = assert(net.connect(where))
    local other <close> = assert(net.connect("a-name", where.port, {
      timeout = 5,
      resolver = resolver { refusing("127.0.0.2"), where },
    }))
    assert.is_true(one:peername() == where)
    assert.is_true(other:peername() == where)
  end)
end)

describe("connect", function()
  it("refuses options that are none", function()
    within.run(function()
      for _, bad in ipairs {
        { { timeout = -1 }, "bad option 'timeout' (number expected)" },
        { { timeout = 0 / 0 }, "bad option 'timeout'" },
        { { nodelay = 1 }, "bad option 'nodelay' (boolean expected)" },
        { { family = "ip" }, "bad option 'family' (\"inet\" or \"inet6\"" },
        { { keepalive = { every = 1 } }, "keepalive: bad option 'every'" },
        { { happy_eyeballs = "no" },
          "bad option 'happy_eyeballs' (boolean or number expected)" },
        { { port = 80 }, "bad option 'port' (there are bind_device, fam" },
      } do
        assert.error_matches(function() net.connect(LOCAL, bad[1]) end,
          "connect: " .. bad[2], 1, true)
      end
      assert.error_matches(function() net.connect("127.0.0.1", 80, true) end,
        "connect: bad argument 'options' (table expected, got boolean)", 1,
        true)
    end)
  end)
end)

describe("a name", function()
  it("is resolved, and its addresses are tried", function()
    within.run(function()
      local listener <close> = assert(net.listen(LOCAL))
      local where, asked = listener:sockname(), {}
      local find = resolver({ where }, asked)
      for _, options in ipairs { {}, { family = "inet" } } do
        options.resolver = find
        local conn <close> = assert(net.connect("example.org:" .. where.port,
          options))
        assert.is_true(conn:peername() == where)
      end
      assert.same({ { "example.org", nil, where.port },
        { "example.org", "inet", where.port } }, asked)
    end)
  end)

  it("raises where a resolver of one's own returns what it should not",
    function()
      within.run(function()
        for _, answer in ipairs { "192.0.2.1", true, 5, { "192.0.2.1" } } do
          assert.error_matches(function()
            net.connect("a-name", 80, {
              resolver = function() return answer end,
            })
          end, "the option 'resolver' has not returned a list of "
            .. "uring.Address", 1, true)
        end
      end)
    end)

  it("that nobody knows says why", function()
    within.run(function()
      assert.same({ nil, "connect resolve nobody: unknown", -100 },
        { net.connect("nobody", 80, { resolver = function(host)
          return nil, "resolve " .. host .. ": unknown", -100
        end }) })
    end)
  end)

  it("that has no address of a family says so", function()
    within.run(function()
      for _, where in ipairs { "127.0.0.1", "example.org" } do
        assert.same({ nil, ("connect %s: no address of family inet6")
          :format(where), errno.EAFNOSUPPORT }, { net.connect(where, 80, {
            family = "inet6",
            resolver = resolver { raw.sockaddr("127.0.0.1", 80) },
          }) })
      end
    end)
  end)

  it("takes from the time that connecting has", function()
    within.run(function()
      local began = uring.now()
      assert.same({ nil, "timeout", errno.ETIMEDOUT },
        { net.connect("slow", 80, {
          timeout = 0.02, resolver = function() uring.sleep(60) end,
        }) })
      assert.is_true(uring.now() - began < 5)
    end)
  end)

  it("localhost is this machine, in both families", function()
    within.run(function()
      local listener <close> = assert(net.listen("localhost:0"))
      local port = listener:sockname().port
      assert.equal("127.0.0.1", listener:sockname().host)
      local conn <close> = assert(net.connect("localhost", port))
      assert.equal("127.0.0.1", conn:peername().host)
      local six = net.listen("[::1]:0")
      if not six then return pending("this machine has no IPv6") end
      local _six <close> = six
      port = six:sockname().port
      local other <close> = assert(net.connect("localhost", port))
      assert.equal("::1", other:peername().host)
    end)
  end)
end)

describe("of several addresses", function()
  it("the families take turns", function()
    local function addresses(...)
      local list = { ... }
      for i, host in ipairs(list) do list[i] = raw.sockaddr(host, 1) end
      return texts(eyeballs.interleave(list))
    end
    assert.equal("::1 127.0.0.1 ::2 127.0.0.2 ::3", addresses("::1", "::2",
      "::3", "127.0.0.1", "127.0.0.2"))
    assert.equal("127.0.0.1 ::1 127.0.0.2", addresses("127.0.0.1",
      "127.0.0.2", "::1"))
    assert.equal("::1", addresses("::1"))
  end)

  it("the next is tried when one is slow, and the first to answer wins",
    function()
      within.run(function()
        local hole <close> = blackhole.open()
        local listener <close> = assert(net.listen("127.0.0.2:0"))
        local began = uring.now()
        local conn <close> = assert(net.connect("both", 1, {
          happy_eyeballs = 0.05, timeout = 10,
          resolver = resolver { hole.address, listener:sockname() },
        }))
        local took = uring.now() - began
        assert.is_true(conn:peername() == listener:sockname())
        assert.is_true(took >= 0.05 and took < 5, took)
      end)
    end)

  it("the next is tried at once when one has failed", function()
    within.run(function()
      local listener <close> = assert(net.listen("127.0.0.2:0"))
      local began = uring.now()
      local conn <close> = assert(net.connect("both", 1, {
        happy_eyeballs = 30, resolver = resolver {
          refusing(), refusing(), listener:sockname() },
      }))
      assert.is_true(conn:peername() == listener:sockname())
      assert.is_true(uring.now() - began < 5)
    end)
  end)

  it("one waits for the other where they are not to be tried at once",
    function()
      within.run(function()
        local hole <close> = blackhole.open()
        local listener <close> = assert(net.listen("127.0.0.2:0"))
        assert.same({ nil, "timeout", errno.ETIMEDOUT },
          { net.connect("both", 1, {
            happy_eyeballs = false, timeout = 0.4,
            resolver = resolver { hole.address, listener:sockname() },
          }) })
      end)
    end)

  it("those that answer together give one connection", function()
    within.run(function()
      local one <close> = assert(net.listen(LOCAL))
      local two <close> = assert(net.listen(LOCAL))
      local places = { one:sockname(), two:sockname(), one:sockname(),
        two:sockname() }
      for _ = 1, 20 do
        local conn <close> = assert(net.connect("all", 1, {
          happy_eyeballs = 0, resolver = resolver(places),
        }))
        assert.equal("127.0.0.1", conn:peername().host)
      end
    end)
  end)

  it("none answers: the error names the one that tells most", function()
    within.run(function()
      local refused = refusing()
      for _, order in ipairs { { 1, 2 }, { 2, 1 } } do
        local list = { refused, raw.sockaddr("255.255.255.255", 1) }
        local conn, message, code = net.connect("none", 7, {
          resolver = resolver { list[order[1]], list[order[2]] },
        })
        assert.is_nil(conn)
        assert.equal(("connect none port 7: none of 2 addresses: %s: "
          .. "Connection refused"):format(refused), message)
        assert.equal(errno.ECONNREFUSED, code)
      end
    end)
  end)

  it("whoever is cancelled meanwhile leaves nothing behind", function()
    within.run(function()
      local hole <close> = blackhole.open()
      local find = resolver { hole.address, hole.address, hole.address }
      for _, seconds in ipairs { 0, 0.01, 0.03 } do
        assert.equal("timeout", select(2, uring.timeout(seconds, net.connect,
          "holes", 1, { happy_eyeballs = 0.01, resolver = find })))
      end
      local task = uring.spawn(net.connect, hole.address)
      uring.sleep(0.01)
      task:cancel()
      assert.is_false((task:result()))
    end)
  end)

  it("IPv4 is taken where there is no IPv6", function()
    local result = process.shell([[
      unshare -n true 2>/dev/null || { echo no namespaces; exit; }
      unshare -n sh -c '
        ip link set lo up
        echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
        exec "$0" -e "$1"' "$1" "$2"
    ]], process.LUA, [[
      local uring, net = require "uring", require "uring.net"
      uring.run(function()
        local listener <close> = assert(net.listen("127.0.0.1:0"))
        local port = listener:sockname().port
        local function find(_, options)
          local raw = require "uring.ring"
          return { raw.sockaddr("::1", options.port),
            raw.sockaddr("127.0.0.1", options.port) }
        end
        local conn <close> = assert(net.connect("name", port,
          { resolver = find }))
        print(conn:peername().host)
        print(select(3, net.connect("::1", port)))
        local any <close> = assert(net.listen(":0"))
        local other <close> = assert(net.connect("127.0.0.1",
          any:sockname().port))
        print(other:peername().host)
      end)
    ]])
    if result.out == "no namespaces\n" then pending(result.out) end
    assert.same({ code = 0, err = "", out = ("127.0.0.1\n%d\n127.0.0.1\n")
      :format(errno.EADDRNOTAVAIL) }, result)
  end)
end)

describe("connecting to a black hole", function()
  it("takes as long as it may, and closes its socket", function()
    within.run(function()
      local hole <close> = blackhole.open()
      for _, seconds in ipairs { 0, 0.02 } do
        assert.same({ nil, "timeout", errno.ETIMEDOUT },
          { net.connect(hole.address, { timeout = seconds }) })
      end
    end)
  end)

  it("ends with the task that does it", function()
    within.run(function()
      local hole <close> = blackhole.open()
      uring.race {
        function() return net.connect(hole.address) end,
        function() uring.sleep(0.02) end,
      }
    end)
  end)
end)
