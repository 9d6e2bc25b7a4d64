--- Connections that setkeepalive puts aside, and who gets them.
local context = require "uring.compat.ngx.context"
local leaks = require "spec.support.leaks"
local loop = require "uring.loop"
local Pool = require "uring.compat.ngx.pool"
local process = require "spec.support.process"
local uring = require "uring"
local within = require "spec.support.within"

local ngx = require "uring.compat.ngx".ngx

uring.sleep(0) -- outside of a run there is a ring for good
leaks.watch()

-- A server that keeps its connections, in the order in which they came.
local function with_server(body)
  within.run(function()
    local listener <close> = assert(uring.listen "127.0.0.1:0")
    local peers = {}
    local task = uring.spawn(function()
      for conn in listener:iter() do peers[#peers + 1] = conn end
    end)
    local port = listener:sockname().port
    local function connect(options)
      local socket = ngx.socket.tcp()
      local ok, problem = socket:connect("127.0.0.1", port, options)
      if not ok then return nil, problem end
      return socket
    end
    body(connect, peers, port)
    task:cancel "the test is over"
    task:result()
    for _, conn in ipairs(peers) do conn:close() end
  end)
end

local function accepted(peers, count)
  process.await("connections", function() return #peers >= count end)
  return peers[count]
end

describe("a connection that is put aside", function()
  it("is used by the next connect to the same place", function()
    with_server(function(connect, peers)
      local one = connect()
      assert.equal(0, one:getreusedtimes())
      assert.equal(1, one:setkeepalive())
      assert.same({ nil, "closed" }, { one:send "x" })
      assert.same({ nil, "closed" }, { one:setkeepalive() })
      local two = connect()
      assert.equal(1, two:getreusedtimes())
      two:setkeepalive()
      local three = connect()
      assert.equal(2, three:getreusedtimes())
      three:send "x"
      assert.equal("x", accepted(peers, 1):read(1))
      assert.equal(1, #peers)
      three:close()
    end)
  end)

  it("is watched no longer than it is idle", function()
    with_server(function(connect)
      local scope = context.home "this spec"
      local socket, before = connect { pool = "x" }, scope:count()
      local pool
      for _ = 1, 3 do
        socket:setkeepalive()
        pool = Pool.find "x"
        assert.is_false(pool.idle[1].thread) -- one is told a little later
        process.await("a watcher", function() return pool.idle[1].thread end)
        process.await("it alone", function() return not pool.is_minded end)
        assert.equal(before + 1, scope:count())
        socket = connect { pool = "x" }
        process.await("none", function() return scope:count() == before end)
      end
      assert.equal(3, socket:getreusedtimes())
      for _ = 1, 100 do
        socket:setkeepalive()
        socket = connect { pool = "x" }
        assert.is_true(scope:count() <= before + 2)
      end
      socket:close()
    end)
  end)

  it("belongs to the pool of its name alone", function()
    with_server(function(connect, peers)
      connect { pool = "a" }:setkeepalive()
      local other <close> = connect { pool = "b" }
      assert.equal(0, other:getreusedtimes())
      local plain <close> = connect()
      assert.equal(0, plain:getreusedtimes())
      local same <close> = connect { pool = "a" }
      assert.equal(1, same:getreusedtimes())
      accepted(peers, 3)
    end)
  end)

  it("is the one that was used last", function()
    with_server(function(connect, peers)
      local one, two = connect(), connect()
      accepted(peers, 2)
      one:setkeepalive()
      two:setkeepalive()
      local next_one <close> = connect()
      next_one:send "x"
      assert.equal("x", peers[2]:read(1))
    end)
  end)

  it("has the one go that was used first, where the pool is full", function()
    with_server(function(connect, peers)
      local one, two, three = connect(), connect(), connect()
      accepted(peers, 3)
      one:setkeepalive(0, 2)
      two:setkeepalive(0, 2)
      three:setkeepalive(0, 2)
      assert.is_nil(peers[1]:read(1)) -- its end
      local a <close> = connect()
      local b <close> = connect()
      assert.same({ 1, 1 }, { a:getreusedtimes(), (b:getreusedtimes()) })
      local c <close> = connect()
      assert.equal(0, c:getreusedtimes())
    end)
  end)

  it("is closed where its time is over", function()
    with_server(function(connect, peers)
      connect():setkeepalive(5)
      assert.is_nil(accepted(peers, 1):read(1))
      local other <close> = connect()
      assert.equal(0, other:getreusedtimes())
    end)
  end)

  it("is closed where its peer ends it", function()
    with_server(function(connect, peers)
      connect():setkeepalive()
      uring.yield()
      accepted(peers, 1):shutdown "w"
      assert.is_nil(peers[1]:read(1))
      local other <close> = connect()
      assert.equal(0, other:getreusedtimes())
    end)
  end)

  it("is closed where something comes that nobody asked for", function()
    with_server(function(connect, peers)
      connect():setkeepalive()
      uring.yield()
      accepted(peers, 1):write "surprise"
      assert.is_nil(peers[1]:read(1))
      local other <close> = connect()
      assert.equal(0, other:getreusedtimes())
    end)
  end)

  it("does not keep a run alive, which closes it at its end", function()
    local listener <close> = assert(uring.listen "127.0.0.1:0")
    local peer
    within.run(function()
      local socket = ngx.socket.tcp()
      assert(socket:connect("127.0.0.1", listener:sockname().port))
      peer = assert(listener:accept())
      assert.equal(1, socket:setkeepalive(0))
    end)
    assert.is_nil(peer:read(1))
    peer:close()
  end)
end)

describe("a connection is not put aside", function()
  it("with bytes that were received and not read", function()
    with_server(function(connect, peers)
      local socket <close> = connect()
      accepted(peers, 1):write "abc"
      assert.equal("a", socket:receive(1))
      assert.same({ nil, "unread data in buffer" }, { socket:setkeepalive() })
      assert.equal("bc", socket:receive(2))
      assert.equal(1, socket:setkeepalive())
    end)
  end)

  it("with bytes that are there and were not received", function()
    with_server(function(connect, peers)
      local socket = connect()
      accepted(peers, 1):write "abc"
      uring.wait_readable(socket.conn)
      assert.same({ nil, "connection in dubious state" },
        { socket:setkeepalive() })
      assert.same({ nil, "closed" }, { socket:receive(1) })
    end)
  end)

  it("after its peer's end", function()
    with_server(function(connect, peers)
      local socket = connect()
      accepted(peers, 1):close()
      uring.wait_readable(socket.conn)
      assert.same({ nil, "connection in dubious state" },
        { socket:setkeepalive() })
    end)
  end)

  it("after a timeout, or a receive that was cancelled", function()
    with_server(function(connect, peers)
      local socket <close> = connect()
      socket:settimeout(2)
      assert.equal("timeout", select(2, socket:receive()))
      assert.same({ nil, "invalid connection" }, { socket:setkeepalive() })
      accepted(peers, 1):write "late\n"
      assert.equal("late", socket:receive())
      uring.timeout(0.001, socket.receive, socket)
      assert.same({ nil, "invalid connection" }, { socket:setkeepalive() })
    end)
  end)
end)

describe("a pool with a backlog", function()
  local ONE = { pool = "one", pool_size = 1, backlog = 1 }

  it("has so many connections, and so many who wait for one", function()
    with_server(function(connect, peers)
      local first = connect(ONE)
      local waiting = uring.spawn(function() return connect(ONE) end)
      uring.yield()
      assert.same({ nil, "too many waiting connect operations" },
        { connect(ONE) })
      first:setkeepalive()
      local second = waiting:await()
      assert.equal(1, second:getreusedtimes())
      second:close()
      local third <close> = connect(ONE)
      assert.equal(0, third:getreusedtimes())
      accepted(peers, 2)
    end)
  end)

  it("lets the next make one where one is closed", function()
    with_server(function(connect)
      local first = connect(ONE)
      local waiting = uring.spawn(function() return connect(ONE) end)
      uring.yield()
      first:close()
      local second <close> = waiting:await()
      assert.equal(0, second:getreusedtimes())
    end)
  end)

  it("is waited for no longer than connecting may take", function()
    with_server(function(connect, _, port)
      local first <close> = connect(ONE)
      local second = ngx.socket.tcp()
      second:settimeout(5)
      assert.same({ nil, "timeout" }, { second:connect("127.0.0.1", port,
        ONE) })
      first:setkeepalive()
      local third <close> = connect(ONE)
      assert.equal(1, third:getreusedtimes())
    end)
  end)

  it("loses no place to those who are cancelled", function()
    with_server(function(connect)
      local first = connect(ONE)
      for _ = 1, 3 do uring.timeout(0.002, connect, ONE) end
      local waiting = uring.spawn(function() return connect(ONE) end)
      uring.yield()
      first:setkeepalive()
      waiting:await():setkeepalive()
      local last <close> = connect(ONE)
      assert.equal(2, last:getreusedtimes())
      local pool = Pool.find "one"
      assert.equal(1, pool.connections)
    end)
  end)

  it("loses no connection to one that is cancelled when it has it", function()
    with_server(function(connect)
      local first = connect(ONE)
      local waiting = uring.spawn(function()
        local _socket <close> = connect(ONE)
        uring.yield()
      end)
      uring.yield()
      first:setkeepalive() -- hands it over
      waiting:cancel "now"
      waiting:result()
      local last <close> = connect(ONE)
      assert.equal(0, last:getreusedtimes())
    end)
  end)

  it("has room again where a connection was forgotten", function()
    with_server(function(connect)
      assert(connect(ONE))
      collectgarbage()
      collectgarbage()
      local second <close> = connect(ONE)
      assert.equal(0, second:getreusedtimes())
    end)
  end)

  it("counts no connection that could not be made", function()
    local listener = assert(uring.listen "127.0.0.1:0")
    local port = listener:sockname().port
    listener:close()
    within.run(function()
      local socket = ngx.socket.tcp()
      for _ = 1, 3 do
        assert.same({ nil, "connection refused" },
          { socket:connect("127.0.0.1", port, ONE) })
      end
    end)
  end)

  it("checks its options", function()
    with_server(function(connect)
      assert.has_error(function() connect { pool_size = 0 } end,
        'connect: bad "pool_size" option value: 0')
      assert.has_error(function() connect { backlog = -1 } end,
        'connect: bad "backlog" option value: -1')
      local socket <close> = connect()
      assert.has_error(function() socket:setkeepalive(0, 0) end,
        'setkeepalive: bad "pool_size" option value: 0')
      assert.has_error(function() socket:setkeepalive(-1) end,
        "setkeepalive: bad timeout value")
    end)
  end)
end)

describe("many tasks", function()
  it("share few connections, and none gets another's answer", function()
    with_server(function(connect, peers)
      local answering = uring.spawn(function()
        local served = 0
        while true do
          for i = served + 1, #peers do
            served = i
            uring.spawn(function()
              for line in peers[i]:lines() do peers[i]:write(line, "\n") end
            end)
          end
          uring.sleep(0.001)
        end
      end)
      local options = { pool = "few", pool_size = 3, backlog = 100 }
      uring.scope(function(scope)
        for i = 1, 20 do
          scope:spawn(function()
            for j = 1, 5 do
              local socket = assert(connect(options))
              local word = i .. " " .. j
              socket:send { word, "\n" }
              assert.equal(word, socket:receive())
              if j == 3 then socket:close() else
                assert.equal(1, socket:setkeepalive())
              end
            end
          end)
        end
      end)
      local pool = Pool.find "few"
      assert.is_true(pool.connections <= 3)
      assert.is_true(#pool.idle == pool.connections)
      answering:cancel "the test is over"
      answering:result()
      assert.is_true(loop.is_running())
    end)
  end)
end)
