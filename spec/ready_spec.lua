--- Waiting for what has a descriptor: numbers, our own handles, and the
-- objects of other libraries.
local core = require "uring.core"
local leaks = require "spec.support.leaks"
local low = require "uring.ring"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local temp = require "spec.support.temp"
local uring = require "uring"
local within = require "spec.support.within"

local errno = uring.errno
local readable, writable = uring.wait_readable, uring.wait_writable

uring.sleep(0) -- outside of a run there is a ring for good
before_each(function() -- objects of other libraries close late
  for _ = 1, 4 do collectgarbage() end
end)
leaks.watch()

local TIMEOUT = { n = 3, nil, "timeout", errno.ETIMEDOUT }
local CLOSED = { n = 3, nil, "closed", errno.ECLOSED }

local function send(fd, bytes)
  assert.equal(#bytes, (uring.op.send(fd, bytes)))
end

local function fill(fd)
  while rows.raw("send", fd, ("x"):rep(4096), low.consts.MSG_DONTWAIT) > 0 do
  end
end

-- Two connections to each other.
local function connect(body)
  return within.run(function()
    local listener <close> = assert(uring.listen "127.0.0.1:0")
    local one <close> = assert(uring.connect(listener:sockname()))
    local other <close> = assert(listener:accept())
    return body(one, other, listener)
  end)
end

describe("a descriptor", function()
  local function with_pair(body)
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    within.run(body, a, b)
  end

  it("is waited for until it can be read from", function()
    with_pair(function(a, b)
      local order = {}
      uring.spawn(function()
        assert.is_true(readable(a))
        order[#order + 1] = "readable"
      end)
      for _ = 1, 3 do uring.yield() end
      order[#order + 1] = "sent"
      send(b, "x")
      uring.sleep(0.001)
      assert.same({ "sent", "readable" }, order)
      assert.same({ n = 1, true }, table.pack(readable(a))) -- nothing taken
    end)
  end)

  it("can be read from at its end", function()
    with_pair(function(a, b)
      uring.spawn(function() uring.op.shutdown(b, low.consts.SHUT_WR) end)
      assert.is_true(readable(a))
      assert.equal(0, (uring.op.recv(a, low.buffer(1))))
    end)
  end)

  it("is waited for until it can be written to", function()
    with_pair(function(a, b)
      assert.same({ n = 1, true }, table.pack(writable(a)))
      fill(a)
      assert.same(TIMEOUT, table.pack(writable(a, 0.001)))
      local done
      uring.spawn(function() done = writable(a) end)
      uring.yield()
      assert.is_nil(done)
      local buffer = low.buffer(1 << 20)
      while (uring.op.recv(b, buffer, low.consts.MSG_DONTWAIT) or 0) > 0 do
      end
      uring.sleep(0.001)
      assert.is_true(done)
    end)
  end)

  it("may have several that wait for it", function()
    with_pair(function(a, b)
      local woken = 0
      for _ = 1, 3 do
        uring.spawn(function()
          assert(readable(a))
          woken = woken + 1
        end)
      end
      uring.spawn(function()
        assert(writable(a))
        woken = woken + 1
      end)
      uring.yield()
      send(b, "x")
      uring.sleep(0.001)
      assert.equal(4, woken)
    end)
  end)

  it("that is none is a failure", function()
    within.run(function()
      assert.same({ n = 3, nil, "poll_add: Bad file descriptor", errno.EBADF },
        table.pack(readable(1 << 20)))
      assert.same(CLOSED, table.pack(readable(-1)))
      assert.same(CLOSED, table.pack(writable(-1, 1)))
    end)
  end)
end)

describe("a limit", function()
  it("ends the wait", function()
    connect(function(one)
      local before = uring.now()
      assert.same(TIMEOUT, table.pack(readable(one, 0.01)))
      local taken = uring.now() - before
      assert.is_true(0.01 <= taken and taken < 1, taken)
    end)
  end)

  it("of nothing only looks", function()
    connect(function(one, other)
      for _, seconds in ipairs { 0, 0.0, -1, -math.huge } do
        assert.same(TIMEOUT, table.pack(readable(one, seconds)))
        assert.is_true(writable(one, seconds))
      end
      assert(other:write "x")
      assert(readable(one))
      for _, seconds in ipairs { 0, 0.0, -1, 60, math.huge } do
        assert.is_true(readable(one, seconds))
      end
    end)
  end)

  it("that is none is refused, where it stands", function()
    for _, seconds in ipairs { "1", {}, 0 / 0 } do
      local ok, message = pcall(function() readable(0, seconds) end)
      assert.is_false(ok)
      assert.matches("^spec/ready_spec.lua:%d+: wait_readable: bad argument "
        .. "'seconds' %(number expected%)", message)
    end
  end)

  it("leaves no alarm behind that ends another wait", function()
    connect(function(one, other)
      uring.spawn(function() other:write "x" end)
      assert.is_true(readable(one, 0.01))
      assert.is_nil(uring.timeout(0.001, readable, other, 0.01))
      local before = uring.now()
      uring.sleep(0.05)
      assert.is_true(uring.now() - before >= 0.05)
    end)
  end)

  it("and a timeout around it: the sooner one ends it", function()
    connect(function(one)
      local inner
      assert.same(TIMEOUT, table.pack(uring.timeout(0.002, function()
        inner = readable(one, 60)
        return "never"
      end)))
      assert.is_nil(inner)
      assert.same({ n = 1, "timeout" }, table.pack(uring.timeout(60,
        function() return (select(2, readable(one, 0.002))) end)))
    end)
  end)
end)

describe("our own handles", function()
  it("are waited for: connections, listeners, files", function()
    connect(function(one, other, listener)
      assert.same(TIMEOUT, table.pack(readable(listener, 0.001)))
      local third <close> = assert(uring.connect(listener:sockname()))
      assert.is_true(readable(listener, 1))
      assert(other:write "x")
      assert.is_true(readable(one, 1))
      assert.is_true(writable(third, 1))
      local file <close> = temp.file "bytes"
      local handle <close> = assert(uring.open(file.path))
      assert.is_true(readable(handle, 1))
    end)
  end)

  it("are readable where bytes are left of what was received", function()
    connect(function(one, other)
      assert(other:write "one\ntwo\n")
      assert.equal("one", one:read())
      assert.is_true(readable(one, 0))
      assert.equal("two", one:read())
      assert.same(TIMEOUT, table.pack(readable(one, 0)))
    end)
  end)

  it("say so where they are closed", function()
    connect(function(one, _, listener)
      local file <close> = assert(uring.open "/dev/null")
      for _, handle in ipairs { one, listener, file } do
        handle:close()
        assert.same(CLOSED, table.pack(readable(handle)))
        assert.same(CLOSED, table.pack(writable(handle, 1)))
      end
    end)
  end)

  it("that are closed meanwhile wake who waits, and go", function()
    connect(function(one, other, listener)
      local a, b = low.pipe()
      local pipe <close> = require "uring.fs".from_fd(a)
      local results = {}
      for i, handle in ipairs { one, listener, pipe } do
        uring.spawn(function()
          results[i] = table.pack(readable(handle))
        end)
        uring.spawn(function()
          results[i + 3] = table.pack(readable(handle, 60))
        end)
      end
      for _ = 1, 3 do uring.yield() end
      for _, handle in ipairs { one, listener, pipe } do
        assert.is_true(handle:close())
      end
      assert.is_nil(other:read_some()) -- nothing holds the socket
      assert.same({ CLOSED, CLOSED, CLOSED, CLOSED, CLOSED, CLOSED }, results)
      low.close(b)
    end)
  end)
end)

describe("an object", function()
  local function with(name, fd, more)
    local object = more or {}
    object[name] = function(self) return self == object and fd end
    return object
  end

  it("tells its descriptor by pollfd, getfd or fileno, in that order",
    function()
      connect(function(one, other)
        assert(other:write "x")
        local fd, silent = one:fileno(), other:fileno()
        assert(readable(one))
        for _, name in ipairs { "pollfd", "getfd", "fileno" } do
          assert.is_true(readable(with(name, fd), 0))
          assert.same(TIMEOUT, table.pack(readable(with(name, silent), 0)))
          assert.same(CLOSED, table.pack(readable(with(name, -1))))
          assert.same(CLOSED, table.pack(readable(with(name, nil))))
        end
        local all = with("fileno", -1, with("getfd", -1, with("pollfd", fd)))
        all.pollfd = function() return fd end
        assert.is_true(readable(all, 0))
        assert.is_true(readable(with("fileno", fd + 0.0), 0))
      end)
    end)

  it("may be a userdata", function()
    local ring <close> = assert(low.ring(1))
    within.run(function()
      assert.same(TIMEOUT, table.pack(readable(ring, 0)))
      ring:get_sqe():prep_nop()
      ring:submit()
      assert.is_true(readable(ring, 1))
    end)
  end)

  it("that has none is refused, where it stands", function()
    local strange = setmetatable({}, { __index = function() error "no" end })
    local text = setmetatable({}, { __index = { getfd = "7" } })
    for _, object in ipairs {
      "7", 1.5, true, print, {}, strange, text, io.stdout,
      with("getfd", "7x"), with("getfd", 1.5), with("getfd", false),
    } do
      local ok, message = pcall(function() readable(object) end)
      assert.is_false(ok)
      assert.matches("^spec/ready_spec.lua:%d+: wait_readable: bad argument "
        .. "'object' %(a descriptor, or an object with pollfd, getfd or fileno "
        .. "expected%)", message)
    end
    assert.error_matches(function() writable(nil) end,
      "wait_writable: bad argument 'object'")
  end)

  it("whose method fails raises that", function()
    within.run(function()
      local value = {}
      local ok, raised = pcall(readable,
        { pollfd = function() error(value) end })
      assert.is_false(ok)
      assert.equal(value, raised)
    end)
  end)
end)

describe("a cancelled wait", function()
  it("raises, and takes nothing", function()
    connect(function(one, other)
      local results = {}
      uring.scope(function(scope)
        for i, seconds in ipairs { false, 60 } do
          scope:spawn(function()
            results[i] = table.pack(pcall(readable, one, seconds or nil))
          end)
        end
        uring.yield()
        scope:cancel()
      end)
      for i = 1, 2 do
        assert.is_false(results[i][1])
        assert.is_true(uring.is_cancelled(results[i][2]))
      end
      assert(other:write "x")
      assert.equal("x", one:read_some())
    end)
  end)
end)

describe("outside of a run", function()
  it("the thread waits", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    assert.is_true(writable(a))
    assert.is_true(writable(a, 1))
    assert.same(TIMEOUT, table.pack(readable(a, 0)))
    assert.same(TIMEOUT, table.pack(readable(a, 0.001)))
    uring.op.send(b, "x")
    assert.is_true(readable(a))
    assert.is_true(readable(a, 1))
  end)
end)

describe("LuaSocket's sockets", function()
  local found, socket = pcall(require, "socket")
  core.sigpipe "default" -- LuaSocket ignores it, in all programs from here on

  it("are waited for", function()
    if not found then return pending "LuaSocket is not installed" end
    within.run(function()
      local server = assert(socket.bind("127.0.0.1", 0))
      server:settimeout(0)
      local _, port = server:getsockname()
      uring.spawn(function()
        local client = socket.tcp()
        client:settimeout(0)
        client:connect("127.0.0.1", port)
        assert(writable(client, 5))
        client:send "hello\n"
        assert(readable(client, 5))
        assert.equal("closed", (select(2, client:receive())))
        client:close()
      end)
      assert.is_nil((server:accept()))
      assert(readable(server, 5))
      local conn = assert(server:accept())
      conn:settimeout(0)
      assert(readable(conn, 5))
      assert.equal("hello", conn:receive())
      conn:close()
      server:close()
      assert.same(CLOSED, table.pack(readable(conn)))
    end)
  end)
end)

describe("a controller of cqueues", function()
  local found, cqueues = pcall(require, "cqueues")

  it("runs in a task", function()
    if not found then return pending "cqueues is not installed" end
    local controller, log = cqueues.new(), {}
    local pair = require "cqueues.socket".pair
    local a, b = pair()
    controller:wrap(function()
      cqueues.sleep(0.01)
      b:write "hello\n"
      b:flush()
    end)
    controller:wrap(function() table.insert(log, (a:read())) end)
    within.run(function()
      uring.spawn(function()
        uring.sleep(0.001)
        table.insert(log, "ours goes on")
      end)
      while not controller:empty() do
        assert(controller:step(0))
        readable(controller, controller:timeout())
      end
    end)
    assert.same({ "ours goes on", "hello" }, log)
    a:close()
    b:close()
    controller:close()
  end)
end)
