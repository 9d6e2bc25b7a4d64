--- Proves the row timeout_remove: it ends the timeout that an id names, and
-- nothing else.
local loop = require "uring.loop"
local rows = require "spec.support.rows"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local ECANCELED, ENOENT = uring.errno.ECANCELED, uring.errno.ENOENT
local NAME = "timeout_remove"

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

  it("ends the timeout that the id names, not one beside it", function()
    local ring <close> = rows.ring()
    start(ring, "first", "timeout", 100)
    local id = start(ring, "second", "timeout", 100)
    start(ring, "third", "timeout", 100)
    rows.start(ring, NAME, id)
    assert.same({ second = -ECANCELED, [NAME] = 0 }, results(ring, 2))
    assert.equal(2, ring:in_flight())
  end)

  it("ends one that expires again and again", function()
    if rows.is_newer "6.4" then
      return pending("timeout_multishot needs Linux 6.4")
    end
    local ring <close> = rows.ring()
    start(ring, "every", "timeout_multishot", 100)
    local id = start(ring, "other", "timeout_multishot", 100)
    rows.start(ring, NAME, id)
    assert.same({ other = -ECANCELED, [NAME] = 0 }, results(ring, 2))
    assert.equal(1, ring:in_flight())
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

  it("gives true when awaited, and the timeout fails", function()
    within.run(function()
      local id, value, extra
      u.spawn(function()
        local bound = loop.current("this spec").bound
        local _, given = bound.start_for.timeout(coroutine.running(), 100)
        id = given
        value, extra = loop.park()
      end)
      u.yield()
      assert.same({ true, 0 }, { u.op.timeout_remove(id) })
      while not extra do u.yield() end
      assert.same({ nil, ECANCELED }, { value, extra })
    end)
  end)

  it("fails where no such timeout is in flight", function()
    rows.assert_fails(NAME, "ENOENT", "No such file or directory", 1)
    local ring <close> = rows.ring()
    local id = start(ring, "over", "timeout", 0)
    rows.reap(ring, 1)
    assert.equal(-ENOENT, (rows.call(ring, NAME, id)))
  end)

  it("fails for flags: there are none", function()
    rows.assert_fails(NAME, "EINVAL", "Invalid argument", 1, 1)
  end)
end)
