--- Proves the row readv2: one read into several Buffers, as its flags say.
local rows = require "spec.support.rows"
local temp = require "spec.support.temp"
local uring = require "uring.ring"

local C, errno = uring.consts, uring.errno

rows.describe("readv2", function()
  local function buffers()
    local first, second = uring.buffer(4), uring.buffer(8)
    return first, second, uring.iovecs { first, second }
  end

  local function open(own, file)
    return own((rows.raw("openat", C.AT_FDCWD, file.path)))
  end

  it("fills the Buffers one after the other, as readv does", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("0123456789")
    local fd = open(own, file)
    local first, second, iovecs = buffers()
    assert.same({ 10, 0 }, { rows.raw("readv2", fd, iovecs) })
    assert.equal("0123", first:tostring())
    assert.equal("456789\0\0", second:tostring())
    assert.same({ 0, 0 }, { rows.raw("readv2", fd, iovecs) })
    assert.equal(3, (rows.raw("readv2", fd, iovecs, 7)))
    assert.equal("7893", first:tostring())
  end)

  it("waits for bytes, but not with RWF_NOWAIT", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local first, _, iovecs = buffers()
    local ring <close> = rows.ring()
    local res = rows.call(ring, "readv2", r, iovecs, -1, C.RWF_NOWAIT)
    if res == -errno.EOPNOTSUPP then
      return pending("pipes know RWF_NOWAIT since Linux 6.4")
    end
    assert.equal(-errno.EAGAIN, res)
    rows.start(ring, "readv2", r, iovecs)
    assert.equal(0, ring:submit_and_wait(0))
    assert.equal(0, ring:cq_ready())
    rows.raw("write", w, "late")
    assert.same({ { res = 4, flags = 0, data = "readv2" } },
      rows.reap(ring, 1))
    assert.equal("late", first:tostring())
  end)

  it("gives with RWF_NOWAIT what is there", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("in the page cache")
    local fd = open(own, file)
    local first, _, iovecs = buffers()
    rows.raw("read", fd, uring.buffer(17), 0)
    assert.same({ 12, 0 },
      { rows.raw("readv2", fd, iovecs, 3, C.RWF_NOWAIT) })
    assert.equal("the ", first:tostring())
  end)

  it("gives the count when awaited", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("awaited")
    local first, second, iovecs = buffers()
    assert.same({ 7, 0 }, { rows.await("readv2", open(own, file), iovecs, 0) })
    assert.equal("awai", first:tostring())
    assert.equal("ted", second:sub(1, 3))
  end)

  it("fails for what is no file, and for flags that do not fit", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("text")
    local _, _, iovecs = buffers()
    rows.assert_fails("readv2", "EBADF", "Bad file descriptor",
      rows.NOT_OPEN, iovecs)
    local fd = open(own, file)
    rows.assert_fails("readv2", "EOPNOTSUPP", "Operation not supported",
      fd, iovecs, 0, 1 << 31)
    rows.assert_fails("readv2", "EINVAL", "Invalid argument",
      fd, iovecs, 0, C.RWF_HIPRI) -- which needs a ring with iopoll
  end)

  it("is cancelled while it waits for a pipe", function()
    local own <close> = rows.owner()
    local _, _, iovecs = buffers()
    rows.assert_cancelled("readv2", own(uring.pipe()), iovecs, -1, 0)
  end)
end)
