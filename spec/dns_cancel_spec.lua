--- A query that nobody waits for any more leaves nothing behind: not in the
-- ring, not in c-ares, no descriptor.
local dns = require "uring.dns"
local leaks = require "spec.support.leaks"
local loop = require "uring.loop"
local native = require "spec.support.native"
local process = require "spec.support.process"
local quiet = require "spec.support.quiet"
local servers = require "spec.support.dns"
local uring = require "uring"

local errno = uring.errno

uring.blocking(function() end) -- it keeps its ring from now on
leaks.watch()

local A = servers.a(192, 0, 2, 1)
local INET = { family = "inet" }

local function right(question) return question:answer { A } end

local function silent() end

local function is_found(resolver, host)
  return #assert(resolver:resolve(host or "a.test", INET)) == 1
end

-- Calls body(resolver, server), where names with "slow" have no answer.
local function with_slow(body, options)
  return servers.serving(function(question)
    if question.name:find("slow") then return end
    return right(question)
  end, function(server)
    local resolver <close> = servers.asking(server, options)
    return body(resolver, server)
  end)
end

local function asked(server, count)
  process.await("questions", function() return server.count >= count end)
end

-- How many ops are in flight once those that were cancelled have ended.
local function in_flight()
  local ring = uring.ring()
  for _ = 1, 5 do uring.yield() end
  return ring:in_flight()
end

describe("a query", function()
  it("ends when its task runs out of time", function()
    with_slow(function(resolver)
      local before = in_flight()
      for _ = 1, 3 do
        assert.same({ nil, "timeout", errno.ETIMEDOUT, n = 3 },
          table.pack(uring.timeout(0.02, resolver.resolve, resolver, "slow")))
      end
      process.await("nothing in flight", function()
        return in_flight() == before
      end)
      assert.is_true(is_found(resolver))
    end)
  end)

  it("that loses a race is abandoned, the winner goes on", function()
    with_slow(function(resolver)
      local key, list = uring.race {
        slow = function() return resolver:resolve("slow.test", INET) end,
        fast = function() return resolver:resolve("a.test", INET) end,
      }
      assert.equal("fast", key)
      assert.equal(1, #list)
      assert.is_true(is_found(resolver))
    end)
  end)

  it("is not disturbed by one beside it that is cancelled", function()
    servers.serving(function(question)
      if question.name:find("slow") then return end
      uring.sleep(0.1)
      return right(question)
    end, function(server)
      local resolver <close> = servers.asking(server)
      uring.scope(function(scope)
        local task = scope:spawn(resolver.resolve, resolver, "slow.test")
        scope:spawn(function() assert.is_true(is_found(resolver)) end)
        asked(server, 2)
        task:cancel()
      end)
    end)
  end)

  it("may be answered before or after those beside it", function()
    local order = {}
    servers.serving(function(question)
      uring.sleep(tonumber("0." .. question.name:match("%d")))
      return right(question)
    end, function(server)
      local resolver <close> = servers.asking(server)
      uring.scope(function(scope)
        for _, host in ipairs { "2.test", "1.test", "4.test", "3.test" } do
          scope:spawn(function()
            assert.is_true(is_found(resolver, host))
            order[#order + 1] = host
          end)
        end
      end)
    end)
    assert.same({ "1.test", "2.test", "3.test", "4.test" }, order)
  end)

  it("that waits for its turn can be cancelled", function()
    with_slow(function(resolver, server)
      uring.scope(function(scope)
        local tasks = {}
        for i = 1, 80 do
          tasks[i] = scope:spawn(resolver.resolve, resolver, "slow.test", INET)
        end
        asked(server, 64)
        assert.equal(64, server.count)
        for i = 80, 71, -1 do tasks[i]:cancel() end
        for i = 1, 6 do tasks[i]:cancel() end
        asked(server, 70)
        assert.equal(70, server.count)
        scope:cancel("enough")
      end)
      assert.is_true(is_found(resolver))
    end)
  end)

  it("is told by name in a report of who waits", function()
    with_slow(function(resolver, server)
      uring.scope(function(scope)
        scope:spawn(resolver.resolve, resolver, "slow.test", INET)
        scope:spawn(resolver.query, resolver, "slow.test", "MX")
        asked(server, 2)
        local text = uring.debug.tree()
        assert.matches("poll_add", text, 1, true) -- the first, for both
        assert.matches("query slow.test MX", text, 1, true)
        scope:cancel("enough")
      end)
    end)
  end)

  it("needs nothing in the loop that outlives it", function()
    local server <close> = servers.dnsmasq("host-record=a.test,192.0.2.1")
    quiet.run(function()
      local resolver <close> = servers.asking(server)
      assert.is_true(is_found(resolver))
    end)
  end)

  it("may be asked for while another task blocks the thread", function()
    local server <close> = servers.dnsmasq("host-record=a.test,192.0.2.1")
    with_slow(function(slow, handmade)
      local resolver <close> = servers.asking(server, {
        servers = { handmade.address, server.address }, timeout = 0.1,
        tries = 3, rotate = false,
      })
      uring.scope(function(scope)
        scope:spawn(resolver.resolve, resolver, "slow.test", INET)
        asked(handmade, 1)
        local list = uring.blocking(function()
          return resolver:resolve("a.test", INET)
        end)
        assert.equal("192.0.2.1:0", tostring(assert(list)[1]))
        scope:cancel("enough")
      end)
      assert.is_false(slow:closed())
    end)
  end)

  it("raises where a task cannot wait", function()
    with_slow(function(resolver)
      local ok, message = pcall(table.sort, { 1, 2 }, function()
        resolver:resolve("a.test")
      end)
      assert.is_false(ok)
      assert.matches("dns.resolve: cannot wait here", message, 1, true)
      assert.is_true(is_found(resolver))
    end)
  end)

  it("fails where there are no more descriptors, and works again", function()
    with_slow(function(resolver)
      local channel = require("uring.system").channel
      local system = require "uring.system"
      system.channel = function() return nil, "out of everything" end
      local list, message, code = resolver:resolve("a.test", INET)
      system.channel = channel
      assert.is_nil(list)
      assert.equal("resolve a.test: out of everything", message)
      assert.equal(errno.EDNS_FAILED, code)
      assert.is_true(is_found(resolver))
    end)
  end)
end)

describe("the first query of a program without descriptors", function()
  it("says so, and works when there are some again", function()
    local result = process.run { limits = "-n 16", process.LUA, "-e", [[
      local dns = require "uring.dns"
      local resolver = dns.resolver { servers = { "127.0.0.1:1" } }
      require "uring".run(function()
        local files, file = {}, nil
        repeat
          file = io.open("/dev/null")
          files[#files + 1] = file
        until not file
        print(resolver:resolve("a.test"))
        for _, each in ipairs(files) do each:close() end
        print(resolver:resolve("a.test"))
      end)
    ]] }
    assert.same({ code = 0, err = "", out =
      "nil\tresolve a.test: Too many open files\t24\n"
      .. "nil\tresolve a.test: no server gives an answer\t111\n" }, result)
  end)
end)

describe("closing a resolver", function()
  it("tells those who wait, and those who wait for their turn", function()
    with_slow(function(resolver, server)
      local before = in_flight()
      uring.scope(function(scope)
        local tasks = {}
        for i = 1, 80 do
          tasks[i] = scope:async(resolver.resolve, resolver, "slow.test", INET)
        end
        asked(server, 64)
        assert.is_true(resolver:close())
        for i = 1, 80 do
          assert.same({ true, nil, "closed", errno.ECLOSED, n = 4 },
            table.pack(tasks[i]:result()))
        end
      end)
      assert.is_true(resolver:closed())
      assert.equal("uring.Resolver (closed)", tostring(resolver))
      assert.equal(before, in_flight())
      assert.is_true(resolver:close())
    end)
  end)

  it("makes each function say so", function()
    local resolver = dns.resolver()
    resolver:close()
    for _, found in ipairs {
      table.pack(resolver:resolve("a.test")),
      table.pack(resolver:query("a.test", "A")),
      table.pack(resolver:reverse("192.0.2.1")),
    } do
      assert.same({ nil, "closed", errno.ECLOSED, n = 3 }, found)
    end
  end)

  it("is what the end of a <close> variable does, with queries out", function()
    with_slow(function(_, server)
      uring.scope(function(scope)
        local task
        do
          local resolver <close> = servers.asking(server)
          task = scope:async(resolver.resolve, resolver, "slow.test", INET)
          asked(server, 1)
        end
        assert.same({ true, nil, "closed", errno.ECLOSED, n = 4 },
          table.pack(task:result()))
      end)
    end)
  end)

  it("is not needed: it may be forgotten, with queries out", function()
    with_slow(function(_, server)
      uring.timeout(0.02, function()
        servers.asking(server):resolve("slow.test", INET)
      end)
      collectgarbage()
    end)
  end)
end)

describe("a run", function()
  it("that fails with queries out leaves none", function()
    local resolver
    local ok, message = pcall(servers.serving, silent, function(server)
      resolver = servers.asking(server)
      uring.spawn(resolver.resolve, resolver, "slow.test", INET)
      asked(server, 1)
      error("something else", 0)
    end)
    assert.is_false(ok)
    assert.matches("^something else", message)
    with_slow(function(_, server)
      local other <close> = servers.asking(server)
      assert.is_true(is_found(other))
    end)
    assert.is_false(loop.is_running())
    resolver:close()
  end)

  it("ends at once after a query, and after one that was given up", function()
    with_slow(function(_, server)
      local script = ([[
        local dns, uring = require "uring.dns", require "uring"
        local resolver = dns.resolver { servers = { %q }, search = {} }
        uring.run(function()
          print(resolver:resolve("a.test", { family = "inet" })[1])
          print(resolver:resolve("slow.test", { timeout = 0.05 }))
        end)
        print(resolver:resolve("a.test", { family = "inet" })[1])
        print(resolver:resolve("slow.test", { timeout = 0.05 }))
      ]]):format(server.address)
      local since = uring.now()
      local child <close> = process.lua { "-e", script }
      asked(server, 2)
      assert.same({ code = 0, err = "", out =
        ("192.0.2.1:0\nnil\ttimeout\t110\n"):rep(2) }, child:wait())
      assert.is_true(uring.now() - since < 4)
    end)
  end)

  it("may be turned by another loop", function()
    with_slow(function(resolver)
      local list
      local run = uring.start(function()
        list = resolver:resolve("a.test", INET)
      end)
      process.await("the answer", function() return not run:step() end)
      assert.equal("192.0.2.1:0", tostring(list[1]))
    end)
  end)
end)

describe("a forked child", function()
  -- What a script writes that has a server beside it.
  local function forking(script)
    local server <close> = servers.dnsmasq("host-record=a.test,192.0.2.1")
    local result, message = native.run(([[
      local dns, uring = require "uring.dns", require "uring"
      local resolver = dns.resolver { servers = { %q }, search = {} }
      local function resolve()
        return tostring(resolver:resolve("a.test", { family = "inet" })[1])
      end
    ]]):format(server.address) .. script)
    if not result then pending(message) end
    assert.equal("", result.err)
    return result.out
  end

  it("asks with a channel of its own", function()
    assert.equal("192.0.2.1:0\n7\n192.0.2.1:0\n", forking [[
      print(resolve())
      io.stdout:flush()
      local pid = native.fork()
      if pid == 0 then os.exit(resolve() == "192.0.2.1:0" and 7 or 1, true) end
      print(native.wait(pid))
      print(resolve())
    ]])
  end)

  it("ends without harm to a query that is out", function()
    assert.equal("0\n192.0.2.1:0\n", forking [[
      uring.run(function()
        uring.scope(function(scope)
          local task = scope:async(resolve)
          for _ = 1, 2 do uring.yield() end -- it is out by now
          local pid = native.fork()
          if pid == 0 then os.exit(0, true) end
          print(native.wait(pid))
          print(task:await())
        end)
      end)
    ]])
  end)
end)
