--- Proves the row close_direct: a slot of the registered files is empty.
local loop = require "uring.loop"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C, errno = uring.consts, uring.errno

rows.describe("close_direct", function()
  -- A pipe whose two ends are only in the slots 0 and 1 of a ring.
  local function slots_with_pipe(ring)
    local r, w = uring.pipe()
    assert(ring:register_files { r, w })
    uring.close(r)
    uring.close(w)
  end

  local function start_on_slot(ring, row, ...)
    raw.prepare(ring, row, ...):set_fixed_file():set_data(row)
    assert.equal(1, ring:submit())
  end

  local function on_slot(ring, row, ...)
    start_on_slot(ring, row, ...)
    return rows.reap(ring, 1)[1].res
  end

  it("closes the file in the slot", function()
    local ring <close> = rows.ring()
    local buffer = uring.buffer(8)
    slots_with_pipe(ring)
    assert.equal(4, on_slot(ring, "write", 1, "last"))
    assert.same({ 0, 0 }, { rows.call(ring, "close_direct", 1) })
    assert.equal(-errno.EBADF, on_slot(ring, "write", 1, "more"))
    assert.equal(4, on_slot(ring, "read", 0, buffer))
    assert.equal(0, on_slot(ring, "read", 0, buffer)) -- the end
  end)

  it("leaves open what has a descriptor besides", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local ring <close> = rows.ring()
    assert(ring:register_files { w })
    assert.equal(0, (rows.call(ring, "close_direct", 0)))
    assert.equal(4, (rows.raw("write", w, "more")))
    assert.equal(4, (rows.raw("read", r, uring.buffer(8))))
  end)

  it("frees the slot for the kernel to choose", function()
    local ring <close> = rows.ring()
    if not ring:probe().socket_direct then
      return pending("the kernel chooses slots since Linux 5.19")
    end
    slots_with_pipe(ring)
    assert.equal(-errno.ENFILE,
      (rows.call(ring, "openat_direct", C.AT_FDCWD, "/")))
    rows.call(ring, "close_direct", 1)
    assert.equal(1, (rows.call(ring, "openat_direct", C.AT_FDCWD, "/")))
  end)

  it("gives true when awaited", function()
    within.run(function()
      slots_with_pipe(loop.current("this spec").ring)
      assert.same({ true, 0 }, { u.op.close_direct(1) })
      assert.same({ nil, "close_direct: Bad file descriptor", errno.EBADF },
        { u.op.close_direct(1) })
      assert.same({ nil, "close_direct: Invalid argument", errno.EINVAL },
        { u.op.close_direct(2) })
    end)
  end)

  it("fails for a slot that is empty, or is not there", function()
    rows.assert_fails("close_direct", "ENXIO", "No such device or address",
      0) -- there is no table
    local ring <close> = rows.ring()
    assert(ring:register_files { -1, -1 })
    assert.equal(-errno.EBADF, (rows.call(ring, "close_direct", 1)))
    assert.equal(-errno.EINVAL, (rows.call(ring, "close_direct", 2)))
  end)

  it("leaves an op on the slot in flight", function()
    local ring <close> = rows.ring()
    local buffer = uring.buffer(8)
    slots_with_pipe(ring)
    start_on_slot(ring, "read", 0, buffer)
    ring:submit_and_wait(0)
    assert.equal(0, ring:cq_ready())
    rows.start(ring, "close_direct", 0)
    assert.same({ { res = 0, flags = 0, data = "close_direct" } },
      rows.reap(ring, 1))
    start_on_slot(ring, "write", 1, "late")
    local res = {}
    for _, cqe in ipairs(rows.reap(ring, 2)) do res[cqe.data] = cqe.res end
    assert.same({ read = 4, write = 4 }, res)
    assert.equal("late", buffer:sub(1, 4))
  end)
end)
