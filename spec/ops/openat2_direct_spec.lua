--- Proves the row openat2_direct: a path becomes a slot of the registered
-- files, by the rules of openat2.
local loop = require "uring.loop"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local temp = require "spec.support.temp"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C, errno = uring.consts, uring.errno
local NAME = "openat2_direct"

local close = coroutine.close -- inside a run another stands in its place

rows.describe(NAME, function()
  -- A ring with so many empty slots.
  local function ring_of(count)
    local ring, slots = rows.ring(), {}
    for i = 1, count do slots[i] = -1 end
    assert(ring:register_files(slots))
    return ring
  end

  -- Does an op whose descriptor is a slot.
  local function on_slot(ring, row, ...)
    raw.prepare(ring, row, ...):set_fixed_file():set_data(row)
    ring:submit()
    return rows.reap(ring, 1)[1].res
  end

  local function content(ring, slot)
    local buffer = uring.buffer(32)
    local res = on_slot(ring, "read", slot, buffer, 0)
    return res >= 0 and buffer:sub(1, res) or res
  end

  local function needs_allocation()
    local ring <close> = rows.ring()
    if ring:probe().socket_direct then return end
    pending("the kernel chooses slots since Linux 5.19")
  end

  it("opens a file into the slot that the program chose", function()
    local file <close> = temp.file("content")
    local ring <close> = ring_of(3)
    assert.same({ 0, 0 }, { rows.call(ring, NAME, C.AT_FDCWD, file.path,
      { flags = C.O_RDWR }, 1) })
    assert.equal("content", content(ring, 1))
    assert.equal(-errno.EBADF, content(ring, 0))
    assert.equal(4, on_slot(ring, "write", 1, "file", 3))
    assert.equal("confile", file:read())
  end)

  it("lets the kernel choose the slot, until none is free", function()
    needs_allocation()
    local file <close> = temp.file("content")
    local ring <close> = ring_of(2)
    local got = {}
    for i = 1, 3 do
      got[i] = rows.call(ring, NAME, C.AT_FDCWD, file.path, {})
    end
    assert.same({ 0, 1, -errno.ENFILE }, got)
    assert.equal("content", content(ring, 1))
    rows.call(ring, "close_direct", 0)
    assert.equal(0, (rows.call(ring, NAME, C.AT_FDCWD, file.path, {},
      C.IORING_FILE_INDEX_ALLOC)))
  end)

  it("stays beneath a folder where told to", function()
    local file <close> = temp.file("beneath")
    local folder, name = file.path:match("^(.*)/([^/]+)$")
    local own <close> = rows.owner()
    local dirfd = own((rows.raw("openat", C.AT_FDCWD, folder,
      C.O_DIRECTORY)))
    local ring <close> = ring_of(1)
    local beneath = { resolve = C.RESOLVE_BENEATH }
    assert.equal(-errno.EXDEV,
      (rows.call(ring, NAME, dirfd, "..", beneath, 0)))
    assert.equal(-errno.EBADF, content(ring, 0))
    assert.equal(0, (rows.call(ring, NAME, dirfd, name, beneath, 0)))
    assert.equal("beneath", content(ring, 0))
  end)

  it("gives the slot when awaited", function()
    needs_allocation()
    local file <close> = temp.file("awaited")
    within.run(function()
      local ring = loop.current("this spec").ring
      assert(ring:register_files { -1, -1 })
      assert.same({ 0, 0 }, { u.op.openat2_direct(C.AT_FDCWD, "/", {}) })
      assert.same({ 1, 0 },
        { u.op.openat2_direct(C.AT_FDCWD, file.path, {}) })
      assert.same({ nil, NAME .. ": Too many open files in system",
        errno.ENFILE }, { u.op.openat2_direct(C.AT_FDCWD, "/", {}) })
      local buffer = uring.buffer(8)
      local sqe = raw.prepare(ring, "read", 1, buffer, 0):set_fixed_file()
      sqe:set_data((coroutine.running()))
      assert.equal(7, (loop.park()))
      assert.equal("awaited", buffer:sub(1, 7))
    end)
  end)

  it("fails without a table of files, and beyond its end", function()
    rows.assert_fails(NAME, "ENXIO", "No such device or address",
      C.AT_FDCWD, "/", {}, 0)
    local ring <close> = ring_of(2)
    assert.equal(-errno.EINVAL,
      (rows.call(ring, NAME, C.AT_FDCWD, "/", {}, 2)))
    needs_allocation()
    rows.assert_fails(NAME, "ENFILE", "Too many open files in system",
      C.AT_FDCWD, "/", {}) -- for the kernel to choose, there is no slot
  end)

  it("fails where there is no such file, and for O_CLOEXEC", function()
    local name <close> = temp.name()
    rows.assert_fails(NAME, "ENOENT", "No such file or directory",
      C.AT_FDCWD, name.path, {}, 0)
    rows.assert_fails(NAME, "EINVAL", "Invalid argument",
      C.AT_FDCWD, "/", { flags = C.O_CLOEXEC }, 0)
  end)

  it("empties a slot whose coroutine was closed meanwhile", function()
    needs_allocation()
    within.run(function()
      assert(loop.current("this spec").ring:register_files { -1 })
      local thread, ok = coroutine.create(function()
        return u.op.openat2_direct(C.AT_FDCWD, "/", {})
      end)
      u.spawn(function() ok = coroutine.resume(thread) end)
      u.yield()
      close(thread)
      while ok == nil do u.yield() end
      assert.is_false(ok)
      assert.equal(0, (u.op.openat2_direct(C.AT_FDCWD, "/", {})))
    end)
  end)

  it("closes a file that nobody took when the loop fails", function()
    needs_allocation()
    local own <close> = rows.owner()
    local fifo <close> = temp.fifo()
    local r = own((rows.raw("openat", C.AT_FDCWD, fifo.path,
      C.O_RDONLY | C.O_NONBLOCK)))
    assert.has_error(function()
      within.run(function()
        assert(loop.current("this spec").ring:register_files { -1 })
        u.spawn(function()
          u.op.openat2_direct(C.AT_FDCWD, fifo.path, { flags = C.O_WRONLY })
        end)
        u.spawn(function() error({}) end)
      end)
    end, {})
    assert.equal(C.POLLHUP, (rows.raw("poll_add", r, 0)))
  end)
end)
