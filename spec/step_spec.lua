--- A turn of the loop as C has it: what it brings when many ops end at once.
local byhand = require "spec.support.byhand"
local core = require "uring.core"
local leaks = require "spec.support.leaks"
local rows = require "spec.support.rows"
local setup = require "uring.setup"

leaks.watch()

local MANY <const> = 200
local LONG <const> = 10000000000 -- nanoseconds

describe("a turn", function()
  local ring, bound, near, far, socks

  -- Coroutines that wait for a byte, each on a socket of its own.
  local function wait_for_bytes(count)
    for i = 1, count do
      local one, other = assert(core.socketpair())
      socks[i] = { one, other }
      assert.is_true(byhand.resume(core.thread(bound.wait.recv, one,
        core.buffer(1))))
    end
    assert.equal(0, (bound.step(false, 0))) -- now the kernel has them
  end

  -- The byte comes, by way of another ring.
  local function send_bytes(count)
    local other <close> = rows.ring()
    for i = 1, count do
      assert.equal(1, (rows.call(other, "send", socks[i][2], "x", 0)))
    end
  end

  before_each(function()
    ring, bound, near, far = byhand.bound(assert(setup.for_loop(256)))
    socks = {}
  end)

  after_each(function()
    byhand.close(ring, near, far)
    for _, pair in ipairs(socks) do
      core.close(pair[1])
      core.close(pair[2])
    end
  end)

  it("brings more than the kernel does at a time", function()
    wait_for_bytes(MANY)
    send_bytes(MANY)
    local count = bound.step(true, LONG)
    assert.is_true(count >= 40, ("%d of %d"):format(count, MANY))
    while count < MANY do
      local more = bound.step(true, LONG)
      assert.is_true(more > count, "nothing more has come")
      count = more
    end
    repeat count = bound.take(count) until not count
    assert.equal(0, ring:in_flight())
  end)

  it("brings what a peer has done also where completions are left", function()
    wait_for_bytes(1)
    assert.is_true(byhand.resume(core.thread(bound.wait.nop)))
    assert.equal(1, (bound.step(true, LONG)))
    send_bytes(1)
    assert.equal(2, (bound.step(true, LONG)))
  end)
end)
