--- Proves the row readv_fixed: one read into several slices of a registered
-- Buffer.
local loop = require "uring.loop"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local temp = require "spec.support.temp"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C, errno = uring.consts, uring.errno

local SIZE = 20000 -- which the allocator gives to the next who asks

rows.describe("readv_fixed", function()
  local function open(own, file, flags)
    return own((rows.raw("openat", C.AT_FDCWD, file.path, flags)))
  end

  local function ring_with(...)
    local ring = rows.ring()
    assert(ring:register_buffers { ... })
    return ring
  end

  -- A Buffer, and two slices of it, the last one first.
  local function sliced()
    local buffer = uring.buffer(10)
    return buffer, uring.iovecs { buffer:slice(8), buffer:slice(2, 5) }
  end

  it("fills the slices one after the other", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("0123456789")
    local buffer, iovecs = sliced()
    local ring <close> = ring_with(uring.buffer(1), buffer)
    local fd = open(own, file)
    assert.same({ 7, 0 },
      { rows.call(ring, "readv_fixed", fd, iovecs, nil, nil, 1) })
    assert.equal("\0" .. "3456\0\0" .. "012", buffer:tostring())
    assert.equal(3, (rows.call(ring, "readv_fixed", fd, iovecs, -1, 0, 1)))
    assert.equal("\0" .. "3456\0\0" .. "789", buffer:tostring())
    assert.equal(5, (rows.call(ring, "readv_fixed", fd, iovecs, 5, 0, 1)))
    assert.equal("\0" .. "8956\0\0" .. "567", buffer:tostring())
  end)

  it("does not wait with RWF_NOWAIT", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local buffer, iovecs = sliced()
    local ring <close> = ring_with(buffer)
    assert.equal(-errno.EAGAIN,
      (rows.call(ring, "readv_fixed", r, iovecs, -1, C.RWF_NOWAIT, 0)))
    rows.raw("write", w, "now")
    assert.equal(3,
      (rows.call(ring, "readv_fixed", r, iovecs, -1, C.RWF_NOWAIT, 0)))
    assert.equal("now", buffer:sub(8))
  end)

  it("gives the count when awaited", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("awaited")
    local fd, buffer, iovecs = open(own, file), sliced()
    within.run(function()
      assert(loop.current("this spec").ring:register_buffers { buffer })
      assert.same({ 7, 0 }, { u.op.readv_fixed(fd, iovecs, 0, nil, 0) })
    end)
    assert.equal("\0ited\0\0awa", buffer:tostring())
  end)

  it("refuses an index at which no Buffer is registered", function()
    local buffer, iovecs = sliced()
    local message = "readv_fixed: bad argument 'buf_index' (no buffer is "
      .. "registered at this index)"
    local ring <close> = ring_with(buffer)
    assert.has_error(function()
      raw.prepare(ring, "nop"):prep_readv_fixed(0, iovecs, 0, 0, 1)
    end, message)
    within.run(function()
      assert.has_error(function()
        local _ = u.op.readv_fixed(0, iovecs, 0, 0, 0)
      end, message)
    end)
  end)

  it("fails where the slices are of another Buffer, or of none", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("0123456789")
    local fd, buffer, iovecs = open(own, file), sliced()
    local mixed = uring.iovecs { buffer, uring.buffer(1) }
    local ring <close> = ring_with(uring.buffer(10), buffer, false)
    for _, each in ipairs { { iovecs, 0 }, { iovecs, 2 }, { mixed, 1 } } do
      assert.equal(-errno.EFAULT, (rows.call(ring, "readv_fixed", fd,
        each[1], 0, 0, each[2])))
    end
    assert.equal(("\0"):rep(10), buffer:tostring())
    within.run(function()
      local own_ring = loop.current("this spec").ring
      assert(own_ring:register_buffers { uring.buffer(10) })
      assert.same({ nil, "readv_fixed: Bad address", errno.EFAULT },
        { u.op.readv_fixed(fd, iovecs, 0, 0, 0) })
    end)
  end)

  it("fails where the file is not open to read", function()
    local own <close> = rows.owner()
    local file <close> = temp.file()
    local fd, buffer, iovecs = open(own, file, C.O_WRONLY), sliced()
    local ring <close> = ring_with(buffer)
    assert.equal(-errno.EBADF,
      (rows.call(ring, "readv_fixed", fd, iovecs, 0, 0, 0)))
  end)

  it("is cancelled while it waits for a pipe", function()
    local own <close> = rows.owner()
    local buffer, iovecs = sliced()
    local ring <close> = ring_with(buffer)
    local r = own(uring.pipe())
    local res, cancel = rows.cancelled(ring, "readv_fixed", r, iovecs, nil,
      nil, 0)
    assert.same({ -errno.ECANCELED, 0 }, { res, cancel })
  end)

  it("keeps what it reads into, though it is unregistered", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local ring <close> = rows.ring()
    do
      local buffer = uring.buffer(SIZE)
      assert(ring:register_buffers { buffer })
      rows.start(ring, "readv_fixed", r, uring.iovecs { buffer:slice(1, 8),
        buffer:slice(9) }, nil, nil, 0)
    end
    assert(ring:unregister_buffers())
    raw.collect()
    local others = {} -- which would take its place
    for i = 1, 20 do others[i] = uring.buffer(SIZE) end
    rows.raw("write", w, ("x"):rep(SIZE))
    assert.equal(SIZE, rows.reap(ring, 1)[1].res)
    for _, other in ipairs(others) do assert.is_nil((other:find("x"))) end
  end)
end)
