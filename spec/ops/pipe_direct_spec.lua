--- Proves the row pipe_direct: a pipe in two slots of the registered files.
local loop = require "uring.loop"
local rows = require "spec.support.rows"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C = uring.consts
local errno = uring.errno

rows.describe("pipe_direct", function()
  local function loop_ring()
    return loop.current("this spec").ring
  end

  local function with_slots(ring, count)
    assert.is_true(ring:register_files_sparse(count))
    return ring
  end

  -- Does one op on a slot.
  local function on_slot(ring, row, slot, ...)
    local sqe = ring:get_sqe()
    sqe["prep_" .. row](sqe, slot, ...)
    sqe:set_fixed_file()
    ring:submit()
    return rows.reap(ring, 1)[1].res
  end

  local function assert_pipe(ring, r, w)
    local buffer = uring.buffer(16)
    assert.equal(5, on_slot(ring, "write", w, "hello"))
    assert.equal(5, on_slot(ring, "read", r, buffer))
    assert.equal("hello", buffer:sub(1, 5))
    assert.equal(-errno.EBADF, on_slot(ring, "write", r, "x"))
  end

  it("makes a pipe in slots that are free", function()
    local ring <close> = with_slots(rows.ring(), 4)
    for _, slots in ipairs { { 0, 1 }, { 2, 3 } } do
      local fds = uring.buffer(8)
      assert.same({ 0, 0 }, { rows.call(ring, "pipe_direct", fds) })
      assert.same(slots, { uring.unpack_pipe(fds) })
      assert_pipe(ring, slots[1], slots[2])
    end
  end)

  it("makes it in a slot that is named and the next", function()
    local ring <close> = with_slots(rows.ring(), 4)
    local fds = uring.buffer(8)
    assert.equal(0, (rows.call(ring, "pipe_direct", fds, 0, 2)))
    assert.same({ 2, 3 }, { uring.unpack_pipe(fds) })
    assert_pipe(ring, 2, 3)
    assert.equal(-errno.EBADF, on_slot(ring, "read", 0, uring.buffer(1)))
  end)

  it("sets the flags asked for", function()
    local ring <close> = with_slots(rows.ring(), 2)
    local fds, buffer = uring.buffer(8), uring.buffer(16)
    assert.equal(0, (rows.call(ring, "pipe_direct", fds, C.O_DIRECT)))
    on_slot(ring, "write", 1, "one")
    on_slot(ring, "write", 1, "three")
    assert.equal(3, on_slot(ring, "read", 0, buffer))
    assert.equal(5, on_slot(ring, "read", 0, buffer))
  end)

  it("gives true when awaited, and the slots in the Buffer", function()
    within.run(function()
      with_slots(loop_ring(), 6)
      local fds = uring.buffer(8)
      assert.same({ true, 0 }, { u.op.pipe_direct(fds) })
      assert.same({ 0, 1 }, { uring.unpack_pipe(fds) })
      assert.is_true(u.op.pipe_direct(fds, 0, 2))
      assert.same({ 2, 3 }, { uring.unpack_pipe(fds) })
      assert.is_true(u.op.pipe_direct(fds))
      assert.same({ 4, 5 }, { uring.unpack_pipe(fds) })
    end)
  end)

  it("fails where there is one free slot only, which stays free", function()
    local own <close> = rows.owner()
    local taken = own(uring.eventfd())
    local ring <close> = rows.ring()
    assert.is_true(ring:register_files { taken, -1, taken })
    local fds = uring.buffer(8)
    for _ = 1, 2 do
      assert.equal(-errno.ENFILE, (rows.call(ring, "pipe_direct", fds)))
    end
    assert.equal(1, ring:register_files_update(2, { -1 }))
    assert.equal(0, (rows.call(ring, "pipe_direct", fds)))
    within.run(function()
      assert.is_true(loop_ring():register_files { taken, -1, taken })
      assert.same({ nil, "pipe_direct: Too many open files in system",
        errno.ENFILE }, { u.op.pipe_direct(fds) })
    end)
  end)

  it("fails without slots, with O_CLOEXEC, and beyond the last", function()
    rows.assert_fails("pipe_direct", "ENFILE",
      "Too many open files in system", uring.buffer(8))
    rows.assert_fails("pipe_direct", "EINVAL", "Invalid argument",
      uring.buffer(8), C.O_CLOEXEC)
    local ring <close> = with_slots(rows.ring(), 2)
    assert.equal(-errno.EINVAL,
      (rows.call(ring, "pipe_direct", uring.buffer(8), 0, 1)))
    assert.equal(0, (rows.call(ring, "pipe_direct", uring.buffer(8))))
  end)

  it("is closed where nobody took it when the ring closes", function()
    local other <close> = with_slots(rows.ring(), 1)
    local ring <close> = with_slots(rows.ring(), 2)
    local fds = uring.buffer(8)
    rows.start(ring, "pipe_direct", fds)
    ring:submit_and_wait(1)
    local r = uring.unpack_pipe(fds)
    rows.start(ring, "msg_ring_fd", other:fileno(), r, 0, 0,
      C.IORING_MSG_RING_CQE_SKIP)
    ring:submit_and_wait(2)
    assert.equal("pipe_direct", ring:peek_cqe().data) -- still unseen
    ring:close()
    -- That the pipe has ended is what its reading end, held elsewhere, says.
    assert.equal(0, on_slot(other, "read", 0, uring.buffer(1)))
  end)

  it("leaves its slots empty where its coroutine was closed", function()
    local close = coroutine.close -- not that of inside, which would refuse
    within.run(function()
      with_slots(loop_ring(), 2)
      for _ = 1, 3 do
        local thread = coroutine.create(function()
          return u.op.pipe_direct(uring.buffer(8))
        end)
        local ok
        u.spawn(function() ok = coroutine.resume(thread) end)
        u.yield()
        close(thread)
        while ok == nil do u.yield() end
        assert.is_false(ok)
      end
      assert.is_true(u.op.pipe_direct(uring.buffer(8)))
    end)
  end)

  it("leaves its slots empty where no task waits for it", function()
    within.run(function()
      local ring = with_slots(loop_ring(), 2)
      local others = ring:in_flight()
      for _ = 1, 3 do
        assert.is_true(loop.post("pipe_direct", uring.buffer(8)))
        while ring:in_flight() > others do u.yield() end
      end
      assert.is_true(u.op.pipe_direct(uring.buffer(8)))
    end)
  end)

  it("leaves a pipe where it is that was made in slots of ours", function()
    within.run(function()
      local ring = with_slots(loop_ring(), 2)
      local others, fds = ring:in_flight(), uring.buffer(8)
      assert.is_true(loop.post("pipe_direct", fds, 0, 0))
      while ring:in_flight() > others do u.yield() end
      local _, message = u.op.pipe_direct(fds)
      assert.equal("pipe_direct: Too many open files in system", message)
    end)
  end)
end)
