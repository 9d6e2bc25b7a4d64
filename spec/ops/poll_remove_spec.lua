--- Proves the row poll_remove: it ends the poll that an id names, and
-- nothing else.
local loop = require "uring.loop"
local rows = require "spec.support.rows"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C = uring.consts
local ECANCELED, ENOENT = uring.errno.ECANCELED, uring.errno.ENOENT
local NAME = "poll_remove"

rows.describe(NAME, function()
  local function start(ring, data, row, ...)
    local sqe = ring:get_sqe()
    local id = sqe["prep_" .. row](sqe, ...)
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

  it("ends the poll that the id names, not one beside it", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local ring <close> = rows.ring()
    start(ring, "first", "poll_add", r, C.POLLIN)
    local id = start(ring, "second", "poll_add", r, C.POLLIN)
    rows.start(ring, NAME, id)
    assert.same({ second = -ECANCELED, [NAME] = 0 }, results(ring, 2))
    assert.equal(1, ring:in_flight())
    rows.raw("write", w, "x")
    assert.same({ first = C.POLLIN }, results(ring, 1))
  end)

  it("ends one that goes on and on", function()
    local own <close> = rows.owner()
    local _, w = own(uring.pipe())
    local ring <close> = rows.ring()
    local id = start(ring, "poll", "poll_multishot", w, C.POLLOUT)
    assert.same({ poll = C.POLLOUT }, results(ring, 1))
    rows.start(ring, NAME, id)
    assert.same({ poll = -ECANCELED, [NAME] = 0 }, results(ring, 2))
    assert.equal(0, ring:in_flight())
  end)

  it("does not end an op of another kind", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local ring <close> = rows.ring()
    local id = start(ring, "read", "read", r, uring.buffer(8))
    rows.start(ring, NAME, id)
    assert.same({ [NAME] = -ENOENT }, results(ring, 1))
    rows.raw("write", w, "x")
    assert.same({ read = 1 }, results(ring, 1))
  end)

  it("gives true when awaited, and the poll fails", function()
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
      assert.same({ true, 0 }, { u.op.poll_remove(id) })
      while not extra do u.yield() end
      assert.same({ nil, ECANCELED }, { value, extra })
    end)
  end)

  it("fails where no such poll is in flight", function()
    rows.assert_fails(NAME, "ENOENT", "No such file or directory", 1)
    local own <close> = rows.owner()
    local _, w = own(uring.pipe())
    local ring <close> = rows.ring()
    local id = start(ring, "poll", "poll_add", w, C.POLLOUT)
    rows.reap(ring, 1)
    assert.equal(-ENOENT, (rows.call(ring, NAME, id)))
  end)
end)
