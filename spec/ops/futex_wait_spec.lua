--- Proves the row futex_wait: waiting while a futex has a value.
local rows = require "spec.support.rows"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C = uring.consts
local U32 = C.FUTEX2_SIZE_U32

rows.describe("futex_wait", function()
  local function futex(value)
    local buffer = uring.buffer(4)
    buffer:set(1, string.pack("<I4", value))
    return buffer
  end

  local function start_waiting(ring, ...)
    rows.start(ring, "futex_wait", ...)
    ring:submit_and_wait(0)
    assert.equal(0, ring:cq_ready())
  end

  local function wake(...)
    return (rows.raw("futex_wake", ...))
  end

  it("waits until somebody wakes it", function()
    local ring <close> = rows.ring()
    local word = futex(5)
    start_waiting(ring, word, 5)
    word:set(1, "\1")
    ring:submit_and_wait(0)
    assert.equal(0, ring:cq_ready()) -- another value alone wakes nobody
    assert.equal(1, wake(word, 1))
    local cqe = rows.reap(ring, 1)[1]
    assert.same({ 0, 0 }, { cqe.res, cqe.flags })
  end)

  it("does not wait where the value is another", function()
    rows.assert_fails("futex_wait", "EAGAIN",
      "Resource temporarily unavailable", futex(5), 4)
    rows.assert_fails("futex_wait", "EAGAIN",
      "Resource temporarily unavailable", futex(0), 0xffffffff)
  end)

  it("knows values of 32 bits, with a sign or without", function()
    local ring <close> = rows.ring()
    local word = futex(0xffffffff)
    start_waiting(ring, word, 0xffffffff)
    start_waiting(ring, word, -1)
    assert.equal(2, wake(word, 2))
    for _, cqe in ipairs(rows.reap(ring, 2)) do assert.equal(0, cqe.res) end
  end)

  it("is a futex at the start of the Buffer, or of a slice", function()
    local ring <close> = rows.ring()
    local words = uring.buffer(8)
    words:set(5, string.pack("<I4", 6))
    start_waiting(ring, words:slice(5, 8), 6)
    assert.equal(0, wake(words, 1))
    assert.equal(1, wake(words:slice(5, 8), 1))
    assert.equal(0, rows.reap(ring, 1)[1].res)
  end)

  it("is woken by a mask that has a bit of its own", function()
    local ring <close> = rows.ring()
    local word = futex(0)
    start_waiting(ring, word, 0, 6)
    assert.equal(0, wake(word, 1, 9))
    assert.equal(1, wake(word, 1, 12))
    assert.equal(0, rows.reap(ring, 1)[1].res)
  end)

  it("keeps the word while it waits", function()
    local ring <close> = rows.ring()
    start_waiting(ring, futex(1), 1)
    collectgarbage()
    collectgarbage()
    local others = {}
    for i = 1, 100 do others[i] = futex(2) end
    for _, other in ipairs(others) do assert.equal(0, wake(other, 1)) end
    assert.equal(1, ring:in_flight())
  end)

  it("is private to the process where told so", function()
    local ring <close> = rows.ring()
    local word = futex(0)
    start_waiting(ring, word, 0, nil, U32 | C.FUTEX2_PRIVATE)
    assert.equal(0, wake(word, 1, nil, U32)) -- of those who share it
    assert.equal(1, wake(word, 1, nil, U32 | C.FUTEX2_PRIVATE))
    assert.equal(0, rows.reap(ring, 1)[1].res)
  end)

  it("gives true when awaited, and lets others run meanwhile", function()
    local word, order = futex(3), {}
    within.run(function()
      u.spawn(function()
        local value, flags = u.op.futex_wait(word, 3)
        order[#order + 1] = "woken"
        assert.same({ true, 0 }, { value, flags })
      end)
      u.yield()
      u.yield()
      order[#order + 1] = "wake"
      assert.equal(1, (u.op.futex_wake(word, 1)))
    end)
    assert.same({ "wake", "woken" }, order)
  end)

  it("fails for a word out of place, no mask, and another size", function()
    rows.assert_fails("futex_wait", "EINVAL", "Invalid argument",
      uring.buffer(8):slice(2, 5), 0)
    rows.assert_fails("futex_wait", "EINVAL", "Invalid argument",
      futex(0), 0, 0)
    rows.assert_fails("futex_wait", "EINVAL", "Invalid argument",
      futex(0), 0, nil, U32 + 1)
    rows.assert_fails("futex_wait", "EINVAL", "Invalid argument",
      futex(0), 0, nil, nil, 1)
  end)

  it("is cancelled while it waits, and nobody waits then", function()
    local ring <close> = rows.ring()
    local word = futex(0)
    assert.same({ -uring.errno.ECANCELED, 1 }, -- this cancel counts
      { rows.cancelled(ring, "futex_wait", word, 0) })
    assert.equal(0, wake(word, 1))
  end)

  it("ends with its ring", function()
    local ring <close> = rows.ring()
    local word = futex(0)
    start_waiting(ring, word, 0)
    ring:close()
    assert.equal(0, wake(word, 1))
  end)
end)
