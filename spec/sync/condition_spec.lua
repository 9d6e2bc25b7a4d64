--- A condition: who waits for it has its mutex before and after, whatever ends
-- the wait.
local histories = require "spec.sync.histories"
local leaks = require "spec.support.leaks"
local sync = require "uring.sync"
local uring = require "uring"
local within = require "spec.support.within"

leaks.watch()

describe("a condition", function()
  local mutex, condition, order

  before_each(function()
    mutex = sync.mutex()
    condition = sync.condition(mutex)
    order = {}
  end)

  -- Starts tasks that wait for it, and note who goes on.
  local function start(names)
    local tasks = {}
    for _, name in ipairs(names) do
      tasks[name] = uring.spawn(function()
        local _guard <close> = mutex:lock()
        condition:wait()
        assert.equal(uring.self(), mutex.holder)
        table.insert(order, name)
      end)
    end
    while #condition.queue < #names do uring.yield() end
    return tasks
  end

  it("lets others have the mutex while one waits", function()
    within.run(function()
      start { "a" }
      assert.is_false(mutex.holder)
      local guard = mutex:lock()
      assert.equal(1, condition:notify())
      uring.yield()
      assert.same({}, order)
      guard:unlock()
      uring.yield()
      assert.same({ "a" }, order)
      assert.is_false(mutex.holder)
    end)
  end)

  it("wakes those that have waited longest, as many as it is told", function()
    within.run(function()
      start { "a", "b", "c", "d", "e" }
      assert.equal(1, condition:notify())
      histories.settle()
      assert.same({ "a" }, order)
      assert.equal(2, condition:notify(2))
      histories.settle()
      assert.same({ "a", "b", "c" }, order)
      assert.equal(2, condition:notify(10))
      histories.settle()
      assert.same({ "a", "b", "c", "d", "e" }, order)
      assert.equal(0, condition:notify())
    end)
  end)

  it("wakes all, one after the other", function()
    within.run(function()
      start { "a", "b", "c" }
      assert.equal(3, condition:notify_all())
      assert.equal(0, condition:notify_all())
      histories.settle()
      assert.same({ "a", "b", "c" }, order)
    end)
  end)

  it("keeps the guard of who waits, which unlocks in the end", function()
    within.run(function()
      local task = uring.spawn(function()
        local guard <close> = mutex:lock()
        condition:wait()
        assert.equal("uring.MutexGuard (locked)", tostring(guard))
        guard:unlock()
        assert.is_false(mutex.holder)
      end)
      uring.yield()
      mutex:with(condition.notify, condition)
      task:await()
    end)
  end)

  it("has its mutex again when it is cancelled, once that is free", function()
    within.run(function()
      local held
      local task = uring.spawn(function()
        local _guard <close> = mutex:lock()
        local ok, problem = pcall(condition.wait, condition)
        held = mutex.holder == uring.self()
        assert.is_false(ok)
        assert.is_true(uring.is_cancelled(problem))
        error(problem, 0)
      end)
      uring.yield()
      local guard = mutex:lock()
      task:cancel()
      histories.settle()
      assert.is_nil(held) -- it waits for the mutex, however often it is told
      assert.equal("waiting", task:status())
      task:cancel()
      uring.yield()
      assert.is_nil(held)
      guard:unlock()
      assert.is_false(task:result())
      assert.is_true(held)
      assert.equal("cancelled", task:status())
      assert.is_false(mutex.holder)
      assert.equal(0, condition:notify())
    end)
  end)

  it("has its mutex again when it is cancelled after it was notified, while "
    .. "it waits for the mutex", function()
      within.run(function()
        local tasks = start { "a" }
        local guard = mutex:lock()
        condition:notify()
        uring.yield() -- it waits for the mutex now
        tasks.a:cancel()
        histories.settle()
        assert.equal("waiting", tasks.a:status())
        guard:unlock()
        tasks.a:await()
        assert.same({ "a" }, order)
        assert.is_false(mutex.holder)
      end)
    end)

  it("has its mutex again when its time is over", function()
    within.run(function()
      local _guard <close> = mutex:lock()
      assert.same({ n = 3, nil, "timeout", uring.errno.ETIMEDOUT },
        table.pack(uring.timeout(0.001, condition.wait, condition)))
      assert.equal(uring.self(), mutex.holder)
      assert.equal(0, condition:notify())
    end)
  end)

  it("was notified where it is cancelled after that, before it runs",
    function()
      within.run(function()
        local tasks = start { "a", "b" }
        condition:notify()
        tasks.a:cancel()
        histories.settle()
        assert.same({ "a" }, order)
        assert.equal("done", tasks.a:status())
        assert.equal(1, condition:notify())
      end)
    end)

  it("gives a notice to another where one was cancelled before", function()
    within.run(function()
      local tasks = start { "a", "b" }
      tasks.a:cancel()
      condition:notify()
      tasks.b:await()
      assert.same({ "b" }, order)
      assert.equal("cancelled", tasks.a:status())
    end)
  end)

  it("gives the mutex up in turn with those who lock it", function()
    within.run(function()
      start { "a", "b" }
      do
        local _guard <close> = mutex:lock()
        uring.spawn(function()
          local _ <close> = mutex:lock()
          table.insert(order, "locker")
        end)
        uring.yield()
        condition:notify_all()
        uring.yield()
      end
      histories.settle()
      assert.same({ "locker", "a", "b" }, order)
    end)
  end)

  it("raises where one waits without the mutex", function()
    within.run(function()
      local expected = "^spec/sync/condition_spec.lua:%d+: condition:wait: "
        .. "task %d+ does not hold the mutex$"
      local _, message = pcall(function() condition:wait() end)
      assert.matches(expected, message)
      local _guard <close> = mutex:lock()
      uring.spawn(function()
        _, message = pcall(function() condition:wait() end)
        assert.matches(expected, message)
      end)
      uring.yield()
    end)
  end)

  it("refuses what is no mutex and what is no count", function()
    local _, message = pcall(function() sync.condition() end)
    assert.matches("^spec/sync/condition_spec.lua:%d+: sync.condition: bad "
      .. "argument 'mutex' %(uring.Mutex expected, got nil%)$", message)
    _, message = pcall(function() condition:notify(0) end)
    assert.matches("^spec/sync/condition_spec.lua:%d+: condition:notify: bad "
      .. "argument 'count' %(integer from 1 on expected, got 0%)$", message)
  end)

  it("says what it is", function()
    within.run(function()
      assert.equal("uring.Condition (0 waiting)", tostring(condition))
      start { "a" }
      assert.equal("uring.Condition (1 waiting)", tostring(condition))
      assert.equal("condition, for somebody to notify", condition:describe())
      condition:notify()
    end)
  end)

  it("loses no notice, in any history", function()
    histories.each(function()
      local lock = sync.mutex()
      local filled, emptied = sync.condition(lock), sync.condition(lock)
      local stock, made, used = 0, 0, 0
      -- Who is told, and is cancelled then, tells the next.
      local function wait(for_what)
        local told <close> = setmetatable({}, { __close = function(told)
          if not told.was_used then for_what:notify() end
        end })
        for_what:wait()
        told.was_used = true
      end
      local function step(number)
        local _guard <close> = lock:lock()
        if number % 2 == 0 then
          while stock == 3 do wait(emptied) end
          stock, made = stock + 1, made + 1
          filled:notify()
        else
          while stock == 0 do wait(filled) end
          stock, used = stock - 1, used + 1
          emptied:notify()
        end
        assert(lock.holder == uring.self(), "it does not hold the mutex")
      end
      -- In the end some wait for what nobody will do any more.
      local function ending(tasks)
        local before
        repeat
          before = made + used
          uring.sleep(0.004) -- none waits longer for anything else
        until made + used == before
        for _, task in ipairs(tasks) do
          assert(task.outcome or stock == 0 or stock == 3,
            "it waits, and has nothing to wait for")
        end
        for _, task in ipairs(tasks) do task:cancel() end
      end
      return step, function()
        assert(stock == made - used and stock >= 0 and stock <= 3)
        assert(tostring(lock) == "uring.Mutex (free)", "the mutex is lost")
      end, ending
    end)
  end)
end)
