--- uring.compat.socket in tasks: it suspends the one that waits, and loses
-- nothing where that is cancelled, or the socket is closed.
local compat = require "uring.compat"
local leaks = require "spec.support.leaks"
local socket = require "uring.compat.socket"
local test = require "uring.test"
local uring = require "uring"
local within = require "spec.support.within"

local LONG = 30 -- seconds that nobody waits here

uring.blocking(function() end) -- it keeps its ring from now on

-- Both ends of a connection, closed at the end of the block.
local function connected()
  local server = assert(socket.bind("127.0.0.1", 0))
  local host, port = server:getsockname()
  local client = assert(socket.connect(host, port))
  local accepted = assert(server:accept())
  server:close()
  return client, accepted
end

-- Closes all at the end of a block.
local function closing(...)
  local all = { ... }
  return setmetatable({}, { __close = function()
    for _, each in ipairs(all) do each:close() end
  end })
end

-- A server that nobody connects to, and a client that is not received from.
local function waiting_places()
  local server = assert(socket.bind("127.0.0.1", 0))
  local udp = assert(socket.udp4())
  udp:setsockname("127.0.0.1", 0)
  local path = os.tmpname()
  os.remove(path)
  local local_server, gram = socket.unix.stream(), socket.unix.dgram()
  assert(local_server:bind(path))
  assert(local_server:listen())
  local a, b = connected()
  local full = ("x"):rep(1 << 22)
  return {
    accept = { server, function() return server:accept() end },
    receive = { a, function() return a:receive() end },
    send = { a, function() return a:send(full) end },
    receivefrom = { udp, function() return udp:receivefrom() end },
    select = { server, function()
      return #socket.select({ server }, nil, LONG)
    end },
    ["accept of a path"] = { local_server, function()
      return local_server:accept()
    end },
    ["select of a path"] = { gram, function()
      return #socket.select({ gram }, nil, LONG)
    end },
  }, function()
    local all = { server, udp, a, b, local_server, gram }
    for _, each in ipairs(all) do each:close() end
    os.remove(path)
  end
end

local PLACES = { "accept", "receive", "send", "receivefrom", "select",
  "accept of a path", "select of a path" }

-- Lets every task run until all wait.
local function settle()
  for _ = 1, 5 do uring.yield() end
end

describe("uring.compat.socket in a run", function()
  leaks.watch()

  it("suspends only the task that waits", function()
    within.run(function()
      local a, b = connected()
      local _guards <close> = closing(a, b)
      local order = {}
      uring.all {
        function()
          local line = a:receive()
          order[#order + 1] = line
        end,
        function()
          order[#order + 1] = "sends"
          b:send("was received\n")
        end,
      }
      assert.same({ "sends", "was received" }, order)
    end)
  end)

  it("sleeps beside others", function()
    within.run(function()
      local order = {}
      uring.all {
        function()
          socket.sleep(0.02)
          order[#order + 1] = "late"
        end,
        function()
          socket.sleep(0)
          order[#order + 1] = "early"
        end,
      }
      assert.same({ "early", "late" }, order)
    end)
  end)

  for _, place in ipairs(PLACES) do
    it("ends where its task is cancelled: " .. place, function()
      within.run(function()
        local places, finish = waiting_places()
        local task = uring.spawn(function()
          places[place][2]()
          error("not reached")
        end)
        settle()
        task:cancel()
        local ok = task:result()
        assert.is_false(ok)
        assert.equal(0, places[place][1].waiting)
        finish()
      end)
    end)

    it("ends where another task closes it: " .. place, function()
      within.run(function()
        local places, finish = waiting_places()
        local problem, count
        local task = uring.spawn(function()
          count, problem = places[place][2]()
        end)
        settle()
        places[place][1]:close()
        task:await()
        local due = "closed"
        if place == "receivefrom" then due = "ai_family not supported" end
        if place:find "^select" then
          assert.equal(1, count) -- what is closed is ready
        else
          assert.equal(due, problem)
        end
        finish()
      end)
    end)
  end

  it("keeps what came where receive is cancelled", function()
    within.run(function()
      local a, b = connected()
      local _guards <close> = closing(a, b)
      local task = uring.spawn(function() return a:receive("*l") end)
      b:send("half a ")
      settle()
      task:cancel()
      task:result()
      assert.is_true(a:dirty())
      b:send("line\nnext\n")
      assert.equal("half a line", a:receive())
      assert.equal("next", a:receive())
    end)
  end)

  it("refuses a second task that receives", function()
    within.run(function()
      local a, b = connected()
      local _guards <close> = closing(a, b)
      local task = uring.spawn(function() return a:receive() end)
      settle()
      assert.error_matches(function() a:receive() end,
        "receive: another task receives from this socket")
      b:send("x\n")
      assert.equal("x", task:await())
    end)
  end)

  it("has limits for each wait and for a call", function()
    within.run(function()
      local a, b = connected()
      local _guards <close> = closing(a, b)
      a:settimeout(LONG)
      a:settimeout(0.02, "t")
      local before = socket.gettime()
      assert.same({ n = 3, nil, "timeout", "" }, table.pack(a:receive()))
      local passed = socket.gettime() - before
      assert.is_true(0.015 < passed and passed < 5)
      b:send("in time\n")
      assert.equal("in time", a:receive())
      a:settimeout(nil)
      a:settimeout(0)
      assert.equal("timeout", select(2, a:receive()))
    end)
  end)

  it("receives while another task sends, with limits", function()
    within.run(function()
      local a, b = connected()
      local _guards <close> = closing(a, b)
      a:settimeout(LONG)
      local text = ("x"):rep(1 << 22)
      local sender = uring.spawn(function() return a:send(text) end)
      local receiver = uring.spawn(function() return a:receive() end)
      settle()
      b:send("meanwhile\n")
      assert.equal("meanwhile", receiver:await())
      assert.equal(#text, #b:receive(#text))
      assert.equal(#text, sender:await())
    end)
  end)

  it("selects among more sockets than select(2) can", function()
    within.run(function()
      local COUNT, pipes = 1100, {}
      local hard = io.popen("ulimit -n"):read("n")
      if hard and hard < COUNT + 100 then pending("needs descriptors") end
      for i = 1, COUNT do
        pipes[i] = socket.udp4()
        pipes[i]:setsockname("127.0.0.1", 0)
      end
      local sender <close> = socket.udp4()
      assert.equal("timeout", select(3, socket.select(pipes, nil, 0)))
      for _, i in ipairs { 3, COUNT } do
        sender:sendto("x", pipes[i]:getsockname())
      end
      assert.equal(2, #socket.select(pipes, nil, 0))
      local ready = socket.select(pipes, nil, LONG)
      assert.equal(2, #ready)
      assert.equal(pipes[3], ready[1])
      assert.equal(2.0, ready[pipes[COUNT]])
      for _, each in ipairs(pipes) do each:close() end
    end)
  end)

  it("selects what is ready, and holds nobody up", function()
    local a, b = connected()
    local _both <close> = closing(a, b)
    a:send("x")
    for _, run in ipairs { within.run, function(body) body() end } do
      run(function()
        local turns, is_over, task = 0, false, nil
        local function count()
          repeat
            turns = turns + 1
            uring.yield()
          until is_over
        end
        if run == within.run then task = uring.spawn(count) end
        for _ = 1, 20 do
          local receivers, senders, problem = socket.select({ a, b }, { a },
            LONG)
          assert.same({ n = 1, b, a },
            { n = #receivers, receivers[1], senders[1] })
          assert.is_nil(problem)
        end
        is_over = true
        assert.is_true(not task or turns >= 20)
      end)
    end
  end)

  it("waits outside of a run as long as it is told", function()
    local a, b = connected()
    local _both <close> = closing(a, b)
    local before = uring.now()
    assert.equal("timeout", select(3, socket.select({ a }, nil, 0.02)))
    a:settimeout(0.02)
    assert.same({ nil, "timeout", "" }, { a:receive() })
    assert.is_true(uring.now() - before >= 0.04)
    local chunk, sent = ("x"):rep(1 << 20), nil
    for _ = 1, 100 do
      local _, problem = a:send(chunk)
      if problem then
        sent = problem
        break
      end
    end
    assert.equal("timeout", sent)
    assert.equal(1 << 20, #b:receive(1 << 20))
  end)

  it("runs in a simulation", function()
    local said = {}
    test.run({ seed = 1 }, function()
      local server = assert(socket.bind("10.0.0.1", 80))
      uring.spawn(function()
        local conn <close> = server:accept()
        conn:send("hello " .. conn:receive() .. "\n")
      end)
      local client <close> = assert(socket.connect("10.0.0.1", 80))
      client:settimeout(3)
      client:send("simulation\n")
      said[1] = client:receive()
      said[2] = select(2, client:receive())
      said[3] = select(3, socket.select({ server }, nil, 0.5))
      server:close()
    end)
    assert.same({ "hello simulation", "closed", "timeout" }, said)
  end)

  it("may be left to the collector", function()
    within.run(function()
      local a <close> = connected() -- the other end is nobody's
      collectgarbage()
      collectgarbage()
      assert.same({ n = 3, nil, "closed", "" }, table.pack(a:receive()))
    end)
  end)
end)

describe("uring.compat.install", function()
  leaks.watch()

  it("puts ours in the place of others, and them back", function()
    local before = package.loaded["socket.core"]
    local undo = compat.install { "socket", "socket.core", "socket.unix" }
    assert.equal(socket, require "socket")
    assert.equal(socket.unix, require "socket.unix")
    assert.equal("unixstream{master}", require "socket.unix"().class)
    assert.equal(socket, require "socket.core")
    undo()
    assert.equal(before, package.loaded["socket.core"])
    assert.is_not.equal(socket, package.loaded.socket)
    undo()
  end)

  it("says what is wrong", function()
    assert.error_matches(function() compat.install "socket" end,
      "install: bad argument 'names' %(table expected%)")
    assert.error_matches(function() compat.install { "none" } end,
      "install: bad name 'none'")
  end)
end)
