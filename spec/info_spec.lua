--- Proves uring.info: what this kernel has.
local core = require "uring.core"
local leaks = require "spec.support.leaks"
local rows = require "spec.support.rows"
local uring = require "uring"

describe("uring.info", function()
  leaks.watch()

  it("knows the kernel and what a ring of it has", function()
    local ring <close> = assert(core.ring(1))
    local info = assert(uring.info())
    assert.equal(core.release(), info.kernel)
    assert.equal("io_uring", info.backend)
    assert.same(ring:probe(), info.ops)
    assert.same(ring:features(), info.features)
  end)

  it("knows flags that a ring takes, and none that it does not", function()
    local flags = uring.info().flags
    for _, name in ipairs { "iopoll", "cqsize", "clamp", "submit_all" } do
      assert.is_true(flags[name], name)
    end
    local ring <close> = core.ring(8, { flags = "cqe_mixed" })
    assert.equal(ring ~= nil, flags.cqe_mixed == true)
  end)

  it("knows the register calls", function()
    local registers = uring.info().registers
    assert.is_true(registers.register_files)
    assert.equal(not rows.is_newer("6.12"), registers.register_clock == true)
    assert.equal(not rows.is_newer("7.0"),
      registers.register_bpf_filter == true)
  end)

  it("knows the limits of the process", function()
    local limits = uring.info().limits
    assert.is_true(limits.memlock > 0)
    assert.is_true(limits.nofile > 0)
  end)
end)
