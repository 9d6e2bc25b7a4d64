--- Proves the row write_fixed: a write of a registered Buffer, or of a
-- slice of one.
local loop = require "uring.loop"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local temp = require "spec.support.temp"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C, errno = uring.consts, uring.errno

rows.describe("write_fixed", function()
  local function open(own, file, flags)
    return own((rows.raw("openat", C.AT_FDCWD, file.path,
      flags or C.O_WRONLY)))
  end

  local function ring_with(...)
    local ring = rows.ring()
    assert(ring:register_buffers { ... })
    return ring
  end

  -- Asserts that neither layer starts the op, since its index is wrong.
  local function assert_refuses(why, buffers, ...)
    local arguments = table.pack(...)
    local message = "write_fixed: bad argument 'buf_index' (" .. why .. ")"
    local ring <close> = rows.ring()
    assert(ring:register_buffers(buffers))
    assert.has_error(function()
      raw.prepare(ring, "nop"):prep_write_fixed(table.unpack(arguments))
    end, message)
    within.run(function()
      assert(loop.current("this spec").ring:register_buffers(buffers))
      assert.has_error(function()
        local _ = u.op.write_fixed(table.unpack(arguments))
      end, message)
    end)
  end

  it("writes a registered Buffer, as it is by then", function()
    local own <close> = rows.owner()
    local file <close> = temp.file()
    local first, second = uring.buffer(5), uring.buffer(6)
    local ring <close> = ring_with(first, second)
    local fd = open(own, file)
    first:set(1, "first")
    second:set(1, "second")
    assert.same({ 5, 0 },
      { rows.call(ring, "write_fixed", fd, first, nil, 0) })
    assert.same({ 6, 0 },
      { rows.call(ring, "write_fixed", fd, second, nil, 1) })
    assert.equal("firstsecond", file:read())
    assert.equal(5, (rows.call(ring, "write_fixed", fd, first, 2, 0)))
    assert.equal("fifirstcond", file:read())
    assert.equal(5, (rows.call(ring, "write_fixed", fd, first, -1, 0)))
    assert.equal("fifirstcondfirst", file:read())
  end)

  it("writes only the slice that it is given", function()
    local own <close> = rows.owner()
    local file <close> = temp.file()
    local buffer = uring.buffer(10):set(1, "0123456789")
    local ring <close> = ring_with(buffer)
    local fd = open(own, file)
    rows.call(ring, "write_fixed", fd, buffer:slice(8), nil, 0)
    rows.call(ring, "write_fixed", fd, buffer:slice(3, 4), nil, 0)
    assert.equal("78923", file:read())
  end)

  it("gives the count when awaited", function()
    local own <close> = rows.owner()
    local file <close> = temp.file()
    local fd, buffer = open(own, file), uring.buffer(9):set(1, "(awaited)")
    within.run(function()
      assert(loop.current("this spec").ring:register_buffers { buffer })
      assert.same({ 7, 0 }, { u.op.write_fixed(fd, buffer:slice(2, -2), 0,
        0) })
    end)
    assert.equal("awaited", file:read())
  end)

  it("refuses an index without a Buffer, or with another one", function()
    local buffer, other = uring.buffer(4), uring.buffer(4)
    local both = { buffer, other }
    assert_refuses("no buffer is registered at this index", both,
      1, buffer, 0, 2)
    assert_refuses("it is not the buffer registered at this index", both,
      1, buffer, 0, 1)
    assert_refuses("it is not the buffer registered at this index", both,
      1, other:slice(2, 3), 0, 0)
  end)

  it("fails where nothing can be written", function()
    local own <close> = rows.owner()
    local file <close> = temp.file()
    local fd, buffer = open(own, file, C.O_RDONLY), uring.buffer(4)
    local full = own((rows.raw("openat", C.AT_FDCWD, "/dev/full",
      C.O_WRONLY)))
    local ring <close> = ring_with(buffer)
    assert.equal(-errno.EBADF,
      (rows.call(ring, "write_fixed", fd, buffer, 0, 0)))
    assert.equal(-errno.ENOSPC,
      (rows.call(ring, "write_fixed", full, buffer, 0, 0)))
    within.run(function()
      assert(loop.current("this spec").ring:register_buffers { buffer })
      assert.same({ nil, "write_fixed: Bad file descriptor", errno.EBADF },
        { u.op.write_fixed(fd, buffer, 0, 0) })
      assert.same({ nil, "write_fixed: No space left on device",
        errno.ENOSPC }, { u.op.write_fixed(full, buffer, 0, 0) })
    end)
  end)

  it("fails beyond the part that is registered", function()
    local own <close> = rows.owner()
    local file <close> = temp.file()
    local fd, whole = open(own, file), uring.buffer(8):set(1, "12345678")
    local ring <close> = ring_with(whole:slice(1, 4))
    assert.equal(-errno.EFAULT,
      (rows.call(ring, "write_fixed", fd, whole:slice(4, 5), 0, 0)))
    assert.equal("", file:read())
    assert.equal(1, (rows.call(ring, "write_fixed", fd, whole:slice(4, 4), 0,
      0)))
    assert.equal("4", file:read())
  end)

  it("is cancelled while it waits for room in a socket", function()
    local own <close> = rows.owner()
    local a = sockets.pair(own)
    raw.fill(a)
    local buffer = uring.buffer(4)
    local ring <close> = ring_with(buffer)
    local res, cancel = rows.cancelled(ring, "write_fixed", a, buffer, nil, 0)
    assert.same({ -errno.ECANCELED, 0 }, { res, cancel })
  end)
end)
