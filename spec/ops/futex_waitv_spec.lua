--- Proves the row futex_waitv: waiting for one of several futexes.
local rows = require "spec.support.rows"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C = uring.consts

rows.describe("futex_waitv", function()
  -- So many words, the first 1, the second 2 ...
  local function words(count)
    local list = {}
    for i = 1, count do
      list[i] = uring.buffer(4)
      list[i]:set(1, string.pack("<I4", i))
    end
    return list
  end

  -- Futexes that wait while each word has its first value.
  local function all(list)
    local items = {}
    for i, word in ipairs(list) do items[i] = { word, i } end
    return uring.futexes(items)
  end

  local function start_waiting(ring, futexes)
    rows.start(ring, "futex_waitv", futexes)
    ring:submit_and_wait(0)
    assert.equal(0, ring:cq_ready())
  end

  it("waits until one is woken, and tells which, from 0 on", function()
    for woken = 1, 3 do
      local ring <close> = rows.ring()
      local list = words(3)
      start_waiting(ring, all(list))
      assert.equal(1, (rows.raw("futex_wake", list[woken], 1)))
      local cqe = rows.reap(ring, 1)[1]
      assert.same({ woken - 1, 0 }, { cqe.res, cqe.flags })
      for _, word in ipairs(list) do -- the others wait no more
        assert.equal(0, (rows.raw("futex_wake", word, 1)))
      end
    end
  end)

  it("waits for as many as there may be", function()
    local ring <close> = rows.ring()
    local list = words(128)
    start_waiting(ring, all(list))
    assert.equal(1, (rows.raw("futex_wake", list[128], 1)))
    assert.equal(127, rows.reap(ring, 1)[1].res)
  end)

  it("takes flags for each", function()
    local ring <close> = rows.ring()
    local list = words(2)
    local private = C.FUTEX2_SIZE_U32 | C.FUTEX2_PRIVATE
    start_waiting(ring, uring.futexes {
      { list[1], 1 }, { list[2], 2, private },
    })
    assert.equal(0, (rows.raw("futex_wake", list[2], 1)))
    assert.equal(1, (rows.raw("futex_wake", list[2], 1, nil, private)))
    assert.equal(1, rows.reap(ring, 1)[1].res)
  end)

  it("does not wait where a value is another", function()
    local list = words(2)
    local futexes = all(list)
    list[2]:set(1, "\9")
    rows.assert_fails("futex_waitv", "EAGAIN",
      "Resource temporarily unavailable", futexes)
    assert.equal(0, (rows.raw("futex_wake", list[1], 1)))
  end)

  it("keeps the words while it waits", function()
    local ring <close> = rows.ring()
    local last = words(1)[1]
    start_waiting(ring, uring.futexes { { uring.buffer(4), 0 }, { last, 1 } })
    collectgarbage()
    collectgarbage()
    local others = words(100)
    for _, word in ipairs(others) do
      assert.equal(0, (rows.raw("futex_wake", word, 1)))
    end
    assert.equal(1, (rows.raw("futex_wake", last, 1)))
    assert.equal(1, rows.reap(ring, 1)[1].res)
  end)

  it("gives the number when awaited, and lets others run", function()
    local list, order = words(2), {}
    within.run(function()
      u.spawn(function()
        local number, flags = u.op.futex_waitv(all(list))
        order[#order + 1] = "woken"
        assert.same({ 1, 0 }, { number, flags })
        order[#order + 1] = u.op.futex_waitv(uring.futexes { { list[1], 1 } })
      end)
      u.yield()
      u.yield()
      order[#order + 1] = "wake"
      assert.equal(1, (u.op.futex_wake(list[2], 1)))
      while (u.op.futex_wake(list[1], 1)) == 0 do u.yield() end
    end)
    assert.same({ "wake", "woken", 0 }, order)
  end)

  it("fails for a word out of place, and flags that are none", function()
    local word = uring.buffer(8)
    rows.assert_fails("futex_waitv", "EINVAL", "Invalid argument",
      uring.futexes { { word:slice(2, 5), 0 } })
    rows.assert_fails("futex_waitv", "EINVAL", "Invalid argument",
      uring.futexes { { word, 0, C.FUTEX2_SIZE_U32 + 1 } })
    rows.assert_fails("futex_waitv", "EINVAL", "Invalid argument",
      uring.futexes { { word, 0 } }, 1)
  end)

  it("is cancelled while it waits, and nobody waits then", function()
    local ring <close> = rows.ring()
    local list = words(2)
    assert.same({ -uring.errno.ECANCELED, 1 }, -- this cancel counts
      { rows.cancelled(ring, "futex_waitv", all(list)) })
    for _, word in ipairs(list) do
      assert.equal(0, (rows.raw("futex_wake", word, 1)))
    end
  end)

  it("ends with its ring", function()
    local ring <close> = rows.ring()
    local list = words(2)
    start_waiting(ring, all(list))
    ring:close()
    assert.equal(0, (rows.raw("futex_wake", list[1], 1)))
  end)
end)
