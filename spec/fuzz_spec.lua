--- tools/fuzz_args.lua throws random values at everything and finds nothing;
-- what is planted it finds.
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local rows = require "spec.support.rows"

local TOOL = "tools/fuzz_args.lua"
local CALLS = 4000
local PATIENCE = 240 -- seconds; an emulated machine is slow

-- Runs a chunk and then, in the same state, the fuzzer.
local function fuzz(chunk, seed)
  local running <close> = process.lua { "-e", chunk, TOOL, CALLS, seed }
  return running:wait(PATIENCE)
end

local function assert_nothing(result)
  assert.equal(0, result.code, result.out .. result.err)
  assert.equal("", result.err)
  assert.is_truthy(result.out:find "^seed %d+, 4000 calls\n%d+ calls are fine")
end

local function assert_finds(pattern, result)
  assert.equal(1, result.code, result.out .. result.err)
  assert.is_truthy(result.err:find("^fuzz_args: seed 1, call %d+: " .. pattern),
    result.err)
end

describe("the fuzzer", function()
  leaks.watch()

  if rows.is_newer "6.0" then
    return pending "needs Linux 6.0, which cancels all there is at once"
  end

  it("finds nothing with a seed that is always the same", function()
    assert_nothing(fuzz("", 1))
  end)

  it("finds nothing with a seed of its own", function()
    assert_nothing(fuzz "") -- its output has the seed
  end)

  it("finds an error without a message", function()
    assert_finds("strerror raised table", fuzz([[
      local low = require "uring.ring"
      function low.strerror() error {} end]], 1))
  end)

  it("finds descriptors that are left open", function()
    assert_finds("%d+ descriptors are left\n", fuzz([[
      local low = require "uring.ring"
      local eventfd = low.eventfd
      function low.eventfd(...)
        eventfd()
        return eventfd(...)
      end]], 1))
  end)

  it("finds an op that does not end", function()
    assert_finds("%d+ in flight do not end: ", fuzz([[
      local ring = require "uring.ring".ring(1)
      local methods = getmetatable(ring).__index
      function methods.register_sync_cancel() end
      local sqes = getmetatable(ring:get_sqe()).__index
      sqes.prep_cancel_any = sqes.prep_nop]], 1))
  end)
end)
