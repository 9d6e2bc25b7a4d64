--- A mutex: one holder at a time, which alone may unlock it; in turns; never
-- lost, wherever its holders and those who wait are cancelled.
local histories = require "spec.sync.histories"
local leaks = require "spec.support.leaks"
local sync = require "uring.sync"
local turns = require "spec.sync.turns"
local uring = require "uring"
local within = require "spec.support.within"

leaks.watch()

describe("a mutex", function()
  turns.describe(function()
    local mutex = sync.mutex()
    return {
      take = function() return mutex:lock() end,
      is_free = function() return tostring(mutex) == "uring.Mutex (free)" end,
    }
  end)

  it("is locked and unlocked", function()
    within.run(function()
      local mutex = sync.mutex()
      mutex:lock()
      assert.equal(uring.self(), mutex.holder)
      mutex:unlock()
      assert.is_false(mutex.holder)
    end)
  end)

  it("is unlocked by its guard, whatever ends the block", function()
    within.run(function()
      local mutex = sync.mutex()
      do local _guard <close> = mutex:lock() end
      assert.is_false(mutex.holder)
      pcall(function()
        local _guard <close> = mutex:lock()
        error("on purpose")
      end)
      assert.is_false(mutex.holder)
    end)
  end)

  it("is not unlocked twice by a guard that comes too late", function()
    within.run(function()
      local mutex = sync.mutex()
      local guard = mutex:lock()
      mutex:unlock()
      guard:unlock()
      local second = mutex:lock()
      guard:unlock()
      assert.equal(uring.self(), mutex.holder)
      assert.equal("uring.MutexGuard (unlocked)", tostring(guard))
      assert.equal("uring.MutexGuard (locked)", tostring(second))
      second:unlock()
      assert.is_false(mutex.holder)
    end)
  end)

  it("calls a function with it locked", function()
    within.run(function()
      local mutex = sync.mutex()
      assert.same({ n = 3, uring.self(), nil, "x" },
        table.pack(mutex:with(function(...)
          return mutex.holder, ...
        end, nil, "x")))
      assert.is_false(mutex.holder)
      assert.error_matches(function() mutex:with(error, "oops") end, "oops")
      assert.is_false(mutex.holder)
    end)
  end)

  it("is tried without waiting", function()
    within.run(function()
      local mutex = sync.mutex()
      local guard = mutex:try_lock()
      assert.equal(uring.self(), mutex.holder)
      uring.spawn(function()
        assert.same({ n = 3, nil, "would wait", uring.errno.EAGAIN },
          table.pack(mutex:try_lock()))
      end)
      uring.yield()
      guard:unlock()
    end)
  end)

  it("is handed over: nobody comes between unlock and the next", function()
    within.run(function()
      local mutex = sync.mutex()
      mutex:lock()
      local waiting = uring.spawn(function()
        mutex:lock()
        mutex:unlock()
      end)
      uring.yield()
      mutex:unlock()
      assert.equal(waiting, mutex.holder)
      assert.is_nil(mutex:try_lock())
    end)
  end)

  it("may be locked by a coroutine of the holder, and unlocked by another",
    function()
      within.run(function()
        local mutex = sync.mutex()
        coroutine.wrap(function() mutex:lock() end)()
        assert.equal(uring.self(), mutex.holder)
        assert.error_matches(function() mutex:lock() end, "already")
        coroutine.wrap(function() mutex:unlock() end)()
        assert.is_false(mutex.holder)
      end)
    end)

  it("locked twice by one task raises, and names the task", function()
    within.run(function()
      local mutex = sync.mutex()
      uring.self().name = "greedy"
      local _guard <close> = mutex:lock()
      local expected = "^spec/sync/mutex_spec.lua:%d+: mutex:%S+: "
        .. "task %d+ greedy holds this mutex already$"
      local _, message = pcall(function() mutex:lock() end)
      assert.matches(expected, message)
      _, message = pcall(function() mutex:try_lock() end)
      assert.matches(expected, message)
    end)
  end)

  it("unlocked by who does not hold it raises, and says who does", function()
    within.run(function()
      local mutex = sync.mutex()
      local _, message = pcall(function() mutex:unlock() end)
      assert.matches(
        "^spec/sync/mutex_spec.lua:%d+: mutex:unlock: nobody holds this mutex$",
        message)
      mutex:lock()
      uring.self().name = "owner"
      uring.spawn(function()
        uring.self().name = "thief"
        _, message = pcall(function() mutex:unlock() end)
        assert.matches("^spec/sync/mutex_spec.lua:%d+: mutex:unlock: "
          .. "task %d+ owner holds this mutex, not task %d+ thief$", message)
      end)
      uring.yield()
      mutex:unlock()
    end)
  end)

  it("cannot be locked outside of a run", function()
    local mutex = sync.mutex()
    for _, name in ipairs { "lock", "try_lock" } do
      local _, message = pcall(function() mutex[name](mutex) end)
      assert.matches("^spec/sync/mutex_spec.lua:%d+: mutex:" .. name
        .. " needs uring.run$", message)
    end
  end)

  it("says what it is", function()
    within.run(function()
      local mutex = sync.mutex()
      assert.equal("uring.Mutex (free)", tostring(mutex))
      local guard = mutex:lock()
      local id = uring.self():id()
      assert.equal(("uring.Mutex (held by task %d)"):format(id),
        tostring(mutex))
      for _ = 1, 2 do uring.spawn(mutex.with, mutex, function() end) end
      uring.yield()
      assert.equal(("uring.Mutex (held by task %d, 2 waiting)"):format(id),
        tostring(mutex))
      assert.equal(("mutex held by task %d"):format(id), mutex:describe())
      guard:unlock()
    end)
  end)

  it("is held by one at a time, in turns, in any history", function()
    histories.each(function(random)
      local mutex = sync.mutex()
      local line = histories.line(mutex.queue)
      local inside = 0
      local function step()
        local _guard <close> = line.join(mutex.lock, mutex)
        local _out <close> = setmetatable({}, { __close = function()
          inside = inside - 1
        end })
        inside = inside + 1
        assert(inside == 1, "two tasks hold the mutex")
        histories.pause(random)
      end
      return step, function()
        assert(inside == 0)
        assert(tostring(mutex) == "uring.Mutex (free)",
          "all have ended, and the mutex is " .. tostring(mutex))
      end
    end)
  end)
end)
