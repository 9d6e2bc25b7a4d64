--- Servers that do not answer as they should: uring.dns goes on, or says why
-- not.
local dns = require "uring.dns"
local leaks = require "spec.support.leaks"
local servers = require "spec.support.dns"
local temp = require "spec.support.temp"
local uring = require "uring"

local errno = uring.errno

uring.blocking(function() end) -- it keeps its ring from now on
leaks.watch()

local A = servers.a(192, 0, 2, 1)
local INET = { family = "inet" }

local function right(question) return question:answer { A } end

local function silent() end

-- What resolve says with one server, as a list.
local function resolve_with(udp, options, tcp)
  return servers.serving(udp, function(server)
    local resolver <close> = servers.asking(server, options)
    local found = table.pack(resolver:resolve("a.test", INET))
    return found, server
  end, tcp)
end

local function assert_found(found)
  assert(found[1], found[2])
  assert.equal(1, #found[1])
  assert.equal("192.0.2.1:0", tostring(found[1][1]))
end

describe("a server", function()
  it("that answers properly is asked once", function()
    local found, server = resolve_with(right)
    assert_found(found)
    assert.equal(1, server.count)
  end)

  it("that never answers is asked again, then it is a timeout", function()
    local found, server = resolve_with(silent, { timeout = 0.05, tries = 2 })
    assert.same({ nil, "timeout", errno.ETIMEDOUT, n = 3 }, found)
    assert.equal(2, server.count)
  end)

  it("that never answers costs no more than the time for the call", function()
    servers.serving(silent, function(server)
      local resolver <close> = servers.asking(server)
      local since = uring.now()
      for _, ask in ipairs {
        function(o) return resolver:resolve("a.test", o) end,
        function(o) return resolver:query("a.test", "MX", o) end,
        function(o) return resolver:reverse("192.0.2.1", o) end,
      } do
        assert.same({ nil, "timeout", errno.ETIMEDOUT, n = 3 },
          table.pack(ask { timeout = 0.05 }))
      end
      assert.is_true(uring.now() - since < 4)
    end)
  end)

  it("that never answers is followed by the next", function()
    servers.serving(silent, function(first)
      servers.serving_too(right, function(second)
        local resolver <close> = servers.asking(first, {
          servers = { first.address, second.address }, timeout = 0.1,
          tries = 2, rotate = false,
        })
        assert_found(table.pack(resolver:resolve("a.test", INET)))
        assert.equal(1, first.count)
        assert.equal(1, second.count)
      end)
    end)
  end)

  it("that fails is followed by the next", function()
    servers.serving(function(question)
      return question:answer { rcode = 2 }
    end, function(first)
      servers.serving_too(right, function(second)
        local resolver <close> = servers.asking(first, {
          servers = { first.address, second.address }, tries = 2,
          rotate = false,
        })
        assert_found(table.pack(resolver:resolve("a.test", INET)))
        assert.equal(1, first.count)
      end)
    end)
  end)

  it("whose answer has a wrong id is not believed", function()
    local found = resolve_with(function(question)
      local forged = question:answer {
        servers.a(198, 51, 100, 66), id = question.id ~ 1,
      }
      return forged, right(question)
    end)
    assert_found(found)
  end)

  it("whose answer is to another question is not believed", function()
    local found = resolve_with(function(question)
      local forged = question:answer {
        servers.a(198, 51, 100, 66), asked = "\1b\4test\0\0\1\0\1",
      }
      return forged, right(question)
    end)
    assert_found(found)
  end)

  it("that sends garbage is asked again, or listened to longer", function()
    for _, garbage in ipairs { "x", ("\0"):rep(11), ("\xff"):rep(600) } do
      local first = true
      local found = resolve_with(function(question)
        if not first then return right(question) end
        first = false
        return garbage, right(question)
      end, { timeout = 0.3, tries = 4 })
      assert_found(found)
    end
  end)

  it("that has truncated its answer is asked by TCP", function()
    local found, server = resolve_with(function(question)
      return question:answer { truncated = true }
    end, {}, right)
    assert_found(found)
    assert.equal(1, server.count)
    assert.equal(1, server.tcp)
  end)

  it("that takes its time is waited for", function()
    local found = resolve_with(function(question)
      uring.sleep(0.2)
      return right(question)
    end)
    assert_found(found)
  end)

  for rcode, name in pairs { "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP",
    "REFUSED" } do
    it("that says " .. name .. " is quoted", function()
      local found = resolve_with(function(question)
        return question:answer { rcode = rcode }
      end)
      assert.is_nil(found[1])
      assert.matches("^resolve a%.test: %l", found[2])
      assert.equal(errno["EDNS_" .. name], found[3])
      assert.equal(-100 - rcode, found[3])
    end)
  end

  it("that does not know EDNS is asked without", function()
    local sizes = {}
    local found = resolve_with(function(question)
      sizes[#sizes + 1] = question.size
      if #sizes == 1 then return question:answer { rcode = 1 } end
      return right(question)
    end)
    assert_found(found)
    assert.equal(2, #sizes)
    assert.is_true(sizes[2] < sizes[1])
  end)

  it("that is not there refuses the connection", function()
    local resolver <close> = dns.resolver {
      servers = { "127.0.0.1:" .. servers.free_port() }, tries = 1,
      search = {}, hosts = false,
    }
    local list, message, code = resolver:resolve("a.test")
    assert.is_nil(list)
    assert.equal("resolve a.test: no server gives an answer", message)
    assert.equal(errno.ECONNREFUSED, code)
  end)

  it("whose records are malformed gives none", function()
    servers.serving(function(question)
      return question:answer { "\0" }
    end, function(server)
      local resolver <close> = servers.asking(server, { timeout = 0.1 })
      local list, message, code = resolver:query("a.test", "MX")
      assert.is_nil(list)
      if code ~= errno.ETIMEDOUT then -- c-ares may take it for no answer
        assert.equal("query a.test MX: the server's answer is malformed",
          message)
        assert.equal(errno.EDNS_BADRESP, code)
      end
    end)
  end)
end)

describe("resolv.conf", function()
  -- What a server is asked first for, where a file says so.
  local function first_question(lines, host)
    local asked
    servers.serving(function(question)
      return question:answer { rcode = 3 }
    end, function(server)
      local file <close> = temp.file(lines)
      local resolver <close> = dns.resolver {
        servers = { server.address }, resolvconf = file.path, hosts = false,
      }
      assert.is_nil((resolver:resolve(host, INET)))
      asked = server.names
    end)
    return asked
  end

  it("says which domains are searched", function()
    local lines = "search one.test two.test\n"
    assert.same({ "host.one.test", "host.two.test", "host" },
      first_question(lines, "host"))
    assert.same({ "host.sub", "host.sub.one.test", "host.sub.two.test" },
      first_question(lines, "host.sub"))
    assert.same({ "host" }, first_question(lines, "host."))
  end)

  it("says with how many dots a name is whole", function()
    assert.same({ "host.sub.one.test", "host.sub" },
      first_question("search one.test\noptions ndots:2\n", "host.sub"))
  end)
end)
