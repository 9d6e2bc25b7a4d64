--- Peers that are slow, rude or gone, and handles that are closed under those
-- who wait on them.
local blackhole = require "spec.support.blackhole"
local leaks = require "spec.support.leaks"
local net = require "uring.net"
local process = require "spec.support.process"
local uring = require "uring"
local within = require "spec.support.within"

local errno = uring.errno

leaks.watch()

local LOCAL = "127.0.0.1:0"
local CLOSED = { nil, "closed", errno.ECLOSED }

-- Calls body with both ends of a connection, in a run.
local function connected(body, options)
  return within.run(function()
    local listener <close> = assert(net.listen(LOCAL))
    local client <close> = assert(net.connect(listener:sockname(), options))
    local server <close> = assert(listener:accept())
    return body(client, server, listener)
  end)
end

describe("a peer", function()
  it("may send byte by byte", function()
    connected(function(client, server)
      local text = ("a line of some words\n"):rep(20)
      uring.spawn(function()
        for i = 1, #text do
          assert(client:write(text:sub(i, i)))
          if i % 7 == 0 then uring.yield() end
        end
        client:shutdown("w")
      end)
      local count = 0
      for line in server:lines() do
        assert.equal("a line of some words", line)
        count = count + 1
      end
      assert.equal(20, count)
    end)
  end)

  it("that vanishes while we write ends the write, and tells how much went",
    function()
      connected(function(client, server)
        server:setopt("linger", 0)
        uring.spawn(function()
          server:read(100000)
          server:close() -- with a reset
        end)
        local data = ("x"):rep(64 << 20)
        local done, message, code, sent = client:write(data)
        assert.is_nil(done)
        assert.is_true(code == errno.ECONNRESET or code == errno.EPIPE, message)
        assert.is_true(sent >= 100000 and sent < #data)
        assert.same({ nil, "broken", errno.EPIPE, 0 }, { client:write("x") })
      end)
    end)

  it("that does not read suspends the writer alone", function()
    connected(function(client, server)
      assert(client:setopt("sndbuf", 65536))
      assert(client:setopt("congestion", "reno"))
      local block, sent, ticks = ("x"):rep(1000000), 0, 0
      local writer = uring.spawn(function()
        for _ = 1, 20 do
          assert(client:write(block))
          sent = sent + #block
        end
        client:shutdown("w")
      end)
      for _ = 1, 30 do -- others run meanwhile
        uring.sleep(0.001)
        ticks = ticks + 1
      end
      assert.equal(30, ticks)
      assert.is_true(sent < 20 * #block)
      local got = 0
      for bytes in server:chunks() do got = got + #bytes end
      writer:await()
      assert.equal(20 * #block, got)
      assert.equal(20 * #block, sent)
    end)
  end)

  it("that ends its direction still gets our answer", function()
    connected(function(client, server)
      assert(client:write("question"))
      assert(client:shutdown("w"))
      assert.equal("question", server:read("a"))
      assert(server:write(("answer"):rep(50000)))
      assert(server:shutdown("w"))
      assert.equal(300000, #client:read("a"))
      assert.is_nil(client:read(1))
    end)
  end)

  it("that is killed is noticed", function()
    within.run(function()
      local listener <close> = assert(net.listen(LOCAL))
      local client = process.start { "socat", "-u",
        "TCP:127.0.0.1:" .. listener:sockname().port, "-" }
      local _client <close> = client
      local conn <close> = assert(listener:accept())
      assert(conn:write("hello"))
      client:expect "hello"
      client:signal "KILL"
      assert.is_nil((conn:settimeout(5):read()))
      local done, _, code
      repeat done, _, code = conn:write(("x"):rep(65536)) until not done
      assert.is_true(code == errno.EPIPE or code == errno.ECONNRESET)
    end)
  end)
end)

describe("closing", function()
  it("ends who receives, and who sends", function()
    connected(function(client, server)
      local got = {}
      uring.spawn(function() got[1] = { server:read() } end)
      uring.spawn(function()
        got[2] = { client:write(("x"):rep(64 << 20)) }
      end)
      uring.sleep(0.01)
      client:close()
      uring.sleep(0.01)
      assert.same({ "closed", errno.ECLOSED }, { got[2][2], got[2][3] })
      server:close()
      uring.sleep(0.01)
      assert.is_table(got[1])
      assert.same(CLOSED, { server:read() })
    end)
  end)

  it("ends who accepts, by one accept or by a loop", function()
    within.run(function()
      local listener = assert(net.listen(LOCAL))
      local got = {}
      uring.spawn(function() got.accept = { listener:accept() } end)
      uring.spawn(function()
        got.iter = 0
        for conn in listener:iter() do conn:close() end
        got.iter = got.iter + 1
      end)
      uring.sleep(0.01)
      listener:close()
      uring.sleep(0.01)
      assert.same({ accept = CLOSED, iter = 1 }, got)
    end)
  end)

  it("a scope ends who connects", function()
    within.run(function()
      local hole <close> = blackhole.open()
      local ended
      assert.same({ nil, "cancelled: enough", errno.ECANCELED },
        { uring.scope(function(scope)
          scope:spawn(function()
            local ok, problem = pcall(net.connect, hole.address)
            ended = not ok and uring.is_cancelled(problem)
            error(problem, 0)
          end)
          uring.sleep(0.01)
          scope:cancel("enough")
        end) })
      assert.is_true(ended)
    end)
  end)
end)

describe("cancelling", function()
  it("at any time of connecting and accepting leaves nothing behind",
    function()
      within.run(function()
        local listener <close> = assert(net.listen(LOCAL))
        local where = listener:sockname()
        for ticks = 0, 8 do
          uring.scope(function(scope)
            scope:spawn(function()
              local conn <close> = assert(net.connect(where))
              conn:write("x")
              conn:read("a")
            end)
            scope:spawn(function()
              for conn in listener:iter() do
                local _conn <close> = conn
                conn:read("a")
              end
            end)
            for _ = 1, ticks do uring.yield() end
            scope:cancel()
          end)
        end
      end)
    end)
end)

describe("where there are no descriptors", function()
  it("connecting says so, and so does all else", function()
    local result = process.run { limits = "-n 12", process.LUA, "-e", [[
      local uring, net = require "uring", require "uring.net"
      uring.run(function()
        local listener = assert(net.listen("127.0.0.1:0"))
        local files, file = {}, nil
        repeat
          file = io.open("/dev/null")
          files[#files + 1] = file
        until not file
        print(select(3, net.connect(listener:sockname())))
        print(select(3, net.listen("127.0.0.1:0")))
        print(select(3, net.udp("127.0.0.1:0")))
        print(select(3, net.datagram()))
        print(select(3, net.socketpair()))
        print(select(3, net.connect("localhost", 1)))
        print(select(3, net.connect("a.name.invalid", 1)))
      end)
    ]] }
    assert.same({ code = 0, err = "",
      out = (errno.EMFILE .. "\n"):rep(7) }, result)
  end)

  it("serving says so once, and goes on when there are some", function()
    local script = [[
      local uring, net = require "uring", require "uring.net"
      local function is_open(conn) return conn and not conn:closed() end
      uring.run(function()
        local listener = assert(net.listen("127.0.0.1:0"))
        local clients, files, file = {}, {}, nil
        for i = 1, 3 do
          clients[i] = assert(net.connect(listener:sockname()))
        end
        repeat
          file = io.open("/dev/null")
          files[#files + 1] = file
        until not file
        uring.spawn(function()
          uring.sleep(0.2) -- three tries
          for _, each in ipairs(files) do each:close() end
          for _, conn in ipairs(clients) do print(conn:read()) end
          listener:close()
        end)
        net.serve(listener, function(conn) conn:write("hello\n") end, %s)
      end)
    ]]
    local function serve(options)
      return process.run { limits = "-n 16", process.LUA, "-e",
        script:format(options) }
    end
    local hello = ("hello\n"):rep(3)
    assert.same({ code = 0, out = hello,
      err = "uring: net.serve: accept: Too many open files\n" }, serve "{}")
    assert.same({ code = 0, err = "",
      out = "accept: Too many open files\tfalse\n" .. hello },
      serve [[{ on_error = function(problem, _, conn)
        print(problem, is_open(conn) or false)
      end }]])
  end)
end)
