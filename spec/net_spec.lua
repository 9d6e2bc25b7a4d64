--- Connections are made, carry bytes both ways, and end; listeners too.
local abstract = require "spec.support.abstract"
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local raw = require "uring.ring"
local temp = require "spec.support.temp"
local uring = require "uring"
local within = require "spec.support.within"

local C, errno = raw.consts, uring.errno

leaks.watch()

local LOCAL = "127.0.0.1:0"

-- Calls body with both ends of a connection, in a loop.
local function connected(body)
  return within.run(function()
    local listener <close> = assert(uring.listen(LOCAL))
    local client <close> = assert(uring.connect(listener:sockname()))
    local server <close> = assert(listener:accept())
    return body(client, server, listener)
  end)
end

-- Skips a test visibly where the machine has no IPv6.
local function need_ipv6()
  local fd = raw.socket(C.AF_INET6, C.SOCK_STREAM)
  local bound = fd and raw.bind(fd, raw.sockaddr("::1", 0))
  if fd then raw.close(fd) end
  if not bound then pending("this machine has no IPv6") end
end

describe("listening", function()
  for where, pattern in pairs {
    ["127.0.0.1:0"] = "^127%.0%.0%.1:%d+$",
    ["localhost:0"] = "^127%.0%.0%.1:%d+$",
    ["0.0.0.0:0"] = "^0%.0%.0%.0:%d+$",
    [":0"] = "^%[::%]:%d+$",
    ["*:0"] = "^%[::%]:%d+$",
    ["[::1]:0"] = "^%[::1%]:%d+$",
    [abstract "spec"] = "^unix:@uring%-%d+%-spec$",
  } do
    it("on " .. where .. " takes connections", function()
      if pattern:find("%%%[") then need_ipv6() end
      within.run(function()
        local listener <close> = assert(uring.listen(where))
        local address = listener:sockname()
        assert.matches(pattern, tostring(address))
        local client <close> = assert(uring.connect(address))
        local server <close> = assert(listener:accept())
        assert(client:write("ping\n"))
        assert.equal("ping", server:read())
        assert(server:write("pong\n"))
        assert.equal("pong", client:read())
      end)
    end)
  end

  it("on a path makes a socket there", function()
    local name <close> = temp.name()
    within.run(function()
      local listener <close> = assert(uring.listen("unix:" .. name.path))
      local client <close> = assert(uring.connect("unix:" .. name.path))
      local server <close> = assert(listener:accept())
      assert.equal("unix:" .. name.path, tostring(client:peername()))
      assert.equal("unix:" .. name.path, tostring(server:sockname()))
      assert.equal("", server:peername().path)
    end)
  end)

  it("on an address in use fails, and names it", function()
    within.run(function()
      local listener <close> = assert(uring.listen(LOCAL))
      local address = listener:sockname()
      local other, message, code = uring.listen(address)
      assert.is_nil(other)
      assert.equal("listen " .. tostring(address)
        .. ": Address already in use", message)
      assert.equal(errno.EADDRINUSE, code)
    end)
  end)

  it("twice on a port is possible where both agree", function()
    within.run(function()
      local options = { reuseport = true }
      local one <close> = assert(uring.listen(LOCAL, options))
      local two <close> = assert(uring.listen(one:sockname(), options))
      assert.is_true(one:sockname() == two:sockname())
    end)
  end)

  it("on every address takes connections of IPv4 as well", function()
    need_ipv6()
    within.run(function()
      local listener <close> = assert(uring.listen(":0"))
      local port = listener:sockname().port
      for _, host in ipairs { "127.0.0.1", "::1" } do
        local client <close> = assert(uring.connect(host, port))
        local server <close> = assert(listener:accept())
        assert(client:write(host, "\n"))
        assert.equal(host, server:read())
      end
    end)
  end)

  it("on [::] may leave IPv4 alone", function()
    need_ipv6()
    within.run(function()
      local six <close> = assert(uring.listen("[::]:0", { v6only = true }))
      local port = six:sockname().port
      local four <close> = assert(uring.listen("0.0.0.0:" .. port))
      assert.equal(port, four:sockname().port)
    end)
  end)

  it("sets the options that it was given, and good ones", function()
    within.run(function()
      local function option(stream, level, name)
        return raw.getsockopt(stream:fileno(), level, name) ~= 0
      end
      local plain <close> = assert(uring.listen(LOCAL))
      assert.is_true(option(plain, C.SOL_SOCKET, C.SO_REUSEADDR))
      assert.is_true(option(plain, C.IPPROTO_TCP, C.TCP_NODELAY))
      assert.is_false(option(plain, C.SOL_SOCKET, C.SO_REUSEPORT))
      local client <close> = assert(uring.connect(plain:sockname()))
      local server <close> = assert(plain:accept())
      assert.is_true(option(client, C.IPPROTO_TCP, C.TCP_NODELAY))
      assert.is_true(option(server, C.IPPROTO_TCP, C.TCP_NODELAY))
      local other <close> = assert(uring.listen(LOCAL,
        { nodelay = false, reuseaddr = false, backlog = 1 }))
      assert.is_false(option(other, C.IPPROTO_TCP, C.TCP_NODELAY))
      assert.is_false(option(other, C.SOL_SOCKET, C.SO_REUSEADDR))
    end)
  end)
end)

describe("an address that is none", function()
  it("is told with the cure", function()
    within.run(function()
      for _, where in ipairs { "", "127.0.0.1", "host:port", "[::1]",
        "1.2.3.4:65536", "1:2:3", "127.0.0.1:-1" } do
        for _, name in ipairs { "listen", "connect" } do
          local stream, message, code = uring[name](where)
          assert.is_nil(stream)
          assert.equal(("%s %s: not an address (host:port, [host]:port or "
            .. "unix:path)"):format(name, where), message)
          assert.equal(errno.EINVAL, code)
        end
      end
    end)
  end)

  it("may be a name, for which a module is needed", function()
    local result = process.run { process.LUA, "-e", [[
      package.preload["uring.dns"] = function() error("no library", 0) end
      local uring = require "uring"
      print(uring.connect("example.org", 80))
      package.preload["uring.dns"] = function()
        return { resolve = function(host) return nil, "no " .. host, -100 end }
      end
      print(uring.connect("example.org", 80))
    ]] }
    assert.same({ code = 0, err = "", out = "nil\tconnect example.org: names "
      .. "need uring.dns: no library\t" .. errno.ENOSYS
      .. "\nnil\tconnect no example.org\t-100\n" }, result)
  end)

  it("raises where it is no string and no Address", function()
    within.run(function()
      assert.error_matches(function() uring.connect(80) end,
        "string or uring.Address expected")
      for _, where in ipairs { {}, true, 80.5, io.stdout } do
        assert.error_matches(function() uring.connect(where) end,
          "string or uring.Address expected")
        assert.error_matches(function() uring.listen(where) end,
          "string or uring.Address expected")
      end
      assert.error_matches(function() uring.connect() end,
        "string or uring.Address expected, got nil")
    end)
  end)
end)

describe("connecting", function()
  it("takes host and port apart as well", function()
    within.run(function()
      local listener <close> = assert(uring.listen(LOCAL))
      local port = listener:sockname().port
      local conn <close> = assert(uring.connect("127.0.0.1", port))
      assert.equal("127.0.0.1:" .. port, tostring(conn:peername()))
      local server <close> = listener:accept()
      assert.is_true(server:peername() == conn:sockname())
      assert.is_true(server:sockname() == conn:peername())
    end)
  end)

  it("where nobody listens fails, and names whom", function()
    within.run(function()
      local listener = assert(uring.listen(LOCAL))
      local address = listener:sockname()
      listener:close() -- does not wait
      uring.yield()
      local conn, message, code = uring.connect(address)
      assert.is_nil(conn)
      assert.equal("connect " .. tostring(address) .. ": Connection refused",
        message)
      assert.equal(errno.ECONNREFUSED, code)
    end)
  end)

  it("to a path without a socket fails", function()
    local name <close> = temp.name()
    within.run(function()
      local conn, message, code = uring.connect("unix:" .. name.path)
      assert.is_nil(conn)
      assert.equal(("connect unix:%s: No such file or directory")
        :format(name.path), message)
      assert.equal(errno.ENOENT, code)
    end)
  end)
end)

describe("a connection", function()
  it("prints as what it is", function()
    connected(function(client)
      assert.equal(("uring.Conn (fd %d, %s→%s)"):format(client:fileno(),
        client:sockname(), client:peername()), tostring(client))
      client:close()
      assert.equal("uring.Conn (closed)", tostring(client))
    end)
  end)

  it("ends for the other side when it is closed", function()
    connected(function(client, server)
      client:write("last words")
      client:close()
      assert.equal("last words", server:read("a"))
      assert.is_nil(server:read())
      assert.is_nil(server:read_some())
    end)
  end)

  it("may end in one direction", function()
    connected(function(client, server)
      client:write("request")
      assert.is_true(client:shutdown("w"))
      assert.equal("request", server:read("a"))
      server:write("answer")
      server:shutdown("rw")
      assert.equal("answer", client:read("a"))
    end)
  end)

  it("has three directions to end", function()
    connected(function(client)
      for _, how in ipairs { "x", "", 1 } do
        assert.error_matches(function() client:shutdown(how) end,
          "shutdown: bad argument 'how'")
      end
      client:close()
      local closed = { nil, "closed", errno.ECLOSED }
      assert.same(closed, { client:shutdown("w") })
      assert.same(closed, { client:peername() })
      assert.same(closed, { client:sockname() })
    end)
  end)

  it("strips the ends of lines as the internet has them", function()
    connected(function(client, server)
      client:write("one\r\ntwo\n\r\nth\rree\r\n\nlast\r")
      client:shutdown("w")
      local got = {}
      for line in server:lines() do got[#got + 1] = line end
      assert.same({ "one", "two", "", "th\rree", "", "last\r" }, got)
    end)
  end)

  it("has a limit for lines, and for all", function()
    connected(function(client, server)
      uring.spawn(function() client:write(("x"):rep(200000)) end)
      assert.same({ n = 3, nil, "line too long", errno.ELIMIT },
        table.pack(server:read("l")))
      local rest = server:read(200000)
      assert.equal(200000, #rest)
    end)
  end)

  it("that the other side resets says so", function()
    connected(function(client, server)
      client:write("unread")
      server:write("x")
      client:read(1) -- what the server has not read yet resets, once closed
      server:close()
      for _ = 1, 3 do uring.yield() end
      local bytes, message, code = client:read("a")
      assert.is_nil(bytes)
      assert.equal("recv: Connection reset by peer", message)
      assert.equal(errno.ECONNRESET, code)
      bytes, message, code = client:write("more")
      assert.is_nil(bytes)
      assert.equal("send: Broken pipe", message)
      assert.equal(errno.EPIPE, code)
    end)
  end)

  it("carries megabytes both ways, unchanged", function()
    connected(function(client, server)
      local blocks = {}
      for i = 1, 4096 do blocks[i] = ("%08d"):format(i):rep(256) end
      local text = table.concat(blocks)
      uring.spawn(function()
        assert(client:write(text))
        client:shutdown("w")
      end)
      uring.spawn(function()
        for chunk in server:chunks() do assert(server:write(chunk)) end
        server:shutdown("w")
      end)
      local got, size = {}, 0
      for chunk in client:chunks() do
        got[#got + 1], size = chunk, size + #chunk
      end
      assert.equal(#text, size)
      assert.is_true(table.concat(got) == text)
    end)
  end)

  it("may be one of hundreds that receive at once", function()
    within.run(function()
      local count <const> = 600 -- more than the loop has buffers
      local listener <close> = assert(uring.listen(abstract "many"))
      local clients, got = {}, 0
      for i = 1, count do
        clients[i] = assert(uring.connect(listener:sockname()))
        local server = assert(listener:accept())
        uring.spawn(function()
          local _server <close> = server
          assert.equal(("text %d"):format(i):rep(500), server:read("a"))
          got = got + 1
        end)
      end
      uring.yield()
      for i = 1, count do
        uring.spawn(function()
          local client <close> = clients[i]
          assert(client:write(("text %d"):format(i):rep(500)))
        end)
      end
      while got < count do uring.sleep(0.001) end
    end)
  end)

  it("that is closed while buffers are short reads nobody else's bytes",
    function()
      within.run(function()
        local count <const> = 257 -- one more than the loop has buffers
        local listener <close> = assert(uring.listen(abstract "short"))
        local address = listener:sockname()
        local clients, servers, got, taken = {}, {}, 0, nil
        for i = 1, count do
          clients[i] = assert(uring.connect(address))
          servers[i] = assert(listener:accept())
          assert(clients[i]:write("x"))
        end
        local late <close> = assert(uring.connect(address))
        assert(late:write("mine\n"))
        uring.spawn(function()
          uring.op.nop() -- completes before the reads
          servers[count]:close() -- its number is free again
          taken = assert(listener:accept())
        end)
        for i = 1, count do
          uring.spawn(function()
            servers[i]:read_some()
            got = got + 1
          end)
        end
        while got < count or not taken do uring.yield() end
        uring.spawn(function()
          uring.sleep(0.2)
          taken:close()
        end)
        assert.equal("mine", taken:read())
      end)
    end)

  it("is closed by the collector where nobody has it", function()
    within.run(function()
      local listener <close> = assert(uring.listen(LOCAL))
      for _ = 1, 20 do
        assert(uring.connect(listener:sockname()))
        assert(listener:accept())
      end
    end)
  end)
end)

describe("a listener", function()
  it("is no stream, but prints and closes as one", function()
    within.run(function()
      local listener = assert(uring.listen(LOCAL))
      assert.equal(("uring.Listener (fd %d, %s)"):format(listener:fileno(),
        listener:sockname()), tostring(listener))
      for _, name in ipairs { "read", "read_some", "lines", "chunks",
        "write" } do
        assert.is_nil(listener[name])
      end
      assert.is_true(listener:close())
      assert.is_true(listener:close())
      local closed = { nil, "closed", errno.ECLOSED }
      assert.same(closed, { listener:accept() })
      assert.same(closed, { listener:sockname() })
      assert.is_nil(listener:iter()())
    end)
  end)

  it("that is closed ends who waits for a connection", function()
    within.run(function()
      local listener = assert(uring.listen(LOCAL))
      local got
      uring.spawn(function() got = table.pack(listener:accept()) end)
      uring.yield()
      listener:close()
      for _ = 1, 3 do uring.yield() end
      assert.same({ n = 3, nil, "closed", errno.ECLOSED }, got)
    end)
  end)

  it("that is closed ends everyone who waits for a connection", function()
    within.run(function()
      local listener = assert(uring.listen(LOCAL))
      local got = {}
      for _ = 1, 3 do
        uring.spawn(function()
          local conn, message = listener:accept()
          got[#got + 1] = message or "conn"
          if conn then conn:close() end
        end)
      end
      uring.yield()
      local client <close> = assert(uring.connect(listener:sockname()))
      while #got == 0 do uring.yield() end
      listener:close()
      for _ = 1, 4 do uring.yield() end
      assert.same({ "conn", "closed", "closed" }, got)
      assert.is_false(client:closed())
    end)
  end)

  it("gives connections one after the other, until it is closed", function()
    within.run(function()
      local listener = assert(uring.listen(LOCAL))
      local address, count = listener:sockname(), 0
      uring.spawn(function()
        for _ = 1, 5 do assert(uring.connect(address)):close() end
      end)
      for conn in listener:iter() do
        local _conn <close> = conn
        count = count + 1
        if count == 5 then listener:close() end
      end
      assert.equal(5, count)
    end)
  end)

  it("waits for descriptors where they have run out", function()
    local result = process.run { limits = "-n 24", process.LUA, "-e", [[
      local uring = require "uring"
      local where = require "spec.support.abstract" "emfile"
      uring.run(function()
        local listener = assert(uring.listen(where))
        local served, clients = 0, {}
        uring.spawn(function()
          for conn in listener:iter() do
            served = served + 1
            uring.spawn(function()
              conn:read("a")
              conn:close()
            end)
          end
        end)
        local message
        repeat -- both sides take descriptors here
          local client
          client, message = uring.connect(listener:sockname())
          clients[#clients + 1] = client
        until not client
        local count = #clients
        for _, client in ipairs(clients) do client:close() end
        while served < count do uring.sleep(0.01) end
        listener:close()
        print(message, count > 5)
      end)
    ]] }
    result.out = result.out:gsub("@uring%-%d+", "@")
    assert.same({ code = 0, err = "", out = "connect unix:@-emfile: "
      .. "Too many open files\ttrue\n" }, result)
  end)
end)
