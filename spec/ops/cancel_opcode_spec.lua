--- Proves the row cancel_opcode: it ends the ops of one kind.
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C, RECV = uring.consts, uring.opcodes.recv
local ALL = C.IORING_ASYNC_CANCEL_ALL
local ECANCELED = uring.errno.ECANCELED
local NAME = "cancel_opcode"

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

  it("ends one op of the kind, and none of another", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local ring <close> = rows.ring()
    start(ring, "first", "recv", a, uring.buffer(8))
    start(ring, "second", "recv", b, uring.buffer(8))
    start(ring, "poll", "poll_add", a, C.POLLIN)
    start(ring, "timeout", "timeout", 100)
    rows.start(ring, NAME, RECV)
    local found = results(ring, 2)
    assert.equal(0, found[NAME])
    assert.equal(-ECANCELED, found.first or found.second)
    assert.equal(3, ring:in_flight())
    rows.start(ring, NAME, uring.opcodes.poll_add)
    assert.same({ poll = -ECANCELED, [NAME] = 0 }, results(ring, 2))
    rows.start(ring, NAME, uring.opcodes.timeout)
    assert.same({ timeout = -ECANCELED, [NAME] = 0 }, results(ring, 2))
  end)

  it("ends all of them where told to, and counts them", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local ring <close> = rows.ring()
    for i, fd in ipairs { a, b, a } do
      start(ring, i, "recv", fd, uring.buffer(8))
    end
    start(ring, "poll", "poll_add", a, C.POLLIN)
    rows.start(ring, NAME, RECV, ALL)
    assert.same({ -ECANCELED, -ECANCELED, -ECANCELED, [NAME] = 3 },
      results(ring, 4))
    assert.equal(1, ring:in_flight())
    rows.start(ring, NAME, RECV, ALL)
    assert.same({ [NAME] = 0 }, results(ring, 1))
  end)

  it("gives true when awaited, and the op fails", function()
    local own <close> = rows.owner()
    local a = sockets.pair(own)
    within.run(function()
      local got
      u.spawn(function() got = { u.op.recv(a, uring.buffer(8)) } end)
      u.yield()
      assert.same({ true, 0 }, { u.op.cancel_opcode(RECV) })
      while not got do u.yield() end
      assert.same({ nil, "recv: Operation canceled", ECANCELED }, got)
    end)
  end)

  it("gives how many when awaited for all", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    within.run(function()
      u.spawn(u.op.recv, a, uring.buffer(8))
      u.spawn(u.op.recv, b, uring.buffer(8))
      u.yield()
      assert.same({ 2, 0 }, { u.op.cancel_opcode(RECV, ALL) })
    end)
  end)

  it("fails where there is no such op", function()
    rows.assert_fails(NAME, "ENOENT", "No such file or directory", RECV)
  end)

  it("fails for a number that is no opcode", function()
    if rows.raw(NAME, 255) == -uring.errno.EINVAL then -- from 7.3 on, at most
      rows.assert_fails(NAME, "EINVAL", "Invalid argument", 255)
    else
      rows.assert_fails(NAME, "ENOENT", "No such file or directory", 255)
    end
  end)

  it("fails where it is told to end ops of any kind", function()
    rows.assert_fails(NAME, "EINVAL", "Invalid argument", RECV,
      C.IORING_ASYNC_CANCEL_ANY)
  end)
end)
