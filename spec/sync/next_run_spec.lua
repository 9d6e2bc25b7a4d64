--- What a run leaves behind that was given up: who waited in it is in no line
-- any more, so that the next run can use the same objects.
local leaks = require "spec.support.leaks"
local sync = require "uring.sync"
local system = require "uring.system"
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

-- Gives up a run by its next step, which fails, once a task that has taken
-- something has given it to one that waits for it, and which does not run.
local function give_up_after(take, give, take_first)
  local bind, is_broken = system.bind, false
  function system.bind(...)
    local bound = bind(...)
    local step = bound.step
    function bound.step(...)
      if is_broken then error("the step fails", 0) end
      return step(...)
    end
    return bound
  end
  local got
  local ok, message = pcall(uring.run, function()
    local held <close> = (take_first or take)()
    uring.spawn(function() got = take() end)
    uring.yield()
    uring.yield()
    give(held)
    is_broken = true
    uring.sleep(0.001)
  end)
  system.bind = bind
  assert.same({ false, "the step fails" }, { ok, message })
  assert.is_nil(got)
end

describe("a run that was given up when somebody had been given", function()
  it("a mutex, gives it back", function()
    local mutex = sync.mutex()
    give_up_after(function() return mutex:lock() end,
      function(guard) guard:unlock() end)
    assert.equal("uring.Mutex (free)", tostring(mutex))
  end)

  it("a limiter's token, gives it back", function()
    local limiter = sync.limiter(1)
    give_up_after(function() return limiter:acquire() end,
      function(guard) guard:release() end)
    assert.equal("uring.Limiter (0 of 1 held)", tostring(limiter))
  end)

  it("a semaphore's tokens, gives them back", function()
    local semaphore = sync.semaphore(3)
    give_up_after(function() return semaphore:acquire(2) end,
      function(guard) guard:release() end)
    assert.equal("uring.Semaphore (3 tokens)", tostring(semaphore))
  end)

  it("a place in a pool, gives it back", function()
    local pool = sync.pool(function() return {} end, { max = 1 })
    give_up_after(function() return pool:get() end,
      function(lease) lease:release() end)
    assert.equal("uring.Pool (0 of 1 lent, 1 idle)", tostring(pool))
    pool:close()
  end)

  it("a value of a channel, loses it with the one who has it", function()
    local channel = sync.channel()
    give_up_after(function() return channel:recv() end,
      function() channel:send "one" end, function() end)
    assert.equal("uring.Channel (0 of 0)", tostring(channel))
  end)

  it("a mutex after a condition, gives it back", function()
    local mutex = sync.mutex()
    local condition = sync.condition(mutex)
    local function wait()
      mutex:lock()
      condition:wait()
    end
    local function notify()
      mutex:lock()
      condition:notify()
      uring.yield() -- it waits for the mutex
      mutex:unlock()
    end
    give_up_after(wait, notify, function() end)
    assert.equal("uring.Mutex (free)", tostring(mutex))
  end)

  it("nothing yet of a mutex after a condition, leaves the line", function()
    local mutex = sync.mutex()
    local condition = sync.condition(mutex)
    local function wait()
      mutex:lock()
      condition:wait()
    end
    local function notify()
      mutex:lock()
      condition:notify()
      uring.yield()
    end
    give_up_after(wait, notify, function() end)
    assert.equal("uring.Mutex (held by task 1)", tostring(mutex))
  end)
end)
