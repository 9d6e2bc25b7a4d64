--- An op that a cancel has missed is cancelled again until it has ended.
local descriptors = require "uring.descriptors"
local errno = require "uring.errno"
local insist = require "uring.insist"
local leaks = require "spec.support.leaks"
local loop = require "uring.loop"
local low = require "uring.ring"
local rows = require "spec.support.rows"
local uring = require "uring"
local within = require "spec.support.within"

uring.blocking(function() end) -- which keeps a ring

leaks.watch()

describe("an op whose cancel was missed", function()
  it("is cancelled a moment later", function()
    local own <close> = rows.owner()
    local fd = own(low.socketpair())
    within.run(function()
      local scheduler = loop.current("this spec")
      local task = uring.spawn(function()
        return uring.op.recv(fd, low.buffer(1))
      end)
      uring.yield()
      local ids = scheduler.bound.ids_on(fd)
      assert.equal(1, #ids)
      assert.same(ids, scheduler.bound.living(ids))
      local before = uring.now()
      insist.watch(scheduler, ids) -- as if the kernel had found none
      local _, value, message, code = task:result()
      assert.is_nil(value)
      assert.equal("recv: Operation canceled", message)
      assert.equal(errno.ECANCELED, code)
      assert.is_true(uring.now() - before >= 0.019)
      assert.same({}, scheduler.bound.living(ids))
      uring.sleep(0.001)
      assert.is_false(scheduler.unended)
    end)
  end)

  it("may end by itself first, and is forgotten then", function()
    local own <close> = rows.owner()
    local fd, peer = own(low.socketpair())
    within.run(function()
      local scheduler = loop.current("this spec")
      local task = uring.spawn(function()
        return uring.op.recv(fd, low.buffer(1))
      end)
      uring.yield()
      insist.watch(scheduler, scheduler.bound.ids_on(fd))
      assert.equal(1, uring.op.send(peer, "x"))
      assert.equal(1, task:await())
      uring.yield()
      assert.is_false(scheduler.unended)
    end)
  end)
end)

describe("a handle that is closed in one run", function()
  it("is watched in the others that wait on it", function()
    local own <close> = rows.owner()
    local fd = own(low.socketpair())
    local scheduler, code
    local other <close> = uring.start(function()
      scheduler = loop.current("this spec")
      local _, _, received = uring.op.recv(fd, low.buffer(1))
      code = received
    end)
    assert.is_true(other:step())
    assert.is_nil(other:timeout())
    within.run(function() descriptors.cancel(fd) end)
    assert.equal(scheduler.insistence, scheduler.unended)
    assert.equal(1, #scheduler.unended.ids)
    assert.is_true(other:timeout() <= 0.02)
    while other:step(1) do end
    assert.equal(errno.ECANCELED, code)
  end)

  it("is watched in the run around one that blocks", function()
    local own <close> = rows.owner()
    local fd = own(low.socketpair())
    within.run(function()
      local scheduler = loop.current("this spec")
      local task = uring.spawn(uring.op.recv, fd, low.buffer(1))
      uring.yield()
      uring.blocking(function() descriptors.cancel(fd) end)
      assert.equal(1, #scheduler.unended.ids)
      local _, value, _, code = task:result()
      assert.is_nil(value)
      assert.equal(errno.ECANCELED, code)
    end)
  end)
end)
