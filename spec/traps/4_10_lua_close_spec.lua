--- Trap 4.10: a program may end at any moment with everything open.  Its
-- status is its own, and nothing is written to standard error.
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"

leaks.watch()

-- Everything of the low level, open and in flight.
local EVERYTHING = [[
  local low = require "uring.ring"
  local C = low.consts
  local early = { low.buffer(5000), low.iovecs { "early", low.buffer(9) } }
  local ring = assert(low.ring(64))
  local a, b = low.socketpair()
  local from, to = low.pipe()
  local server = low.socket(C.AF_INET, C.SOCK_STREAM)
  low.listen(server)
  local buffers = assert(ring:buf_ring { bgid = 1, entries = 8, size = 99 })
  ring:get_sqe():prep_recv(b, low.buffer(5000))
  ring:get_sqe():prep_recv(b, buffers)
  ring:get_sqe():prep_recv_multishot(b, buffers)
  ring:get_sqe():prep_readv(from, low.iovecs { low.buffer(9), early[1] })
  ring:get_sqe():prep_read(from, early[1]:slice(7))
  ring:get_sqe():prep_accept(server, low.buffer(128))
  ring:get_sqe():prep_multishot_accept(server)
  ring:get_sqe():prep_poll_add(b, C.POLLIN)
  ring:get_sqe():prep_timeout(1e6)
  ring:get_sqe():prep_send(a, ("x"):rep(2^22))
  ring:get_sqe():prep_openat(C.AT_FDCWD, "/dev/null")
  ring:get_sqe():prep_nop()
  ring:submit_and_wait(2)
  local cqe = ring:peek_cqe()
  local unsubmitted = ring:get_sqe()
  unsubmitted:prep_write(to, "never", 0)
  unsubmitted:set_data { ring }
]]

-- A loop with tasks that wait for everything; 'ending' runs in the last.
local function in_loop(ending)
  return [[
    local uring = require "uring"
    local low = require "uring.ring"
    uring.run(function()
      local listener = assert(uring.listen("127.0.0.1:0"))
      local client = assert(uring.connect(listener:sockname()))
      local server = assert(listener:accept())
      uring.spawn(client.read, client, "a")
      uring.spawn(server.write, server, ("x"):rep(1 << 24))
      uring.spawn(server.write, server, "in line")
      uring.spawn(function() for _ in listener:iter() do end end)
      uring.spawn(uring.sleep, 1000)
      uring.spawn(uring.op.timeout, 1000)
      uring.spawn(uring.signal.wait, "USR1")
      uring.spawn(function()
        for _ in coroutine.wrap(function()
          local file <close> = assert(uring.open("/dev/zero"))
          coroutine.yield((file:read_some(10)))
          uring.op.recv(low.socketpair(), low.buffer(10))
        end) do end
      end)
      uring.yield()
      uring.yield()
      ]] .. ending .. [[

    end)
  ]]
end

local function run(script)
  return process.run { process.LUA, "-e", script }
end

-- scripts by what they do -> the exit status
local QUIET = {
  ["ends with everything open"] = { EVERYTHING, 0 },
  ["ends, and has closed only the ring"] = { EVERYTHING .. "ring:close()", 0 },
  ["forgets all of it, and collects"] = {
    "do " .. EVERYTHING .. " end collectgarbage() collectgarbage()", 0,
  },
  ["exits and closes its state"] = { EVERYTHING .. "os.exit(3, true)", 3 },
  ["exits and leaves its state"] = { EVERYTHING .. "os.exit(4)", 4 },
  ["exits in a coroutine"] = {
    EVERYTHING .. "coroutine.wrap(function() os.exit(5, true) end)()", 5,
  },
  ["exits in nested coroutines that prepared ops"] = {
    EVERYTHING .. [[
      local function nest(depth)
        ring:get_sqe():prep_recv(b, low.buffer(100))
        ring:submit()
        if depth == 0 then os.exit(6, true) end
        coroutine.wrap(nest)(depth - 1)
      end
      nest(20)
    ]], 6,
  },
  ["ends with suspended coroutines that hold it all"] = {
    [[Thread = coroutine.create(function()]] .. EVERYTHING .. [[
      coroutine.yield(ring, buffers, cqe, unsubmitted)
    end) coroutine.resume(Thread)]], 0,
  },
  ["ends with rings in a cycle of tables"] = {
    EVERYTHING .. [[
      local one, two = { ring = ring }, { ring = low.ring(4) }
      one.two, two.one = two, one
      local sqe = two.ring:get_sqe()
      sqe:prep_recv(a, low.buffer(100))
      sqe:set_data(one)
      two.ring:submit()
    ]], 0,
  },
  ["ends with many rings"] = {
    [[Rings = {} for i = 1, 30 do
      local low = require "uring.ring"
      local ring = low.ring(4)
      local a, b = low.socketpair()
      ring:get_sqe():prep_recv(b, low.buffer(100))
      ring:submit()
      Rings[i] = { ring, a, b, { Rings } }
    end]], 0,
  },
  ["ends where finalizers use what has been finalised"] = {
    [[
      local low, uses = require "uring.ring", {}
      local function late() -- runs after those made later, before earlier
        setmetatable({}, { __gc = function()
          for _, use in ipairs(uses) do pcall(use) end
        end })
      end
      late()
      local ring = low.ring(8)
      late()
      local a, b = low.socketpair()
      local buffer, part = low.buffer(100), low.buffer(50):slice(5)
      local text = low.slice("a string", 3)
      local vector = low.iovecs { buffer, "text" }
      local buffers = ring:buf_ring { bgid = 1, entries = 2, size = 10 }
      local sqe = ring:get_sqe()
      late()
      local function prepare(name, ...)
        local arguments = { ... }
        uses[#uses + 1] = function()
          local sqe = ring:get_sqe()
          sqe["prep_" .. name](sqe, table.unpack(arguments))
          ring:submit()
        end
      end
      prepare("recv", b, buffer)
      prepare("recv", b, part)
      prepare("recv", b, buffers)
      prepare("send", a, text)
      prepare("send", a, buffer)
      prepare("writev", a, vector)
      prepare("readv", b, vector)
      for _, use in ipairs {
        function() sqe:prep_nop() end, function() ring:submit() end,
        function() low.ring(4):close() end,
        function() return buffer:sub(1, 5) .. part:tostring() end,
        function() return buffer:slice(2):set(1, "x") end,
        function() return low.iovecs { buffer, part, text } end,
        function() return buffers:available() end,
        function() buffers:recycle(0) end, function() buffers:close() end,
        function() ring:get_sqe():set_buf_group(1) end,
        function() return tostring(vector) .. #vector .. #buffer end,
        function() return low.unpack_sockaddr(buffer) end,
      } do uses[#uses + 1] = use end
    ]], 0,
  },
  ["collects where finalizers use what has been finalised"] = {
    [[
      local low = require "uring.ring"
      for i = 1, 20 do
        local ring = low.ring(4)
        local vector = low.iovecs { "text", low.buffer(10) }
        local buffer = low.buffer(10)
        setmetatable({}, { __gc = function()
          pcall(function() ring:get_sqe():prep_writev(1 << 20, vector) end)
          pcall(function() ring:get_sqe():prep_recv(1 << 20, buffer) end)
          pcall(function() ring:submit() end)
        end })
      end
      collectgarbage() collectgarbage()
    ]], 0,
  },
  ["exits in a task"] = { in_loop "os.exit(7, true)", 7 },
  ["exits in a task, and leaves its state"] = { in_loop "os.exit(8)", 8 },
  ["exits in a spawned task"] = {
    in_loop "uring.spawn(os.exit, 9, true) uring.sleep(1000)", 9,
  },
  ["exits in a generator in a task"] = {
    in_loop "coroutine.wrap(function() uring.yield() os.exit(10, true) end)()",
    10,
  },
  ["exits in a finalizer of a task"] = {
    in_loop [[setmetatable({}, { __gc = function() os.exit(11, true) end })
      collectgarbage() ]], 11,
  },
  ["catches the error that ends a loop"] = {
    "assert(not pcall(function() " .. in_loop "error 'x'" .. " end))", 0,
  },
  ["keeps streams of a loop that has ended"] = {
    [[local uring = require "uring"
      uring.run(function()
        Listener = assert(uring.listen("127.0.0.1:0"))
        Client = assert(uring.connect(Listener:sockname()))
        Server = assert(Listener:accept())
        File = assert(uring.open("/dev/null"))
        Client:write("unread")
      end)]], 0,
  },
  ["runs a loop in a coroutine, and exits there"] = {
    "coroutine.wrap(function() " .. in_loop "os.exit(12, true)" .. " end)()",
    12,
  },
}
describe("a program that", function()
  for what, case in pairs(QUIET) do
    it(what .. " ends well", function()
      assert.same({ code = case[2], out = "", err = "" }, run(case[1]))
    end)
  end

  it("fails with everything open says only why", function()
    local result = run(EVERYTHING .. "error('the reason', 0)")
    assert.equal(1, result.code)
    assert.matches("^[^\n]*the reason\nstack traceback:\n[^\n]*\n", result.err)
    assert.not_matches("uring", result.err)
  end)

  it("fails in a task says only why, and where", function()
    local result = run(in_loop "error('the reason', 0)")
    assert.equal(1, result.code)
    assert.matches("^[^\n]*the reason\nstack traceback:\n", result.err)
    assert.equal("", result.out)
  end)

  it("fails in a spawned task says only why, and where", function()
    local result = run(in_loop [[uring.spawn(error, "the reason", 0)
      uring.sleep(1000)]])
    assert.equal(1, result.code)
    assert.matches("^[^\n]*the reason\nstack traceback:\n", result.err)
  end)

  it("fails in its last step closes each variable once", function()
    local result = run [[
      local uring = require "uring"
      local function guard(name)
        return setmetatable({}, { __close = function() print(name) end })
      end
      pcall(uring.run, function()
        local _main <close> = guard("main")
        uring.spawn(function()
          local _task <close> = guard("task")
          uring.sleep(1000)
        end)
        uring.yield()
        error("on purpose")
      end)
      collectgarbage()
      print("end")
    ]]
    assert.same({ code = 0, err = "", out = "main\ntask\nend\n" }, result)
  end)
end)
