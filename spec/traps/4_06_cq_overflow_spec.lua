--- Trap 4.6: completions that the CQ has no room for wait in the kernel; all
-- of them come, each once.
local leaks = require "spec.support.leaks"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local low = require "uring.ring"
local uring = require "uring"
local within = require "spec.support.within"

local C = low.consts
local SMALL = { cq_entries = 4 }

leaks.watch()

describe("a ring with a small CQ", function()
  it("says that it has overflown, and then that it has not", function()
    local ring <close> = assert(low.ring(4, SMALL))
    for _ = 1, 5 do
      local sqe = ring:get_sqe() or ring:submit() and ring:get_sqe()
      sqe:prep_nop()
    end
    ring:submit()
    assert.is_true(ring:cq_has_overflow())
    for _ = 1, 5 do assert.equal(0, (raw.take(ring))) end
    assert.is_false(ring:cq_has_overflow())
    assert.is_nil(ring:peek_cqe())
  end)

  for _, flags in ipairs { {}, { "single_issuer", "defer_taskrun" } } do
    local name = flags[1] and "with deferred work" or "with no flags"
    it(name .. " loses no op that completes by itself", function()
      local ring <close> = assert(low.ring(4, {
        cq_entries = 4, flags = flags,
      }))
      local own <close> = rows.owner()
      local a, b = sockets.pair(own)
      local count <const> = 200
      for i = 1, count do
        local sqe = ring:get_sqe() or ring:submit() and ring:get_sqe()
        sqe:prep_poll_add(b, C.POLLIN)
        sqe:set_data(i)
      end
      ring:submit()
      rows.raw("send", a, "all of you")
      local seen, total = {}, 0
      while total < count do
        assert(ring:submit_and_wait(1, 10))
        for res, _, i in ring:cqes() do
          assert.equal(C.POLLIN, res & C.POLLIN)
          assert.is_nil(seen[i])
          seen[i], total = true, total + 1
        end
      end
      assert.equal(0, ring:in_flight())
    end)
  end

  it("keeps the order of one socket's data", function()
    local ring <close> = assert(low.ring(4, SMALL))
    local own <close> = rows.owner()
    local a, b = own(low.socketpair(C.SOCK_SEQPACKET))
    local buffers = assert(ring:buf_ring { bgid = 1, entries = 64, size = 8 })
    raw.prepare(ring, "recv_multishot", b, buffers):set_data("recv")
    ring:submit()
    local expected = 1
    local function take()
      ring:submit_and_wait(0)
      for res, flags, data in ring:cqes() do
        if data == "recv" then
          assert.equal(tostring(expected), buffers:string(flags, res))
          expected = expected + 1
          if flags & C.IORING_CQE_F_MORE == 0 then -- the overflow ended it
            raw.prepare(ring, "recv_multishot", b, buffers):set_data("recv")
          end
        end
      end
    end
    for i = 1, 300 do
      assert.equal(#tostring(i), (rows.raw("send", a, tostring(i))))
      if i % 10 == 0 then take() end
    end
    while expected <= 300 do take() end
  end)
end)

describe("the loop with a small ring", function()
  it("loses no completion", function()
    local ended = 0
    uring.run({ entries = 1 }, function()
      for i = 1, 2000 do
        uring.spawn(function()
          if i % 2 == 0 then assert(uring.op.nop()) end
          assert(uring.op.timeout(0.001))
          ended = ended + 1
        end)
      end
    end)
    assert.equal(2000, ended)
  end)

  it("loses nothing that a multishot op received", function()
    uring.run({ entries = 1 }, function()
      local own <close> = rows.owner()
      local a, b = own(low.socketpair(C.SOCK_SEQPACKET))
      local buffers = assert(require("uring.buffers").receive(1))
      uring.spawn(function()
        for i = 1, 1000 do assert(uring.op.send(a, tostring(i))) end
        uring.op.shutdown(a, C.SHUT_WR)
      end)
      local count = 0
      for bytes in uring.op.recv_multishot(b, buffers) do
        count = count + 1
        assert.equal(tostring(count), bytes)
      end
      assert.equal(1000, count)
    end)
  end)

  it("goes on though more completes in one turn than it takes", function()
    within.run(function()
      local own <close> = rows.owner()
      local a, b = sockets.pair(own)
      local ended = 0
      for _ = 1, 3000 do
        uring.spawn(function()
          uring.op.poll_add(b, C.POLLIN)
          ended = ended + 1
        end)
      end
      uring.yield()
      uring.op.send(a, "x")
      while ended < 3000 do uring.yield() end
    end)
  end)
end)
