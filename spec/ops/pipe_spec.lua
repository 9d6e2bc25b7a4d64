--- Proves the row pipe: two new descriptors, which stand in a Buffer.
local loop = require "uring.loop"
local process = require "spec.support.process"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C = uring.consts
local close = coroutine.close -- not that of inside, which would refuse

rows.describe("pipe", function()
  local function make(own, flags)
    local fds = uring.buffer(8)
    assert.same({ 0, 0 }, { rows.raw("pipe", fds, flags) })
    return own(uring.unpack_pipe(fds))
  end

  local function read(fd)
    local buffer = uring.buffer(16)
    return buffer:sub(1, (rows.raw("read", fd, buffer)))
  end

  local function status_flags(fd)
    local info <close> = assert(io.open("/proc/self/fdinfo/" .. fd))
    return tonumber(info:read("a"):match("flags:%s*(%d+)"), 8)
  end

  it("makes an end to read and one to write", function()
    local own <close> = rows.owner()
    local r, w = make(own)
    assert.equal(-uring.errno.EBADF, (rows.raw("write", r, "x")))
    assert.equal(5, (rows.raw("write", w, "hello")))
    assert.equal("hello", read(r))
    own:close(w)
    assert.equal("", read(r))
  end)

  it("makes both close-on-exec, unasked", function()
    local own <close> = rows.owner()
    for _, flags in ipairs { 0, C.O_NONBLOCK, C.O_CLOEXEC } do
      local r, w = make(own, flags)
      assert.is_true(sockets.cloexec(r))
      assert.is_true(sockets.cloexec(w))
    end
  end)

  it("sets the flags asked for", function()
    local own <close> = rows.owner()
    local r, w = make(own, C.O_NONBLOCK)
    assert.equal(C.O_NONBLOCK, status_flags(r) & C.O_NONBLOCK)
    assert.equal(C.O_NONBLOCK, status_flags(w) & C.O_NONBLOCK)
    r, w = make(own)
    assert.equal(0, status_flags(r) & C.O_NONBLOCK)
    assert.equal(0, status_flags(w) & C.O_NONBLOCK)
  end)

  it("keeps writes apart with O_DIRECT", function()
    local own <close> = rows.owner()
    local r, w = make(own, C.O_DIRECT)
    rows.raw("write", w, "one")
    rows.raw("write", w, "two")
    assert.same({ "one", "two" }, { read(r), read(r) })
  end)

  it("gives true when awaited", function()
    local own <close> = rows.owner()
    local fds = uring.buffer(8)
    assert.same({ true, 0 }, { rows.await("pipe", fds) })
    local r, w = own(uring.unpack_pipe(fds))
    rows.raw("write", w, "awaited")
    assert.equal("awaited", read(r))
  end)

  it("fails for flags that a pipe cannot have", function()
    rows.assert_fails("pipe", "EINVAL", "Invalid argument",
      uring.buffer(8), C.O_DIRECTORY)
  end)

  it("fails where there is room for one descriptor only", function()
    local result = process.run { process.LUA, "-e", [[
      local uring = require "uring"
      local ring = require "uring.ring"
      uring.run(function()
        local last
        repeat
          local fd = ring.eventfd()
          last = fd or last
        until not fd
        ring.close(last)
        print(uring.op.pipe(ring.buffer(8)))
        print(ring.eventfd() == last)
      end)
    ]], limits = "-n 32" }
    assert.equal("nil\tpipe: Too many open files\t24\ntrue\n", result.out)
    assert.equal("", result.err)
  end)

  it("is closed where nobody took it when the ring closes", function()
    local ring <close> = rows.ring()
    for _ = 1, 4 do rows.start(ring, "pipe", uring.buffer(8)) end
    collectgarbage() -- the Buffers too
    ring:submit_and_wait(4)
    assert.equal(4, ring:cq_ready())
  end)

  it("is closed itself, whatever the Buffer says by then", function()
    local own <close> = rows.owner()
    local other = own(uring.eventfd())
    local ring <close> = rows.ring()
    local fds = uring.buffer(8)
    rows.start(ring, "pipe", fds)
    ring:submit_and_wait(1)
    assert(ring:peek_cqe())
    local r, w = uring.unpack_pipe(fds)
    fds:set(1, string.pack("<i4 i4", other, other))
    ring:close()
    own(r, w) -- where they are not closed, they are not left either
    assert.is_true(sockets.cloexec(other)) -- still open
    assert.is_nil(sockets.cloexec(r))
    assert.is_nil(sockets.cloexec(w))
  end)

  it("is closed where it is made while the ring closes", function()
    local ring <close> = rows.ring()
    for _ = 1, 4 do
      local sqe = ring:get_sqe()
      sqe:prep_pipe(uring.buffer(8))
      sqe:set_flags("async")
    end
    assert.equal(4, ring:submit())
  end)

  it("is its task's, though that is cancelled", function()
    assert.has_error(function()
      within.run(function()
        u.spawn(function()
          local buffer = uring.buffer(8)
          u.op.pipe(buffer)
          for _, fd in ipairs { uring.unpack_pipe(buffer) } do
            uring.close(fd)
          end
        end)
        u.spawn(function() error({}) end)
      end)
    end, {})
  end)

  it("is closed where its coroutine was closed", function()
    within.run(function()
      local thread = coroutine.create(function()
        return u.op.pipe(uring.buffer(8))
      end)
      local ok
      u.spawn(function() ok = coroutine.resume(thread) end)
      u.yield()
      close(thread)
      while ok == nil do u.yield() end
      assert.is_false(ok)
    end)
  end)

  it("is closed where no task waits for it", function()
    local own <close> = rows.owner()
    within.run(function()
      local ring = loop.current("this spec").ring
      local others = ring:in_flight()
      assert.is_true(loop.post("pipe", uring.buffer(8)))
      while ring:in_flight() > others do u.yield() end
      local fds = uring.buffer(8)
      assert.is_true(u.op.pipe(fds))
      own(uring.unpack_pipe(fds))
    end)
  end)
end)
