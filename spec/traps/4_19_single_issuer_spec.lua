--- Trap 4.19: a ring with single_issuer belongs to one thread, and with
-- defer_taskrun completes only where that thread enters the kernel.
local leaks = require "spec.support.leaks"
local native = require "spec.support.native"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local low = require "uring.ring"
local uring = require "uring"
local within = require "spec.support.within"

leaks.watch()

local DEFER = { flags = { "single_issuer", "defer_taskrun" } }

local function expect(script, out)
  local message = native.expect(script, out)
  if message then pending(message) end
end

describe("a ring with a single issuer", function()
  it("tells another thread whose it is", function()
    expect([[
      local ring = uring.ring(8, { flags = "single_issuer" })
      ring:get_sqe()
      print(select(2, native.in_thread(ring.submit, ring)))
      print(select(2, native.in_thread(ring.submit_and_wait, ring, 1)))
      print(ring:submit_and_wait(1), ring:cq_ready())
    ]], ("nil\t%s: the ring's single issuer is another thread\t17\n")
      :rep(2):format("submit", "submit_and_wait") .. "1\t1\n")
  end)

  it("can be closed by another thread", function()
    expect([[
      local ring = uring.ring(8, {
        flags = { "single_issuer", "defer_taskrun" },
      })
      local a, b = uring.socketpair()
      ring:get_sqe():prep_recv(b, uring.buffer(10))
      ring:submit()
      print(native.in_thread(ring.close, ring))
      print(ring)
    ]], "true\nuring.Ring (closed)\n")
  end)
end)

describe("a ring without one", function()
  it("may be used by threads in turn", function()
    expect([[
      local ring = uring.ring(8)
      for _ = 1, 3 do
        ring:get_sqe()
        print(native.in_thread(ring.submit, ring))
        ring:get_sqe()
        print(ring:submit())
      end
      print(ring:cq_ready())
    ]], ("true\t1\n1\n"):rep(3) .. "6\n")
  end)
end)

describe("a ring that defers its work", function()
  it("completes where it is asked to submit and wait for none", function()
    local ring <close> = assert(low.ring(8, DEFER))
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    raw.prepare(ring, "recv", b, low.buffer(5)):set_data("recv")
    ring:submit_and_wait(0)
    local other <close> = assert(low.ring(1))
    rows.call(other, "send", a, "hello")
    for _ = 1, 1000 do
      if ring:cq_ready() > 0 then break end
      ring:submit_and_wait(0)
    end
    assert.same({ 5, "recv" }, { ring:peek_cqe().res, ring:peek_cqe().data })
  end)

  it("closes with ops in flight", function()
    local ring = assert(low.ring(8, DEFER))
    local own <close> = rows.owner()
    local _, b = sockets.pair(own)
    raw.prepare(ring, "recv", b, low.buffer(5))
    raw.prepare(ring, "timeout", 60)
    ring:submit()
    ring:close()
  end)
end)

describe("the loop", function()
  it("completes ops though a task is always ready", function()
    within.run(function()
      local done = false
      uring.spawn(function()
        while not done do uring.yield() end
      end)
      assert.is_true(uring.op.timeout(0.002))
      local own <close> = rows.owner()
      local _, b = sockets.pair(own)
      local got
      uring.spawn(function()
        got = table.pack(uring.op.recv(b, low.buffer(1)))
      end)
      uring.yield()
      assert.is_true(uring.op.cancel_fd(b))
      for _ = 1, 3 do uring.yield() end
      assert.equal(uring.errno.ECANCELED, got[3])
      done = true
    end)
  end)
end)
