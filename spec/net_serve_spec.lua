--- net.serve: a task for each connection, errors that stay where they are,
-- a limit, and an end that lets handlers finish.
local abstract = require "spec.support.abstract"
local leaks = require "spec.support.leaks"
local net = require "uring.net"
local process = require "spec.support.process"
local sync = require "uring.sync"
local uring = require "uring"
local within = require "spec.support.within"

local errno = uring.errno

leaks.watch()

local LOCAL = "127.0.0.1:0"

-- Serves while body runs, which gets the address; then cancels that.
-- Returns what serve has said, and how long its end took.
local function serving(handler, options, body)
  return within.run(function()
    local listener <close> = assert(net.listen(LOCAL))
    local where, said, began = listener:sockname(), nil, nil
    uring.scope(function(scope)
      scope:spawn(function()
        said = table.pack(pcall(net.serve, listener, handler, options))
      end)
      body(where, listener)
      began = uring.now()
      scope:cancel("enough")
    end)
    return said, uring.now() - began
  end)
end

local function ask(where, text)
  local conn <close> = assert(net.connect(where))
  assert(conn:write(text, "\n"))
  return conn:read("a")
end

local function echo(conn)
  for bytes in conn:chunks() do assert(conn:write(bytes)) end
end

describe("a server", function()
  it("calls its handler for each connection, with the address", function()
    local peers = {}
    local said = serving(function(conn, address)
      peers[tostring(address)] = true
      assert(conn:write(conn:read():upper(), "\n"))
    end, nil, function(where)
      uring.map({ "a", "b", "c" }, function(text)
        local conn <close> = assert(net.connect(where))
        assert(conn:write(text, "\n"))
        assert.equal(text:upper(), conn:read())
        assert.is_true(peers[tostring(conn:sockname())])
        assert.is_nil(conn:read()) -- it is closed when the handler returns
      end)
    end)
    assert.is_false(said[1])
    assert.is_true(uring.is_cancelled(said[2]))
  end)

  it("may be told where to listen, and closes that", function()
    within.run(function()
      local where = abstract "serve"
      assert.equal("timeout", select(2, uring.timeout(0.05, function()
        uring.spawn(function()
          uring.sleep(0.001)
          assert.equal("hi\n", ask(where, "hi"))
        end)
        uring.serve(where, function(conn) conn:write(conn:read("L")) end,
          { backlog = 5 })
      end)))
      assert.equal(errno.ECONNREFUSED, select(3, net.connect(where)))
    end)
  end)

  it("that cannot listen says why", function()
    within.run(function()
      local listener <close> = assert(net.listen(LOCAL))
      local where = listener:sockname()
      assert.same({ nil, ("listen %s: Address already in use"):format(where),
        errno.EADDRINUSE }, { net.serve(where, echo) })
    end)
  end)

  it("returns when its listener is closed, after its handlers", function()
    within.run(function()
      local listener = assert(net.listen(LOCAL))
      local where, log = listener:sockname(), {}
      local task = uring.spawn(function()
        local result = net.serve(listener, function(conn)
          conn:write("began\n")
          conn:read("a")
          log[#log + 1] = "handled"
        end, { shutdown_grace = 0 })
        log[#log + 1] = result
      end)
      local conn <close> = assert(net.connect(where))
      assert.equal("began", conn:read())
      listener:close()
      uring.sleep(0.02)
      assert.same({}, log)
      conn:close()
      task:await()
      assert.same({ "handled", true }, log)
    end)
  end)

  it("serves so many at once, and then the next", function()
    local now, most = 0, 0
    serving(function(conn)
      now = now + 1
      most = math.max(most, now)
      conn:read()
      uring.sleep(0.005)
      now = now - 1
      conn:write("done")
    end, { max = 3 }, function(where)
      local answers = uring.map({ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }, function()
        return ask(where, "")
      end)
      assert.equal(("done"):rep(10), table.concat(answers))
    end)
    assert.equal(3, most)
  end)

  it("limits how long a handler may take, with all that it does", function()
    local told = {}
    serving(function(conn)
      conn:write("hello")
      uring.spawn(uring.sleep, 60)
      conn:read()
    end, { timeout = 0.02, on_error = function(problem)
      told[#told + 1] = problem
    end }, function(where)
      local conn <close> = assert(net.connect(where))
      assert.equal("hello", conn:read("a"))
    end)
    assert.same({ "timeout" }, told)
  end)

  it("refuses what is no handler, and options that are none", function()
    within.run(function()
      assert.error_matches(function() net.serve(LOCAL) end,
        "serve: bad argument 'handler' (function expected)", 1, true)
      for _, bad in ipairs { { max = 0 }, { on_error = true },
        { shutdown_grace = "5" }, { handler = echo }, { backlog = "1" } } do
        assert.error_matches(function() net.serve(LOCAL, echo, bad) end,
          "serve: bad option '" .. next(bad) .. "'", 1, true)
      end
    end)
    assert.error_matches(function() net.serve(LOCAL, echo) end,
      "serve needs uring.run")
  end)
end)

describe("an error in a handler", function()
  it("ends its own connection, and is told", function()
    local told, object = {}, {}
    serving(function(conn)
      local what = conn:read()
      if what == "object" then error(object) end
      if what == "string" then error("boom") end
      if what == "task" then
        uring.spawn(error, "in a task", 0)
        uring.sleep(60)
      end
      conn:write("fine")
    end, { on_error = function(problem, trace, conn)
      told[#told + 1] = problem
      assert.matches("^stack traceback:\n", trace)
      conn:write("sorry")
    end }, function(where)
      assert.equal("sorry", ask(where, "object"))
      assert.equal("sorry", ask(where, "string"))
      assert.equal("sorry", ask(where, "task"))
      assert.equal("fine", ask(where, ""))
    end)
    assert.equal(object, told[1])
    assert.matches("spec/net_serve_spec.lua:%d+: boom$", told[2])
    assert.equal("in a task", told[3])
  end)

  it("may be the cancellation of something else", function()
    local told = {}
    serving(function(conn)
      if conn:read() ~= "await" then return conn:write("fine") end
      local task = uring.spawn(uring.sleep, 60)
      uring.yield()
      task:cancel("no more of it")
      task:await()
    end, { on_error = function(problem)
      told[#told + 1] = tostring(problem)
    end }, function(where)
      assert.equal("", ask(where, "await"))
      assert.equal("fine", ask(where, ""))
    end)
    assert.equal(1, #told)
    assert.matches("no more of it", told[1])
  end)

  it("is told on standard error where nobody wants it", function()
    local result = process.run { process.LUA, "-e", [[
      local uring, net = require "uring", require "uring.net"
      uring.run(function()
        local listener = assert(net.listen("127.0.0.1:0"))
        uring.spawn(function()
          for _ = 1, 2 do
            local conn <close> = assert(net.connect(listener:sockname()))
            assert(conn:read("a") == "")
          end
          listener:close()
        end)
        local count = 0
        net.serve(listener, function()
          count = count + 1
          error("boom " .. count, 0)
        end, count == 1 and {} or nil)
      end)
    ]] }
    assert.equal(0, result.code)
    assert.matches("^uring: net.serve: boom 1\n.*uring: net.serve: boom 2\n",
      result.err)
  end)

  it("and one in on_error: both are told, the server goes on", function()
    local result = process.run { process.LUA, "-e", [[
      local uring, net = require "uring", require "uring.net"
      uring.run(function()
        local listener = assert(net.listen("127.0.0.1:0"))
        uring.spawn(function()
          for _ = 1, 2 do
            local conn <close> = assert(net.connect(listener:sockname()))
            assert(conn:read("a") == "")
          end
          listener:close()
        end)
        net.serve(listener, function() error("first", 0) end,
          { on_error = function(problem) error(problem .. " second", 0) end })
      end)
    ]] }
    assert.equal(0, result.code)
    assert.equal(2, select(2, result.err:gsub("net.serve: first second", "")))
  end)

  it("that a client brings about by leaving harms nobody", function()
    local failures = 0
    serving(echo, { on_error = function() failures = failures + 1 end },
      function(where)
        for _ = 1, 20 do
          local conn = assert(net.connect(where))
          conn:setopt("linger", 0)
          conn:write(("x"):rep(100000))
          conn:close()
        end
        local conn <close> = assert(net.connect(where))
        assert(conn:write("here"))
        assert.equal("here", conn:read(4))
      end)
    assert.is_true(failures <= 20)
  end)
end)

describe("the end of a server", function()
  it("lets handlers finish, and takes no more", function()
    local finished, refused = 0, nil
    local said, took = serving(function(conn)
      conn:write("began\n")
      uring.sleep(0.05)
      finished = finished + 1
      conn:write("ended\n")
    end, nil, function(where)
      for _ = 1, 3 do
        local conn = assert(net.connect(where))
        assert.equal("began", conn:read())
        uring.spawn(function()
          local _conn <close> = conn
          uring.shield(5, function()
            uring.sleep(0.02)
            refused = select(3, net.connect(where))
            assert.equal("ended", conn:read())
          end)
        end)
      end
    end)
    assert.is_true(uring.is_cancelled(said[2]))
    assert.equal(3, finished)
    assert.equal(errno.ECONNREFUSED, refused)
    assert.is_true(took >= 0.02 and took < 2, took)
  end)

  it("cancels those that take longer than they may", function()
    for _, grace in ipairs { 0, 0.03 } do
      local cancelled = 0
      local _, took = serving(function(conn)
        local ok, problem = pcall(conn.read, conn)
        assert.is_false(ok)
        if uring.is_cancelled(problem) then cancelled = cancelled + 1 end
        error(problem, 0)
      end, { shutdown_grace = grace }, function(where)
        local conns = {}
        for i = 1, 3 do conns[i] = assert(net.connect(where)) end
        uring.sleep(0.01)
        uring.spawn(function()
          uring.shield(5, function()
            for _, each in ipairs(conns) do
              assert.equal("", each:read("a"))
              each:close()
            end
          end)
        end)
        uring.yield()
      end)
      assert.equal(3, cancelled)
      assert.is_true(took >= grace and took < grace + 2, took)
    end
  end)

  it("may come before a handler has begun", function()
    for ticks = 0, 12 do
      serving(echo, { shutdown_grace = 0 }, function(where)
        local conn <close> = assert(net.connect(where))
        for _ = 1, ticks do uring.yield() end
        assert.is_table(conn)
      end)
    end
  end)

  it("may come while it waits for room", function()
    local gate = sync.event()
    serving(function() gate:wait() end, { max = 1, shutdown_grace = 0 },
      function(where)
        local one <close> = assert(net.connect(where))
        local two <close> = assert(net.connect(where))
        uring.sleep(0.01)
        assert.is_table(one)
        assert.is_table(two)
      end)
  end)

  it("comes where a handler raises to end all", function()
    within.run(function()
      local scope_of_server
      assert.same({ nil, "cancelled: a client said so", errno.ECANCELED },
        { uring.scope(function(scope)
          scope_of_server = scope
          local listener = assert(net.listen(LOCAL))
          local conn <close> = assert(net.connect(listener:sockname()))
          net.serve(listener, function()
            scope_of_server:cancel("a client said so")
          end)
          conn:close()
        end) })
    end)
  end)
end)
