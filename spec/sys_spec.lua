--- The system calls that have no opcode: what they give, and how they fail.
local core = require "uring.core"
local leaks = require "spec.support.leaks"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local uring = require "uring.ring"

local C, errno = uring.consts, uring.errno
local CLOEXEC = tonumber("2000000", 8)
local NO_FD = 1 << 20 -- more than the kernel lets us have

leaks.watch()

local function is_close_on_exec(fd)
  local info <close> = assert(io.open("/proc/self/fdinfo/" .. fd))
  local flags = info:read("a"):match("flags:%s*(%d+)")
  return tonumber(flags, 8) & CLOEXEC ~= 0
end

describe("poll", function()
  it("tells what holds now of each descriptor", function()
    local from, to = core.pipe()
    local IN, OUT = C.POLLIN, C.POLLOUT
    assert.same({ [2] = OUT, [3] = -errno.EBADF },
      core.poll({ from, to, NO_FD }, { IN, OUT, IN }))
    assert.same({}, core.poll({}, {}))
    core.close(to)
    assert.same({ C.POLLHUP }, core.poll({ from }, { IN }))
    core.close(from)
  end)

  it("wants two lists of integers", function()
    assert.error_matches(function() core.poll(1, {}) end, "table expected")
    assert.error_matches(function() core.poll({ -1 }, { 1 }) end,
      "not a descriptor")
    assert.error_matches(function() core.poll({ 1 }, {}) end,
      "number expected")
  end)
end)

describe("a pipe", function()
  it("carries bytes from the second descriptor to the first", function()
    local ring = assert(uring.ring(2))
    local from, to = uring.pipe()
    local buffer = uring.buffer(10)
    assert.equal(5, rows.call(ring, "write", to, "bytes"))
    assert.equal(5, rows.call(ring, "read", from, buffer))
    assert.equal("bytes", buffer:sub(1, 5))
    uring.close(to)
    assert.equal(0, rows.call(ring, "read", from, buffer))
    uring.close(from)
    ring:close()
  end)
end)

describe("a pipe's size", function()
  it("is told, and grows", function()
    local from, into = uring.pipe()
    local before = core.widen(into, 1)
    assert.is_true(before >= 4096)
    assert.equal(2 * before, core.widen(into, 2 * before))
    assert.equal(2 * before, core.widen(from, before))
    local one, other = uring.socketpair()
    assert.is_nil(core.widen(one, 1))
    uring.close(one)
    uring.close(other)
    assert.error_matches(function() core.widen(into, 0) end, "out of range")
    assert.is_nil(core.widen(-1, 1))
    uring.close(from)
    uring.close(into)
  end)
end)

describe("a socketpair", function()
  it("is a pair of connected streams", function()
    local ring = assert(uring.ring(2))
    local a, b = uring.socketpair()
    rows.call(ring, "send", a, "one")
    rows.call(ring, "send", a, "two")
    assert.equal("onetwo", raw.receive(ring, b, 6))
    uring.close(a)
    uring.close(b)
    ring:close()
  end)

  it("may be of another type", function()
    local ring = assert(uring.ring(2))
    local a, b = uring.socketpair(C.SOCK_SEQPACKET)
    rows.call(ring, "send", a, "one")
    rows.call(ring, "send", a, "two")
    local buffer = uring.buffer(10)
    assert.equal(3, rows.call(ring, "recv", b, buffer))
    assert.equal("one", buffer:sub(1, 3))
    uring.close(a)
    uring.close(b)
    ring:close()
  end)

  it("of no type fails", function()
    local fd, message, code = uring.socketpair(4711)
    assert.is_nil(fd)
    assert.matches("^socketpair: ", message)
    assert.equal(errno.EINVAL, code)
  end)
end)

describe("an eventfd", function()
  it("begins with a count", function()
    local ring = assert(uring.ring(2))
    local fd, buffer = uring.eventfd(7), uring.buffer(8)
    assert.equal(8, rows.call(ring, "read", fd, buffer))
    assert.equal(7, (string.unpack("=I8", buffer:tostring())))
    uring.close(fd)
    ring:close()
  end)

  it("adds up what is written", function()
    local ring = assert(uring.ring(2))
    local fd, buffer = uring.eventfd(), uring.buffer(8)
    rows.call(ring, "write", fd, string.pack("=I8", 3))
    rows.call(ring, "write", fd, string.pack("=I8", 4))
    assert.equal(8, rows.call(ring, "read", fd, buffer))
    assert.equal(7, (string.unpack("=I8", buffer:tostring())))
    uring.close(fd)
    ring:close()
  end)

  it("refuses a count out of range", function()
    for _, count in ipairs { -1, 1 << 32 } do
      assert.error_matches(function() uring.eventfd(count) end, "out of range")
    end
  end)
end)

describe("a descriptor", function()
  it("is close-on-exec, wherever it comes from", function()
    local ring = assert(uring.ring(2))
    local fds = { ring:fileno(), uring.eventfd(), uring.signalfd("USR2") }
    fds[4], fds[5] = uring.pipe()
    fds[6], fds[7] = uring.socketpair()
    fds[8] = uring.socket(C.AF_INET, C.SOCK_STREAM)
    fds[9] = rows.call(ring, "socket", C.AF_INET, C.SOCK_STREAM)
    fds[10] = rows.call(ring, "openat", C.AT_FDCWD, "/dev/null")
    for _, fd in ipairs(fds) do assert.is_true(is_close_on_exec(fd)) end
    for i = 2, 10 do assert.is_true(uring.close(fds[i])) end
    core.unblock("USR2")
    ring:close()
  end)

  it("that is not open cannot be closed", function()
    local ok, message, code = uring.close(NO_FD)
    assert.is_nil(ok)
    assert.equal("close: Bad file descriptor", message)
    assert.equal(errno.EBADF, code)
  end)

  it("that is none raises", function()
    assert.error_matches(function() uring.close(-1) end, "not a descriptor")
    assert.error_matches(function() uring.close(1 << 31) end,
      "not a descriptor")
    assert.error_matches(function() uring.close("x") end, "number expected")
  end)
end)

describe("signals by name", function()
  it("are known both ways", function()
    assert.equal("INT", core.signal_name(2))
    assert.equal("TERM", core.signal_name(15))
    assert.equal("PIPE", core.signal_name(13))
    assert.is_nil(core.signal_name(64))
  end)

  it("raise where there is none", function()
    assert.error_matches(function() uring.signalfd("SIGINT") end,
      "no signal 'SIGINT'")
    assert.error_matches(function() uring.signalfd() end, "string expected")
    assert.error_matches(function() uring.signalfd("USR1", "KILL") end,
      "no signal 'KILL'")
  end)
end)

describe("a socket", function()
  it("is bound, listens and tells its address", function()
    local fd = assert(uring.socket(C.AF_INET, C.SOCK_STREAM))
    assert.is_true(uring.bind(fd, uring.sockaddr("127.0.0.1", 0)))
    assert.is_true(uring.listen(fd, 5))
    local address = uring.getsockname(fd)
    assert.equal("127.0.0.1", address.host)
    assert.is_true(address.port > 0)
    uring.close(fd)
  end)

  it("has options", function()
    local fd = assert(uring.socket(C.AF_INET, C.SOCK_STREAM))
    assert.equal(0, uring.getsockopt(fd, C.SOL_SOCKET, C.SO_REUSEADDR))
    assert.is_true(uring.setsockopt(fd, C.SOL_SOCKET, C.SO_REUSEADDR, 1))
    assert.equal(1, uring.getsockopt(fd, C.SOL_SOCKET, C.SO_REUSEADDR))
    assert.equal(0, uring.getsockopt(fd, C.SOL_SOCKET, C.SO_ERROR))
    uring.close(fd)
  end)

  it("says why it cannot", function()
    local function refused(what, code, ok, message, got)
      assert.is_nil(ok)
      assert.equal(what .. ": " .. uring.strerror(code), message)
      assert.equal(code, got)
    end
    local any = uring.sockaddr("127.0.0.1", 0)
    refused("socket", errno.EAFNOSUPPORT, uring.socket(4711, C.SOCK_STREAM))
    refused("bind", errno.EBADF, uring.bind(NO_FD, any))
    refused("listen", errno.EBADF, uring.listen(NO_FD))
    refused("getsockname", errno.EBADF, uring.getsockname(NO_FD))
    refused("getpeername", errno.EBADF, uring.getpeername(NO_FD))
    refused("getsockopt", errno.EBADF,
      uring.getsockopt(NO_FD, C.SOL_SOCKET, C.SO_ERROR))
    refused("setsockopt", errno.EBADF,
      uring.setsockopt(NO_FD, C.SOL_SOCKET, C.SO_REUSEADDR, 1))
  end)

  it("refuses wrong arguments", function()
    assert.error_matches(function() uring.bind(1, "127.0.0.1:80") end,
      "uring.Address expected, got string")
    assert.error_matches(function() uring.socket("inet", 1) end,
      "number expected")
    assert.error_matches(function() uring.listen(1 << 32) end, "out of range")
  end)
end)

describe("now", function()
  it("never goes back", function()
    local last = core.now()
    for _ = 1, 1000 do
      local now = core.now()
      assert.is_true(now >= last)
      last = now
    end
  end)
end)

describe("the position of a file", function()
  it("is set and told", function()
    local ring = assert(uring.ring(2))
    local fd = rows.call(ring, "openat", C.AT_FDCWD, "/proc/self/exe")
    local size = core.lseek(fd, 0, C.SEEK_END)
    assert.is_true(size > 1000)
    assert.equal(7, core.lseek(fd, 7, C.SEEK_SET))
    assert.equal(5, core.lseek(fd, -2, C.SEEK_CUR))
    assert.same({ nil, "lseek: Invalid argument", errno.EINVAL },
      { core.lseek(fd, -1, C.SEEK_SET) })
    assert.same({ nil, "lseek: Invalid argument", errno.EINVAL },
      { core.lseek(fd, 0, 4711) })
    assert.error_matches(function() core.lseek(-1, 0, 0) end,
      "not a descriptor")
    assert.error_matches(function() core.lseek(fd, 0, -1) end,
      "out of range")
    uring.close(fd)
    ring:close()
  end)
end)
