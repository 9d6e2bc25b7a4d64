--- Names are looked up in a real DNS server, dnsmasq.
local dns = require "uring.dns"
local leaks = require "spec.support.leaks"
local servers = require "spec.support.dns"
local uring = require "uring"
local within = require "spec.support.within"

local errno = uring.errno

uring.blocking(function() end) -- it keeps its ring from now on

local MANY = 100 -- addresses: more than an answer by UDP holds

local LONG = ("0123456789"):rep(25)

local function conf()
  local lines = {
    "host-record=both.test,192.0.2.1,2001:db8::1,300",
    "host-record=four.test,192.0.2.4",
    "host-record=six.test,2001:db8::6",
    "host-record=host.corp.test,192.0.2.7",
    "cname=alias.test,both.test", "local=/2.0.192.in-addr.arpa/",
    "mx-host=mail.test,mx1.test,10", "mx-host=mail.test,mx2.test,20",
    "txt-record=text.test,one,two words",
    ("txt-record=long.test,%s,%s"):format(LONG, LONG),
    "srv-host=_echo._tcp.test,both.test,7000,1,2",
    "ptr-record=9.2.0.192.in-addr.arpa,nine.test",
    "caa-record=both.test,128,issue,ca.test",
  }
  for i = 1, MANY do
    lines[#lines + 1] = "host-record=many.test,198.51.100." .. i
  end
  return table.concat(lines, "\n")
end

-- The addresses as text.
local function texts(list, message)
  local found = {}
  for i, address in ipairs(assert(list, message)) do
    found[i] = tostring(address)
  end
  return found
end

local function sorted(list)
  table.sort(list)
  return list
end

describe("with dnsmasq,", function()
  local server, resolver

  setup(function()
    server = servers.dnsmasq(conf())
    resolver = servers.asking(server)
  end)

  teardown(function()
    if not server then return end
    resolver:close()
    server:close()
  end)

  leaks.watch()

  describe("resolve", function()
    it("gives addresses of both families, with the port", function()
      within.run(function()
        local list = resolver:resolve("both.test", { port = 80 })
        assert.same({ "192.0.2.1:80", "[2001:db8::1]:80" },
          sorted(texts(list)))
      end)
    end)

    it("gives those of one family", function()
      within.run(function()
        for family, text in pairs {
          inet = "192.0.2.1:0", inet6 = "[2001:db8::1]:0",
        } do
          local list = resolver:resolve("both.test", { family = family })
          assert.same({ text }, texts(list))
        end
      end)
    end)

    it("puts the family first that one wants there", function()
      within.run(function()
        for order, family in pairs { inet = "inet", inet6 = "inet6" } do
          local list = resolver:resolve("both.test", { order = order })
          assert.equal(2, #list)
          assert.equal(family, list[1].family)
        end
        assert.equal(2, #resolver:resolve("both.test", { order = "none" }))
      end)
    end)

    it("follows aliases", function()
      within.run(function()
        assert.same({ "192.0.2.1:0" },
          texts(resolver:resolve("alias.test", { family = "inet" })))
      end)
    end)

    it("goes on by TCP where an answer is too long", function()
      within.run(function()
        local list = texts(resolver:resolve("many.test"))
        assert.equal(MANY, #list)
        local set = {}
        for _, text in ipairs(list) do set[text] = true end
        for i = 1, MANY do assert.is_true(set["198.51.100." .. i .. ":0"]) end
      end)
    end)

    it("asks by TCP alone where it is told to", function()
      local tcp <close> = servers.asking(server, { tcp = true })
      within.run(function()
        assert.same({ "192.0.2.4:0" }, texts(tcp:resolve("four.test")))
      end)
    end)

    it("says that a name is unknown", function()
      within.run(function()
        assert.same({ nil, "resolve none.test: no such name",
          errno.EDNS_NXDOMAIN, n = 3 },
          table.pack(resolver:resolve("none.test")))
      end)
    end)

    it("says that a name has no such address", function()
      within.run(function()
        assert.same({ nil, "resolve four.test: no such record",
          errno.EDNS_NODATA, n = 3 },
          table.pack(resolver:resolve("four.test", { family = "inet6" })))
      end)
    end)

    it("tries the domains of the search list", function()
      local other <close> = servers.asking(server, {
        search = { "nowhere.test", "corp.test" },
      })
      within.run(function()
        assert.same({ "192.0.2.7:0" }, texts(other:resolve("host")))
        assert.is_nil((resolver:resolve("host")))
      end)
    end)

    it("works outside of a run", function()
      assert.same({ "192.0.2.4:0" }, texts(resolver:resolve("four.test")))
      assert.same({ "192.0.2.4:0" }, texts(resolver:resolve("four.test")))
    end)

    it("works in one run after the other", function()
      for _ = 1, 3 do
        within.run(function()
          assert.same({ "192.0.2.4:0" }, texts(resolver:resolve("four.test")))
        end)
      end
    end)

    it("works in a generator", function()
      within.run(function()
        local each = coroutine.wrap(function()
          for _, host in ipairs { "four.test", "six.test" } do
            coroutine.yield(texts(resolver:resolve(host))[1])
          end
        end)
        assert.same({ "192.0.2.4:0", "[2001:db8::6]:0" }, { each(), each() })
      end)
    end)

    it("answers two hundred at once", function()
      within.run(function()
        local hosts = {}
        for i = 1, 200 do
          hosts[i] = i % 2 == 0 and "four.test" or "both.test"
        end
        local lists = uring.map(hosts, function(host)
          return texts(resolver:resolve(host, { family = "inet" }))[1]
        end, { max = 200 })
        for i = 1, 200 do
          assert.equal(i % 2 == 0 and "192.0.2.4:0" or "192.0.2.1:0", lists[i])
        end
      end)
    end)
  end)

  describe("query", function()
    local function ask(name, type)
      local list = within.run(function()
        return assert(resolver:query(name, type))
      end)
      for _, record in ipairs(list) do
        assert.equal(type, record.type)
        assert.is_number(record.ttl)
        record.type, record.ttl = nil, nil
      end
      return list
    end

    it("gives A and AAAA, with the TTL", function()
      within.run(function()
        assert.same({ { name = "both.test", type = "A", ttl = 300,
          address = "192.0.2.1" } }, resolver:query("both.test", "A"))
        assert.same({ { name = "both.test", type = "AAAA", ttl = 300,
          address = "2001:db8::1" } }, resolver:query("both.test", "AAAA"))
      end)
    end)

    it("gives MX", function()
      local list = ask("mail.test", "MX")
      table.sort(list, function(a, b) return a.preference < b.preference end)
      assert.same({
        { name = "mail.test", preference = 10, host = "mx1.test" },
        { name = "mail.test", preference = 20, host = "mx2.test" },
      }, list)
    end)

    it("gives TXT, of several strings and longer than one holds", function()
      assert.same({ { name = "text.test", text = "onetwo words",
        strings = { "one", "two words" } } }, ask("text.test", "TXT"))
      assert.same({ { name = "long.test", text = LONG .. LONG,
        strings = { LONG, LONG } } }, ask("long.test", "TXT"))
    end)

    it("gives SRV", function()
      assert.same({ { name = "_echo._tcp.test", host = "both.test",
        port = 7000, priority = 1, weight = 2 } },
        ask("_echo._tcp.test", "SRV"))
    end)

    it("gives PTR, CNAME and CAA", function()
      assert.same({ { name = "9.2.0.192.in-addr.arpa", host = "nine.test" } },
        ask("9.2.0.192.in-addr.arpa", "PTR"))
      assert.same({ { name = "alias.test", host = "both.test" } },
        ask("alias.test", "CNAME"))
      assert.same({ { name = "both.test", critical = true, tag = "issue",
        value = "ca.test" } }, ask("both.test", "CAA"))
    end)

    it("says what is not there", function()
      within.run(function()
        assert.same({ nil, "query four.test MX: no such record",
          errno.EDNS_NODATA, n = 3 },
          table.pack(resolver:query("four.test", "MX")))
        assert.same({ nil, "query none.test A: no such name",
          errno.EDNS_NXDOMAIN, n = 3 },
          table.pack(resolver:query("none.test", "A")))
      end)
    end)

    it("works outside of a run", function()
      assert.equal("192.0.2.4", resolver:query("four.test", "A")[1].address)
    end)
  end)

  describe("reverse", function()
    it("gives the names of an address", function()
      within.run(function()
        assert.same({ "nine.test" }, resolver:reverse("192.0.2.9"))
        local address = dns.resolve("192.0.2.9")[1]
        assert.same({ "nine.test" }, resolver:reverse(address))
        assert.same({ "six.test" }, resolver:reverse("2001:db8::6"))
      end)
    end)

    it("says that there is none", function()
      within.run(function()
        local names, message, code = resolver:reverse("192.0.2.99")
        assert.is_nil(names)
        assert.equal("reverse 192.0.2.99: no such name", message)
        assert.equal(errno.EDNS_NXDOMAIN, code)
      end)
    end)
  end)
end)
