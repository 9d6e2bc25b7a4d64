--- Proves the row timeout_multishot: one op tells again and again that so
-- much time has passed.
local core = require "uring.core"
local loop = require "uring.loop"
local rows = require "spec.support.rows"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C, ETIME = uring.consts, uring.errno.ETIME
local MORE = C.IORING_CQE_F_MORE
local MS = 1000000 -- nanoseconds
local NAME = "timeout_multishot"

rows.describe(NAME, function()
  it("expires so many times", function()
    local ring <close> = rows.ring()
    local start = core.now()
    rows.start(ring, NAME, 0.005, 3)
    local flags = {}
    for i, cqe in ipairs(rows.reap(ring, 3)) do
      assert.same({ -ETIME, NAME }, { cqe.res, cqe.data })
      flags[i] = cqe.flags
    end
    assert.is_true(core.now() - start >= 15 * MS)
    assert.same({ MORE, MORE, 0 }, flags)
    assert.equal(0, ring:in_flight())
  end)

  it("expires until it is cancelled where no count is given", function()
    local ring <close> = rows.ring()
    local id = rows.start(ring, NAME, { 0, MS })
    local expired = 0
    while expired < 5 do
      assert(ring:submit_and_wait(1, 10))
      for res, flags in ring:cqes() do
        assert.same({ -ETIME, MORE }, { res, flags })
        expired = expired + 1
      end
    end
    assert.equal(1, ring:in_flight())
    local function cancel() ring:get_sqe():prep_cancel(id) end
    cancel()
    while ring:in_flight() > 0 do
      assert(ring:submit_and_wait(1, 10))
      for res, flags, data in ring:cqes() do
        if data ~= NAME then
          if res < 0 then cancel() end -- nothing finds it as it expires
        elseif flags == 0 then
          assert.equal(-uring.errno.ECANCELED, res)
        end
      end
    end
  end)

  it("is a loop that ends after so many times when awaited", function()
    local got = {}
    within.run(function()
      for value, flags in u.op.timeout_multishot(0.001, 3) do
        got[#got + 1] = { value, flags }
      end
    end)
    assert.same({ { true, MORE }, { true, MORE }, { true, 0 } }, got)
  end)

  it("is cancelled when its loop is left", function()
    within.run(function()
      local ring = loop.current("this spec").ring
      local others, count = ring:in_flight(), 0
      for _ in u.op.timeout_multishot(0.001) do
        count = count + 1
        if count == 3 then break end
      end
      while ring:in_flight() > others do u.yield() end
      assert.equal(3, count)
    end)
  end)

  it("is cancelled when its loop is left, though it is just expiring",
    function()
      within.run(function()
        local ring = loop.current("this spec").ring
        local others, count, start = ring:in_flight(), 0, nil
        for _ in u.op.timeout_multishot(0.001) do
          start, count = core.now(), count + 1
          while core.now() - start < 3 * MS do end
          if count == 3 then break end
        end
        while ring:in_flight() > others do
          assert.is_true(core.now() - start < 1000 * MS, "it is not cancelled")
          u.yield()
        end
      end)
    end)

  it("is one task's at a time, and over where another closes it", function()
    within.run(function()
      local step, state, _, closing = u.op.timeout_multishot(100)
      local ended
      local first = u.spawn(function()
        ended = table.pack(step(state))
      end)
      u.yield()
      assert.error_matches(function() step(state) end,
        NAME .. ": another task waits for what comes next", 1, true)
      do local _close <close> = closing end
      first:await()
      assert.same({ n = 1, nil }, ended)
      assert.is_nil(step(state))
    end)
  end)

  it("is cancelled while the time is not over", function()
    rows.assert_cancelled(NAME, 100)
    rows.assert_cancelled(NAME, 100, 7)
  end)

  it("fails for a time of a clock, which comes but once", function()
    assert.same({ -uring.errno.EINVAL, 0 },
      { rows.raw(NAME, 1, 0, C.IORING_TIMEOUT_ABS) })
    within.run(function()
      assert.has_error(function()
        for _ in u.op.timeout_multishot(1, 0, C.IORING_TIMEOUT_ABS) do end
      end, "timeout_multishot: Invalid argument")
    end)
  end)
end)
