--- Proves the row readv: one read into several Buffers.
local rows = require "spec.support.rows"
local temp = require "spec.support.temp"
local uring = require "uring.ring"

local C = uring.consts

rows.describe("readv", function()
  local function buffers()
    local first, second = uring.buffer(4), uring.buffer(8)
    return first, second, uring.iovecs { first, second }
  end

  local function open(own, file)
    return own((rows.raw("openat", C.AT_FDCWD, file.path)))
  end

  it("fills the Buffers one after the other", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("scattered")
    local first, second, iovecs = buffers()
    assert.same({ 9, 0 }, { rows.raw("readv", open(own, file), iovecs, 0) })
    assert.equal("scat", first:tostring())
    assert.equal("tered\0\0\0", second:tostring())
  end)

  it("reads at an offset, or where the file is", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("0123456789abcdef")
    local fd = open(own, file)
    local first, second, iovecs = buffers()
    assert.equal(12, (rows.raw("readv", fd, iovecs)))
    assert.equal(6, (rows.raw("readv", fd, iovecs, 10)))
    assert.equal("abcd", first:tostring())
    assert.equal("ef", second:sub(1, 2))
    assert.equal(4, (rows.raw("readv", fd, iovecs, -1)))
    assert.equal("cdef", first:tostring())
    assert.equal(0, (rows.raw("readv", fd, iovecs)))
  end)

  it("gives the count when awaited", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("awaited")
    local first, second, iovecs = buffers()
    assert.same({ 7, 0 }, { rows.await("readv", open(own, file), iovecs) })
    assert.equal("awai", first:tostring())
    assert.equal("ted", second:sub(1, 3))
  end)

  it("fails for what is no file", function()
    local _, _, iovecs = buffers()
    rows.assert_fails("readv", "EBADF", "Bad file descriptor",
      rows.NOT_OPEN, iovecs)
    local own <close> = rows.owner()
    local root = own((rows.raw("openat", C.AT_FDCWD, "/")))
    rows.assert_fails("readv", "EISDIR", "Is a directory", root, iovecs)
  end)

  it("is cancelled while it waits for a pipe", function()
    local own <close> = rows.owner()
    local _, _, iovecs = buffers()
    rows.assert_cancelled("readv", own(uring.pipe()), iovecs)
  end)

  it("keeps what it reads into", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local ring <close> = rows.ring()
    local kept = uring.buffer(3)
    rows.start(ring, "readv", r, uring.iovecs { uring.buffer(4), kept })
    collectgarbage()
    rows.raw("write", w, "garbage")
    assert.equal(7, rows.reap(ring, 1)[1].res)
    assert.equal("age", kept:tostring())
  end)
end)
