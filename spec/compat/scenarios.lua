--- Small scenes for LuaSocket and ours: each is played with both, and has to
-- say the same.  say(...) prints values, exactly but for addresses of memory.
-- Sockets are closed by whoever made them; ports are said as "port".
local scenarios = {}

local function add(name, body)
  scenarios[#scenarios + 1] = { name = name, body = body }
end

-- A server, and both ends of a connection to it.
local function connected(socket)
  local server = assert(socket.bind("127.0.0.1", 0))
  local host, port = server:getsockname()
  local client = assert(socket.connect(host, port))
  local accepted = assert(server:accept())
  return client, accepted, server, port
end

local function close(...)
  for _, each in ipairs { ... } do each:close() end
end

-- Waits until it can be received from; fails where it cannot.
local function await(socket, object)
  local ready = socket.select({ object }, nil, 10)
  assert(ready[1] == object)
end

-- Says what a call raises, but for who is blamed.
local function say_raised(say, f, ...)
  local ok, problem = pcall(f, ...)
  say(ok, type(problem) == "string" and problem:match("%((.*)%)$") or "?")
end

-- Receiving

add("lines lose their ends and every CR", function(socket, say)
  local a, b, server = connected(socket)
  b:send("one\r\ntw\ro\n\nlast\r")
  say(a:receive())
  say(a:receive("*l"))
  say(a:receive("*l", "before "))
  b:close()
  say(a:receive("*line"))
  say(a:receive("*l"))
  close(a, server)
end)

add("a count is received whole, or as far as it came", function(socket, say)
  local a, b, server = connected(socket)
  b:send("abcdefgh")
  say(a:receive(3))
  say(a:receive("2"))
  say(a:receive(2.7))
  say(a:receive(4, "gh--"))
  say(a:receive(2, "xyz"))
  say(a:receive(0))
  b:close()
  say(a:receive(9, "p"))
  say(a:receive(1))
  say(a:receive(0))
  close(a, server)
end)

add("all is what comes until the end", function(socket, say)
  local a, b, server = connected(socket)
  b:send("every\nthing\r")
  b:close()
  say(a:receive("*a"))
  say(a:receive("*a"))
  say(a:receive("*a", "prefix"))
  close(a, server)
end)

add("a timeout gives what has come, which is taken", function(socket, say)
  local a, b, server = connected(socket)
  a:settimeout(0.01)
  say(a:receive())
  b:send("part\rial")
  await(socket, a)
  say(a:receive("*l"))
  say(a:receive(2, "z"))
  b:send("x")
  await(socket, a)
  say(a:receive("*a"))
  b:send("rest\n")
  await(socket, a)
  say(a:receive("*l", "part "))
  a:settimeout(0)
  say(a:receive(1))
  say(a:dirty())
  close(a, b, server)
end)

add("what is kept makes a socket dirty", function(socket, say)
  local a, b, server = connected(socket)
  b:send("one\ntwo\n")
  await(socket, a)
  say(a:dirty(), a:receive(), a:dirty(), a:receive(), a:dirty())
  close(a, b, server)
end)

add("large amounts come whole", function(socket, say)
  local a, b, server = connected(socket)
  local text = ("0123456789abcde\n"):rep(4096)
  b:settimeout(0)
  local last, total, received = 0, #text, {}
  local left = total
  while left > 0 do
    if last < total then
      local sent, _, partial = b:send(text, last + 1)
      last = sent or partial
    end
    await(socket, a)
    received[#received + 1] = a:receive(math.min(left, 4000))
    left = left - #received[#received]
    if last < total and left < 8000 then
      socket.select(nil, { b }, 10)
    end
  end
  say(table.concat(received) == text, last)
  close(a, b, server)
end)

add("patterns that are none raise", function(socket, say)
  local a, b, server = connected(socket)
  say_raised(say, a.receive, a, "l")
  say_raised(say, a.receive, a, "*x")
  say_raised(say, a.receive, a, -1)
  say_raised(say, a.receive, a, {})
  close(a, b, server)
end)

-- Sending

add("send tells the last byte that has gone", function(socket, say)
  local a, b, server = connected(socket)
  say(a:send("hello"))
  say(a:send("hello", 2))
  say(a:send("hello", 2, 3))
  say(a:send("hello", -2))
  say(a:send("hello", -3, -2))
  say(a:send("hello", 4, 2))
  say(a:send("hello", 0, 99))
  say(a:send("", 1))
  say(a:send(12.5))
  say(b:receive(23))
  say_raised(say, a.send, a)
  say_raised(say, a.send, a, {})
  say_raised(say, a.send, a, "x", "y")
  close(a, b, server)
end)

add("send stops where the peer does not read", function(socket, say)
  local a, b, server = connected(socket)
  a:settimeout(0)
  local block, rounds = ("x"):rep(100000), 0
  local ok, problem, last = a:send(block, 11)
  while ok and rounds < 1000 do
    ok, problem, last = a:send(block, 11)
    rounds = rounds + 1
  end
  say(ok, problem, last >= 10 and last < 100000)
  close(a, b, server)
end)

add("a peer that has gone is closed", function(socket, say)
  local a, b, server = connected(socket)
  b:setoption("linger", { on = true, timeout = 0 })
  b:close()
  await(socket, a)
  say(a:receive(5))
  say(a:receive(5))
  say(a:send("x"))
  say(a:getpeername())
  close(a, server)
end)

add("a closed socket says so", function(socket, say)
  local a, b, server = connected(socket)
  say(a:close())
  say(a:close())
  say(a:send("x"))
  say(a:send(""))
  say(a:receive())
  say(a:receive(3, "abc"))
  say(a:receive(4, "abc"))
  say(a:getfd(), a:getsockname())
  say(a:getpeername())
  say(a:shutdown(), a:dirty())
  say(a:getoption("keepalive"))
  say(a:setoption("keepalive", true))
  server:close()
  say(server:accept())
  b:close()
end)

add("shutdown ends a direction", function(socket, say)
  local a, b, server = connected(socket)
  a:send("bye")
  say(a:shutdown("send"))
  say(b:receive("*a"))
  say(b:send("still"))
  say(a:receive(5))
  say(a:send("x"))
  say(b:shutdown())
  say(a:receive(1))
  say_raised(say, a.shutdown, a, "writing")
  close(a, b, server)
end)

-- Objects

add("classes change as objects are used", function(socket, say)
  local master = socket.tcp()
  say(master, master.class, master:getfd(), master:getfamily())
  say_raised(say, master.send, master, "x")
  say_raised(say, master.receive, master)
  say_raised(say, master.accept, master)
  say(master:getsockname())
  say(master:getpeername())
  say(master:listen())
  say(master:bind("127.0.0.1", 0))
  say(master:bind("127.0.0.1", 0))
  say(master:listen(5))
  say(master, master.class)
  say_raised(say, master.bind, master, "*", 0)
  say_raised(say, master.listen, master)
  local host, port = master:getsockname()
  local client = socket.tcp()
  say(client:connect(host, port))
  say(client, client.class, select(3, client:getpeername()))
  say_raised(say, client.accept, client)
  say(type(port), math.type(select(2, client:getpeername())))
  close(client, master)
end)

add("time limits are told", function(socket, say)
  local master = socket.tcp()
  say(master:gettimeout())
  say(master:settimeout(1.5), master:gettimeout())
  say(master:settimeout(2, "t"), master:gettimeout())
  say(master:settimeout("3", "block"), master:gettimeout())
  say(master:settimeout(nil), master:gettimeout())
  say(master:settimeout(-1, "total"), master:gettimeout())
  say_raised(say, master.settimeout, master, "x")
  say_raised(say, master.settimeout, master, 1, "x")
end)

add("accept has a limit", function(socket, say)
  local server = socket.bind("127.0.0.1", 0)
  server:settimeout(0)
  say(server:accept())
  server:settimeout(0.01)
  say(server:accept())
  server:settimeout(nil)
  server:settimeout(0.01, "t")
  say(server:accept())
  server:close()
end)

add("numbers are counted", function(socket, say)
  local a, b, server = connected(socket)
  a:send("12345")
  b:send("a\r\nbc")
  a:receive()
  a:receive(1)
  local received, sent, age = a:getstats()
  say(received, sent, age >= 0 and age < 10)
  say(a:setstats(7, 8, 100))
  received, sent, age = a:getstats()
  say(received, sent, age >= 100 and age < 110)
  close(a, b, server)
end)

local VALUES = {
  keepalive = true, reuseaddr = true, reuseport = true, broadcast = true,
  dontroute = true, ["tcp-nodelay"] = true, ["tcp-keepidle"] = 77,
  ["tcp-keepcnt"] = 5, ["tcp-keepintvl"] = 11,
  ["ip-multicast-loop"] = false, ["ip-multicast-if"] = "127.0.0.1",
  ["recv-buffer-size"] = 5000, ["send-buffer-size"] = 5000,
}

local NAMES = { "keepalive", "reuseaddr", "reuseport", "broadcast",
  "dontroute", "tcp-nodelay", "tcp-keepidle", "tcp-keepcnt", "tcp-keepintvl",
  "ip-multicast-loop", "ip-multicast-if", "ip-multicast-ttl", "linger",
  "recv-buffer-size", "send-buffer-size", "tcp-defer-accept", "tcp-fastopen",
  "tcp-fastopen-connect", "ip-add-membership", "ip-drop-membership",
  "ipv6-unicast-hops", "ipv6-multicast-hops", "ipv6-multicast-loop",
  "ipv6-add-membership", "ipv6-drop-membership", "ipv6-v6only", "error",
  "none such" }

for _, make in ipairs { "tcp4", "udp4" } do
  for _, name in ipairs(NAMES) do
    add(make .. " has the option " .. name, function(socket, say)
      local object = assert(socket[make]())
      local value = VALUES[name]
      if value == nil then value = 1 end
      local function get()
        local ok, got, problem = pcall(object.getoption, object, name)
        if type(got) == "table" then got = got.on end
        if not ok then got = got:match("%((.*)%)$") end
        say(ok, got, problem)
      end
      get()
      for _, try in ipairs { value, true, "x", {} } do
        local ok, set, problem = pcall(object.setoption, object, name, try)
        if not ok then set = set:match("%((.*)%)$") end
        say(ok, set, problem)
        get()
      end
      object:close()
    end)
  end
end

add("structures are set and told", function(socket, say)
  local a, b, server = connected(socket)
  say(a:setoption("linger", { on = true, timeout = 3 }))
  local linger = a:getoption("linger")
  say(linger.on, linger.timeout)
  say_raised(say, a.setoption, a, "linger", { on = true })
  close(a, b, server)
  local udp = socket.udp4()
  local group = { multiaddr = "224.0.0.251", interface = "127.0.0.1" }
  say(udp:setoption("ip-add-membership", group))
  say(udp:setoption("ip-add-membership", group))
  say(udp:setoption("ip-drop-membership", group))
  say_raised(say, udp.setoption, udp, "ip-add-membership", { interface = "*" })
  say_raised(say, udp.setoption, udp, "ip-add-membership",
    { multiaddr = "224.0.0.251" })
  say(udp:setoption("ip-multicast-if", "*"))
  udp:close()
end)

-- Names

add("connecting says why it fails", function(socket, say)
  local server = socket.bind("127.0.0.1", 0)
  local _, port = server:getsockname()
  say(socket.bind("127.0.0.1", port))
  server:close()
  say(socket.connect("127.0.0.1", port))
  say(socket.connect("localhost", port))
  say(socket.connect4("localhost", port))
  say(socket.connect("127.0.0.1", "none-such"))
  say(socket.tcp4():connect("::1", port))
  say(socket.tcp():bind("10.255.255.254", 0))
  say_raised(say, socket.connect)
  say_raised(say, socket.connect, "127.0.0.1")
  say_raised(say, socket.connect, "127.0.0.1", 1, nil, nil, "x")
  say(socket.connect("127.0.0.1", port, "127.0.0.1", 0, "inet6"))
end)

add("a connection may come from an address", function(socket, say)
  local server = socket.bind("*", 0)
  local host, port = server:getsockname()
  say(host)
  local client = socket.connect("127.0.0.1", port, "127.0.0.2", 0)
  local accepted = server:accept()
  say((client:getsockname()), (accepted:getpeername()))
  close(client, accepted, server)
end)

add("IPv6 has its sockets", function(socket, say)
  local server = socket.tcp6()
  say(server, server:getfamily())
  say(server:bind("::1", 0))
  say(server:listen())
  local host, port, family = server:getsockname()
  say(host, family)
  local client = socket.connect6("::1", port)
  say(client, client:getfamily(), (client:getpeername()))
  close(client, server)
end)

add("names are resolved", function(socket, say)
  local dns = socket.dns
  local address, details = dns.toip("127.0.0.1")
  say(address, details.name, details.ip[1], #details.alias)
  say(dns.tohostname("127.0.0.1"))
  say(dns.toip("::1"))
  say(dns.getaddrinfo("127.0.0.1")[1].addr)
  say(dns.getaddrinfo("::1")[1].family)
  say(dns.getaddrinfo("*"))
  say(dns.getnameinfo("127.0.0.1", "80"))
  say(dns.getnameinfo("127.0.0.1", "none-such"))
  say(dns.gethostname())
  say_raised(say, dns.toip)
  say_raised(say, dns.getaddrinfo, {})
end)

-- Datagrams

add("datagrams go to whom they are sent", function(socket, say)
  local a, b = socket.udp(), socket.udp()
  say(a, a:getfd(), a:getsockname())
  say(a:setsockname("127.0.0.1", 0))
  local host, port = a:getsockname()
  say(host, type(port))
  say(b:sendto("hello", host, port))
  say(b:sendto("", host, port))
  say(b:sendto("cut off", host, port))
  local data, from, from_port = a:receivefrom()
  say(data, from, math.type(from_port))
  say((a:receivefrom()))
  say(a:receive(3))
  a:settimeout(0)
  say(a:receive())
  say(a:receivefrom())
  say(a:dirty(), b:getfamily())
  say(b:sendto("x", "none.invalid", 1))
  say(b:sendto("x", "::1", port))
  say(b:sendto(("x"):rep(70000), host, port))
  close(a, b)
end)

add("datagrams have one peer where that is set", function(socket, say)
  local a, b = socket.udp(), socket.udp()
  a:setsockname("127.0.0.1", 0)
  local host, port = a:getsockname()
  say_raised(say, b.send, b, "x")
  say_raised(say, b.getpeername, b)
  say(b:setpeername(host, port))
  say(b, (b:getpeername()))
  say(b:send("hello"))
  say(b:send(""))
  say((a:receivefrom()))
  say((a:receivefrom()))
  say_raised(say, b.sendto, b, "x", host, port)
  say_raised(say, b.receivefrom, b)
  say(b:setpeername("*"))
  say(b, b:setpeername(host, port))
  a:close()
  say(b:send("nobody"))
  b:settimeout(5)
  say(b:receive())
  say(b:close(), b:send("x"))
  say(b:receive())
  say(a:receivefrom())
end)

-- select

add("select tells what is ready", function(socket, say)
  local a, b, server = connected(socket)
  local readable, writable, problem = socket.select({ a, b }, { a }, 0)
  say(#readable, #writable, writable[1] == a, writable[a], problem)
  readable, writable, problem = socket.select({ a, b, server }, nil, 0.01)
  say(#readable, #writable, problem)
  b:send("one\ntwo\n")
  readable, writable, problem = socket.select({ a, b }, {}, 5)
  say(#readable, readable[1] == a, readable[a], #writable, problem)
  a:receive()
  readable, writable, problem = socket.select({ b, a }, { b, a }, 5)
  say(#readable, readable[a], #writable, writable[a], writable[b], problem)
  say(select("#", socket.select({ a }, nil, 5)))
  b:close()
  a:receive()
  say(#socket.select({ a }, nil, 5), a:receive())
  a:close()
  readable, writable, problem = socket.select({ a }, { a }, 0)
  say(#readable, #writable, problem)
  say(#socket.select(nil, nil, 0), #socket.select({}, {}, 0.01))
  server:close()
end)

add("select takes what has a descriptor", function(socket, say)
  local a, b, server = connected(socket)
  local other = { getfd = function() return a:getfd() end }
  local none = { getfd = function() return "x" end }
  b:send("x")
  say(socket.select({ other, none, {} }, nil, 5)[1] == other)
  other.dirty = function() return true end
  say(socket.select({ other }, nil, 5)[1] == other)
  say_raised(say, socket.select, 1)
  say_raised(say, socket.select, nil, nil, "x")
  close(a, b, server)
end)

add("select awaits a client", function(socket, say)
  local server = socket.bind("127.0.0.1", 0)
  local client = socket.tcp()
  client:settimeout(0)
  local _, problem = client:connect(server:getsockname())
  say(problem == nil or problem == "timeout")
  await(socket, server)
  say(#select(2, socket.select(nil, { client }, 5)))
  say(client:getoption("error"))
  say((server:accept()))
  close(client, server)
end)

-- The rest

add("what try raises, protect returns", function(socket, say)
  local log = {}
  local try = socket.newtry(function() log[#log + 1] = "finally" end)
  say(try(1, 2))
  say(socket.protect(function(...)
    try(...)
    return "not reached"
  end)(nil, "problem"))
  say(log[1], #log)
  say(socket.protect(function(a, b) return b, a end)(1, 2))
  say(pcall(socket.protect(function() error("other", 0) end)))
  say(socket.protect(function() socket.try(false, "no") end)())
  say(type(select(2, pcall(socket.try, nil, "x"))))
  say(socket.skip(1, "a", "b", "c"))
  say(socket.skip(0, "a"))
  say(select("#", socket.skip(3, "a")))
end)

add("sources and sinks pump", function(socket, say)
  local a, b, server = connected(socket)
  local sink = socket.sink("keep-open", a)
  say(sink("chunk"), sink(nil), sink:getfd() == a:getfd(), sink:dirty())
  local source = socket.source("by-length", b, 3)
  say(source())
  say(source())
  say(socket.sink("close-when-done", a)(nil), a:getfd())
  local rest = socket.source("until-closed", b)
  say(rest())
  say(rest())
  say(b:getfd())
  say(pcall(socket.source, "none such"))
  server:close()
end)

add("time passes", function(socket, say)
  local before = socket.gettime()
  socket.sleep(0.02)
  say(socket.gettime() - before >= 0.02, math.abs(before - os.time()) < 3)
  say(socket.sleep(-1), socket.sleep(0))
  say_raised(say, socket.sleep)
end)

return scenarios
