--- Proves the row read_fixed: a read into a registered Buffer, or into a
-- slice of one.
local loop = require "uring.loop"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local temp = require "spec.support.temp"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C, errno = uring.consts, uring.errno

local SIZE = 20000 -- which the allocator gives to the next who asks

rows.describe("read_fixed", function()
  local function open(own, file, flags)
    return own((rows.raw("openat", C.AT_FDCWD, file.path, flags)))
  end

  local function ring_with(...)
    local ring = rows.ring()
    assert(ring:register_buffers { ... })
    return ring
  end

  -- Asserts that neither layer starts the op, since its index is wrong.
  local function assert_refuses(why, buffers, ...)
    local arguments = table.pack(...)
    local message = "read_fixed: bad argument 'buf_index' (" .. why .. ")"
    local ring <close> = rows.ring()
    if buffers then assert(ring:register_buffers(buffers)) end
    assert.has_error(function()
      raw.prepare(ring, "nop"):prep_read_fixed(table.unpack(arguments))
    end, message)
    within.run(function()
      local own_ring = loop.current("this spec").ring
      if buffers then assert(own_ring:register_buffers(buffers)) end
      assert.has_error(function()
        local _ = u.op.read_fixed(table.unpack(arguments))
      end, message)
    end)
  end

  it("fills a registered Buffer", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("0123456789")
    local first, second = uring.buffer(4), uring.buffer(8)
    local ring <close> = ring_with(first, second)
    local fd = open(own, file)
    assert.same({ 4, 0 }, { rows.call(ring, "read_fixed", fd, first, nil, 0) })
    assert.same({ 6, 0 },
      { rows.call(ring, "read_fixed", fd, second, nil, 1) })
    assert.equal("0123", first:tostring())
    assert.equal("456789\0\0", second:tostring())
    assert.equal(0, (rows.call(ring, "read_fixed", fd, first, -1, 0)))
    assert.equal(3, (rows.call(ring, "read_fixed", fd, first, 7, 0)))
    assert.equal("7893", first:tostring())
  end)

  it("fills only the slice that it is given", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("content")
    local buffer = uring.buffer(6)
    local ring <close> = ring_with(buffer)
    assert.equal(3, (rows.call(ring, "read_fixed", open(own, file),
      buffer:slice(2, 4), 0, 0)))
    assert.equal("\0con\0\0", buffer:tostring())
  end)

  it("gives the count when awaited", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("awaited")
    local fd, buffer = open(own, file), uring.buffer(10)
    within.run(function()
      assert(loop.current("this spec").ring:register_buffers { buffer })
      assert.same({ 7, 0 }, { u.op.read_fixed(fd, buffer:slice(3), 0, 0) })
    end)
    assert.equal("\0\0awaited\0", buffer:tostring())
  end)

  it("refuses an index at which no Buffer is registered", function()
    local buffer = uring.buffer(4)
    local why = "no buffer is registered at this index"
    assert_refuses(why, nil, 0, buffer, 0, 0)
    assert_refuses(why, { buffer }, 0, buffer, 0, 1)
  end)

  it("refuses an index at which another Buffer is registered", function()
    local buffer, other = uring.buffer(4), uring.buffer(4)
    local why = "it is not the buffer registered at this index"
    assert_refuses(why, { other, buffer }, 0, buffer, 0, 0)
    assert_refuses(why, { other, buffer }, 0, other:slice(2), 0, 1)
  end)

  it("refuses an index whose place is empty", function()
    local buffer, ring <close> = uring.buffer(4), rows.ring()
    if not ring:register_buffers { buffer, false } then
      return pending("places can be empty since Linux 5.13")
    end
    assert_refuses("it is not the buffer registered at this index",
      { buffer, false }, 0, buffer, 0, 1)
  end)

  it("fails beyond the part that is registered", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("0123456789")
    local fd, whole = open(own, file), uring.buffer(8)
    local ring <close> = ring_with(whole:slice(3, 6))
    assert.equal(-errno.EFAULT,
      (rows.call(ring, "read_fixed", fd, whole, 0, 0)))
    assert.equal(4, (rows.call(ring, "read_fixed", fd, whole:slice(3, 6), 0,
      0)))
    assert.equal("\0\0" .. "0123\0\0", whole:tostring())
    within.run(function()
      local part = whole:slice(1, 4)
      assert(loop.current("this spec").ring:register_buffers { part })
      assert.same({ nil, "read_fixed: Bad address", errno.EFAULT },
        { u.op.read_fixed(fd, whole, 0, 0) })
    end)
  end)

  it("fails where the file is not open to read", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("text")
    local fd, buffer = open(own, file, C.O_WRONLY), uring.buffer(4)
    local ring <close> = ring_with(buffer)
    assert.equal(-errno.EBADF,
      (rows.call(ring, "read_fixed", fd, buffer, 0, 0)))
    within.run(function()
      assert(loop.current("this spec").ring:register_buffers { buffer })
      assert.same({ nil, "read_fixed: Bad file descriptor", errno.EBADF },
        { u.op.read_fixed(fd, buffer, 0, 0) })
    end)
  end)

  it("is cancelled while it waits for a pipe", function()
    local own <close> = rows.owner()
    local buffer = uring.buffer(4)
    local ring <close> = ring_with(buffer)
    local r = own(uring.pipe())
    local res, cancel = rows.cancelled(ring, "read_fixed", r, buffer, nil, 0)
    assert.same({ -errno.ECANCELED, 0 }, { res, cancel })
  end)

  it("keeps the Buffer that it reads into", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local ring <close> = rows.ring()
    do
      local buffer = uring.buffer(SIZE)
      assert(ring:register_buffers { buffer })
      rows.start(ring, "read_fixed", r, buffer, nil, 0)
    end
    raw.collect()
    local others = {} -- which would take its place
    for i = 1, 20 do others[i] = uring.buffer(SIZE) end
    rows.raw("write", w, ("x"):rep(SIZE))
    assert.equal(SIZE, rows.reap(ring, 1)[1].res)
    for _, other in ipairs(others) do assert.is_nil((other:find("x"))) end
  end)
end)
