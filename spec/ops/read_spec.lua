--- Proves the row read: into a Buffer, or into one that the kernel picks.
local rows = require "spec.support.rows"
local temp = require "spec.support.temp"
local u = require "uring"
local loop = require "uring.loop"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C = uring.consts
local ENOBUFS = uring.errno.ENOBUFS

rows.describe("read", function()
  local function open(own, path, flags)
    return own((rows.raw("openat", C.AT_FDCWD, path, flags)))
  end

  it("fills a Buffer with what there is", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("content")
    local buffer = uring.buffer(10)
    assert.same({ 7, 0 }, { rows.raw("read", open(own, file.path), buffer) })
    assert.equal("content\0\0\0", buffer:tostring())
  end)

  it("fills only the slice that it is given", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("content")
    local buffer = uring.buffer(6)
    local fd = open(own, file.path)
    assert.equal(3, (rows.raw("read", fd, buffer:slice(2, 4))))
    assert.equal("\0con\0\0", buffer:tostring())
  end)

  it("reads at an offset, or where the file is", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("0123456789")
    local fd, buffer = open(own, file.path), uring.buffer(4)
    for _, each in ipairs {
      { nil, "0123" }, { 5, "5678" }, { 0, "0123" }, { -1, "4567" },
      { nil, "89" }, { 8, "89" },
    } do
      local count = rows.raw("read", fd, buffer, each[1])
      assert.equal(each[2], buffer:sub(1, count))
    end
    assert.equal(0, (rows.raw("read", fd, buffer)))
    assert.equal(0, (rows.raw("read", fd, buffer, 1 << 40)))
  end)

  it("gives the count when awaited", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("awaited")
    local fd, buffer = open(own, file.path), uring.buffer(8)
    assert.same({ 7, 0 }, { rows.await("read", fd, buffer, 0) })
    assert.equal("awaited", buffer:sub(1, 7))
    assert.same({ 0, 0 }, { rows.await("read", fd, buffer, 7) })
  end)

  it("fails for what cannot be read", function()
    local own <close> = rows.owner()
    local file <close> = temp.file()
    local buffer = uring.buffer(1)
    rows.assert_fails("read", "EISDIR", "Is a directory",
      open(own, "/"), buffer)
    rows.assert_fails("read", "EBADF", "Bad file descriptor",
      open(own, file.path, C.O_WRONLY), buffer)
  end)

  it("is cancelled while it waits for a pipe", function()
    local own <close> = rows.owner()
    local r = own(uring.pipe())
    rows.assert_cancelled("read", r, uring.buffer(1))
    within.run(function()
      local got
      u.spawn(function() got = { u.op.read(r, uring.buffer(1)) } end)
      u.yield()
      assert.is_true(u.op.cancel_fd(r))
      u.yield()
      assert.same({ nil, "read: Operation canceled",
        uring.errno.ECANCELED }, got)
    end)
  end)

  it("keeps the Buffer that it reads into", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local ring <close> = rows.ring()
    for _ = 1, 10 do rows.start(ring, "read", r, uring.buffer(1000)) end
    collectgarbage()
    rows.raw("write", w, ("x"):rep(10000))
    for _, cqe in ipairs(rows.reap(ring, 10)) do
      assert.equal(1000, cqe.res)
    end
  end)

  it("lets the kernel pick a buffer", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("0123456789")
    local ring <close> = rows.ring()
    local bufring = ring:buf_ring { bgid = 3, entries = 2, size = 4 }
    local fd = open(own, file.path)
    local res, flags = rows.call(ring, "read", fd, bufring)
    assert.equal(4, res)
    assert.is_true(uring.cqe_flag_names(flags).buffer)
    assert.equal(1, bufring:available())
    assert.equal("0123", bufring:string(flags, res))
    assert.equal(2, bufring:available())
    res, flags = rows.call(ring, "read", fd, bufring, 8)
    assert.equal("89", bufring:string(flags, res))
  end)

  it("fails where the kernel has no buffer to pick", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("0123456789")
    local ring <close> = rows.ring()
    local bufring = ring:buf_ring { bgid = 3, entries = 1, size = 4 }
    local fd = open(own, file.path)
    local _, flags = rows.call(ring, "read", fd, bufring)
    assert.equal(-ENOBUFS, (rows.call(ring, "read", fd, bufring)))
    assert.equal(0, bufring:available())
    bufring:recycle(flags >> C.IORING_CQE_BUFFER_SHIFT)
    local res
    res, flags = rows.call(ring, "read", fd, bufring)
    assert.equal("4567", bufring:string(flags, res))
  end)

  it("takes no buffer where it is cancelled", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local ring <close> = rows.ring()
    local bufring = ring:buf_ring { bgid = 3, entries = 1, size = 4 }
    for _ = 1, 3 do
      local res, cancel = rows.cancelled(ring, "read", r, bufring)
      assert.same({ -uring.errno.ECANCELED, 0 }, { res, cancel })
      assert.equal(1, bufring:available())
    end
    rows.raw("write", w, "left")
    local res, flags = rows.call(ring, "read", r, bufring)
    assert.equal("left", bufring:string(flags, res))
  end)

  it("gives a string when awaited with a buffer ring", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("0123456789")
    local fd = open(own, file.path)
    within.run(function()
      local ring = loop.current("this spec").ring
      local bufring = ring:buf_ring { bgid = 3, entries = 1, size = 4 }
      assert.equal("0123", (u.op.read(fd, bufring)))
      assert.equal("4567", (u.op.read(fd, bufring)))
      assert.equal("89", (u.op.read(fd, bufring)))
      assert.equal("", (u.op.read(fd, bufring)))
      assert.equal("3456", (u.op.read(fd, bufring, 3)))
      assert.equal(1, bufring:available())
    end)
  end)

  it("says so when awaited where there is no buffer", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("0123456789")
    local fd = open(own, file.path)
    within.run(function()
      local ring = loop.current("this spec").ring
      local bufring = ring:buf_ring { bgid = 3, entries = 1, size = 4 }
      local got = {}
      for i = 1, 2 do
        u.spawn(function() got[i] = { u.op.read(fd, bufring, 0) } end)
      end
      repeat u.yield() until got[1] and got[2]
      assert.equal("0123", got[1][1])
      assert.same({ nil, "read: No buffer space available", ENOBUFS },
        got[2])
      assert.equal(1, bufring:available())
    end)
  end)
end)
