--- Proves the row timeout: to be told when a time is over, or when other
-- ops have completed before.
local core = require "uring.core"
local loop = require "uring.loop"
local rows = require "spec.support.rows"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C = uring.consts
local MS = 1000000 -- nanoseconds

rows.describe("timeout", function()
  -- How long it takes, in nanoseconds, until a call has returned.
  local function duration(f, ...)
    local start = core.now()
    f(...)
    return core.now() - start
  end

  local function assert_expires(...)
    assert.same({ -uring.errno.ETIME, 0 }, { rows.raw("timeout", ...) })
  end

  it("expires after seconds", function()
    assert.is_true(duration(assert_expires, 0.02) >= 20 * MS)
  end)

  it("expires after seconds and nanoseconds", function()
    assert.is_true(duration(assert_expires, { 0, 20 * MS }) >= 20 * MS)
    assert_expires({ 0, 1 })
  end)

  it("expires at once after no time", function()
    assert_expires(0)
    assert_expires({ 0, 0 })
  end)

  it("expires at a time of the monotonic clock", function()
    local at = core.now() + 20 * MS
    assert_expires({ at // 1000000000, at % 1000000000 }, 0,
      C.IORING_TIMEOUT_ABS)
    assert.is_true(core.now() >= at)
  end)

  it("takes longer than any test where it is told to", function()
    rows.assert_cancelled("timeout", { 1 << 40, 999999999 })
    rows.assert_cancelled("timeout", 1e14)
  end)

  it("completes with 0 after so many other completions", function()
    local ring <close> = rows.ring()
    local sqe = ring:get_sqe()
    sqe:prep_timeout(100, 2)
    sqe:set_data("timeout")
    for i = 1, 2 do ring:get_sqe():set_data(i) end
    assert.equal(3, ring:submit())
    local last = rows.reap(ring, 3)[3]
    assert.same({ res = 0, flags = 0, data = "timeout" }, last)
  end)

  it("gives true when awaited, for either end", function()
    assert.same({ true, 0 }, { rows.await("timeout", 0.001) })
    within.run(function()
      local ended
      u.spawn(function() ended = u.op.timeout(100, 1) end)
      u.yield()
      u.op.nop()
      u.yield()
      assert.is_true(ended)
    end)
  end)

  it("ends the shorter of two first, whichever began first", function()
    local order = {}
    within.run(function()
      for _, ms in ipairs { 30, 10, 20 } do
        u.spawn(function()
          u.op.timeout({ 0, ms * MS })
          order[#order + 1] = ms
        end)
      end
    end)
    assert.same({ 10, 20, 30 }, order)
  end)

  it("fails for flags that contradict each other", function()
    rows.assert_fails("timeout", "EINVAL", "Invalid argument", 1, 0,
      C.IORING_TIMEOUT_BOOTTIME | C.IORING_TIMEOUT_REALTIME)
  end)

  it("is cancelled while the time is not over", function()
    rows.assert_cancelled("timeout", 100)
    within.run(function()
      local id, value, extra
      u.spawn(function()
        local bound = loop.current("this spec").bound
        local _, given = bound.start_for.timeout(coroutine.running(), 100)
        id = given
        value, extra = loop.park()
      end)
      u.yield()
      assert.is_true(u.op.cancel(id))
      u.yield()
      assert.same({ nil, uring.errno.ECANCELED }, { value, extra })
    end)
  end)
end)
