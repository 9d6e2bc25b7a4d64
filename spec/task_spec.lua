--- Tasks: each has a result, which others may wait for; each can be cancelled
-- wherever it is.
local leaks = require "spec.support.leaks"
local quiet = require "spec.support.quiet"
local uring = require "uring"

uring.blocking(function() end) -- it keeps its ring from now on
leaks.watch()

-- Lets all that is ready go on, some times.
local function turns(count)
  for _ = 1, count do uring.yield() end
end

describe("awaiting a task", function()
  it("gives its results, before and after its end", function()
    quiet.run(function()
      local task = uring.spawn(function(...)
        uring.sleep(0.001)
        return ...
      end, nil, "b", nil)
      for _ = 1, 2 do
        assert.same({ n = 3, nil, "b", nil }, table.pack(task:await()))
        assert.same({ n = 4, true, nil, "b", nil }, table.pack(task:result()))
      end
      local none = uring.spawn(function() end)
      assert.equal(0, select("#", none:await()))
      assert.equal(1, select("#", none:result()))
    end)
  end)

  it("may be done by many, of whom some are cancelled", function()
    quiet.run(function()
      uring.scope(function(sc)
        local task = sc:spawn(function()
          uring.sleep(0.005)
          return "result"
        end)
        local waiting = {}
        for i = 1, 10 do
          waiting[i] = sc:spawn(function() return task:await() end)
        end
        uring.yield()
        for i = 1, 10, 3 do waiting[i]:cancel() end
        for i = 1, 10 do
          local ok, value = waiting[i]:result()
          assert.equal(i % 3 ~= 1, ok)
          if ok then assert.equal("result", value) end
        end
        assert.equal("done", task:status())
        assert.same({}, task.waiters or {})
      end)
    end)
  end)

  it("again and again for a short time leaves nothing behind", function()
    quiet.run(function()
      local task = uring.spawn(uring.sleep, 0.05)
      for _ = 1, 3 do
        assert.is_nil(uring.timeout(0.001, task.await, task))
        assert.same({}, task.waiters)
      end
    end)
  end)

  it("raises the error of one that fails, also where that is nil", function()
    quiet.run(function()
      uring.scope(function(sc)
        for _, value in ipairs { "text", {}, 12, false, print } do
          local task = sc:async(error, value, 0)
          local ok, raised = pcall(task.await, task)
          assert.is_false(ok)
          assert.is_true(rawequal(value, raised))
        end
        local task = sc:async(error)
        assert.same({ n = 2, false, nil }, table.pack(pcall(task.await, task)))
      end)
    end)
  end)

  it("raises that one was cancelled, which cancels nobody else", function()
    quiet.run(function()
      uring.scope({ name = "around" }, function(sc)
        local task = sc:spawn(uring.sleep, 60)
        uring.yield()
        task:cancel("enough")
        local ok, message = pcall(task.await, task)
        assert.is_false(ok)
        assert.equal(("await: the task was cancelled: uring: cancelled "
          .. "(task %d: enough)"):format(task:id()), message)
        assert.same({ false, message }, { task:result() })
        uring.yield() -- we are not cancelled
        local waiting = sc:async(task.await, task)
        assert.same({ false, message }, { waiting:result() })
        assert.equal("failed", waiting:status())
      end)
    end)
  end)

  it("that awaits itself raises", function()
    quiet.run(function()
      local task
      task = uring.spawn(function()
        local _, message = pcall(function() task:await() end)
        assert.matches("^spec/task_spec.lua:%d+: task:await: a task cannot "
          .. "wait for its own end$", message)
        for result in coroutine.wrap(function()
          coroutine.yield(select(2, pcall(task.result, task)))
        end) do
          assert.matches("task:result: a task cannot wait for its own end",
            result)
        end
      end)
      task:await()
    end)
  end)

  it("in a circle is a deadlock, which says who waits for whom", function()
    local ok, message = pcall(uring.run, function()
      local one, other
      one = uring.spawn(function() other:await() end)
      other = uring.spawn(function() one:await() end)
      one.name, other.name = "one", "other"
    end)
    assert.is_false(ok)
    assert.matches("^deadlock: 3 tasks are waiting, and nothing is in flight "
      .. "that could wake one", message)
    assert.matches("task %d+ one %(waiting%): the end of task %d+ other",
      message)
  end)

  it("from a generator works like from anywhere", function()
    quiet.run(function()
      local got = {}
      for value in coroutine.wrap(function()
        for i = 1, 3 do
          coroutine.yield(uring.spawn(function()
            uring.yield()
            return i
          end):await())
        end
      end) do got[#got + 1] = value end
      assert.same({ 1, 2, 3 }, got)
    end)
  end)

  it("is possible after the run, and needs no waiting then", function()
    local task
    quiet.run(function() task = uring.spawn(function() return 12 end) end)
    assert.same({ 12 }, { task:await() })
    assert.same({ true, 12 }, { task:result() })
  end)
end)

describe("a task tells", function()
  it("how it is", function()
    quiet.run(function()
      uring.scope(function(sc)
        local seen = {}
        local task = sc:async(function()
          seen[#seen + 1] = uring.self():status()
          for _ in coroutine.wrap(function()
            seen[#seen + 1] = uring.self():status()
            uring.sleep(0.001)
          end) do error("it gives nothing") end
          error("failed", 0)
        end)
        assert.equal("new", task:status())
        uring.yield()
        assert.equal("waiting", task:status())
        assert.is_false(task:result())
        assert.equal("failed", task:status())
        assert.same({ "running", "running" }, seen)
        local ready = sc:spawn(uring.yield)
        uring.yield()
        assert.equal("ready", ready:status())
        ready:await()
        assert.equal("done", ready:status())
        local ended = sc:spawn(uring.sleep, 60)
        ended:cancel()
        assert.equal("new", ended:status())
        assert.is_false(ended:result())
        assert.equal("cancelled", ended:status())
      end)
    end)
  end)

  it("its name and number", function()
    quiet.run(function()
      local task = uring.spawn(function()
        uring.self().name = "worker"
        return uring.self()
      end)
      assert.equal(task, task:await())
      assert.equal(("task %d worker (done)"):format(task:id()),
        tostring(task))
      assert.not_equal(task:id(), uring.self():id())
    end)
    assert.is_nil(uring.self())
  end)

  it("has a number, given in each run as tasks are spawned", function()
    for _ = 1, 2 do
      local seen = {}
      uring.run(function()
        local first = uring.spawn(uring.yield)
        local second = uring.spawn(uring.yield)
        seen = { uring.self():id(), second:id(), first:id() }
      end)
      assert.same({ 1, 3, 2 }, seen)
    end
  end)
end)

describe("a new task", function()
  it("runs when the one that spawned it waits, not before", function()
    quiet.run(function()
      local trace = {}
      uring.scope(function(sc)
        local task
        task = sc:spawn(function() trace[#trace + 1] = task:status() end)
        trace[#trace + 1] = "spawned"
        for _ = 1, 1000 do math.random() end
        trace[#trace + 1] = "waits"
        uring.yield()
        trace[#trace + 1] = "waited"
      end)
      assert.same({ "spawned", "waits", "running", "waited" }, trace)
    end)
  end)

  it("wants a function, and a run", function()
    quiet.run(function()
      local _, message = pcall(function() uring.spawn("main") end)
      assert.matches("^spec/task_spec.lua:%d+: spawn: bad argument 'body' "
        .. "%(function expected%)$", message)
    end)
    local _, message = pcall(function() uring.spawn(print) end)
    assert.matches("^spec/task_spec.lua:%d+: uring.spawn needs uring.run$",
      message)
  end)

  it("may be spawned behind uring.blocking", function()
    quiet.run(function()
      local task = uring.self()
      table.sort({ 2, 1 }, function(a, b)
        uring.blocking(uring.sleep, 0.001)
        return a < b
      end)
      assert.equal(task, uring.self())
      assert.equal(1, uring.spawn(function() return 1 end):await())
    end)
  end)
end)

describe("the start handshake", function()
  it("gives what the task says when it is ready", function()
    quiet.run(function()
      uring.scope(function(sc)
        local trace = {}
        local server = sc:daemon(function()
          uring.sleep(0.001)
          trace[#trace + 1] = "ready"
          uring.self():ready("port", nil, 7000, nil)
          trace[#trace + 1] = "serving"
          uring.sleep(60)
        end)
        assert.same({ n = 4, "port", nil, 7000, nil },
          table.pack(server:wait_ready()))
        assert.same({ "ready", "serving" }, trace)
        assert.same({ "port", nil, 7000 }, { server:wait_ready() })
      end)
    end)
  end)

  it("raises the error of a task that fails before", function()
    quiet.run(function()
      uring.scope(function(sc)
        local object = {}
        local task = sc:async(function()
          uring.yield()
          error(object)
        end)
        for _ = 1, 2 do
          local ok, raised = pcall(task.wait_ready, task)
          assert.is_false(ok)
          assert.is_true(rawequal(object, raised))
        end
      end)
      assert.error_matches(function()
        uring.scope(function(sc)
          sc:spawn(error, "in use", 0):wait_ready()
        end)
      end, "^in use$")
    end)
  end)

  it("raises where the task ends without, or is cancelled", function()
    quiet.run(function()
      uring.scope(function(sc)
        local _, message = pcall(function() sc:spawn(print):wait_ready() end)
        assert.matches("^spec/task_spec.lua:%d+: wait_ready: the task ended "
          .. "without task:ready%(%)$", message)
        local task = sc:spawn(uring.sleep, 60)
        task:cancel("no need")
        assert.error_matches(function() task:wait_ready() end,
          "the task was cancelled: uring: cancelled %(task %d+: no need%)$")
      end)
    end)
  end)

  it("ends where the one who waits is cancelled", function()
    quiet.run(function()
      uring.scope(function(sc)
        local task = sc:spawn(function()
          uring.sleep(0.003)
          uring.self():ready(5)
          return 6
        end)
        assert.same({ nil, "timeout", uring.errno.ETIMEDOUT },
          { uring.timeout(0.001, task.wait_ready, task) })
        assert.equal(5, task:wait_ready())
        assert.equal(6, task:await())
      end)
    end)
  end)

  it("is for one at a time", function()
    quiet.run(function()
      uring.scope(function(sc)
        local task = sc:daemon(uring.sleep, 60)
        local first = sc:daemon(task.wait_ready, task)
        uring.yield()
        local _, message = pcall(function() task:wait_ready() end)
        assert.matches("^spec/task_spec.lua:%d+: wait_ready: another waits "
          .. "already$", message)
        first:cancel()
        turns(2)
        assert.is_nil(uring.timeout(0, task.wait_ready, task))
      end)
    end)
  end)
end)

describe("task:cancel", function()
  it("before the task ran lets it run to where it waits", function()
    quiet.run(function()
      local trace = {}
      local task = uring.spawn(function(...)
        trace[#trace + 1] = select("#", ...)
        uring.yield()
        trace[#trace + 1] = "not reached"
      end, nil, nil)
      task:cancel()
      assert.is_false(task:result())
      assert.same({ 2 }, trace)
      local quick = uring.spawn(function() return "a result" end)
      quick:cancel()
      assert.equal("a result", quick:await())
      assert.equal("done", quick:status())
    end)
  end)

  it("while it is shielded takes effect behind the shield", function()
    quiet.run(function()
      local trace = {}
      local task = uring.spawn(function()
        uring.shield(function()
          uring.sleep(0.002)
          trace[#trace + 1] = "slept"
        end)
        trace[#trace + 1] = "went on"
        uring.yield()
        trace[#trace + 1] = "not reached"
      end)
      uring.yield()
      task:cancel()
      assert.is_false(task:result())
      assert.same({ "slept", "went on" }, trace)
    end)
  end)

  it("of itself, and once more, and after its end", function()
    quiet.run(function()
      local causes = {}
      local task = uring.spawn(function()
        uring.self():cancel("first")
        uring.self():cancel("second")
        for i = 1, 2 do causes[i] = select(2, pcall(uring.yield)) end
        return "in the end"
      end)
      assert.equal("in the end", task:await())
      task:cancel("third")
      assert.equal("done", task:status())
      assert.equal(("uring: cancelled (task %d: first)"):format(task:id()),
        tostring(causes[1]))
      assert.is_true(rawequal(causes[1], causes[2]))
    end)
  end)

  it("ends what it has spawned, before or after", function()
    quiet.run(function()
      local children = {}
      local task = uring.spawn(function()
        children[1] = uring.spawn(uring.sleep, 60)
        pcall(uring.sleep, 60)
        children[2] = uring.spawn(uring.sleep, 60)
      end)
      uring.yield()
      task:cancel()
      assert.is_false(task:result())
      for i = 1, 2 do assert.equal("cancelled", children[i]:status()) end
      local late = uring.spawn(function()
        pcall(uring.sleep, 60)
        children[3] = uring.spawn(uring.sleep, 60) -- its first
      end)
      uring.yield()
      late:cancel()
      assert.is_false(late:result())
      assert.equal("cancelled", children[3]:status())
    end)
  end)

  it("leaves its siblings and its scope alone", function()
    quiet.run(function()
      local scope
      assert.equal("results", uring.scope(function(sc)
        scope = sc
        local task = sc:spawn(uring.sleep, 60)
        local sibling = sc:spawn(function()
          uring.sleep(0.002)
          return "done"
        end)
        uring.yield()
        task:cancel()
        assert.equal("done", sibling:await())
        return "results"
      end))
      assert.is_false(scope.cancelled)
    end)
  end)

  it("reaches coroutines that are resumed by hand, as an error", function()
    quiet.run(function()
      local got
      local task = uring.spawn(function()
        local thread = coroutine.create(function(a)
          local b = coroutine.yield(a + 1)
          uring.sleep(60)
          return b
        end)
        assert.same({ true, 2 }, { coroutine.resume(thread, 1) })
        got = table.pack(coroutine.resume(thread, 3))
        assert.equal("dead", coroutine.status(thread))
        uring.yield()
      end)
      uring.yield()
      task:cancel()
      assert.is_false(task:result())
      assert.equal(2, got.n)
      assert.is_false(got[1])
      assert.is_true(uring.is_cancelled(got[2]))
    end)
  end)
end)
