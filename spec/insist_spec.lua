--- An op that a cancel has missed is cancelled again until it has ended.
local errno = require "uring.errno"
local insist = require "uring.insist"
local leaks = require "spec.support.leaks"
local loop = require "uring.loop"
local low = require "uring.ring"
local rows = require "spec.support.rows"
local uring = require "uring"
local within = require "spec.support.within"

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
