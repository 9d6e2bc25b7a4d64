--- What uring.net is made of works in a simulation as it does really.
local abstract = require "spec.support.abstract"
local both = require "spec.test.both"
local leaks = require "spec.support.leaks"
local net = require "uring.net"
local test = require "uring.test"
local uring = require "uring"

leaks.watch()

local PLACES = { TCP = "127.0.0.1:0", Unix = abstract "net-both" }

local function closed_by(list)
  for _, each in ipairs(list) do each:close() end
end

for kind, where in pairs(PLACES) do
  describe("simulated " .. kind, function()
    both.it("serves, one handler for each", function()
      local listener = assert(net.listen(where))
      local place, got, count = listener:sockname(), {}, 0
      uring.scope(function(scope)
        scope:daemon(function()
          net.serve(listener, function(conn)
            local line = conn:read()
            if line == "3" then error("three", 0) end
            conn:write(line, " served")
            count = count + 1
          end, { max = 2, shutdown_grace = 1, on_error = function(problem)
            got.problem = problem
          end })
        end)
        for i = 1, 6 do
          scope:spawn(function()
            local conn <close> = assert(net.connect(place))
            assert(conn:write(i, "\n"))
            got[i] = conn:read("a")
          end)
        end
      end)
      got.count, got.closed = count, listener:closed()
      return got
    end)

    both.it("lets handlers finish, for so long", function()
      local listener = assert(net.listen(where))
      local place, log = listener:sockname(), {}
      uring.scope(function(scope)
        for i, wait in ipairs { 0.1, 60 } do
          scope:spawn(function()
            local conn <close> = assert(net.connect(place))
            assert(conn:write(wait, "\n"))
            log[i] = conn:read("a")
          end)
        end
        log.result = { uring.timeout(0.05, net.serve, listener, function(conn)
          local wait = tonumber(conn:read())
          uring.sleep(wait)
          conn:write("slept ", wait)
        end, { shutdown_grace = 0.2 }) }
      end)
      return log
    end)
  end)
end

describe("a connection that comes when a loop over others is left", function()
  it("is for those who accept next", function()
    test.seeds(1, 300, {}, function()
      local listener = assert(net.listen(abstract "net-late"))
      local conns, got = {}, 0
      local function connect()
        local conn = assert(net.connect(abstract "net-late"))
        conns[#conns + 1] = conn
      end
      uring.scope(function(scope)
        scope:spawn(connect)
        for conn in listener:iter() do
          conns[#conns + 1] = conn
          for _ = 1, 2 do scope:spawn(connect) end
          for _ = 1, math.random(0, 8) do uring.yield() end
          if conn then break end
        end
        for _ = 1, 2 do
          scope:spawn(function()
            local conn = assert(listener:accept())
            conns[#conns + 1] = conn
            got = got + 1
          end)
        end
      end)
      assert(got == 2)
      closed_by(conns)
      listener:close()
    end)
  end)
end)

describe("simulated connecting", function()
  both.it("takes the address that answers", function()
    local gone = assert(net.listen("127.0.0.1:0"))
    local refusing = gone:sockname()
    gone:close()
    uring.sleep(0.01)
    local listener = assert(net.listen("127.0.0.1:0"))
    local conn = assert(net.connect("a-name", 1, {
      keepalive = { idle = 5, interval = 6, count = 7 }, timeout = 5,
      resolver = function() return { refusing, listener:sockname() } end,
    }))
    local got = { conn:peername() == listener:sockname(),
      conn:getopt("keepidle"), conn:getopt("keepcnt"),
      conn:getopt("nodelay"), conn:getopt("type"), conn:getopt("domain") }
    local server = assert(listener:accept())
    closed_by { conn, server, listener }
    local none = { net.connect("a-name", 1, {
      resolver = function() return { refusing, refusing } end,
    }) }
    got[#got + 1] = none[2]:gsub("127.0.0.1:%d+", "PLACE")
    got[#got + 1] = none[3]
    return got
  end)

  both.it("pairs and adopts", function()
    local one, other = net.socketpair()
    assert(one:write("text\n"))
    local got = { other:read(), one:getopt("type") }
    closed_by { one, other }
    return got
  end)

  both.it("lingers as it is told, and resets where that is no time",
    function()
      local listener = assert(net.listen("127.0.0.1:0"))
      local conn = assert(net.connect(listener:sockname()))
      local server = assert(listener:accept())
      local got = { conn:getopt("linger").on, conn:setopt("linger", 5) == conn,
        conn:getopt("linger").seconds, conn:setopt("linger", false) == conn,
        conn:getopt("linger").on, conn:setopt("linger", 0) == conn }
      assert(conn:write("last"))
      got[#got + 1] = server:read(4)
      conn:close()
      table.move(table.pack(server:read()), 1, 3, #got + 1, got)
      closed_by { server, listener }
      return got
    end)

  it("refuses datagrams, and what is another structure", function()
    for _, call in ipairs {
      function() net.udp("127.0.0.1:0") end,
      function()
        local one <close>, two = net.socketpair()
        local _two <close> = two
        one:peercred()
      end,
      function()
        local one <close>, two = net.socketpair()
        local _two <close> = two
        one:setopt("bindtodevice", "lo")
      end,
    } do
      assert.error_matches(function() test.run({ seed = 1 }, call) end,
        "uring.test does not simulate")
    end
  end)
end)
