--- Proves the row cancel_fd: it ends what waits on a descriptor.
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C = uring.consts
local ALL = C.IORING_ASYNC_CANCEL_ALL
local ECANCELED = uring.errno.ECANCELED

rows.describe("cancel_fd", function()
  local function receive(ring, fd, data)
    local sqe = ring:get_sqe()
    sqe:prep_recv(fd, uring.buffer(8))
    sqe:set_data(data)
    ring:submit()
  end

  local function results(ring, count)
    local found = {}
    for _, cqe in ipairs(rows.reap(ring, count)) do
      found[cqe.data] = cqe.res
    end
    return found
  end

  it("ends one op on the descriptor, and none on another", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local ring <close> = rows.ring()
    for _, data in ipairs { "first", "second" } do receive(ring, a, data) end
    receive(ring, b, "other")
    rows.start(ring, "cancel_fd", a)
    local found = results(ring, 2)
    assert.equal(0, found.cancel_fd)
    assert.equal(-ECANCELED, found.first or found.second)
    assert.equal(2, ring:in_flight())
    rows.start(ring, "cancel_fd", a)
    assert.equal(0, results(ring, 2).cancel_fd)
    rows.start(ring, "cancel_fd", b)
    assert.same({ other = -ECANCELED, cancel_fd = 0 }, results(ring, 2))
  end)

  it("ends all of them where told to, and counts them", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local ring <close> = rows.ring()
    for i = 1, 3 do receive(ring, a, i) end
    receive(ring, b, "other")
    rows.start(ring, "cancel_fd", a, ALL)
    assert.same({ -ECANCELED, -ECANCELED, -ECANCELED, cancel_fd = 3 },
      results(ring, 4))
    assert.equal(1, ring:in_flight())
    rows.start(ring, "cancel_fd", a, ALL)
    assert.same({ cancel_fd = 0 }, results(ring, 1))
  end)

  it("tells how many when awaited, and the ops fail", function()
    local own <close> = rows.owner()
    local a = sockets.pair(own)
    within.run(function()
      local got = {}
      for i = 1, 2 do
        u.spawn(function() got[i] = { u.op.recv(a, uring.buffer(8)) } end)
      end
      u.yield()
      assert.same({ 2, 0 }, { u.op.cancel_fd(a, ALL) })
      u.yield()
      local failure = { nil, "recv: Operation canceled", ECANCELED }
      assert.same({ failure, failure }, got)
    end)
  end)

  it("fails where nothing waits, or nothing is open", function()
    local own <close> = rows.owner()
    rows.assert_fails("cancel_fd", "ENOENT", "No such file or directory",
      (sockets.pair(own)))
    rows.assert_fails("cancel_fd", "EBADF", "Bad file descriptor",
      rows.NOT_OPEN)
  end)
end)
