--- Scenarios of TCP sockets: receiving, sending, options.
local stage = require "spec.compat.stage"

local await, close, connected = stage.await, stage.close, stage.connected
local say_raised = stage.say_raised
local scenarios, add = stage.list()

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

add("any calls on any pieces", function(socket, say)
  local state = 1
  local function random(most)
    state = (state * 1103515245 + 12345) & 0x7fffffff
    return (state >> 8) % most + 1
  end
  local LETTERS = { "a", "b", "\r", "\n", "\r\n", "\0", ("x"):rep(5000) }
  for _ = 1, 20 do
    local a, b, server = connected(socket)
    for _ = 1, random(30) do b:send(LETTERS[random(#LETTERS)]) end
    b:close()
    local problem, data, partial, count, kind, prefix
    repeat
      kind = ({ "*l", "*l", random(7), random(9000), "*a" })[random(5)]
      prefix = random(3) == 1 and ("p"):rep(random(5)) or nil
      data, problem, partial = a:receive(kind, prefix)
      count = select(1, a:getstats())
      say(kind, prefix, data and #data, problem, partial and #partial, count)
      say((data or partial):sub(-9))
    until problem
    close(a, server)
  end
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

return scenarios
