--- Simulated sockets behave as the kernel's do: the same programs give the
-- same results on both.
local abstract = require "spec.support.abstract"
local both = require "spec.test.both"
local leaks = require "spec.support.leaks"
local raw = require "uring.ring"
local uring = require "uring"

leaks.watch()

local C, op = raw.consts, uring.op

-- A listener, and both ends of a connection.
local function connected(where)
  local listener = assert(uring.listen(where))
  local client = assert(uring.connect(listener:sockname()))
  local server = assert(listener:accept())
  return client, server, listener
end

local function close(...)
  for _, each in ipairs { ... } do each:close() end
end

local PLACES = { TCP = "127.0.0.1:0", Unix = abstract "both" }

for kind, where in pairs(PLACES) do
  describe("simulated " .. kind, function()
    both.it("carries bytes both ways", function()
      local client, server, listener = connected(where)
      client:write("one\ntwo\n")
      local got = { server:read("l", "l") }
      server:write("three\n")
      got[3] = client:read()
      close(client, server, listener)
      return got
    end)

    both.it("ends in one direction", function()
      local client, server, listener = connected(where)
      client:write("all")
      client:shutdown("w")
      local got = { server:read("a"), server:read(1) == nil }
      server:write("answer")
      server:close()
      got[3] = client:read("a")
      got[4] = { client:write("more") }
      close(client, listener)
      return got
    end)

    both.it("resets where what came was not read", function()
      local client, server, listener = connected(where)
      client:write("unread")
      op.poll_add(server:fileno(), C.POLLIN)
      server:write("bye")
      op.poll_add(client:fileno(), C.POLLIN)
      server:close()
      uring.sleep(0.01)
      local buffer = raw.buffer(16)
      local got = {}
      for i = 1, 3 do
        got[i] = { op.recv(client:fileno(), buffer) }
        if got[i][1] then got[i][2] = nil end -- flags
      end
      got[4] = { client:write("x") }
      got[5] = { client:shutdown("w") }
      close(client, listener)
      return got
    end)

    both.it("says who has gone to one that sends", function()
      local client, server, listener = connected(where)
      server:close()
      uring.sleep(0.01)
      local got = {}
      for i = 1, 3 do
        got[i] = { op.send(client:fileno(), "x") }
        got[i][2] = got[i][1] == nil and got[i][2] or nil
        uring.sleep(0.01)
      end
      got[4] = { client:read() }
      close(client, listener)
      return got
    end)

    both.it("makes a writer wait while nobody reads", function()
      local client, server, listener = connected(where)
      local size = 8 << 20
      local order = {}
      local writer = uring.spawn(function()
        client:write(("x"):rep(size))
        order[#order + 1] = "written"
        client:close()
      end)
      uring.sleep(0.02)
      order[#order + 1] = writer:status() == "done" and "done" or "waits"
      local count = 0
      for chunk in server:chunks() do count = count + #chunk end
      close(server, listener)
      return { order[1], order[2], count }
    end, {}, 2)

    both.it("wakes one that reads when it is closed here", function()
      local client, server, listener = connected(where)
      uring.spawn(function() server:close() end)
      local got = { server:read() }
      close(client, listener)
      return got
    end)

    both.it("tells the events of each state", function()
      local client, server, listener = connected(where)
      local all = C.POLLIN | C.POLLOUT | C.POLLRDHUP
      local function events(stream)
        return (op.poll_add(stream:fileno(), all))
      end
      local got = { events(client) }
      server:write("x")
      uring.sleep(0.01)
      got[2] = events(client)
      server:shutdown("w")
      uring.sleep(0.01)
      got[3] = events(client)
      client:shutdown("w")
      uring.sleep(0.01)
      got[4] = events(client)
      close(client, server, listener)
      return got
    end)

    both.it("peeks, and fills a whole buffer", function()
      local client, server, listener = connected(where)
      local buffer = raw.buffer(8)
      client:write("abcd")
      op.poll_add(server:fileno(), C.POLLIN)
      local got = { (op.recv(server:fileno(), buffer, C.MSG_PEEK)) }
      got[2] = buffer:sub(1, 4)
      uring.spawn(function()
        uring.sleep(0.01)
        client:write("efgh")
      end)
      got[3] = op.recv(server:fileno(), buffer, C.MSG_WAITALL)
      got[4] = buffer:tostring()
      got[5] = { op.recv(server:fileno(), buffer, C.MSG_DONTWAIT) }
      close(client, server, listener)
      return got
    end)

    both.it("sends without copying", function()
      local client, server, listener = connected(where)
      local count = op.send_zc(client:fileno(), "zero copy")
      local got = { count or "not here", count and server:read(9) }
      if kind == "Unix" then got = {} end -- the kernel has none there
      close(client, server, listener)
      return got
    end)

    both.it("resets those that nobody has accepted", function()
      local listener = assert(uring.listen(where))
      local client = assert(uring.connect(listener:sockname()))
      listener:close()
      uring.sleep(0.01)
      local got = { { client:read() } }
      client:close()
      return got
    end)
  end)
end

describe("simulated addresses", function()
  both.it("refuse where nobody listens", function(folder)
    local listener = assert(uring.listen "127.0.0.1:0")
    local address = listener:sockname()
    listener:close()
    uring.sleep(0.01)
    local got = { uring.connect(address) }
    got[2] = got[2]:gsub("%d+:", "PORT:")
    got[4] = { uring.connect(abstract "nobody") }
    got[5] = both.outcome(uring.connect("unix:" .. folder .. "/none"))
    return got
  end)

  both.it("are taken once", function(folder)
    local one = assert(uring.listen(abstract "twice"))
    local got = { { uring.listen(abstract "twice") } }
    one:close()
    uring.sleep(0.01)
    local again = assert(uring.listen(abstract "twice"))
    again:close()
    local path = "unix:" .. folder .. "/socket"
    local two = assert(uring.listen(path))
    got[2] = both.outcome(uring.listen(path))
    two:close() -- its name has gone with it
    got[3] = both.outcome(uring.connect(path))
    local stale = raw.socket(C.AF_UNIX, C.SOCK_STREAM)
    assert(raw.bind(stale, raw.sockaddr(path)))
    assert(raw.close(stale))
    got[4] = both.outcome(uring.connect(path))
    local five = assert(uring.listen(path)) -- in the place of a stale one
    got[6] = tostring(five:sockname()):gsub("/tmp/lua_%w+", "/tmp")
    five:close()
    local three = assert(uring.listen("127.0.0.1:0"))
    local four, _, code = uring.listen(three:sockname())
    got[5] = { four, code }
    three:close()
    return got
  end)

  both.it("let no more wait than the backlog has room for", function()
    local listener = assert(uring.listen(abstract "backlog",
      { backlog = 1 }))
    local conns, got = {}, {}
    local function connect()
      return uring.connect(abstract "backlog")
    end
    conns[1], conns[2] = assert(connect()), assert(connect())
    got[1] = { uring.timeout(0.02, connect) }
    conns[3] = assert(listener:accept())
    conns[4] = assert(uring.timeout(10, connect))
    close(listener, table.unpack(conns))
    return got
  end)

  both.it("are told", function(folder)
    local listener = assert(uring.listen("unix:" .. folder .. "/name"))
    local client = assert(uring.connect("unix:" .. folder .. "/name"))
    local server = assert(listener:accept())
    local function name(address)
      return (tostring(address):gsub("/tmp/lua_%w+", "/tmp"))
    end
    local got = { name(client:peername()), name(client:sockname()),
      name(server:peername()), name(server:sockname()) }
    close(client, server, listener)
    client, server, listener = connected("127.0.0.1:0")
    got[5] = client:peername() == server:sockname()
    got[6] = server:peername() == client:sockname()
    got[7] = client:peername() == listener:sockname()
    got[8] = client:peername().host
    close(client, server, listener)
    return got
  end)

  both.it("of IPv6 take connections of IPv4", function()
    local listener = uring.listen(":0")
    if listener:sockname().family ~= "inet6" then
      listener:close()
      return { "[::]", "::ffff:127.0.0.1", "::1" }
    end
    local got = { (tostring(listener:sockname()):gsub(":%d+$", "")) }
    for i, host in ipairs { "127.0.0.1", "::1" } do
      local client = assert(uring.connect(host, listener:sockname().port))
      local server = assert(listener:accept())
      got[i + 1] = server:peername().host
      close(client, server)
    end
    listener:close()
    return got
  end)

  both.it("are written where accept is given room", function()
    local listener = assert(uring.listen "127.0.0.1:0")
    local client = assert(uring.connect(listener:sockname()))
    local room = raw.buffer(128)
    local fd = assert(op.accept(listener:fileno(), room))
    local got = { raw.unpack_sockaddr(room) == client:sockname() }
    op.close(fd)
    close(client, listener)
    return got
  end)
end)

describe("simulated calls and rows of sockets", function()
  both.it("make, bind and connect them", function()
    local fd = assert(op.socket(C.AF_INET, C.SOCK_STREAM))
    local lonely = assert(op.socket(C.AF_INET, C.SOCK_STREAM))
    local got = {
      { op.connect(lonely, raw.sockaddr("127.0.0.1", 1)) },
      { op.bind(fd, raw.sockaddr("127.0.0.1", 0)) },
      { op.listen(fd, 4) },
    }
    local client = assert(op.socket(C.AF_INET, C.SOCK_STREAM))
    got[4] = { op.connect(client, raw.getsockname(fd)) }
    got[5] = { op.connect(client, raw.getsockname(fd)) }
    got[6] = { op.accept(client) }
    local server = assert(op.accept(fd))
    got[7] = { op.shutdown(server, C.SHUT_WR) }
    got[8] = { op.shutdown(server, 7) }
    for _, each in ipairs { client, server, fd, lonely } do op.close(each) end
    for _, each in ipairs(got) do
      if each[1] ~= nil then each[2] = nil end
    end
    return got
  end)

  both.it("know options", function()
    local fd = assert(raw.socket(C.AF_INET, C.SOCK_STREAM))
    local got = {
      raw.getsockopt(fd, C.SOL_SOCKET, C.SO_TYPE),
      raw.getsockopt(fd, C.SOL_SOCKET, C.SO_REUSEADDR),
      raw.setsockopt(fd, C.SOL_SOCKET, C.SO_REUSEADDR, 1),
      raw.getsockopt(fd, C.SOL_SOCKET, C.SO_REUSEADDR),
      raw.getsockopt(fd, C.SOL_SOCKET, C.SO_ERROR),
      raw.getsockopt(fd, C.SOL_SOCKET, C.SO_ACCEPTCONN),
      { raw.getsockopt(fd, C.SOL_SOCKET, 12345) },
      { raw.setsockopt(fd, C.SOL_SOCKET, 12345, 1) },
      { raw.getpeername(fd) },
      tostring(raw.getsockname(fd)),
    }
    raw.close(fd)
    return got
  end)

  both.it("tell sockets from others", function()
    local reader, writer = raw.pipe()
    local buffer = raw.buffer(4)
    local got = {
      { op.recv(reader, buffer) }, { op.send(writer, "x") },
      { op.accept(reader) }, { op.shutdown(writer, C.SHUT_WR) },
      { raw.getsockname(reader) },
    }
    raw.close(reader)
    raw.close(writer)
    return got
  end)

  both.it("send datagrams between two", function()
    local one, other = raw.socketpair(C.SOCK_DGRAM)
    local buffer = raw.buffer(8)
    local got = { (op.send(one, "first message")), (op.send(one, "")) }
    op.send(one, "third")
    for i = 3, 5 do
      local count = op.recv(other, buffer)
      got[i] = buffer:sub(1, count)
    end
    raw.close(one)
    got[6] = { op.send(other, "x") }
    raw.close(other)
    return got
  end)

  both.it("send packets in order between two", function()
    local one, other = raw.socketpair(C.SOCK_SEQPACKET)
    local buffer = raw.buffer(8)
    op.send(one, "a")
    op.send(one, "bc")
    op.shutdown(one, C.SHUT_WR)
    local got = {}
    for i = 1, 3 do
      local count = op.recv(other, buffer)
      got[i] = buffer:sub(1, count)
    end
    raw.close(one)
    uring.sleep(0.01)
    got[4] = { op.send(other, "x") }
    raw.close(other)
    return got
  end)
end)
