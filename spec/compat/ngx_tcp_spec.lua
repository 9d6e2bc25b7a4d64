--- Cosockets: what they send, read and say, as OpenResty's do.
local daemons = require "spec.support.daemons"
local leaks = require "spec.support.leaks"
local temp = require "spec.support.temp"
local uring = require "uring"
local within = require "spec.support.within"

local compat = require "uring.compat.ngx"
local ngx = compat.ngx

leaks.watch()

-- A cosocket, and the connection of ours at its other end.
local function with_pair(body)
  within.run(function()
    local listener <close> = assert(uring.listen "127.0.0.1:0")
    local socket <close> = ngx.socket.tcp()
    assert(socket:connect("127.0.0.1", listener:sockname().port))
    local peer <close> = assert(listener:accept())
    return body(socket, peer, listener)
  end)
end

local function feed(peer, ...)
  local pieces = { ... }
  return uring.spawn(function()
    for _, piece in ipairs(pieces) do
      peer:write(piece)
      uring.sleep(0.003)
    end
    peer:shutdown "w"
  end)
end

describe("a cosocket sends", function()
  for name, case in pairs {
    ["strings"] = { "hello", "hello" },
    ["numbers"] = { 3.0, "3" },
    ["numbers with a fraction"] = { 0.5, "0.5" },
    ["booleans"] = { true, "true" },
    ["nil"] = { nil, "nil" },
    ["lists in lists"] = { { "a", { 1, { false, "b" } }, "c" }, "a1falsebc" },
  } do
    it(name, function()
      with_pair(function(socket, peer)
        assert.equal(#case[2], socket:send(case[1]))
        assert.equal(case[2], peer:read(#case[2]))
      end)
    end)
  end

  it("no functions, and no tables that are not lists", function()
    with_pair(function(socket)
      assert.has_error(function() socket:send(print) end,
        "send: bad data type function found (string, number, boolean, nil, "
        .. "or array table expected)")
      assert.has_error(function() socket:send { x = 1 } end,
        "send: non-array table found")
      assert.has_error(function() socket:send { "x", { print } } end)
    end)
  end)

  it("an empty string", function()
    with_pair(function(socket) assert.equal(0, socket:send "") end)
  end)
end)

describe("a cosocket receives", function()
  it("lines, without any CR", function()
    with_pair(function(socket, peer)
      feed(peer, "one\r\ntw", "o\n\r\nth\rree", "\nfour")
      assert.equal("one", socket:receive())
      assert.equal("two", socket:receive "*l")
      assert.equal("", socket:receive "*l")
      assert.equal("three", socket:receive())
      assert.same({ nil, "closed", "four" }, { socket:receive() })
      assert.same({ nil, "closed" }, { socket:receive() })
    end)
  end)

  it("counts of bytes, also where the count is a string", function()
    with_pair(function(socket, peer)
      feed(peer, "abc", "defg")
      assert.equal("", socket:receive(0))
      assert.equal("abcd", socket:receive(4))
      assert.equal("e", socket:receive "1")
      assert.same({ nil, "closed", "fg" }, { socket:receive(3) })
    end)
  end)

  it("all", function()
    with_pair(function(socket, peer)
      feed(peer, "abc", "def")
      assert.equal("a", socket:receive(1))
      assert.equal("bcdef", socket:receive "*a")
      assert.same({ nil, "closed" }, { socket:receive "*a" })
    end)
  end)

  it("what there is", function()
    with_pair(function(socket, peer)
      feed(peer, "abcdef", "g")
      assert.equal("abcd", socket:receiveany(4))
      assert.equal("ef", socket:receiveany(4))
      assert.equal("g", socket:receiveany(4))
      assert.same({ nil, "closed", "" }, { socket:receiveany(4) })
    end)
  end)

  it("no more than a time, and goes on after it", function()
    with_pair(function(socket, peer)
      socket:settimeout(5)
      peer:write "part"
      assert.same({ nil, "timeout", "part" }, { socket:receive() })
      assert.same({ nil, "timeout", "" }, { socket:receive(4) })
      peer:write "more\n"
      assert.equal("more", socket:receive())
      peer:write "x"
      assert.same({ nil, "timeout", "x" }, { socket:receive "*a" })
      assert.equal(3, socket:send "abc")
    end)
  end)

  it("says that its peer has reset the connection", function()
    with_pair(function(socket, peer)
      socket:send "unread"
      peer:read(1)
      socket:send "x"
      uring.sleep(0.002)
      peer:close()
      local _, problem = socket:receive()
      assert.equal("connection reset by peer", problem)
      assert.same({ nil, "closed" }, { socket:send "x" })
    end)
  end)
end)

describe("receiveuntil", function()
  local TEXT = "hello, world! -agentzh\n--abcedhb blah"

  it("reads up to a string, which may come in pieces", function()
    with_pair(function(socket, peer)
      feed(peer, "ab-", "-a--", "-x--", "-rest")
      local reader = socket:receiveuntil "---"
      assert.equal("ab--a", reader())
      assert.equal("x", reader())
      assert.same({ nil, "closed", "rest" }, { reader() })
    end)
  end)

  it("gives so many bytes at once, and nil after the last", function()
    with_pair(function(socket, peer)
      feed(peer, TEXT)
      local reader = socket:receiveuntil "\n--abcedhb"
      local chunks = {}
      while true do
        local chunk, problem = reader(4)
        assert.is_nil(problem)
        if not chunk then break end
        chunks[#chunks + 1] = chunk
      end
      assert.same({ "hell", "o, w", "orld", "! -a", "gent", "zh" }, chunks)
      assert.equal(" blah", socket:receive(5))
    end)
  end)

  it("ends with an empty chunk where the last was full", function()
    with_pair(function(socket, peer)
      feed(peer, "abcd--ef--")
      local reader = socket:receiveuntil "--"
      assert.same({ "ab", "cd" }, { reader(2), (reader(2)) })
      assert.same({ n = 3, nil, nil, nil }, table.pack(reader(2)))
      assert.equal("ef", reader())
    end)
  end)

  it("does not wait for what cannot be the string", function()
    with_pair(function(socket, peer)
      peer:write "abcd"
      local reader = socket:receiveuntil "--boundary"
      assert.equal("abcd", reader(4))
    end)
  end)

  it("includes the string where it shall", function()
    with_pair(function(socket, peer)
      feed(peer, "a_END b_END")
      local reader = socket:receiveuntil("_END", { inclusive = true })
      assert.same({ "a_END", " b_END" }, { reader(), (reader()) })
    end)
  end)

  it("includes it in the last of several chunks", function()
    with_pair(function(socket, peer)
      feed(peer, "abcde_END fg_END")
      local reader = socket:receiveuntil("_END", { inclusive = true })
      assert.same({ "abc", "de_END" }, { reader(3), (reader(3)) })
      assert.same({ n = 3, nil, nil, nil }, table.pack(reader(3)))
      assert.equal(" fg_END", reader(3))
    end)
  end)

  it("gives what came where its time is over", function()
    with_pair(function(socket, peer)
      socket:settimeout(5)
      peer:write "abc--"
      local reader = socket:receiveuntil "---"
      assert.same({ nil, "timeout", "abc--" }, { reader() })
      assert.same({ nil, "pattern is empty" }, { socket:receiveuntil "" })
    end)
  end)
end)

describe("a cosocket connects", function()
  it("by ngx.socket.connect, and to a path", function()
    within.run(function()
      local name <close> = temp.name()
      local listener <close> = assert(uring.listen("unix:" .. name.path))
      local socket <close> = assert(ngx.socket.connect("unix:" .. name.path))
      local peer <close> = assert(listener:accept())
      assert.equal(2, socket:send "hi")
      assert.equal("hi", peer:read(2))
      assert.equal(0, socket:getreusedtimes())
    end)
  end)

  it("to another place, and leaves the first", function()
    with_pair(function(socket, peer, listener)
      assert(socket:connect("localhost", listener:sockname().port))
      local other <close> = assert(listener:accept())
      assert.is_nil(peer:read(1))
      socket:send "x"
      assert.equal("x", other:read(1))
    end)
  end)

  it("and says why not", function()
    local port = daemons.free_port()
    within.run(function()
      local socket = ngx.socket.tcp()
      assert.same({ nil, "connection refused" },
        { socket:connect("127.0.0.1", port) })
      assert.same({ nil, "bad port number: 70000" },
        { socket:connect("127.0.0.1", 70000) })
      assert.same({ nil, "no such file or directory" },
        { socket:connect "unix:/nowhere/at/all" })
      assert.same({ nil, "connection refused" },
        { ngx.socket.connect("127.0.0.1", port) })
    end)
  end)

  it("for no longer than its time", function()
    within.run(function()
      local name <close> = temp.name()
      local listener <close> = assert(uring.listen("unix:" .. name.path,
        { backlog = 0 }))
      local first <close> = ngx.socket.tcp()
      assert(first:connect("unix:" .. name.path))
      local second = ngx.socket.tcp()
      second:settimeouts(5, 1000, 1000)
      local third <close> = assert(listener:sockname()) and ngx.socket.tcp()
      third:settimeout(5)
      second:connect("unix:" .. name.path)
      local _, problem = third:connect("unix:" .. name.path)
      assert.is_true(problem == "timeout"
        or problem == "resource temporarily unavailable")
      if second.conn then second:close() end
    end)
  end)
end)

describe("a cosocket that is not connected says so:", function()
  for _, call in ipairs {
    { "send", "x" }, { "receive" }, { "receiveany", 1 }, { "close" },
    { "setkeepalive" }, { "getreusedtimes" }, { "sslhandshake" },
    { "setoption", "keepalive", true },
  } do
    it(call[1], function()
      local socket = ngx.socket.tcp()
      assert.same({ n = 2, nil, "closed" },
        table.pack(socket[call[1]](socket, table.unpack(call, 2))))
    end)
  end
end)

describe("two tasks at one cosocket", function()
  it("cannot read both, nor close while one reads", function()
    with_pair(function(socket, peer)
      local task = uring.spawn(function() return socket:receive() end)
      uring.yield()
      assert.same({ nil, "socket busy reading" }, { socket:receive() })
      assert.same({ nil, "socket busy reading" }, { socket:close() })
      assert.same({ nil, "socket busy reading" }, { socket:setkeepalive() })
      assert.same({ nil, "socket busy reading" },
        { socket:connect("127.0.0.1", 1) })
      assert.equal(1, socket:send "x") -- but may write
      peer:write "line\n"
      assert.equal("line", task:await())
    end)
  end)

  it("cannot connect it both", function()
    within.run(function()
      local listener <close> = assert(uring.listen "127.0.0.1:0")
      local port = listener:sockname().port
      local socket <close> = ngx.socket.tcp()
      local task = uring.spawn(function()
        return socket:connect("127.0.0.1", port)
      end)
      local ok, problem
      repeat
        uring.yield()
        ok, problem = socket:close()
      until ok or problem ~= "closed"
      if not ok then assert.equal("socket busy connecting", problem) end
      task:await()
    end)
  end)
end)

describe("a cancelled call", function()
  it("of receive loses no byte", function()
    with_pair(function(socket, peer)
      peer:write "ab"
      uring.timeout(0.005, socket.receive, socket, 4)
      peer:write "cd"
      assert.equal("abcd", socket:receive(4))
    end)
  end)

  it("of receiveuntil loses no byte", function()
    with_pair(function(socket, peer)
      local reader = socket:receiveuntil "--"
      peer:write "ab-"
      uring.timeout(0.005, reader)
      peer:write "-c"
      assert.equal("ab", reader())
      assert.equal("c", socket:receive(1))
    end)
  end)

  it("of send closes the connection, of which a part may have gone", function()
    with_pair(function(socket)
      uring.timeout(0.005, socket.send, socket, ("x"):rep(32 << 20))
      assert.same({ nil, "closed" }, { socket:send "x" })
    end)
  end)

  it("of connect leaves it unconnected", function()
    within.run(function()
      local socket = ngx.socket.tcp()
      local port = 1
      uring.timeout(0, socket.connect, socket, "127.0.0.1", port)
      assert.same({ nil, "closed" }, { socket:send "x" })
      assert.is_false(socket.is_connecting)
    end)
  end)
end)

describe("a send that takes too long", function()
  it("says so, and closes the connection", function()
    with_pair(function(socket)
      socket:settimeouts(1000, 5, 1000)
      assert.same({ nil, "timeout" }, { socket:send(("x"):rep(32 << 20)) })
      assert.same({ nil, "closed" }, { socket:send "x" })
    end)
  end)
end)

describe("options", function()
  it("are set", function()
    with_pair(function(socket)
      for _, name in ipairs { "keepalive", "reuseaddr", "tcp-nodelay" } do
        assert.is_true(socket:setoption(name, true))
      end
      assert.is_true(socket:setoption("sndbuf", 65536))
      assert.same({ nil, "unsupported option x" }, { socket:setoption("x", 1) })
      assert.has_error(function() socket:setoption("keepalive", "x") end,
        "bad argument #3 to 'setoption' (number expected, got string)")
    end)
  end)

  it("of TLS are not there", function()
    with_pair(function(socket)
      assert.same({ nil, "not supported" }, { socket:sslhandshake() })
    end)
  end)
end)

describe("misuse", function()
  for name, case in pairs {
    ["a format"] = { "receive", "*x",
      "bad argument #2 to 'receive' (bad pattern argument: *x)" },
    ["a negative count"] = { "receive", -1,
      "bad argument #2 to 'receive' (bad number argument)" },
    ["no count"] = { "receiveany", 0,
      "bad argument #2 to 'receiveany' (bad max argument)" },
    ["no string"] = { "receiveuntil", {},
      "bad argument #2 to 'receiveuntil' (string expected, got table)" },
    ["no host"] = { "connect", {},
      "bad argument #2 to 'connect' (string expected, got table)" },
    ["no time"] = { "settimeout", "x",
      "bad argument to 'settimeout' (number expected, got string)" },
  } do
    it("of " .. case[1] .. " by " .. name .. " raises", function()
      local socket = ngx.socket.tcp()
      assert.has_error(function() socket[case[1]](socket, case[2]) end,
        case[3])
    end)
  end
end)

describe("datagrams", function()
  it("go out, and say what came back", function()
    within.run(function()
      local one, other = ngx.socket.udp(), ngx.socket.udp()
      local port = daemons.free_port()
      assert.equal(1, one:setpeername("127.0.0.1", port))
      one:settimeout(5)
      assert.same({ nil, "closed" }, { other:send "x" })
      assert.equal(1, one:send { "nobody ", 1 })
      local _, problem = one:receive()
      assert.equal("connection refused", problem)
      assert.equal(1, one:close())
      assert.same({ nil, "closed" }, { one:receive() })
    end)
  end)

  it("are waited for no longer than the time", function()
    local name <close> = temp.name()
    local low = require "uring.ring"
    local fd = assert(low.socket(low.consts.AF_UNIX, low.consts.SOCK_DGRAM))
    assert(low.bind(fd, low.sockaddr("unix:" .. name.path)))
    local function exchange()
      local one <close> = ngx.socket.udp()
      assert.equal(1, one:setpeername("unix:" .. name.path))
      one:settimeout(5)
      assert.equal(1, one:send "hello")
      assert.same({ nil, "timeout" }, { one:receive() })
    end
    within.run(exchange)
    exchange() -- outside of a run too
    low.close(fd)
  end)
end)

describe("outside of a run a cosocket", function()
  it("works, and blocks", function()
    local low = require "uring.ring"
    local name <close> = temp.name()
    local fd = assert(low.socket(low.consts.AF_UNIX, low.consts.SOCK_STREAM))
    assert(low.bind(fd, low.sockaddr("unix:" .. name.path)))
    assert(low.listen(fd))
    local socket = ngx.socket.tcp()
    assert.equal(1, socket:connect("unix:" .. name.path))
    socket:settimeout(5)
    assert.equal(2, socket:send "hi")
    assert.same({ nil, "timeout", "" }, { socket:receive() })
    assert.same({ nil, "invalid connection" }, { socket:setkeepalive() })
    assert.equal(1, socket:close())
    low.close(fd)
  end)
end)
