--- What uring.dns answers without a server, and what it refuses.
local Cache = require "uring.dns.cache"
local dns = require "uring.dns"
local leaks = require "spec.support.leaks"
local servers = require "spec.support.dns"
local temp = require "spec.support.temp"
local test = require "uring.test"
local uring = require "uring"
local within = require "spec.support.within"

local errno = uring.errno

uring.blocking(function() end) -- it keeps its ring from now on
leaks.watch()

local HOSTS = table.concat({
  "# addresses\tand names",
  "192.0.2.1\tone.test first  # the first",
  "2001:db8::1 one.test",
  "192.0.2.2 Two.Test one.test",
  "not-an-address one.test",
  "192.0.2.3",
}, "\n")

local function texts(list, message)
  local found = {}
  for i, address in ipairs(assert(list, message)) do
    found[i] = tostring(address)
  end
  return found
end

local function no_server() error("the server was asked") end

-- Calls body with a resolver that asks no server.
local function with_hosts(body)
  local file <close> = temp.file(HOSTS)
  local resolver <close> = dns.resolver {
    servers = { "127.0.0.1:1" }, hosts = file.path, search = {}, tries = 1,
  }
  return body(resolver)
end

describe("a numeric host", function()
  it("is its own address, inside of a run and outside", function()
    local function look()
      assert.same({ "127.0.0.1:0" }, texts(dns.resolve("127.0.0.1")))
      assert.same({ "[::1]:443" }, texts(dns.resolve("::1", { port = 443 })))
      assert.same({ "[::1]:0" },
        texts(dns.resolve("::1", { family = "inet6" })))
    end
    look()
    within.run(look)
    test.run({}, look)
  end)

  it("has no address of the other family", function()
    assert.same({ nil, "resolve ::1: no such record", errno.EDNS_NODATA,
      n = 3 }, table.pack(dns.resolve("::1", { family = "inet" })))
  end)
end)

describe("what is no domain name", function()
  for what, name in pairs {
    ["nothing"] = "", ["a space"] = "a b", ["a zero byte"] = "127.0.0.1\0x",
    ["too long a name"] = ("a."):rep(128),
  } do
    it("as " .. what .. " is told", function()
      local list, message, code = dns.resolve(name)
      assert.is_nil(list)
      assert.equal("resolve " .. name .. ": not a domain name", message)
      assert.equal(errno.EDNS_BADNAME, code)
      assert.equal(errno.EDNS_BADNAME, (select(3, dns.query(name, "A"))))
    end)
  end

  it("as too long a label is told", function()
    local list, message, code = dns.query(("a"):rep(64) .. ".test", "A")
    assert.is_nil(list)
    assert.matches("not a domain name$", message)
    assert.equal(errno.EDNS_BADNAME, code)
  end)

  it("as a Unix socket is told", function()
    with_hosts(function(resolver)
      assert.is_nil((resolver:resolve("unix:/x", { timeout = 0.2 })))
    end)
  end)
end)

describe("a hosts file", function()
  it("has addresses of names, whatever their case", function()
    with_hosts(function(resolver)
      for _, name in ipairs { "one.test", "ONE.test", "one.test." } do
        assert.same({ "192.0.2.1:7", "[2001:db8::1]:7", "192.0.2.2:7" },
          texts(resolver:resolve(name, { port = 7 })))
      end
      assert.same({ "192.0.2.1:0" }, texts(resolver:resolve("first")))
      assert.same({ "192.0.2.2:0" }, texts(resolver:resolve("two.test")))
    end)
  end)

  it("has addresses of one family, or one family first", function()
    with_hosts(function(resolver)
      assert.same({ "[2001:db8::1]:0" },
        texts(resolver:resolve("one.test", { family = "inet6" })))
      assert.same({ "[2001:db8::1]:0", "192.0.2.1:0", "192.0.2.2:0" },
        texts(resolver:resolve("one.test", { order = "inet6" })))
    end)
  end)

  it("has names of addresses", function()
    with_hosts(function(resolver)
      assert.same({ "one.test", "first" }, resolver:reverse("192.0.2.1"))
      assert.same({ "one.test" }, resolver:reverse("2001:db8:0::1"))
      local address = dns.resolve("192.0.2.2", { port = 80 })[1]
      assert.same({ "Two.Test", "one.test" }, resolver:reverse(address))
    end)
  end)

  it("that is not there is told", function()
    local resolver <close> = dns.resolver { hosts = "/nowhere/hosts" }
    assert.same({ nil, "resolve a.test: /nowhere/hosts: No such file or "
      .. "directory", errno.ENOENT, n = 3 },
      table.pack(resolver:resolve("a.test")))
    assert.same({ nil, "reverse ::1: /nowhere/hosts: No such file or "
      .. "directory", errno.ENOENT, n = 3 },
      table.pack(resolver:reverse("::1")))
  end)

  it("of the system is used, unless one does not want it", function()
    assert.equal("127.0.0.1", dns.resolve("localhost",
      { family = "inet" })[1].host)
    servers.serving(function(question)
      return question:answer { rcode = 3 }
    end, function(server)
      local resolver <close> = servers.asking(server) -- hosts = false
      assert.equal(errno.EDNS_NXDOMAIN,
        (select(3, resolver:reverse("127.0.0.1"))))
      assert.same({ "1.0.0.127.in-addr.arpa" }, server.names)
    end)
  end)
end)

describe("other services of nsswitch.conf", function()
  -- A name that the C library finds in /etc/hosts, and its address.
  local function known_name()
    for line in io.lines "/etc/hosts" do
      local address, name = line:match "^(%d+%.[%d.]+)%s.-([%w-]+)%s*$"
      if name and name ~= "localhost" then return name, address end
    end
    pending "no name in /etc/hosts but localhost"
  end

  -- The names that a resolver finds where the server knows none.
  local function resolve(text, rcode, name, family)
    local file <close> = temp.file(text)
    local list, message, code, count
    servers.serving(function(question)
      return question:answer { rcode = rcode }
    end, function(server)
      local resolver <close> = servers.asking(server,
        { nsswitch = file.path, cache = 60 })
      for _ = 1, 2 do
        list, message, code = resolver:resolve(name,
          { family = family, port = 7 })
      end
      count = server.count
    end)
    return list and texts(list), message, code, count
  end

  it("are asked by getaddrinfo where the DNS does not know a name", function()
    local name, address = known_name()
    for _, line in ipairs {
      "hosts: files mdns4_minimal [NOTFOUND=return] dns",
      "passwd: files\n  hosts:\tdns myhostname # the last\n",
    } do
      for _, rcode in ipairs { 3, 0 } do
        local list, _, _, count = resolve(line, rcode, name, "inet")
        assert.same({ address .. ":7" }, list)
        assert.equal(1, count)
      end
    end
  end)

  it("may not know it either", function()
    assert.same({ nil, "resolve no-such.invalid: no such name",
      errno.EDNS_NXDOMAIN }, { table.unpack({ resolve("hosts: dns wins", 3,
        "no-such.invalid") }, 1, 3) })
  end)

  it("are not asked where there are none, or the server has failed",
    function()
      local name = known_name()
      for _, line in ipairs { "hosts: files [NOTFOUND=continue] dns", "",
        "hosts: files # mdns4", "# hosts: mdns4", "networks: mdns4" } do
        assert.equal(errno.EDNS_NXDOMAIN,
          (select(3, resolve(line, 3, name, "inet"))))
      end
      assert.equal(errno.EDNS_REFUSED,
        (select(3, resolve("hosts: mdns4", 5, name, "inet"))))
    end)
end)

describe("a cache", function()
  local function counting(options, ttl, body)
    servers.serving(function(question)
      local none = question.name:find("none")
      return none and question:answer { rcode = 3 }
        or question:answer { servers.a(192, 0, 2, 1), ttl = ttl }
    end, function(server)
      local resolver <close> = servers.asking(server, options)
      body(resolver, server)
    end)
  end

  local function resolve(resolver, host)
    return texts(resolver:resolve(host, { family = "inet", port = 9 }))[1]
  end

  it("answers what was asked before", function()
    counting({ cache = 60 }, 60, function(resolver, server)
      for _ = 1, 3 do
        assert.equal("192.0.2.1:9", resolve(resolver, "a.test"))
        assert.equal("192.0.2.1:9", resolve(resolver, "A.TEST"))
      end
      assert.equal(1, server.count)
      for _ = 1, 3 do
        local record = assert(resolver:query("a.test", "A"))[1]
        assert.equal("192.0.2.1", record.address)
        assert.is_true(record.ttl == 60 or record.ttl == 59)
        record.address = "spoilt"
      end
      assert.equal(2, server.count)
      assert.is_true(resolver:close())
      assert.equal(errno.ECLOSED, (select(3, resolver:resolve("a.test"))))
      assert.equal(errno.ECLOSED, (select(3, resolver:resolve("127.0.0.1"))))
    end)
  end)

  it("is not there unless one wants it", function()
    for _, options in ipairs { {}, { cache = false }, { cache = 0 } } do
      counting(options, 60, function(resolver, server)
        resolve(resolver, "a.test")
        resolve(resolver, "a.test")
        assert.equal(2, server.count)
      end)
    end
  end)

  it("keeps nothing without a TTL", function()
    counting({ cache = 60 }, 0, function(resolver, server)
      for _ = 1, 2 do resolve(resolver, "a.test") end
      assert.equal(2, server.count)
    end)
  end)

  it("remembers for a while that there is no such name", function()
    local function fails(resolver, times)
      for _ = 1, times do
        assert.same({ nil, "resolve none.test: no such name",
          errno.EDNS_NXDOMAIN },
          { resolver:resolve("none.test", { family = "inet" }) })
        assert.same({ nil, "query none.test A: no such name",
          errno.EDNS_NXDOMAIN }, { resolver:query("none.test", "A") })
      end
    end
    counting({ cache = 60 }, 60, function(resolver, server)
      fails(resolver, 3)
      assert.equal(2, server.count)
    end)
    counting({ cache = 0.02 }, 60, function(resolver, server)
      fails(resolver, 1)
      uring.sleep(0.03)
      fails(resolver, 1)
      assert.equal(4, server.count)
    end)
  end)

  it("remembers that there is no such record, and no failure", function()
    local rcode = 0
    servers.serving(function(question)
      return question:answer { rcode = rcode }
    end, function(server)
      local resolver <close> = servers.asking(server, { cache = 60 })
      for _ = 1, 2 do
        assert.equal(errno.EDNS_NODATA,
          (select(3, resolver:query("a.test", "MX"))))
        assert.equal(errno.EDNS_NODATA,
          (select(3, resolver:resolve("a.test", { family = "inet6" }))))
      end
      assert.equal(2, server.count)
      rcode = 2 -- the server failed
      for _ = 1, 2 do
        assert.is_nil((resolver:query("b.test", "MX")))
      end
      assert.is_true(server.count >= 4)
    end)
  end)

  it("forgets when the time is over", function()
    test.run({}, function()
      local cache = Cache.new(10)
      cache:put("long", { "1" }, 60)
      cache:put("short", { "2" }, 2)
      uring.sleep(1.5)
      assert.same({ { "1" }, 1, n = 2 }, table.pack(cache:get("long")))
      assert.same({ "2" }, (cache:get("short")))
      uring.sleep(1)
      assert.is_nil(cache:get("short"))
      assert.same({ "1" }, (cache:get("long")))
      uring.sleep(8)
      assert.is_nil(cache:get("long"))
    end)
  end)

  it("has an end: what came first goes", function()
    local cache = Cache.new(60)
    for i = 1, 3000 do
      cache:put("same", "again", 60)
      cache:put("key " .. i, tostring(i), 60)
    end
    assert.is_nil(cache:get("key 1"))
    assert.equal("3000", (cache:get("key 3000")))
    assert.equal("again", (cache:get("same")))
    local count = 0
    for _ in pairs(cache.entries) do count = count + 1 end
    assert.is_true(count <= 1024)
    count = 0
    for _ in pairs(cache.order) do count = count + 1 end
    assert.equal(1024, count)
  end)
end)

describe("uring.dns refuses", function()
  for message, call in pairs {
    ["dns.resolve: bad argument 'host' (string expected)"] =
      function() dns.resolve(7) end,
    ["dns.resolve: bad argument 'options' (table expected)"] =
      function() dns.resolve("a", "inet") end,
    ["dns.resolve: bad option 'family'"] =
      function() dns.resolve("a", { family = "ipv4" }) end,
    ["dns.resolve: bad option 'port'"] =
      function() dns.resolve("a", { port = 65536 }) end,
    ["dns.resolve: bad option 'order'"] =
      function() dns.resolve("a", { order = "best" }) end,
    ["dns.resolve: bad option 'timeout'"] =
      function() dns.resolve("a", { timeout = -1 }) end,
    ["dns.resolve: bad option 'colour'"] =
      function() dns.resolve("a", { colour = 1 }) end,
    ["dns.query: bad argument 'name' (string expected)"] =
      function() dns.query(nil, "A") end,
    ["dns.query: bad argument 'type' (no type 'ANY')"] =
      function() dns.query("a", "ANY") end,
    ["dns.query: bad argument 'type' (no type 'nil')"] =
      function() dns.query("a") end,
    ["dns.query: bad option 'family'"] =
      function() dns.query("a", "A", { family = "inet" }) end,
    ["dns.reverse: bad argument 'address' (numeric host or uring.Address of "
      .. "one expected)"] = function() dns.reverse({}) end,
    ["dns.reverse: bad option 'port'"] =
      function() dns.reverse("::1", { port = 1 }) end,
    ["dns.resolver: bad argument 'options' (table expected)"] =
      function() dns.resolver("127.0.0.1") end,
    ["dns.resolver: bad option 'server'"] =
      function() dns.resolver { server = "127.0.0.1" } end,
    ["dns.resolver: bad option 'servers'"] =
      function() dns.resolver { servers = { "localhost" } } end,
    ["dns.resolver: bad option 'tries'"] =
      function() dns.resolver { tries = 0 } end,
    ["dns.resolver: bad option 'search'"] =
      function() dns.resolver { search = { "a,b" } } end,
    ["dns.resolver: bad option 'nsswitch'"] =
      function() dns.resolver { nsswitch = true } end,
    ["dns.resolver: bad option 'cache'"] =
      function() dns.resolver { cache = true } end,
    ["dns.resolver: bad option 'hosts'"] =
      function() dns.resolver { hosts = true } end,
  } do
    it(message, function()
      local ok, problem = pcall(call)
      assert.is_false(ok)
      assert.matches(message, problem, 1, true)
      assert.matches("dns_options_spec.lua:%d+: ", problem)
    end)
  end

  it("a Unix address", function()
    local address = assert(require("uring.core").sockaddr("unix:/x"))
    assert.is_false((pcall(dns.reverse, address)))
    assert.same({ nil, "reverse a.test: not a numeric host", errno.EINVAL,
      n = 3 }, table.pack(dns.reverse("a.test")))
  end)

  it("to be simulated", function()
    assert.is_truthy(dns.resolve("localhost")) -- a channel rests from now on
    local ok, problem = pcall(test.run, {}, function()
      dns.resolve("a.test")
    end)
    assert.is_false(ok)
    assert.matches("uring.test does not simulate the DNS", problem, 1, true)
  end)
end)

describe("a resolver", function()
  it("takes servers in each way they are written", function()
    for written, shown in pairs {
      ["192.0.2.1"] = "192.0.2.1:53", ["192.0.2.1:5353"] = "192.0.2.1:5353",
      ["::1"] = "[::1]:53", ["[::1]:5353"] = "[::1]:5353",
      ["[::1]"] = "[::1]:53",
    } do
      local resolver <close> = dns.resolver { servers = { written } }
      assert.equal("uring.Resolver (" .. shown .. ")", tostring(resolver))
    end
    local resolver <close> = dns.resolver()
    assert.equal("uring.Resolver (the system's servers)", tostring(resolver))
  end)

  it("asks no server for what it knows", function()
    servers.serving(no_server, function(server)
      local file <close> = temp.file(HOSTS)
      local resolver <close> = servers.asking(server, { hosts = file.path })
      assert.equal(3, #resolver:resolve("one.test"))
      assert.equal(1, #resolver:resolve("192.0.2.77"))
      assert.equal(0, server.count)
    end)
  end)
end)
