--- Proves the row link_timeout: an op that is linked to it has so much time.
local core = require "uring.core"
local rows = require "spec.support.rows"
local uring = require "uring.ring"

local C = uring.consts
local ECANCELED, ETIME = uring.errno.ECANCELED, uring.errno.ETIME
local MS = 1000000 -- nanoseconds
local NAME = "link_timeout"

rows.describe(NAME, function()
  -- Submits a read with a limit, and what else there is: name, row, ...
  local function read_within(ring, fd, limit, ...)
    local read, more = nil, { ... }
    ring:chain(function(c)
      local sqe = c:get_sqe()
      read = sqe:prep_read(fd, uring.buffer(8))
      sqe:set_data("read")
      sqe = c:get_sqe()
      sqe:prep_link_timeout(table.unpack(limit))
      sqe:set_data("limit")
      for _, name in ipairs(more) do c:get_sqe():set_data(name) end
    end)
    ring:submit()
    return read
  end

  local function results(ring, count)
    local found = {}
    for _, cqe in ipairs(rows.reap(ring, count)) do
      assert.equal(0, cqe.flags)
      found[cqe.data] = cqe.res
    end
    assert.equal(0, ring:in_flight())
    return found
  end

  it("cancels the op when the time is over", function()
    local own <close> = rows.owner()
    local ring <close> = rows.ring()
    local start = core.now()
    read_within(ring, own(uring.pipe()), { 0.02 })
    assert.same({ read = -ECANCELED, limit = -ETIME }, results(ring, 2))
    assert.is_true(core.now() - start >= 20 * MS)
  end)

  it("is cancelled itself where the op is in time", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local ring <close> = rows.ring()
    read_within(ring, r, { 100 })
    rows.raw("write", w, "12345678")
    assert.same({ read = 8, limit = -ECANCELED }, results(ring, 2))
  end)

  it("is cancelled itself where the op is cancelled", function()
    local own <close> = rows.owner()
    local ring <close> = rows.ring()
    local id = read_within(ring, own(uring.pipe()), { 100 })
    rows.start(ring, "cancel", id)
    assert.same({ read = -ECANCELED, limit = -ECANCELED, cancel = 0 },
      results(ring, 3))
  end)

  it("may be at a time of the monotonic clock", function()
    local own <close> = rows.owner()
    local ring <close> = rows.ring()
    local at = core.now() + 20 * MS
    read_within(ring, own(uring.pipe()),
      { { at // 1000000000, at % 1000000000 }, C.IORING_TIMEOUT_ABS })
    assert.same({ read = -ECANCELED, limit = -ETIME }, results(ring, 2))
    assert.is_true(core.now() >= at)
  end)

  it("lets what is linked behind it go on where the op is in time", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local ring <close> = rows.ring()
    rows.raw("write", w, "12345678")
    read_within(ring, r, { 100 }, "next", "last")
    assert.same({ read = 8, limit = -ECANCELED, next = 0, last = 0 },
      results(ring, 4))
  end)

  it("cancels that as well when the time is over", function()
    local own <close> = rows.owner()
    local ring <close> = rows.ring()
    read_within(ring, own(uring.pipe()), { 0.001 }, "next", "last")
    assert.same({ read = -ECANCELED, limit = -ETIME, next = -ECANCELED,
      last = -ECANCELED }, results(ring, 4))
  end)

  it("limits an op that is linked to it by hand", function()
    local own <close> = rows.owner()
    local ring <close> = rows.ring()
    local read, limit = ring:get_sqe(), ring:get_sqe()
    read:prep_read(own(uring.pipe()), uring.buffer(8))
    read:set_flags("io_link"):set_data("read")
    limit:prep_link_timeout(0.001)
    limit:set_data("limit")
    assert.equal(2, ring:submit())
    assert.same({ read = -ECANCELED, limit = -ETIME }, results(ring, 2))
  end)

  it("ends with the ring", function()
    local own <close> = rows.owner()
    local ring <close> = rows.ring()
    local start = core.now()
    read_within(ring, own(uring.pipe()), { 100 }, "next")
    ring:close()
    assert.is_true(core.now() - start < 900 * MS)
  end)

  it("fails where no op is linked to it", function()
    rows.assert_fails(NAME, "EINVAL", "Invalid argument", 1)
  end)
end)
