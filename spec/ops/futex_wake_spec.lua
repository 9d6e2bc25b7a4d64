--- Proves the row futex_wake: those who wait for a futex go on.
local rows = require "spec.support.rows"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C = uring.consts

rows.describe("futex_wake", function()
  -- A ring with one waiter for each mask, in this order.
  local function waiters(word, masks)
    local ring = rows.ring()
    for i, mask in ipairs(masks) do
      local sqe = ring:get_sqe()
      sqe:prep_futex_wait(word, 0, mask)
      sqe:set_data(i)
    end
    assert.equal(#masks, ring:submit())
    ring:submit_and_wait(0)
    assert.equal(0, ring:cq_ready())
    return ring
  end

  local function assert_woken(ring, numbers)
    local found = {}
    for i, cqe in ipairs(rows.reap(ring, #numbers)) do
      assert.equal(0, cqe.res)
      found[i] = cqe.data
    end
    assert.same(numbers, found)
    assert.equal(0, ring:cq_ready())
  end

  it("wakes nobody where nobody waits", function()
    assert.same({ 0, 0 }, { rows.raw("futex_wake", uring.buffer(4), 1) })
    assert.same({ 0, 0 }, { rows.await("futex_wake", uring.buffer(4), 1) })
  end)

  it("wakes at most so many, those first who came first", function()
    local word = uring.buffer(4)
    local ring <close> = waiters(word, { 1, 1, 1, 1, 1 })
    assert.same({ 2, 0 }, { rows.raw("futex_wake", word, 2) })
    assert_woken(ring, { 1, 2 })
    assert.equal(1, (rows.raw("futex_wake", word, 1)))
    assert_woken(ring, { 3 })
    assert.equal(2, (rows.raw("futex_wake", word, 100)))
    assert_woken(ring, { 4, 5 })
  end)

  it("wakes whose mask has a bit in common", function()
    local word = uring.buffer(4)
    local ring <close> = waiters(word, { 1, 2, 4, 3 })
    assert.equal(2, (rows.raw("futex_wake", word, 10, 2)))
    assert_woken(ring, { 2, 4 })
    assert.equal(2, (rows.raw("futex_wake", word, 10,
      C.FUTEX_BITSET_MATCH_ANY)))
    assert_woken(ring, { 1, 3 })
  end)

  it("wakes those of its own futex", function()
    local word, other = uring.buffer(4), uring.buffer(4)
    local ring <close> = waiters(word, { 1 })
    assert.equal(0, (rows.raw("futex_wake", other, 1)))
    assert.equal(1, (rows.raw("futex_wake", word, 1)))
    assert_woken(ring, { 1 })
  end)

  it("does not ask for the value", function()
    local word = uring.buffer(4)
    local ring <close> = waiters(word, { 1 })
    word:set(1, "any!")
    assert.equal(1, (rows.raw("futex_wake", word, 1)))
    assert_woken(ring, { 1 })
  end)

  it("gives the count when awaited", function()
    local word, woken = uring.buffer(4), 0
    within.run(function()
      for _ = 1, 3 do
        u.spawn(function()
          assert.is_true(u.op.futex_wait(word, 0))
          woken = woken + 1
        end)
      end
      u.yield()
      u.yield()
      assert.same({ 2, 0 }, { u.op.futex_wake(word, 2) })
      while woken < 2 do u.yield() end
      assert.same({ 1, 0 }, { u.op.futex_wake(word, 2) })
    end)
    assert.equal(3, woken)
  end)

  it("fails for a word out of place, no mask, and another size", function()
    local word = uring.buffer(8)
    rows.assert_fails("futex_wake", "EINVAL", "Invalid argument",
      word:slice(2, 5), 1)
    rows.assert_fails("futex_wake", "EINVAL", "Invalid argument",
      word, 1, 0)
    rows.assert_fails("futex_wake", "EINVAL", "Invalid argument",
      word, 1, nil, C.FUTEX2_SIZE_U32 + 1)
    rows.assert_fails("futex_wake", "EINVAL", "Invalid argument",
      word, 1, nil, nil, 1)
  end)
end)
