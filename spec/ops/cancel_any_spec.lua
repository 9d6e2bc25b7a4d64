--- Proves the row cancel_any: it ends every op of its ring.
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local u = require "uring"
local uring = require "uring.ring"

local C = uring.consts
local ECANCELED = uring.errno.ECANCELED
local NAME = "cancel_any"

rows.describe(NAME, function()
  local function start(ring, data, row, ...)
    local sqe = ring:get_sqe()
    sqe["prep_" .. row](sqe, ...)
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

  it("ends all ops of the ring, and counts them", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local ring <close> = rows.ring()
    start(ring, "poll", "poll_multishot", a, C.POLLIN)
    start(ring, "recv", "recv", b, uring.buffer(8))
    start(ring, "timeout", "timeout", 100)
    rows.start(ring, NAME)
    assert.same({ poll = -ECANCELED, recv = -ECANCELED,
      timeout = -ECANCELED, [NAME] = 3 }, results(ring, 4))
    assert.equal(0, ring:in_flight())
  end)

  it("ends none of another ring", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local ring <close> = rows.ring()
    start(ring, "recv", "recv", a, uring.buffer(8))
    assert.same({ 0, 0 }, { rows.raw(NAME) })
    rows.raw("send", b, "text")
    assert.same({ recv = 4 }, results(ring, 1))
  end)

  it("finds nothing in an empty ring", function()
    assert.same({ 0, 0 }, { rows.raw(NAME) })
  end)

  -- Without spec.support.within, whose own op it would end as well.
  it("gives how many when awaited, and they fail", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local got = {}
    local count, flags = u.run(function()
      for i, fd in ipairs { a, b } do
        u.spawn(function() got[i] = { u.op.recv(fd, uring.buffer(8)) } end)
      end
      u.yield()
      return u.op.cancel_any()
    end)
    assert.same({ 2, 0 }, { count, flags })
    local failure = { nil, "recv: Operation canceled", ECANCELED }
    assert.same({ failure, failure }, got)
  end)

  it("gives 0 when awaited where there is nothing to end", function()
    assert.same({ 0, 0 }, { u.run(u.op.cancel_any) })
  end)

  it("fails where it is told to look for a descriptor", function()
    rows.assert_fails(NAME, "EINVAL", "Invalid argument",
      C.IORING_ASYNC_CANCEL_FD)
  end)
end)
