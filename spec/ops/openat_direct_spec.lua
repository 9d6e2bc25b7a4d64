--- Proves the row openat_direct: a path becomes a slot of the registered
-- files, without a descriptor.
local loop = require "uring.loop"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local temp = require "spec.support.temp"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C, errno = uring.consts, uring.errno
local NAME = "openat_direct"

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

  -- The same in a loop, awaited.
  local function await_on_slot(ring, row, ...)
    local sqe = raw.prepare(ring, row, ...):set_fixed_file()
    sqe:set_data((coroutine.running()))
    return loop.park()
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
    assert.same({ 0, 0 },
      { rows.call(ring, NAME, C.AT_FDCWD, file.path, C.O_RDWR, 0, 2) })
    assert.equal("content", content(ring, 2))
    assert.equal(-errno.EBADF, content(ring, 0))
    assert.equal(4, on_slot(ring, "write", 2, "file", 3))
    assert.equal("confile", file:read())
  end)

  it("opens another file into a slot that is in use", function()
    local first <close> = temp.file("first")
    local second <close> = temp.file("second")
    local ring <close> = ring_of(1)
    for _, file in ipairs { first, second } do
      rows.call(ring, NAME, C.AT_FDCWD, file.path, 0, 0, 0)
    end
    assert.equal("second", content(ring, 0))
  end)

  it("lets the kernel choose the slot, until none is free", function()
    needs_allocation()
    local file <close> = temp.file("content")
    local ring <close> = ring_of(3)
    rows.call(ring, NAME, C.AT_FDCWD, "/", 0, 0, 1)
    local got = {}
    for i = 1, 3 do
      got[i] = rows.call(ring, NAME, C.AT_FDCWD, file.path)
    end
    assert.equal(-errno.ENFILE, table.remove(got))
    table.sort(got)
    assert.same({ 0, 2 }, got)
    assert.equal("content", content(ring, 0))
    assert.equal("content", content(ring, 2))
    assert.equal(0, (rows.call(ring, "close_direct", 2)))
    assert.equal(2, (rows.call(ring, NAME, C.AT_FDCWD, file.path, nil, nil,
      C.IORING_FILE_INDEX_ALLOC)))
  end)

  it("makes a file with the permissions asked for", function()
    local name <close> = temp.name()
    local ring <close> = ring_of(1)
    local flags = C.O_CREAT | C.O_EXCL | C.O_WRONLY
    assert.equal(0,
      (rows.call(ring, NAME, C.AT_FDCWD, name.path, flags, 256, 0)))
    local buffer = uring.buffer(256)
    rows.raw("statx", C.AT_FDCWD, name.path, 0, nil, buffer)
    assert.equal(256, uring.unpack_statx(buffer).mode & 511)
  end)

  it("gives the slot when awaited", function()
    needs_allocation()
    local file <close> = temp.file("awaited")
    within.run(function()
      local ring = loop.current("this spec").ring
      assert(ring:register_files { -1, -1 })
      assert.same({ 0, 0 }, { u.op.openat_direct(C.AT_FDCWD, "/") })
      assert.same({ 1, 0 }, { u.op.openat_direct(C.AT_FDCWD, file.path) })
      local buffer = uring.buffer(8)
      assert.equal(7, (await_on_slot(ring, "read", 1, buffer, 0)))
      assert.equal("awaited", buffer:sub(1, 7))
      assert.same({ nil, NAME .. ": Too many open files in system",
        errno.ENFILE }, { u.op.openat_direct(C.AT_FDCWD, "/") })
    end)
  end)

  it("fails without a table of files, and beyond its end", function()
    rows.assert_fails(NAME, "ENXIO", "No such device or address",
      C.AT_FDCWD, "/", 0, 0, 0)
    local ring <close> = ring_of(2)
    assert.equal(-errno.EINVAL,
      (rows.call(ring, NAME, C.AT_FDCWD, "/", 0, 0, 2)))
    needs_allocation()
    rows.assert_fails(NAME, "ENFILE", "Too many open files in system",
      C.AT_FDCWD, "/") -- for the kernel to choose, there is no slot
  end)

  it("fails where there is no such file, and for O_CLOEXEC", function()
    local name <close> = temp.name()
    rows.assert_fails(NAME, "ENOENT", "No such file or directory",
      C.AT_FDCWD, name.path, 0, 0, 0)
    rows.assert_fails(NAME, "EINVAL", "Invalid argument",
      C.AT_FDCWD, "/", C.O_CLOEXEC, 0, 0) -- a slot is no descriptor
  end)

  it("empties a slot whose coroutine was closed meanwhile", function()
    needs_allocation()
    within.run(function()
      assert(loop.current("this spec").ring:register_files { -1 })
      for _ = 1, 3 do
        local thread, ok = coroutine.create(function()
          return u.op.openat_direct(C.AT_FDCWD, "/")
        end)
        u.spawn(function() ok = coroutine.resume(thread) end)
        u.yield()
        close(thread)
        while ok == nil do u.yield() end
        assert.is_false(ok)
      end
      assert.equal(0, (u.op.openat_direct(C.AT_FDCWD, "/")))
    end)
  end)

  it("empties a slot that no task waits for, unless it was told", function()
    needs_allocation()
    local file <close> = temp.file("told")
    within.run(function()
      local ring = loop.current("this spec").ring
      local others, buffer = ring:in_flight(), uring.buffer(4)
      assert(ring:register_files { -1, -1 })
      for _, slot in ipairs { 0, C.IORING_FILE_INDEX_ALLOC } do
        loop.post(NAME, C.AT_FDCWD, file.path, 0, 0, slot)
        while ring:in_flight() > others do u.yield() end
      end
      assert.equal(4, (await_on_slot(ring, "read", 0, buffer, 0)))
      assert.equal("told", buffer:tostring())
      assert.equal(1, (u.op.openat_direct(C.AT_FDCWD, "/")))
    end)
  end)

  it("closes a file that nobody took when the ring closes", function()
    needs_allocation()
    local own <close> = rows.owner()
    local fifo <close> = temp.fifo()
    local r = own((rows.raw("openat", C.AT_FDCWD, fifo.path,
      C.O_RDONLY | C.O_NONBLOCK)))
    local ring <close> = ring_of(1)
    rows.start(ring, NAME, C.AT_FDCWD, fifo.path, C.O_WRONLY)
    assert(ring:submit_and_wait(1, 10))
    assert.equal(1, ring:cq_ready())
    ring:close()
    assert.equal(C.POLLHUP, (rows.raw("poll_add", r, 0)))
  end)
end)
