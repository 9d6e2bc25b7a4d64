--- What a run leaves behind that was given up: who waited in it is in no line
-- any more, so that the next run can use the same objects.
local leaks = require "spec.support.leaks"
local sync = require "uring.sync"
local uring = require "uring"
local within = require "spec.support.within"

leaks.watch()

-- A run that ends while tasks wait: they go on waiting when they are told to
-- end, for ever.
local function give_up(take, hold)
  local ok, message = pcall(uring.run, function()
    local _held <close> = (hold or take)()
    for _ = 1, 2 do uring.spawn(uring.shield, take) end
    uring.shield(uring.sleep, math.huge)
  end)
  assert.is_false(ok)
  assert.matches("^deadlock: 3 tasks are waiting", message)
end

describe("a run that was given up", function()
  it("leaves nobody in the line of a mutex", function()
    local mutex = sync.mutex()
    give_up(function() return mutex:lock() end)
    assert.equal("uring.Mutex (free)", tostring(mutex))
    within.run(function() mutex:lock():unlock() end)
  end)

  it("leaves nobody in the line of a limiter", function()
    local limiter = sync.limiter(1)
    give_up(function() return limiter:acquire() end)
    assert.equal("uring.Limiter (0 of 1 held)", tostring(limiter))
    within.run(function() limiter:acquire():release() end)
  end)

  it("leaves nobody in the line of a semaphore", function()
    local semaphore = sync.semaphore(2)
    local wanted = 1
    give_up(function()
      wanted = wanted + 1
      return semaphore:acquire(wanted) -- the first can be given to nobody
    end)
    assert.equal("uring.Semaphore (2 tokens)", tostring(semaphore))
    within.run(function() semaphore:acquire(2):release() end)
  end)

  it("leaves nobody in the line of a channel", function()
    local channel = sync.channel()
    give_up(function() channel:recv() end, function() end)
    within.run(function()
      uring.spawn(function() channel:send("to the living") end)
      assert.equal("to the living", channel:recv())
    end)
  end)
end)
