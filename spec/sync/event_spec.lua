--- An event: whoever waits goes on once it is set, and nobody misses that.
local histories = require "spec.sync.histories"
local leaks = require "spec.support.leaks"
local sync = require "uring.sync"
local uring = require "uring"
local within = require "spec.support.within"

leaks.watch()

describe("an event", function()
  local event, order

  before_each(function()
    event, order = sync.event(), {}
  end)

  local function start(names)
    local tasks = {}
    for _, name in ipairs(names) do
      tasks[name] = uring.spawn(function()
        assert.is_true(event:wait())
        table.insert(order, name)
      end)
    end
    uring.yield()
    return tasks
  end

  it("is set and cleared, also outside of a run", function()
    assert.is_false(event.is_set)
    event:set()
    event:set()
    assert.is_true(event.is_set)
    event:clear()
    event:clear()
    assert.is_false(event.is_set)
  end)

  it("lets all go on that wait, in the order in which they came", function()
    within.run(function()
      start { "a", "b", "c" }
      assert.same({}, order)
      event:set()
      uring.yield()
      assert.same({ "a", "b", "c" }, order)
    end)
  end)

  it("makes nobody wait while it is set", function()
    within.run(function()
      event:set()
      local others = 0
      uring.spawn(function() others = others + 1 end)
      assert.is_true(event:wait())
      assert.equal(0, others) -- nobody else ran
      event:clear()
      start { "a" }
      assert.same({}, order)
      event:set()
    end)
  end)

  it("lets those go on that waited when it was set, though it is cleared "
    .. "before they run", function()
      within.run(function()
        start { "a", "b" }
        event:set()
        event:clear()
        start { "c" }
        assert.same({ "a", "b" }, order)
        event:set()
      end)
    end)

  it("forgets those that are cancelled while they wait", function()
    within.run(function()
      local tasks = start { "a", "b", "c" }
      tasks.b:cancel()
      assert.equal("uring.Event (not set, 2 waiting)", tostring(event))
      event:set()
      uring.yield()
      assert.same({ "a", "c" }, order)
      assert.equal("cancelled", tasks.b:status())
    end)
  end)

  it("has been waited for where one is cancelled before it runs", function()
    within.run(function()
      local tasks = start { "a", "b" }
      event:set()
      tasks.a:cancel()
      uring.yield()
      assert.same({ "a", "b" }, order)
      assert.equal("done", tasks.a:status())
    end)
  end)

  it("raises in a task that is being cancelled, even while it is set",
    function()
      within.run(function()
        event:set()
        local reached
        local task = uring.spawn(function()
          pcall(uring.sleep, 60)
          event:wait()
          reached = true
        end)
        uring.yield()
        task:cancel()
        assert.is_false(task:result())
        assert.is_nil(reached)
      end)
    end)

  it("forgets those whose time is over", function()
    within.run(function()
      assert.same({ n = 3, nil, "timeout", uring.errno.ETIMEDOUT },
        table.pack(uring.timeout(0.001, event.wait, event)))
      assert.equal("uring.Event (not set)", tostring(event))
    end)
  end)

  it("makes nobody wait outside of a run", function()
    local _, message = pcall(function() event:wait() end)
    assert.matches("^spec/sync/event_spec.lua:%d+: event:wait needs uring.run$",
      message)
  end)

  it("says what it is", function()
    within.run(function()
      assert.equal("uring.Event (not set)", tostring(event))
      start { "a", "b" }
      assert.equal("uring.Event (not set, 2 waiting)", tostring(event))
      event:set()
      assert.equal("uring.Event (set)", tostring(event))
    end)
  end)

  it("wakes exactly those that waited, in any history", function()
    histories.each(function(random)
      local signal, sets = sync.event(), 0
      local waiting = {}
      local function step()
        if random(4) == 1 then
          sets = sets + 1
          signal:set()
          signal:clear()
          return
        end
        local since, thread = sets, coroutine.running()
        local _gone <close> = setmetatable({}, { __close = function()
          waiting[thread] = nil
        end })
        waiting[thread] = true
        signal:wait()
        assert(sets > since or signal.is_set,
          "it went on, and nobody has set the event")
      end
      local function ending(tasks)
        for _, task in ipairs(tasks) do
          while not task.outcome do
            signal:set()
            uring.yield()
          end
        end
      end
      return step, function()
        assert(next(waiting) == nil, "one waits that should have been woken")
        assert(#signal.queue == 0)
      end, ending
    end)
  end)
end)
