--- Proves the row poll_update: a poll that waits goes on to wait for other
-- events.
local loop = require "uring.loop"
local rows = require "spec.support.rows"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C = uring.consts
local NAME = "poll_update"

rows.describe(NAME, function()
  local function results(ring, count)
    local found = {}
    for _, cqe in ipairs(rows.reap(ring, count)) do
      found[cqe.data] = cqe.res
    end
    return found
  end

  it("completes a poll that gets events which are there", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local ring <close> = rows.ring()
    rows.raw("write", w, "x")
    local id = rows.start(ring, "poll_add", r, C.POLLPRI)
    assert.equal(0, ring:submit_and_wait(0))
    assert.equal(0, ring:cq_ready())
    rows.start(ring, NAME, id, C.POLLIN)
    assert.same({ poll_add = C.POLLIN, [NAME] = 0 }, results(ring, 2))
    assert.equal(0, ring:in_flight())
  end)

  it("lets a poll wait for events which will be there", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local ring <close> = rows.ring()
    local id = rows.start(ring, "poll_add", r, C.POLLPRI)
    rows.start(ring, NAME, id, C.POLLIN)
    assert.same({ [NAME] = 0 }, results(ring, 1))
    assert.equal(1, ring:in_flight())
    rows.raw("write", w, "x")
    assert.same({ poll_add = C.POLLIN }, results(ring, 1))
  end)

  it("lets a poll go on and on that did so before", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local ring <close> = rows.ring()
    local id = rows.start(ring, "poll_multishot", r, C.POLLPRI)
    rows.start(ring, NAME, id, C.POLLIN)
    assert.same({ [NAME] = 0 }, results(ring, 1))
    for _ = 1, 2 do
      rows.raw("write", w, "x")
      assert.same({ poll_multishot = C.POLLIN }, results(ring, 1))
      assert.equal(1, ring:in_flight())
    end
  end)

  it("leaves a poll its id, whatever the flags say", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local ring <close> = rows.ring()
    local id = rows.start(ring, "poll_add", r, C.POLLPRI)
    rows.start(ring, NAME, id, C.POLLIN, C.IORING_POLL_UPDATE_EVENTS
      | 4) -- IORING_POLL_UPDATE_USER_DATA
    rows.raw("write", w, "x")
    assert.same({ poll_add = C.POLLIN, [NAME] = 0 }, results(ring, 2))
    assert.equal(0, ring:in_flight())
  end)

  it("gives true when awaited", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    within.run(function()
      local id, events
      u.spawn(function()
        local here = coroutine.running()
        local bound = loop.current("this spec").bound
        local _, given = bound.start_for.poll_add(here, r, C.POLLPRI)
        id = given
        events = loop.park()
      end)
      u.yield()
      assert.same({ true, 0 }, { u.op.poll_update(id, C.POLLIN) })
      u.op.write(w, "x")
      while not events do u.yield() end
      assert.equal(C.POLLIN, events)
    end)
  end)

  it("fails where no such poll is in flight", function()
    rows.assert_fails(NAME, "ENOENT", "No such file or directory", 1,
      C.POLLIN)
  end)

  it("fails for flags that change nothing, and for others", function()
    rows.assert_fails(NAME, "EINVAL", "Invalid argument", 1, C.POLLIN,
      C.IORING_POLL_ADD_MULTI)
    rows.assert_fails(NAME, "EINVAL", "Invalid argument", 1, C.POLLIN,
      1 << 20)
  end)
end)
