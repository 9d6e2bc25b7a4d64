--- Proves the option gc_headroom: the collector's pause follows what is live,
-- and is afterwards as it was.
local leaks = require "spec.support.leaks"
local uring = require "uring"

-- The collector's pause, in per cent.
local function pause()
  local value = collectgarbage("setpause", 200)
  collectgarbage("setpause", value)
  return value
end

-- Lets the loop turn so often.
local function turn(count)
  for _ = 1, count do uring.yield() end
end

describe("gc_headroom", function()
  leaks.watch()

  local before

  before_each(function() before = collectgarbage("setpause", 180) end)
  after_each(function() collectgarbage("setpause", before) end)

  it("makes the pause as long as what is live leaves room for", function()
    local live = collectgarbage "count" * 1024
    uring.run({ gc_headroom = 4 * live }, function()
      assert.is_true(math.abs(pause() - 500) <= 25)
    end)
  end)

  it("keeps to 200 to 1000 per cent", function()
    uring.run({ gc_headroom = 0 }, function() assert.equal(200, pause()) end)
    uring.run({ gc_headroom = 1 << 40 }, function()
      assert.equal(1000, pause())
    end)
  end)

  it("shortens the pause when a cycle has left more", function()
    collectgarbage()
    local live = collectgarbage "count" * 1024
    uring.run({ gc_headroom = 4 * live }, function()
      local kept = ("x"):rep(4 * live // 1)
      collectgarbage() -- all of that is live
      turn(130)
      collectgarbage()
      turn(130)
      assert.is_true(pause() < 300)
      assert.equal(4 * live // 1, #kept)
    end)
  end)

  it("leaves the pause as it was, also where the run fails", function()
    uring.run({ gc_headroom = 1 << 40 }, function() end)
    assert.equal(180, pause())
    assert.is_false(pcall(uring.run, { gc_headroom = 1 << 40 }, function()
      error "on purpose"
    end))
    assert.equal(180, pause())
  end)

  it("is a count of bytes", function()
    for _, wrong in ipairs { -1, 0 / 0, "1", {} } do
      assert.has_error(function()
        uring.run({ gc_headroom = wrong }, function() end)
      end, "run: bad option 'gc_headroom'")
    end
  end)
end)
