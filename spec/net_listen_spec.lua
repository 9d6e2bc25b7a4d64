--- Listening: the files of Unix sockets, options, connections in crowds, and
-- what accepting may meet.
local abstract = require "spec.support.abstract"
local leaks = require "spec.support.leaks"
local net = require "uring.net"
local process = require "spec.support.process"
local raw = require "uring.ring"
local temp = require "spec.support.temp"
local uring = require "uring"
local within = require "spec.support.within"

local C, errno = raw.consts, uring.errno

uring.op.nop() -- the ring of calls outside of a run is there from now on
leaks.watch()

local LOCAL = "127.0.0.1:0"

local function exists(path)
  return os.execute("test -e " .. path) == true
end

-- What stat(1) says of a file.
local function mode_of(path)
  return process.capture("stat -c '%F %a' " .. path)
end

-- A file that a socket leaves behind.
local function leave_stale(path, kind)
  local fd = assert(raw.socket(C.AF_UNIX, kind or C.SOCK_STREAM))
  assert(raw.bind(fd, raw.sockaddr("unix:" .. path)))
  raw.close(fd)
end

describe("the file of a Unix socket", function()
  it("goes when the listener is closed", function()
    local name <close> = temp.name()
    within.run(function()
      local listener = assert(net.listen("unix:" .. name.path))
      assert.is_true(exists(name.path))
      listener:close()
      assert.is_false(exists(name.path))
    end)
  end)

  it("goes when the listener is collected", function()
    local name <close> = temp.name()
    within.run(function()
      assert(net.listen("unix:" .. name.path))
    end)
    collectgarbage()
    collectgarbage()
    assert.is_false(exists(name.path))
  end)

  it("stays where it is another's by then", function()
    local name <close> = temp.name()
    within.run(function()
      local listener = assert(net.listen("unix:" .. name.path))
      os.remove(name.path)
      local other <close> = assert(net.listen("unix:" .. name.path))
      listener:close()
      assert.is_true(exists(name.path))
      local conn <close> = assert(net.connect("unix:" .. name.path))
      local server <close> = assert(other:accept())
      assert.is_table(server)
      assert.is_table(conn)
    end)
  end)

  it("gives way where nobody listens any more", function()
    local name <close> = temp.name()
    within.run(function()
      for _, kind in ipairs { C.SOCK_STREAM, C.SOCK_DGRAM } do
        leave_stale(name.path, kind)
        local _, _, code = net.connect("unix:" .. name.path)
        assert.is_true(code == errno.ECONNREFUSED or code == errno.EPROTOTYPE)
        local listener <close> = assert(net.listen("unix:" .. name.path))
        local conn <close> = assert(net.connect("unix:" .. name.path))
        assert.is_table(conn)
        assert.is_table(listener)
      end
    end)
  end)

  it("is in use where somebody has it, who does not notice", function()
    local name <close> = temp.name()
    local busy = { nil, ("listen unix:%s: Address already in use"):format(
      name.path), errno.EADDRINUSE }
    within.run(function()
      local listener <close> = assert(net.listen("unix:" .. name.path))
      assert.same(busy, { net.listen("unix:" .. name.path) })
      assert.same({ nil, "timeout", errno.ETIMEDOUT },
        { listener:settimeout(0.01):accept() })
      assert.is_true(exists(name.path))
    end)
    within.run(function()
      local fd = assert(raw.socket(C.AF_UNIX, C.SOCK_STREAM))
      assert(raw.bind(fd, raw.sockaddr("unix:" .. name.path)))
      assert.same(busy, { net.listen("unix:" .. name.path) })
      raw.close(fd) -- it was bound, and about to listen
    end)
  end)

  it("is in use where it is no socket", function()
    local file <close> = temp.file("precious")
    within.run(function()
      local none, _, code = net.listen("unix:" .. file.path)
      assert.is_nil(none)
      assert.equal(errno.EADDRINUSE, code)
      assert.equal("precious", file:read())
    end)
  end)

  it("has the permissions that it is to have", function()
    local name <close> = temp.name()
    within.run(function()
      for _, mode in ipairs { 384, 438, 511 } do -- 0600, 0666, 0777
        local _listener <close> = assert(net.listen("unix:" .. name.path,
          { mode = mode }))
        assert.equal(("socket %o"):format(mode), mode_of(name.path))
      end
    end)
  end)

  it("stays with the parent where a child of it closes", function()
    local name <close> = temp.name()
    local result = process.run { process.LUA, "-e", [[
      local uring, net = require "uring", require "uring.net"
      local core = require "uring.core"
      local place = core.sockaddr("unix:" .. os.getenv "SOCKET")
      local listener = assert(net.listen(place))
      local mark = listener.mark
      local other = mark:sub(1, -9) .. ("\1"):rep(8)
      print(core.remove_marked(place, other), core.mark_path(place) == mark)
      listener:close()
      print(core.mark_path(place))
    ]], env = { SOCKET = name.path } }
    assert.same({ code = 0, err = "", out = "false\ttrue\nnil\n" }, result)
  end)
end)

describe("a listener", function()
  it("takes a port alone: all addresses", function()
    local listener <close> = assert(net.listen(0))
    local where = listener:sockname()
    assert.is_true(where.host == "::" or where.host == "0.0.0.0")
    local conn <close> = assert(net.connect("127.0.0.1", where.port))
    local server <close> = assert(listener:accept())
    assert.equal(conn:sockname().port, server:peername().port)
    assert.same({ nil, "listen :70000: not an address (host:port, "
      .. "[host]:port or unix:path)", errno.EINVAL }, { net.listen(70000) })
  end)

  it("has the options that it was given", function()
    within.run(function()
      local listener <close> = assert(net.listen(LOCAL, {
        fastopen = 16, defer_accept = 2.5, reuseport = true,
      }))
      assert.equal(16, listener:getopt("fastopen"))
      assert.is_true(listener:getopt("defer_accept") >= 2.5)
      assert.is_true(listener:getopt("reuseport"))
      assert.is_true(listener:getopt("acceptconn"))
    end)
  end)

  it("that defers gives connections with their first bytes", function()
    within.run(function()
      local listener <close> = assert(net.listen(LOCAL,
        { defer_accept = true }))
      local conn <close> = assert(net.connect(listener:sockname()))
      assert.equal("timeout", select(2, listener:settimeout(0.02):accept()))
      assert(conn:write("here\n"))
      local server <close> = assert(listener:settimeout(5):accept())
      assert.equal("here", server:read())
    end)
  end)

  it("on a name listens at its first address", function()
    within.run(function()
      local names = require "uring.net.names"
      local before = names.resolver
      local _guard <close> = setmetatable({}, { __close = function()
        names.resolver = before
      end })
      function names.resolver(_, options)
        return { raw.sockaddr("127.0.0.3", options.port) }
      end
      local listener <close> = assert(net.listen("my-host:0"))
      assert.equal("127.0.0.3", listener:sockname().host)
    end)
  end)

  it("tells an option that it cannot have", function()
    within.run(function()
      for name, value in pairs { backlog = "5", nodelay = 1, mode = 1.5 } do
        assert.error_matches(function()
          net.listen(LOCAL, { [name] = value })
        end, ("listen: bad option '%s' ("):format(name), 1, true)
      end
      assert.error_matches(function() net.listen(LOCAL, { mod = 1 }) end,
        "listen: bad option 'mod' (there are backlog, defer_accept, ", 1,
        true)
    end)
  end)
end)

describe("accepting", function()
  it("takes a thousand connections that come at once", function()
    local count <const> = os.getenv "URING_RESTLESS" and 100 or 1000
    within.run(function()
      local listener <close> = assert(net.listen(LOCAL))
      local where, got, done = listener:sockname(), 0, 0
      local server = uring.spawn(function()
        for conn in listener:iter() do
          uring.spawn(function()
            local _conn <close> = conn
            assert.equal("x", conn:read("a"))
            got = got + 1
          end)
        end
      end)
      for _ = 1, count do
        uring.spawn(function()
          local conn <close> = assert(net.connect(where))
          assert(conn:write("x"))
          assert(conn:shutdown("w"))
          assert.equal("", conn:read("a"))
          done = done + 1
          if done == count then listener:close() end
        end)
      end
      server:await()
      assert.equal(count, got)
    end)
  end)

  it("in a loop that is left loses no connection", function()
    within.run(function()
      local listener <close> = assert(net.listen(abstract "left"))
      local clients = {}
      for i = 1, 9 do
        clients[i] = assert(net.connect(abstract "left"))
        assert(clients[i]:write(i, "\n"))
      end
      local got = {}
      local function take(conn)
        local _conn <close> = conn
        got[#got + 1] = conn:read()
      end
      for conn in listener:iter() do
        take(conn)
        uring.sleep(0.001) -- more of them are taken meanwhile
        if #got == 3 then break end
      end
      take(listener:accept())
      for conn in listener:iter() do
        take(conn)
        if #got == 9 then break end
      end
      assert.equal("1 2 3 4 5 6 7 8 9", table.concat(got, " "))
      for _, each in ipairs(clients) do each:close() end
    end)
  end)

  it("after a loop gets what came to that one late", function()
    within.run(function()
      for ticks = 0, 6 do
        local where = abstract("late-" .. ticks)
        local listener <close> = assert(net.listen(where))
        local conns, got = {}, 0
        local function connect()
          local conn = assert(net.connect(where))
          conns[#conns + 1] = conn
        end
        connect()
        for conn in listener:iter() do
          conns[#conns + 1] = conn
          uring.spawn(connect)
          for _ = 1, ticks do uring.yield() end
          if conn then break end
        end
        for _ = 1, 2 do
          uring.spawn(function()
            local conn = assert(listener:accept())
            conns[#conns + 1] = conn
            got = got + 1
          end)
        end
        uring.sleep(0.002)
        assert.equal(1, got)
        connect()
        while got < 2 do uring.yield() end
        for _, each in ipairs(conns) do each:close() end
      end
    end)
  end)

  it("gets what came late where it waits already", function()
    within.run(function()
      local listener <close> = assert(net.listen(abstract "keep"))
      local got = {}
      for _ = 1, 2 do
        uring.spawn(function()
          local conn = assert(listener:accept())
          got[#got + 1] = conn:fileno()
          conn:close()
        end)
      end
      uring.sleep(0.001)
      local one, two = raw.socketpair()
      assert.is_true(listener:_keep(one))
      assert.is_true(listener:_keep(two))
      uring.sleep(0.001)
      assert.same({ one, two }, got)
      uring.spawn(function() got[3] = listener:accept() end)
      uring.sleep(0.001)
      one, two = raw.socketpair()
      assert.is_true(listener:_keep(one))
      local faster <close> = assert(listener:accept())
      assert.equal(one, faster:fileno())
      uring.sleep(0.001)
      assert.is_nil(got[3]) -- it waits on
      assert.is_true(listener:_keep(two))
      uring.sleep(0.001)
      assert.equal(two, got[3]:fileno())
      got[3]:close()
      listener:close()
      assert.is_false(listener:_keep(one))
    end)
  end)

  it("closes what was taken for nobody, with the listener", function()
    within.run(function()
      local listener = assert(net.listen(abstract "nobody"))
      local clients = {}
      for i = 1, 5 do clients[i] = net.connect(abstract "nobody") end
      for conn in listener:iter() do
        conn:close()
        uring.sleep(0.001)
        if conn:closed() then break end
      end
      listener:close()
      for i, each in ipairs(clients) do
        local bytes, _, code = each:read("a")
        if i == 1 then
          assert.equal("", bytes)
        else
          assert.is_true(bytes == "" or code == errno.ECONNRESET)
        end
        each:close()
      end
    end)
  end)

  it("by one iterator in several tasks serves them all", function()
    within.run(function()
      local listener <close> = assert(net.listen(LOCAL))
      local next_conn <const> = listener:iter()
      local got, ended = 0, 0
      for _ = 1, 3 do
        uring.spawn(function()
          for conn in next_conn do
            got = got + 1
            conn:close()
          end
          ended = ended + 1
        end)
      end
      for _ = 1, 20 do
        assert(net.connect(listener:sockname())):close()
        uring.sleep(0.001)
      end
      assert.equal(20, got)
      listener:close()
      uring.sleep(0.01)
      assert.equal(3, ended)
    end)
  end)

  it("ends with the loop's task, and with the listener", function()
    within.run(function()
      local listener = assert(net.listen(LOCAL))
      assert.equal("timeout", select(2, uring.timeout(0.01, function()
        for conn in listener:iter() do conn:close() end
      end)))
      local ended
      uring.spawn(function()
        for conn in listener:iter() do conn:close() end
        ended = true
      end)
      uring.sleep(0.01)
      listener:close()
      uring.sleep(0.01)
      assert.is_true(ended)
    end)
  end)

  it("goes on when there are descriptors again, with every connection",
    function()
      local result = process.run { limits = "-n 20", process.LUA, "-e", [[
        local uring, net = require "uring", require "uring.net"
        local opened, served = {}, 0
        local where = require "spec.support.abstract" "few"
        uring.run(function()
          local listener = assert(net.listen(where))
          local clients = {}
          for i = 1, 4 do clients[i] = net.connect(where) end
          local file
          repeat -- until there are none
            file = io.open("/dev/null")
            opened[#opened + 1] = file
          until not file
          uring.spawn(function()
            for conn in listener:iter() do
              served = served + 1
              conn:close()
            end
          end)
          uring.sleep(0.12)
          print(served)
          for _, each in ipairs(opened) do each:close() end
          while served < 4 do uring.sleep(0.01) end
          for _, each in ipairs(clients) do
            print(each:read("a"))
            each:close()
          end
          listener:close()
        end)
        print(served)
      ]] }
      assert.same({ code = 0, err = "", out = "0\n\n\n\n\n4\n" }, result)
    end)

  it("is another's where the one that was woken is cancelled", function()
    within.run(function()
      local listener <close> = assert(net.listen(LOCAL))
      local conn
      local function take() conn = assert(listener:accept()) end
      local tasks = { uring.spawn(take), uring.spawn(take) }
      for _ = 1, 3 do uring.yield() end -- both wait, in this order
      local client <close> = assert(uring.blocking(net.connect,
        listener:sockname()))
      tasks[1]:cancel()
      process.await("the connection", function() return conn end, 5)
      assert.equal(tostring(client:sockname()), tostring(conn:peername()))
      conn:close()
      tasks[2]:cancel()
    end)
  end)

  it("outside of a run takes one after the other", function()
    local listener <close> = assert(net.listen(abstract "outside"))
    local one <close> = assert(net.connect(abstract "outside"))
    local two <close> = assert(net.connect(abstract "outside"))
    local count = 0
    for conn in listener:iter() do
      conn:close()
      count = count + 1
      if count == 2 then break end
    end
    assert.equal("", one:read("a") .. two:read("a"))
  end)
end)
