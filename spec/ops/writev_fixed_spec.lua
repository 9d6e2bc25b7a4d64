--- Proves the row writev_fixed: one write of several slices of a registered
-- Buffer.
local loop = require "uring.loop"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local temp = require "spec.support.temp"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C, errno = uring.consts, uring.errno

rows.describe("writev_fixed", function()
  local function open(own, file, flags)
    return own((rows.raw("openat", C.AT_FDCWD, file.path,
      flags or C.O_WRONLY)))
  end

  local function ring_with(...)
    local ring = rows.ring()
    assert(ring:register_buffers { ... })
    return ring
  end

  -- A Buffer, and two slices of it, the last one first.
  local function sliced()
    local buffer = uring.buffer(10):set(1, "0123456789")
    return buffer, uring.iovecs { buffer:slice(8), buffer:slice(2, 5) }
  end

  it("writes the slices one after the other", function()
    local own <close> = rows.owner()
    local file <close> = temp.file()
    local buffer, iovecs = sliced()
    local ring <close> = ring_with(uring.buffer(1), buffer)
    local fd = open(own, file)
    assert.same({ 7, 0 },
      { rows.call(ring, "writev_fixed", fd, iovecs, nil, nil, 1) })
    assert.equal("7891234", file:read())
    buffer:set(8, "abc")
    assert.equal(7, (rows.call(ring, "writev_fixed", fd, iovecs, 2, 0, 1)))
    assert.equal("78abc1234", file:read())
    assert.equal(7, (rows.call(ring, "writev_fixed", fd, iovecs, -1, 0, 1)))
    assert.equal("78abc12abc1234", file:read())
  end)

  it("writes at the end with RWF_APPEND", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("first ")
    local buffer, iovecs = sliced()
    local ring <close> = ring_with(buffer)
    assert.equal(7, (rows.call(ring, "writev_fixed", open(own, file), iovecs,
      0, C.RWF_APPEND, 0)))
    assert.equal("first 7891234", file:read())
  end)

  it("gives the count when awaited", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("...")
    local fd, buffer, iovecs = open(own, file), sliced()
    within.run(function()
      assert(loop.current("this spec").ring:register_buffers { buffer })
      assert.same({ 7, 0 }, { u.op.writev_fixed(fd, iovecs, 3, nil, 0) })
    end)
    assert.equal("...7891234", file:read())
  end)

  it("refuses strings, and an index without a Buffer", function()
    local buffer, iovecs = sliced()
    local strings = uring.iovecs { buffer:slice(1, 2), "a string" }
    local ring <close> = ring_with(buffer)
    local sqe = raw.prepare(ring, "nop")
    assert.has_error(function()
      sqe:prep_writev_fixed(1, strings, 0, 0, 0)
    end, "writev_fixed: bad argument 'iovecs' (strings among them are "
      .. "read-only)")
    local message = "writev_fixed: bad argument 'buf_index' (no buffer is "
      .. "registered at this index)"
    assert.has_error(function()
      sqe:prep_writev_fixed(1, iovecs, 0, 0, 1)
    end, message)
    within.run(function()
      assert.has_error(function()
        local _ = u.op.writev_fixed(1, iovecs, 0, 0, 0)
      end, message)
    end)
  end)

  it("fails where the slices are of another Buffer, or of none", function()
    local own <close> = rows.owner()
    local file <close> = temp.file()
    local fd, buffer, iovecs = open(own, file), sliced()
    local mixed = uring.iovecs { buffer, uring.buffer(1) }
    local ring <close> = ring_with(uring.buffer(10), buffer, false)
    for _, each in ipairs { { iovecs, 0 }, { iovecs, 2 }, { mixed, 1 } } do
      assert.equal(-errno.EFAULT, (rows.call(ring, "writev_fixed", fd,
        each[1], 0, 0, each[2])))
    end
    assert.equal("", file:read())
  end)

  it("fails where nothing can be written", function()
    local own <close> = rows.owner()
    local file <close> = temp.file()
    local fd, buffer, iovecs = open(own, file, C.O_RDONLY), sliced()
    local ring <close> = ring_with(buffer)
    assert.equal(-errno.EBADF,
      (rows.call(ring, "writev_fixed", fd, iovecs, 0, 0, 0)))
    within.run(function()
      assert(loop.current("this spec").ring:register_buffers { buffer })
      assert.same({ nil, "writev_fixed: Bad file descriptor", errno.EBADF },
        { u.op.writev_fixed(fd, iovecs, 0, 0, 0) })
    end)
  end)

  it("is cancelled while it waits for room in a pipe", function()
    local own <close> = rows.owner()
    local _, w = own(uring.pipe())
    rows.raw("write", w, ("x"):rep(1 << 20))
    local buffer, iovecs = sliced()
    local ring <close> = ring_with(buffer)
    local res, cancel = rows.cancelled(ring, "writev_fixed", w, iovecs, nil,
      nil, 0)
    assert.same({ -errno.ECANCELED, 0 }, { res, cancel })
  end)
end)
