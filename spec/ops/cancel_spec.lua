--- Proves the row cancel: it ends the op that an id names, and no other.
local loop = require "uring.loop"
local rows = require "spec.support.rows"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C = uring.consts
local ECANCELED, ENOENT = uring.errno.ECANCELED, uring.errno.ENOENT

rows.describe("cancel", function()
  local function wait_on(ring, fd, data)
    local sqe = ring:get_sqe()
    local id = sqe:prep_poll_add(fd, C.POLLIN)
    sqe:set_data(data)
    ring:submit()
    return id
  end

  local function results(ring, count)
    local found = {}
    for _, cqe in ipairs(rows.reap(ring, count)) do
      found[cqe.data] = cqe.res
    end
    return found
  end

  it("ends the op that the id names, not one beside it", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local ring <close> = rows.ring()
    wait_on(ring, r, "first")
    local id = wait_on(ring, r, "second")
    wait_on(ring, r, "third")
    rows.start(ring, "cancel", id)
    assert.same({ second = -ECANCELED, cancel = 0 }, results(ring, 2))
    assert.equal(2, ring:in_flight())
    rows.raw("write", w, "x")
    assert.same({ first = C.POLLIN, third = C.POLLIN }, results(ring, 2))
  end)

  it("takes back an op of the same submit", function()
    local own <close> = rows.owner()
    local ring <close> = rows.ring()
    local poll, cancel = ring:get_sqe(), ring:get_sqe()
    cancel:prep_cancel(poll:prep_poll_add(own(uring.pipe()), C.POLLIN))
    poll:set_data("poll")
    cancel:set_data("cancel")
    assert.equal(2, ring:submit())
    assert.same({ poll = -ECANCELED, cancel = 0 }, results(ring, 2))
  end)

  it("ends all ops of the ring where told to, and counts them", function()
    local own <close> = rows.owner()
    local r = own(uring.pipe())
    local ring <close> = rows.ring()
    for i = 1, 3 do wait_on(ring, r, i) end
    rows.start(ring, "cancel", 0,
      C.IORING_ASYNC_CANCEL_ANY | C.IORING_ASYNC_CANCEL_ALL)
    assert.same({ -ECANCELED, -ECANCELED, -ECANCELED, cancel = 3 },
      results(ring, 4))
  end)

  it("fails where no such op is in flight", function()
    rows.assert_fails("cancel", "ENOENT", "No such file or directory", 1)
    rows.assert_fails("cancel", "ENOENT", "No such file or directory",
      math.mininteger)
    local ring <close> = rows.ring()
    local id = rows.start(ring, "nop")
    rows.reap(ring, 1)
    assert.equal(-ENOENT, (rows.call(ring, "cancel", id)))
  end)

  it("does not hit a later op with an old id", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local ring <close> = rows.ring()
    local old = rows.start(ring, "nop")
    rows.reap(ring, 1)
    local new = wait_on(ring, r, "poll")
    assert.not_equal(old, new)
    rows.start(ring, "cancel", old)
    assert.same({ cancel = -ENOENT }, results(ring, 1))
    rows.raw("write", w, "x")
    assert.same({ poll = C.POLLIN }, results(ring, 1))
  end)

  it("gives true when awaited, and the op fails", function()
    local own <close> = rows.owner()
    local r = own(uring.pipe())
    within.run(function()
      local id, value, extra
      u.spawn(function()
        local here = coroutine.running()
        local bound = loop.current("this spec").bound
        local _, given = bound.start_for.poll_add(here, r, C.POLLIN)
        id = given
        value, extra = loop.park()
      end)
      u.yield()
      assert.same({ true, 0 }, { u.op.cancel(id) })
      u.yield()
      assert.same({ nil, ECANCELED }, { value, extra })
    end)
  end)
end)
