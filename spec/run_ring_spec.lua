--- Proves that an SQE may be prepared by hand on the ring of a run: what it
-- carries is nobody the loop could resume, and harms nothing.
local leaks = require "spec.support.leaks"
local uring = require "uring"
local within = require "spec.support.within"

leaks.watch()

describe("an SQE on the ring of a run", function()
  for name, data in pairs {
    ["a string"] = "data", ["a number"] = 7, ["a table"] = {},
    ["a userdata"] = io.stdout, ["a function"] = print,
  } do
    it("may carry " .. name, function()
      within.run(function()
        local ring = uring.ring()
        local sqe = assert(ring:get_sqe())
        sqe:prep_nop()
        sqe:set_data(data)
        local before = ring:in_flight()
        uring.sleep(0.001)
        assert.equal(before - 1, ring:in_flight())
        assert.is_true((uring.op.nop()))
      end)
    end)
  end

  it("may carry nothing", function()
    within.run(function()
      local ring = uring.ring()
      assert(ring:get_sqe()):prep_nop()
      uring.sleep(0.001)
      assert.is_true((uring.op.nop()))
    end)
  end)
end)
