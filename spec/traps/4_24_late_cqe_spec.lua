--- Trap 4.24: an id names one op and never another, so that what comes late
-- cannot hit an op that has taken the place of the one it was meant for.
local leaks = require "spec.support.leaks"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local low = require "uring.ring"
local uring = require "uring"
local within = require "spec.support.within"

local errno = low.errno

leaks.watch()

describe("an id", function()
  it("is never given twice, though places are used again", function()
    local ring <close> = assert(low.ring(8))
    local seen = {}
    for _ = 1, 2000 do
      local _, id = raw.prepare(ring, "nop")
      assert.is_nil(seen[id])
      seen[id] = true
      ring:submit()
      raw.take(ring)
    end
  end)

  it("is no small number, as other programs send them", function()
    local ring <close> = assert(low.ring(8))
    for _ = 1, 8 do
      local _, id = raw.prepare(ring, "nop")
      assert.is_true(id >= 1 << 62)
    end
  end)

  it("of an op that has ended cancels nothing", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local ring <close> = assert(low.ring(8))
    local _, old = raw.prepare(ring, "nop")
    ring:submit()
    raw.take(ring)
    local _, new = raw.prepare(ring, "recv", b, low.buffer(5))
    assert.not_equal(old, new)
    assert.equal(old & 0xffffffff, new & 0xffffffff) -- the same place
    ring:submit()
    raw.prepare(ring, "cancel", old):set_data("cancel")
    ring:submit()
    assert.same({ -errno.ENOENT, 0, "cancel" }, { raw.take(ring) })
    rows.raw("send", a, "hello")
    assert.equal(5, (raw.take(ring)))
  end)

  it("that was never given cancels nothing", function()
    local own <close> = rows.owner()
    local _, b = sockets.pair(own)
    local ring <close> = assert(low.ring(8))
    local _, id = raw.prepare(ring, "recv", b, low.buffer(5))
    ring:submit()
    for _, wrong in ipairs { 0, 1, -1, id + 1, id + (1 << 32),
      math.maxinteger, math.mininteger } do
      raw.prepare(ring, "cancel", wrong):set_data("cancel")
      ring:submit()
      assert.same({ -errno.ENOENT, 0, "cancel" }, { raw.take(ring) })
    end
    assert.equal(1, ring:in_flight())
  end)

  it("of another ring cancels nothing", function()
    local own <close> = rows.owner()
    local _, b = sockets.pair(own)
    local ring <close> = assert(low.ring(8))
    local other <close> = assert(low.ring(8))
    raw.prepare(ring, "nop")
    local _, id = raw.prepare(ring, "recv", b, low.buffer(5))
    ring:submit()
    raw.take(ring)
    raw.prepare(other, "cancel", id)
    other:submit()
    assert.equal(-errno.ENOENT, (raw.take(other)))
    assert.equal(1, ring:in_flight())
  end)
end)

describe("an op that takes a place again", function()
  it("has its own data and buffers, under load", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local ring <close> = assert(low.ring(64))
    for round = 1, 200 do
      local text = ("%04d"):format(round)
      local sqe, id = raw.prepare(ring, "recv", b, low.buffer(4))
      sqe:set_data("cancelled " .. round)
      ring:submit()
      raw.prepare(ring, "cancel", id):set_data("cancel")
      raw.prepare(ring, "send", a, text):set_data("send")
      local buffer = low.buffer(4)
      raw.prepare(ring, "recv", b, buffer):set_data("recv")
      ring:submit()
      local res = {}
      for _ = 1, 4 do
        local value, _, data = raw.take(ring)
        res[data] = value
      end
      assert.equal(-errno.ECANCELED, res["cancelled " .. round])
      assert.equal(4, res.send)
      assert.equal(4, res.recv)
      assert.equal(text, buffer:tostring())
    end
    assert.equal(0, ring:in_flight())
  end)
end)

describe("a completion that comes late", function()
  it("wakes no task that waits for another op", function()
    within.run(function()
      local own <close> = rows.owner()
      local a, b = sockets.pair(own)
      local c, d = sockets.pair(own)
      for _ = 1, 20 do
        local first, second
        uring.spawn(function()
          first = table.pack(uring.op.recv(b, low.buffer(4)))
          local buffer = low.buffer(4)
          local count = assert(uring.op.recv(d, buffer))
          second = buffer:sub(1, count)
        end)
        uring.yield()
        uring.spawn(uring.op.cancel_fd, b)
        uring.yield()
        uring.spawn(uring.op.send, c, "next")
        for _ = 1, 4 do uring.yield() end
        assert.equal(errno.ECANCELED, first[3])
        assert.equal("next", second)
      end
      assert.is_number(a)
    end)
  end)
end)
