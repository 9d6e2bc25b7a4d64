--- Simulated time, cancelling and buffer rings behave as the kernel's do,
-- and misuse raises the same: the same programs give the same results.
local both = require "spec.test.both"
local leaks = require "spec.support.leaks"
local raw = require "uring.ring"
local uring = require "uring"

leaks.watch()

local C, op = raw.consts, uring.op

local function connected()
  local listener <close> = assert(uring.listen("127.0.0.1:0"))
  local client = assert(uring.connect(listener:sockname()))
  return client, assert(listener:accept())
end

describe("simulated time", function()
  both.it("passes in order", function()
    local order = {}
    local started = uring.now()
    for _, ms in ipairs { 30, 10, 20 } do
      uring.spawn(function()
        uring.sleep(ms / 1000)
        order[#order + 1] = ms
      end)
    end
    order[#order + 1] = op.timeout(0.04)
    local passed = uring.now() - started
    return { order, passed >= 0.04 and passed < 5 }
  end)

  both.it("has timeouts that go on", function()
    local count = 0
    for value in op.timeout_multishot(0.001, 4) do
      count = count + (value and 1 or 0)
    end
    return { count }
  end)

  both.it("passes between what is ready", function()
    return { (op.nop()), (op.timeout(0)), (op.timeout { 0, 1000 }) }
  end)
end)

describe("simulated cancelling", function()
  -- Starts a read of an empty pipe in a task, then calls 'cancel'.
  local function cancelled(cancel)
    return function()
      local reader, writer = raw.pipe()
      local got = {}
      local task = uring.spawn(function()
        got[1] = { op.read(reader, raw.buffer(4)) }
      end)
      uring.sleep(0.001)
      got[2] = { cancel(reader) }
      if got[2][1] ~= nil then got[2][2] = nil end
      while task:status() ~= "done" do uring.sleep(0.001) end
      op.close(reader)
      op.close(writer)
      return got
    end
  end

  both.it("finds one by its descriptor", cancelled(function(fd)
    return op.cancel_fd(fd)
  end))

  both.it("finds all by their descriptor", cancelled(function(fd)
    return op.cancel_fd(fd, C.IORING_ASYNC_CANCEL_ALL)
  end))

  both.it("finds one by its opcode", cancelled(function()
    return op.cancel_opcode(raw.opcodes.read)
  end))

  both.it("finds nothing where there is nothing", function()
    local reader, writer = raw.pipe()
    local got = { { op.cancel(4711) }, { op.cancel_fd(reader) },
      { op.timeout_remove(4711) }, { op.poll_remove(4711) },
      { op.timeout_update(1, 4711) } }
    op.close(reader)
    op.close(writer)
    return got
  end)
end)

describe("simulated multishot ops", function()
  both.it("accept", function()
    local listener = assert(uring.listen("127.0.0.1:0"))
    local count = 0
    for _ = 1, 3 do
      uring.spawn(function()
        uring.connect(listener:sockname()):close()
      end)
    end
    for fd in op.multishot_accept(listener:fileno()) do
      count = count + 1
      op.close(fd)
      if count == 3 then break end
    end
    uring.sleep(0.01)
    listener:close()
    return { count }
  end)

  both.it("receive until the end", function()
    local client, server = connected()
    local buffers = assert(uring.buf_ring { bgid = 7, entries = 4, size = 16 })
    uring.spawn(function()
      client:write(("0123456789"):rep(20))
      client:close()
    end)
    local pieces = {}
    for bytes in op.recv_multishot(server:fileno(), buffers) do
      pieces[#pieces + 1] = bytes
    end
    server:close()
    return { table.concat(pieces) }
  end)

  both.it("read a pipe until the end", function()
    local reader, writer = raw.pipe()
    local buffers = assert(uring.buf_ring { bgid = 7, entries = 4, size = 16 })
    uring.spawn(function()
      op.write(writer, "some bytes")
      op.close(writer)
    end)
    local pieces = {}
    for bytes in op.read_multishot(reader, buffers) do
      pieces[#pieces + 1] = bytes
    end
    op.close(reader)
    return { table.concat(pieces) }
  end)

  both.it("tell each time that there is something to read", function()
    local fd, buffer = raw.eventfd(), raw.buffer(8)
    uring.spawn(function()
      for i = 1, 3 do
        uring.sleep(0.002)
        op.write(fd, string.pack("<i8", i))
      end
    end)
    local sum = 0
    for events in op.poll_multishot(fd, C.POLLIN) do
      assert(events == C.POLLIN)
      op.read(fd, buffer)
      sum = sum + string.unpack("<i8", buffer:tostring())
      if sum == 6 then break end
    end
    uring.sleep(0.01)
    op.close(fd)
    return { sum }
  end)

  both.it("leave buffers behind that one receive takes", function()
    local client, server = connected()
    local buffers = assert(uring.buf_ring { bgid = 3, entries = 2, size = 4 })
    client:write("abcdefgh")
    local got = { (op.recv(server:fileno(), buffers)),
      (op.recv(server:fileno(), buffers)) }
    client:close()
    got[3] = op.recv(server:fileno(), buffers)
    got[4] = { buffers:available(), buffers:bgid(), tostring(buffers) }
    buffers:close()
    got[5] = tostring(buffers)
    server:close()
    return got
  end)
end)

describe("simulated misuse", function()
  local closed = raw.buffer(1)
  closed:close()
  local CASES = {
    { "nothing", "recv" },
    { "no descriptor", "recv", "x", raw.buffer(1) },
    { "a negative descriptor", "recv", -1, raw.buffer(1) },
    { "a fraction", "recv", 1.5, raw.buffer(1) },
    { "a string to read into", "read", 0, "x" },
    { "a closed buffer", "read", 0, closed },
    { "a slice of a string", "read", 0, raw.slice "x" },
    { "a number to write", "write", 1, 1 },
    { "a table to send", "send", 1, {} },
    { "an offset below", "read", 0, raw.buffer(1), -2 },
    { "a path that is none", "openat", C.AT_FDCWD, 1 },
    { "a path with a zero", "openat", C.AT_FDCWD, "a\0b" },
    { "a folder that is none", "openat", -5, "x" },
    { "flags that are none", "openat", C.AT_FDCWD, "x", "r" },
    { "a negative time", "timeout", -1 },
    { "a time that is none", "timeout", "1" },
    { "a timespec that is none", "timeout", { 1, 1e9 } },
    { "an address that is none", "connect", 0, "127.0.0.1:1" },
    { "too little room", "accept", 0, raw.buffer(4) },
    { "a struct too small", "statx", C.AT_FDCWD, "/", 0, 0, raw.buffer(9) },
    { "a field that is none", "openat2", C.AT_FDCWD, "/", { flag = 1 } },
    { "a negative field", "openat2", C.AT_FDCWD, "/", { flags = -1 } },
    { "iovecs to read that are strings", "readv", 0, raw.iovecs { "x" } },
    { "no iovecs", "writev", 0, "x" },
  }

  for _, case in ipairs(CASES) do
    both.it("raises: " .. case[1], function()
      local call = function() op[case[2]](table.unpack(case, 3)) end
      return { pcall(call) }
    end)
  end

  both.it("of descriptors fails", function()
    local got = {
      { op.read(987654, raw.buffer(1)) }, { op.close(987654) },
      { raw.close(987654) }, { op.cancel_fd(987654) },
      { raw.getsockname(987654) }, { raw.listen(987654) },
      { op.openat(987654, "x") }, { op.splice(0, -1, 987654, -1, 1) },
    }
    return got
  end, { strict = false })

  both.it("outside of a task raises", function()
    return { pcall(table.sort, { 1, 2, 3 }, function() op.nop() end) }
  end)
end)
