--- Proves the row timeout_update: a timeout that runs gets another time.
local core = require "uring.core"
local loop = require "uring.loop"
local rows = require "spec.support.rows"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C = uring.consts
local ECANCELED, ETIME = uring.errno.ECANCELED, uring.errno.ETIME
local MS = 1000000 -- nanoseconds
local NAME = "timeout_update"

rows.describe(NAME, function()
  local function prepare(ring, data, row, ...)
    local sqe = ring:get_sqe()
    local id = sqe["prep_" .. row](sqe, ...)
    sqe:set_data(data)
    return id
  end

  local function results(ring, count)
    local found = {}
    for _, cqe in ipairs(rows.reap(ring, count)) do
      found[cqe.data] = cqe.res
    end
    return found
  end

  it("lets a timeout expire earlier, counted from now", function()
    local ring <close> = rows.ring()
    local id = rows.start(ring, "timeout", 100)
    local start = core.now()
    rows.start(ring, NAME, 0.02, id)
    assert.same({ timeout = -ETIME, [NAME] = 0 }, results(ring, 2))
    assert.is_true(core.now() - start >= 20 * MS)
    assert.equal(0, ring:in_flight())
  end)

  it("lets a timeout expire later, and none beside it", function()
    local ring <close> = rows.ring()
    local id = prepare(ring, "late", "timeout", 0.01)
    prepare(ring, "other", "timeout", 0.02)
    prepare(ring, NAME, NAME, { 100, 5 }, id)
    assert.same({ other = -ETIME, [NAME] = 0 }, results(ring, 2))
    assert.equal(1, ring:in_flight())
    rows.start(ring, "timeout_remove", id)
    assert.same({ late = -ECANCELED, timeout_remove = 0 }, results(ring, 2))
  end)

  it("lets a timeout expire at a time of the monotonic clock", function()
    local ring <close> = rows.ring()
    local id = rows.start(ring, "timeout", 100)
    local at = core.now() + 20 * MS
    rows.start(ring, NAME, { at // 1000000000, at % 1000000000 }, id,
      C.IORING_TIMEOUT_ABS)
    assert.same({ timeout = -ETIME, [NAME] = 0 }, results(ring, 2))
    assert.is_true(core.now() >= at)
  end)

  it("changes a link_timeout where told to", function()
    if rows.is_newer "5.15" then
      return pending("needs Linux 5.15")
    end
    local own <close> = rows.owner()
    local r = own(uring.pipe())
    local ring <close> = rows.ring()
    local id
    ring:chain(function(c)
      c:get_sqe():set_data("read"):prep_read(r, uring.buffer(8))
      local sqe = c:get_sqe()
      id = sqe:prep_link_timeout(100)
      sqe:set_data("limit")
    end)
    ring:submit()
    rows.start(ring, NAME, 0.001, id, C.IORING_LINK_TIMEOUT_UPDATE)
    assert.same({ read = -ECANCELED, limit = -ETIME, [NAME] = 0 },
      results(ring, 3))
    assert.equal(0, ring:in_flight())
  end)

  it("lets the other task's timeout expire when awaited", function()
    within.run(function()
      local id, value, extra
      u.spawn(function()
        local bound = loop.current("this spec").bound
        local _, given = bound.start_for.timeout(coroutine.running(), 100)
        id = given
        value, extra = loop.park()
      end)
      u.yield()
      assert.same({ true, 0 }, { u.op.timeout_update(0.001, id) })
      while not extra do u.yield() end
      assert.same({ true, 0 }, { value, extra })
    end)
  end)

  it("fails where no such timeout is in flight", function()
    rows.assert_fails(NAME, "ENOENT", "No such file or directory", 1, 1)
    local ring <close> = rows.ring()
    local id = rows.start(ring, "timeout", 0)
    rows.reap(ring, 1)
    assert.equal(-uring.errno.ENOENT, (rows.call(ring, NAME, 1, id)))
  end)

  it("fails for flags that contradict each other", function()
    rows.assert_fails(NAME, "EINVAL", "Invalid argument", 1, 1,
      C.IORING_TIMEOUT_BOOTTIME | C.IORING_TIMEOUT_REALTIME)
  end)
end)
