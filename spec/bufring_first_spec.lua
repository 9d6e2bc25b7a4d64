--- Buffer rings that begin with few of their buffers, and provide more where
-- an op has found none.
local byhand = require "spec.support.byhand"
local core = require "uring.core"
local errno = require "uring.errno"
local leaks = require "spec.support.leaks"
local net = require "uring.net"
local rows = require "spec.support.rows"
local uring = require "uring"
local within = require "spec.support.within"

uring.sleep(0) -- outside of a run there is a ring for good
leaks.watch()

describe("a buffer ring with 'first'", function()
  local ring, near, far

  before_each(function()
    ring = rows.ring()
    near, far = assert(core.socketpair())
  end)

  after_each(function() byhand.close(ring, near, far) end)

  -- A byte is sent, and received into one of the buffers: the op's result.
  local function pass(buffers)
    assert.equal(1, (rows.call(ring, "send", near, "x", 0)))
    return (rows.call(ring, "recv", far, buffers, 0))
  end

  it("provides as many more each time when there is none", function()
    local buffers <close> = assert(ring:buf_ring {
      bgid = 1, entries = 8, size = 16, first = 3,
    })
    local passed = 0
    for _, available in ipairs { 3, 3, 2 } do
      assert.equal(available, buffers:available())
      for _ = 1, available do assert.is_true(pass(buffers) > 0) end
      passed = passed + available
      assert.equal(-errno.ENOBUFS, pass(buffers))
    end
    assert.equal(8, passed)
    assert.equal(0, buffers:available())
    assert.equal(-errno.ENOBUFS, pass(buffers))
  end)

  -- So many messages are received before the first of them is looked at.
  local function crowd(buffers, count)
    local out = {}
    for i = 1, count do
      assert.equal(4, (rows.call(ring, "send", near, ("%04d"):format(i), 0)))
      local size, flags
      repeat -- one that found none has had more provided
        size, flags = rows.call(ring, "recv", far, buffers, 0)
      until size ~= -errno.ENOBUFS
      assert.equal(4, size)
      out[i] = flags
    end
    for i, flags in ipairs(out) do
      assert.equal(("%04d"):format(i), buffers:string(flags, 4))
    end
  end

  it("has fewer again when a crowd has gone, and more for the next", function()
    local buffers <close> = assert(ring:buf_ring {
      bgid = 1, entries = 64, size = 4096, first = 4,
    })
    for _ = 1, 2 do
      crowd(buffers, 64)
      assert.equal(64, buffers:available())
      for _ = 1, 1100 do crowd(buffers, 2) end
      assert.is_true(buffers:available() <= 12, buffers:available())
      crowd(buffers, 2)
    end
    crowd(buffers, 40)
    assert.is_true(buffers:available() >= 40)
  end)

  it("keeps what a crowd needs that stays", function()
    local buffers <close> = assert(ring:buf_ring {
      bgid = 1, entries = 64, size = 4096, first = 4,
    })
    for _ = 1, 60 do crowd(buffers, 60) end -- 3,600 batches
    local available = buffers:available()
    crowd(buffers, 60)
    assert.equal(available, buffers:available())
    assert.is_true(available >= 60)
  end)

  it("provides none once it is closed", function()
    local buffers = assert(ring:buf_ring {
      bgid = 1, entries = 8, size = 16, first = 1,
    })
    assert.equal(1, pass(buffers))
    buffers:close()
    assert.equal(0, buffers:available())
  end)

  it("has to have one of its buffers, and no more than there are", function()
    for _, first in ipairs { 0, 5, -1, 1.5, "x" } do
      assert.error_matches(function()
        ring:buf_ring { bgid = 1, entries = 4, size = 16, first = first }
      end, "buf_ring: 'first' must be an integer from 1 to 4", 1, true)
    end
  end)
end)

describe("a run", function()
  it("receives from more peers at a time than it has buffers for", function()
    local CROWD <const> = 400 -- descriptors are few in places
    within.run(function()
      local pairs_of, got = {}, 0
      for i = 1, CROWD do
        pairs_of[i] = table.pack(assert(net.socketpair()))
        uring.spawn(function()
          local bytes = pairs_of[i][2]:read_some()
          assert.equal("peer " .. i, bytes)
          got = got + 1
        end)
      end
      uring.sleep(0.01) -- they wait
      for i = 1, CROWD do
        uring.spawn(function() assert(pairs_of[i][1]:write("peer ", i)) end)
      end
      while got < CROWD do uring.sleep(0.01) end
      for _, each in ipairs(pairs_of) do
        each[1]:close()
        each[2]:close()
      end
    end)
  end)
end)
