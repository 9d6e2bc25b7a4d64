--- Scenarios of Unix sockets: LuaSocket's module socket.unix.
local stage = require "spec.compat.stage"

local close, say_raised = stage.close, stage.say_raised
local scenarios, add = stage.list()

-- Theirs is a module of its own.
local function unix_of(socket)
  return socket.unix or require "socket.unix"
end

-- Adds a scenario that gets two paths, which are said without their folder.
local function add_with_paths(name, body)
  add(name, function(socket, say)
    local one, two = os.tmpname(), os.tmpname()
    os.remove(one)
    os.remove(two)
    local function say_short(...)
      local values = table.pack(...)
      for i = 1, values.n do
        if values[i] == one then values[i] = "ONE" end
        if values[i] == two then values[i] = "TWO" end
      end
      say(table.unpack(values, 1, values.n))
    end
    body(unix_of(socket), say_short, one, two, socket)
    os.remove(one)
    os.remove(two)
  end)
end

add_with_paths("streams have paths", function(unix, say, one)
  local server = unix.stream()
  say(server, server.class, server:getsockname())
  say(server:bind(one), server:getsockname())
  say(server:listen(5))
  say(server, server.class)
  say_raised(say, server.bind, server, one)
  say_raised(say, server.send, server, "x")
  local client = unix.stream()
  say_raised(say, client.accept, client)
  say(client:connect(one))
  say(client, client:getsockname())
  local accepted = server:accept()
  say(accepted, accepted:getsockname())
  say(accepted:send "one\r\ntwo")
  say(client:receive(), client:receive(2), client:dirty())
  client:settimeout(0.01)
  say(client:receive())
  say(client:receive("*a", "before "))
  say(select("#", client:getstats()), client:setstats(1, 2, 3))
  say(client:setoption("keepalive", true))
  say(client:setoption("reuseaddr", true))
  say_raised(say, client.setoption, client, "tcp-nodelay", true)
  say(accepted:shutdown "send", client:receive())
  accepted:close()
  say(client:send "x")
  server:settimeout(0)
  say(server:accept())
  close(client, server)
  say(server:getfd(), server:accept())
end)

add_with_paths("a path says why not", function(unix, say, one)
  local server = unix.stream()
  say(server:bind "/nowhere/at/all")
  server = unix.stream()
  say(server:bind(("x"):rep(200)))
  say(server:bind(one), server:listen())
  local other = unix.stream()
  say(other:bind(one))
  say(other:listen())
  say(unix.stream():connect "/nowhere/at/all")
  server:close()
  say(unix.stream():connect(one))
  say_raised(say, other.bind, other)
  say_raised(say, other.connect, other)
end)

add_with_paths("datagrams go to paths", function(unix, say, one, two)
  local a, b = unix.dgram(), unix.dgram()
  say(a, a:bind(one), a:getsockname())
  say(b:sendto("hello", one))
  say(b:sendto("x", "/nowhere/at/all"))
  say_raised(say, b.send, b, "x")
  say(a:receivefrom())
  say(b:bind(two), b:sendto("named", one))
  say(a:receivefrom())
  say(b:connect(one))
  say(b, b:send "connected")
  say_raised(say, b.sendto, b, "x", one)
  say(a:receive(4))
  a:settimeout(0.01)
  say(a:receive())
  say(a:receivefrom())
  close(a, b)
  say(a:receive())
  say(a:receivefrom())
  say(a:dirty())
end)

add_with_paths("select takes them", function(unix, say, one, _, socket)
  local a, b = unix.dgram(), unix.dgram()
  a:bind(one)
  say(#socket.select({ a }, nil, 0))
  b:sendto("x", one)
  say(#socket.select({ a }, nil, 5))
  close(a, b)
end)

return scenarios
