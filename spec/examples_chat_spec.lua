--- The chat server and the port scanner do what their headers say, seen from
-- outside: by nc, socat, and sockets that do what no client should.
local leaks = require "spec.support.leaks"
local peer = require "spec.support.peer"
local process = require "spec.support.process"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local uring = require "uring"

local LUA = process.LUA

uring.sleep(0) -- outside of a run there is a ring for good

-- Runs a test with a server; it gets the server.
local function chat(body)
  local running <close> = peer.serve { file = "examples/chat.lua",
    where = "127.0.0.1:%s" }
  peer.run(body, running)
  return running
end

-- Connects, and gives a name.
local function join(server, name)
  local conn = peer.connect(server)
  assert(conn:write(name, "\n"))
  assert.equal("your name? * " .. name .. " is here", conn:read())
  return conn
end

local function hears(conn, ...)
  for _, line in ipairs { ... } do assert.equal(line, conn:read()) end
end

describe("examples/chat.lua", function()
  leaks.watch()

  it("tells the others what one says, and who comes and goes", function()
    chat(function(server)
      local ann <close> = join(server, "ann")
      local bob <close> = join(server, "bob")
      hears(ann, "* bob is here")
      local eve = join(server, "eve")
      hears(ann, "* eve is here")
      hears(bob, "* eve is here")
      assert(ann:write "hello\nall\n")
      for _, each in ipairs { bob, eve } do
        hears(each, "ann: hello", "ann: all")
      end
      assert(bob:write "hi\r\n")
      hears(ann, "bob: hi")
      hears(eve, "bob: hi")
      eve:close()
      hears(ann, "* eve has left")
      hears(bob, "* eve has left")
      assert.equal("", server:errors())
    end)
  end)

  it("serves nc and socat", function()
    chat(function(server)
      local ann <close> = join(server, "ann")
      local closes = process.shell("nc -h 2>&1 | grep -q -e -N").code == 0
      for _, client in ipairs {
        "nc " .. (closes and "-N " or "") .. "127.0.0.1 $1",
        "socat -t 10 - TCP:127.0.0.1:$1",
      } do
        local result = process.shell(
          [[printf 'bob\nhello\nfrom outside\n' | ]] .. client, server.port)
        assert.equal(0, result.code)
        assert.matches("^your name%? ", result.out)
        hears(ann, "* bob is here", "bob: hello", "bob: from outside",
          "* bob has left")
      end
    end)
  end)

  it("takes a name that is a word, and nobody's", function()
    chat(function(server)
      local refusal = "that is no word, or somebody's; your name? "
      local ann <close> = join(server, "ann")
      local bob <close> = peer.connect(server)
      assert(bob:write "\nann\ntwo words\n*\nbob\n")
      hears(bob, "your name? " .. refusal:rep(4) .. "* bob is here")
      hears(ann, "* bob is here")
      ann:close()
      hears(bob, "* ann has left")
      local again <close> = join(server, "ann")
      assert.is_false(again:closed())
      local nobody = peer.connect(server)
      nobody:close() -- leaves no trace
      hears(bob, "* ann is here")
    end)
  end)

  it("is not held up by one that does not read, who has to leave", function()
    chat(function(server)
      local deaf <close> = join(server, "deaf")
      local ann <close> = join(server, "ann")
      local bob <close> = join(server, "bob")
      hears(ann, "* bob is here")
      local line, sent, left = ("la "):rep(20000), 0, nil
      uring.spawn(function()
        while not left do
          assert(ann:write(line, "\n"))
          sent = sent + 1
          while not left and sent - (bob.heard or 0) > 4 do
            uring.sleep(0.001)
          end
        end
      end)
      repeat
        local heard = assert(bob:read())
        if heard == "* deaf has left" then
          left = true
        else
          assert.is_true(heard == "ann: " .. line)
          bob.heard = (bob.heard or 0) + 1
        end
      until left
      hears(ann, "* deaf has left")
      assert.is_truthy(deaf)
      assert.equal("", server:errors())
    end)
  end)

  it("hears nobody twice, nor anyone out of turn", function()
    chat(function(server)
      local listener <close> = join(server, "listener")
      local names = { "a", "b", "c" }
      for _, name in ipairs(names) do
        uring.spawn(function()
          local conn <close> = join(server, name)
          uring.spawn(function()
            for i = 1, 300 do assert(conn:write(name, i, "\n")) end
            conn:shutdown "w"
          end)
          for _ in conn:chunks() do end -- to the end
        end)
      end
      local last, gone = {}, 0
      while gone < #names do
        local line = assert(listener:read())
        local name, number = line:match "^(%l): %1(%d+)$"
        if name then
          assert.equal((last[name] or 0) + 1, tonumber(number))
          last[name] = tonumber(number)
        elseif line:find "has left" then
          gone = gone + 1
        end
      end
      assert.same({ a = 300, b = 300, c = 300 }, last)
    end)
  end)

  it("throws out who sends no end of line, or breaks off", function()
    chat(function(server)
      local ann <close> = join(server, "ann")
      local bob <close> = join(server, "bob")
      hears(ann, "* bob is here")
      assert(bob:write(("x"):rep(100000)))
      hears(ann, "* bob has left")
      local eve = join(server, "eve")
      hears(ann, "* eve is here")
      assert(ann:write "unread\n")
      assert(uring.wait_readable(eve, 10))
      eve:close() -- resets the connection
      hears(ann, "* eve has left")
      assert.equal("", server:errors())
    end)
  end)
end)

describe("examples/chat.lua, when it ends,", function()
  leaks.watch()

  it("says goodbye to all", function()
    local result
    chat(function(server)
      local ann <close> = join(server, "ann")
      local bob <close> = join(server, "bob")
      local nameless <close> = peer.connect(server)
      hears(ann, "* bob is here")
      hears(nameless, nil)
      assert.equal("your name? ", nameless:read(11))
      server:signal "INT"
      for _, conn in ipairs { ann, bob } do
        local words = conn:read "a"
        assert.matches("%* goodbye\n", words)
      end
      assert.equal("", nameless:read "a")
      result = server:wait()
      assert.same({ 0, "" }, { result.code, result.err })
    end)
  end)

  it("waits not longer than a second for one that does not read", function()
    chat(function(server)
      local deaf <close> = join(server, "deaf")
      local ann <close> = join(server, "ann")
      uring.spawn(function() -- until the server sends no more to deaf
        local progress = { sent = 0 }
        peer.flood(ann, 1 << 25, progress)
      end)
      uring.sleep(0.1)
      server:signal "INT"
      local result = server:wait(10)
      assert.same({ 0, "" }, { result.code, result.err })
      assert.is_false(deaf:closed())
    end)
  end)

  it("says in one line why it cannot begin", function()
    chat(function(server)
      local result = process.run { LUA, "examples/chat.lua",
        "127.0.0.1:" .. server.port }
      assert.same({ 1, "" }, { result.code, result.out })
      assert.matches("^chat: listen %S+: Address already in use\n$", result.err)
    end)
  end)
end)

describe("examples/scan.lua", function()
  leaks.watch()

  local function scan(...)
    return process.run { LUA, "examples/scan.lua", ... }
  end

  it("tells what is open, closed and silent", function()
    local own <close> = rows.owner()
    local _, open = sockets.listener(own)
    local _, shut = sockets.bound(own) -- which listens not
    assert.same({ code = 0, err = "",
      out = open.port .. " open\n1 open, 0 closed, 0 silent\n" },
      scan("127.0.0.1", open.port))
    assert.same({ code = 0, err = "",
      out = "0 open, 1 closed, 0 silent\n" }, scan("127.0.0.1", shut.port))
    local _, full = sockets.listener(own, 0)
    uring.run(function()
      local conns <close> = setmetatable({}, { __close = function(conns)
        for _, conn in ipairs(conns) do conn:close() end
      end })
      repeat
        table.insert(conns, (uring.connect(full, { timeout = 0.05 })))
        local conn, message = uring.connect(full, { timeout = 0.05 })
        table.insert(conns, conn)
      until message == "timeout"
      assert.same({ code = 0, err = "",
        out = "0 open, 0 closed, 1 silent\n" },
        scan("127.0.0.1", full.port, "0.05"))
    end)
  end)

  it("finds all that listen, in a range, each once", function()
    local own <close> = rows.owner()
    local ports = {}
    for i = 1, 5 do
      local _, address = sockets.listener(own)
      ports[i] = address.port
    end
    table.sort(ports)
    local to = math.min(ports[1] + 2000, 65535)
    local result = scan("127.0.0.1", ports[1] .. "-" .. to)
    assert.same({ 0, "" }, { result.code, result.err })
    local found, open = {}, 0
    for port in result.out:gmatch "(%d+) open\n" do
      assert.is_nil(found[port])
      found[port] = true
      open = open + 1
    end
    for _, port in ipairs(ports) do
      assert.equal(port <= to, found[tostring(port)] or false)
    end
    local told, closed, silent = result.out
      :match "(%d+) open, (%d+) closed, (%d+) silent\n$"
    assert.equal(open, tonumber(told))
    assert.equal(to - ports[1] + 1, told + closed + silent)
  end)

  it("asks no more at once than it is told", function()
    local result = process.run { LUA, "examples/scan.lua", "127.0.0.1",
      "1-300", "1", "20", limits = "-n 40" }
    assert.same({ 0, "" }, { result.code, result.err })
    assert.matches("%d+ open, %d+ closed, 0 silent\n$", result.out)
  end)

  it("says in one line what it cannot do", function()
    for _, words in ipairs {
      {}, { "127.0.0.1" }, { "127.0.0.1", "x" }, { "127.0.0.1", "2-1" },
      { "127.0.0.1", "1-65536" }, { "127.0.0.1", "1", "-1" },
      { "127.0.0.1", "1", "1", "0" },
    } do
      assert.same({ code = 1, out = "",
        err = "scan: usage: scan.lua HOST FROM[-TO] [SECONDS [AT-ONCE]]\n" },
        scan(table.unpack(words)))
    end
    assert.same({ code = 1, out = "", err = "scan: connect resolve "
      .. "not a name: not a domain name\n" }, scan("not a name", "1"))
  end)
end)
