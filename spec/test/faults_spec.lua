--- Each fault of a simulated run is seen, and a program that copes with all
-- of them loses nothing.
local errno = require "uring.errno"
local leaks = require "spec.support.leaks"
local raw = require "uring.ring"
local test = require "uring.test"
local uring = require "uring"

leaks.watch()

local C, op = raw.consts, uring.op

-- Runs a program with one fault that always happens.
local function with(fault, body, options)
  options = options or {}
  options.faults = { [fault] = 1 }
  options.strict = false
  return test.run(options, body)
end

local function code_of(_, _, code) return errno[code] end

local function connected()
  local listener <close> = assert(uring.listen "127.0.0.1:0")
  local client = assert(uring.connect(listener:sockname()))
  return client, assert(listener:accept())
end

describe("the fault", function()
  it("short cuts reads and writes", function()
    local sizes = {}
    test.seeds(1, 50, { faults = { short = 0.5 },
      files = { ["/file"] = ("x"):rep(1000) } }, function()
      local fd = assert(op.openat(C.AT_FDCWD, "/file", C.O_RDWR))
      local count = op.read(fd, raw.buffer(1000), 0)
      sizes[count == 1000 and "whole" or "short"] = true
      count = op.write(fd, ("y"):rep(500), 0)
      sizes[count == 500 and "all" or "some"] = true
      op.close(fd)
    end)
    assert.same({ whole = true, short = true, all = true, some = true }, sizes)
  end)

  it("short leaves alone what the kernel never cuts", function()
    test.seeds(1, 30, { faults = { short = 1 } }, function()
      local reader, writer = raw.pipe()
      assert.equal(4096, op.write(writer, ("x"):rep(4096)))
      local one, other = raw.socketpair(C.SOCK_DGRAM)
      assert.equal(2000, op.send(one, ("x"):rep(2000)))
      assert.equal(2000, op.recv(other, raw.buffer(4000)))
      local event = raw.eventfd(1)
      assert.equal(8, op.read(event, raw.buffer(8)))
      local client, server = connected()
      assert.equal(9000, op.send(client:fileno(), ("x"):rep(9000),
        C.MSG_WAITALL))
      assert.equal(9000, op.recv(server:fileno(), raw.buffer(9000),
        C.MSG_WAITALL))
      for _, fd in ipairs { reader, writer, one, other, event } do
        raw.close(fd)
      end
      client:close()
      server:close()
    end)
  end)

  it("eintr interrupts before anything was done", function()
    with("eintr", function()
      local reader, writer = raw.pipe()
      assert.equal("EINTR", code_of(op.write(writer, "x")))
      assert.equal("EINTR", code_of(op.read(reader, raw.buffer(1))))
      assert.equal(C.POLLOUT, op.poll_add(writer, C.POLLOUT)) -- waits on
    end)
  end)

  it("eagain says to come back, for what is no socket", function()
    with("eagain", function()
      local reader, writer = raw.pipe()
      assert.equal("EAGAIN", code_of(op.write(writer, "x")))
      assert.equal("EAGAIN", code_of(op.read(reader, raw.buffer(1))))
      local one, other = raw.socketpair()
      assert.equal(1, op.write(one, "x"))
      assert.equal(1, op.read(other, raw.buffer(1)))
    end)
  end)

  it("enobufs leaves no buffer to receive into", function()
    with("enobufs", function()
      local client, server = connected()
      client:write "x"
      local buffers = uring.buf_ring { bgid = 1, entries = 2, size = 8 }
      assert.equal("ENOBUFS", code_of(op.recv(server:fileno(), buffers)))
      assert.equal(1, op.recv(server:fileno(), raw.buffer(8)))
    end)
  end)

  it("emfile leaves no descriptor", function()
    with("emfile", function()
      for _, call in ipairs {
        function() return raw.pipe() end,
        function() return raw.socketpair() end,
        function() return raw.eventfd() end,
        function() return raw.socket(C.AF_INET, C.SOCK_STREAM) end,
        function() return op.openat(C.AT_FDCWD, "/tmp") end,
        function() return op.socket(C.AF_INET, C.SOCK_STREAM) end,
      } do
        assert.equal("EMFILE", code_of(call()))
      end
    end)
  end)

  it("enospc leaves no room on the disk, but in pipes", function()
    with("enospc", function()
      local fd = op.openat(C.AT_FDCWD, "/tmp/new", C.O_WRONLY | C.O_CREAT)
      assert.equal("ENOSPC", code_of(op.write(fd, "x")))
      assert.equal("ENOSPC", code_of(op.mkdirat(C.AT_FDCWD, "/tmp/dir")))
      local _, writer = raw.pipe()
      assert.equal(1, op.write(writer, "x"))
    end)
  end)

  it("reset breaks a connection for both sides", function()
    with("reset", function()
      local client, server = connected()
      assert.equal("ECONNRESET", code_of(client:write "x"))
      assert.equal("ECONNRESET", code_of(server:read()))
    end)
  end)

  it("refuse lets nobody connect", function()
    with("refuse", function()
      local listener = assert(uring.listen "127.0.0.1:0")
      assert.equal("ECONNREFUSED",
        code_of(uring.connect(listener:sockname())))
    end)
  end)

  it("abort takes the connection before it is accepted", function()
    with("abort", function()
      local listener = assert(uring.listen "127.0.0.1:0")
      assert(uring.connect(listener:sockname()))
      assert.equal("ECONNABORTED", code_of(listener:accept()))
    end)
  end)

  it("overflow ends multishot ops, which go on by themselves", function()
    local got = with("overflow", function()
      local client, server = connected()
      uring.spawn(function()
        for i = 1, 5 do
          client:write(i)
          uring.sleep(0.1)
        end
        client:close()
      end)
      local buffers = uring.buf_ring { bgid = 1, entries = 2, size = 8 }
      local pieces = {}
      for bytes in op.recv_multishot(server:fileno(), buffers) do
        pieces[#pieces + 1] = bytes
      end
      return table.concat(pieces)
    end)
    assert.equal("12345", got)
    assert.matches("finds no room for its completion", test.trace(), 1, true)
  end)

  it("line makes ops wait to be submitted, in order", function()
    local order = with("line", function()
      local reader, writer = raw.pipe()
      local order = {}
      for i = 1, 5 do
        uring.spawn(function()
          op.write(writer, tostring(i))
          order[#order + 1] = i
        end)
      end
      uring.sleep(1)
      local buffer = raw.buffer(8)
      op.read(reader, buffer)
      return #order .. " " .. #buffer:sub(1, 5)
    end)
    assert.equal("5 5", order)
    assert.matches("4 wait in line", test.trace(), 1, true)
  end)

  it("slow lets things take up to a second", function()
    local longest = 0
    test.seeds(1, 50, { faults = { slow = 1 } }, function()
      local began = uring.now()
      op.nop()
      longest = math.max(longest, uring.now() - began)
    end)
    assert.is_true(longest > 0.5 and longest < 2.1)
  end)
end)

describe("what is limited", function()
  it("are descriptors", function()
    test.run({ descriptors = 3 }, function()
      local one, two = raw.pipe()
      assert.equal("EMFILE", code_of(raw.pipe()))
      local three = raw.eventfd()
      assert.equal("EMFILE", code_of(op.openat(C.AT_FDCWD, "/tmp")))
      raw.close(one)
      assert.equal(one, op.openat(C.AT_FDCWD, "/tmp"))
      for _, fd in ipairs { one, two, three } do raw.close(fd) end
    end)
  end)

  it("is the disk", function()
    test.run({ disk = 10, files = { ["/full"] = "1234" } }, function()
      local file <close> = assert(uring.open("/new", "w"))
      local _, message, code, written = file:write("123456789")
      assert.same({ "/new: No space left on device", errno.ENOSPC, 6 },
        { message, code, written })
      local full <close> = assert(uring.open("/full", "w")) -- makes room
      assert(full:write "abcd")
    end)
    assert.same({ ["/full"] = "abcd", ["/new"] = "123456" }, test.files())
  end)
end)

local function connected_patiently()
  local listener <close> = assert(uring.listen "127.0.0.1:0")
  local client = assert(uring.connect(listener:sockname()))
  local server, _, code
  repeat server, _, code = listener:accept() until code ~= errno.EINTR
  return client, server
end

-- Sends all of a text, whatever happens but the end of the connection.
local function send_all(conn, text)
  while text ~= "" do
    local done, _, code, sent = conn:write(text)
    if done then return true end
    text = text:sub((sent or 0) + 1)
    if code ~= errno.EINTR then return false end
  end
end

local function receive_all(conn)
  local pieces = {}
  while true do
    local bytes, message, code = conn:read_some()
    if bytes then
      pieces[#pieces + 1] = bytes
    elseif code ~= errno.EINTR then
      return table.concat(pieces), message
    end
  end
end

describe("under all faults", function()
  it("no byte of a stream is lost or doubled", function()
    local whole = 0
    test.seeds(1, 300, { faults = { short = 0.5, eintr = 0.2, enobufs = 0.2,
      line = 0.3, late = 0.3, overflow = 0.2, slow = 0.1 } }, function(seed)
      local client, server = connected_patiently()
      local text = {}
      for i = 1, 2000 do text[i] = tostring(i * seed) end
      text = table.concat(text, " ")
      uring.spawn(function()
        local owned <close> = client
        assert(send_all(owned, text))
      end)
      local owned <close> = server
      assert.equal(text, (receive_all(owned)))
      whole = whole + 1
    end)
    assert.equal(300, whole)
  end)

  it("what was received is the beginning of what was sent", function()
    local resets = 0
    test.seeds(1, 200, { faults = { reset = 0.05, short = 0.3 } },
      function()
        local client, server = connected()
        local text = ("0123456789"):rep(1000)
        uring.spawn(function()
          local owned <close> = client
          for at = 1, #text, 500 do
            if not owned:write(text:sub(at, at + 499)) then return end
          end
        end)
        local owned <close> = server
        local got, message = receive_all(owned)
        assert.equal(text:sub(1, #got), got)
        if message then resets = resets + 1 else assert.equal(#text, #got) end
      end)
    assert.is_true(resets > 20 and resets < 200)
  end)

  it("a file is copied whole", function()
    local text = ("some line\n"):rep(3000)
    test.seeds(1, 100, { files = { ["/from"] = text },
      faults = { short = 0.5, eagain = 0.3, slow = 0.1 } }, function()
      local from <close> = assert(uring.open "/from")
      local to <close> = assert(uring.open("/to", "w"))
      for chunk in from:chunks() do assert(to:write(chunk)) end
    end)
    assert.equal(text, test.files()["/to"])
  end)
end)
