--- Proves the row cancel_fixed_fd: it ends what waits on a registered file.
local loop = require "uring.loop"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local ALL = uring.consts.IORING_ASYNC_CANCEL_ALL
local EBADF, ECANCELED = uring.errno.EBADF, uring.errno.ECANCELED
local NAME = "cancel_fixed_fd"

rows.describe(NAME, function()
  local function receive(ring, slot, data)
    raw.prepare(ring, "recv", slot, uring.buffer(8)):set_fixed_file()
      :set_data(data)
    ring:submit()
  end

  local function results(ring, count)
    local found = {}
    for _, cqe in ipairs(rows.reap(ring, count)) do
      found[cqe.data] = cqe.res
    end
    return found
  end

  it("ends one op on the slot's file, and none on another", function()
    local own <close> = rows.owner()
    local ring <close> = rows.ring()
    assert(ring:register_files { sockets.pair(own) })
    receive(ring, 0, "first")
    receive(ring, 0, "second")
    receive(ring, 1, "other")
    rows.start(ring, NAME, 0)
    local found = results(ring, 2)
    assert.equal(0, found[NAME])
    assert.equal(-ECANCELED, found.first or found.second)
    assert.equal(2, ring:in_flight())
    rows.start(ring, NAME, 0)
    assert.equal(0, results(ring, 2)[NAME])
    rows.start(ring, NAME, 1)
    assert.same({ other = -ECANCELED, [NAME] = 0 }, results(ring, 2))
  end)

  it("ends all of them where told to, and counts them", function()
    local own <close> = rows.owner()
    local ring <close> = rows.ring()
    assert(ring:register_files { sockets.pair(own) })
    for i = 1, 3 do receive(ring, 0, i) end
    receive(ring, 1, "other")
    rows.start(ring, NAME, 0, ALL)
    assert.same({ -ECANCELED, -ECANCELED, -ECANCELED, [NAME] = 3 },
      results(ring, 4))
    assert.equal(1, ring:in_flight())
    rows.start(ring, NAME, 0, ALL)
    assert.same({ [NAME] = 0 }, results(ring, 1))
  end)

  it("gives true when awaited, and the op fails", function()
    local own <close> = rows.owner()
    local a = sockets.pair(own)
    within.run(function()
      assert(loop.current("this spec").ring:register_files { -1, a })
      local got
      u.spawn(function() got = { u.op.recv(a, uring.buffer(8)) } end)
      u.yield()
      assert.same({ true, 0 }, { u.op.cancel_fixed_fd(1) })
      while not got do u.yield() end
      assert.same({ nil, "recv: Operation canceled", ECANCELED }, got)
    end)
  end)

  it("fails where nothing waits", function()
    local own <close> = rows.owner()
    local ring <close> = rows.ring()
    assert(ring:register_files { sockets.pair(own), -1 })
    assert.equal(-uring.errno.ENOENT, (rows.call(ring, NAME, 0)))
  end)

  it("fails where the slot is empty, or there is none", function()
    local own <close> = rows.owner()
    local ring <close> = rows.ring()
    local a = sockets.pair(own)
    assert(ring:register_files { a, -1 })
    assert.equal(-EBADF, (rows.call(ring, NAME, 1)))
    assert.equal(-EBADF, (rows.call(ring, NAME, 2)))
    rows.assert_fails(NAME, "EBADF", "Bad file descriptor", 0)
  end)
end)
