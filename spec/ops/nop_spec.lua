--- Proves the row nop: an op that completes at once, and nothing else.
local rows = require "spec.support.rows"
local uring = require "uring.ring"
local within = require "spec.support.within"

rows.describe("nop", function()
  it("completes with 0", function()
    assert.same({ 0, 0 }, { rows.raw("nop") })
  end)

  it("is what an SQE is that was never prepared", function()
    local ring <close> = rows.ring()
    local sqe = ring:get_sqe():set_data("data")
    local id = sqe:id()
    assert.equal("integer", math.type(id))
    assert.equal(1, ring:submit())
    assert.same({ { res = 0, flags = 0, data = "data" } }, rows.reap(ring, 1))
  end)

  it("completes in the order of submission", function()
    local ring <close> = rows.ring()
    for i = 1, 10 do
      local sqe = ring:get_sqe()
      sqe:prep_nop()
      sqe:set_data(i)
    end
    assert.equal(10, ring:submit())
    for i, cqe in ipairs(rows.reap(ring, 10)) do assert.equal(i, cqe.data) end
  end)

  it("is cancelled where the op fails that it is linked to", function()
    local ring <close> = rows.ring()
    local first, second = ring:get_sqe(), ring:get_sqe()
    first:prep_fsync(rows.NOT_OPEN)
    first:set_data("fsync"):set_flags("io_link")
    second:prep_nop()
    second:set_data("nop")
    assert.equal(2, ring:submit())
    assert.same({
      { res = -uring.errno.EBADF, flags = 0, data = "fsync" },
      { res = -uring.errno.ECANCELED, flags = 0, data = "nop" },
    }, rows.reap(ring, 2))
  end)

  it("gives true when awaited", function()
    assert.same({ true, 0 }, { rows.await("nop") })
  end)

  it("is awaited by more tasks than the SQ has entries", function()
    local count = 0
    within.run(function()
      for _ = 1, 1000 do
        require("uring").spawn(function()
          assert.is_true(require("uring").op.nop())
          count = count + 1
        end)
      end
    end)
    assert.equal(1000, count)
  end)
end)
