--- Trap 4.14: a scope that a generator opens counts while the generator runs,
-- and not for whoever uses its values; left open, the scope around it ends
-- its tasks.
local leaks = require "spec.support.leaks"
local quiet = require "spec.support.quiet"
local uring = require "uring"

local ETIMEDOUT = uring.errno.ETIMEDOUT

leaks.watch()

-- A generator that yields inside a timeout, then what the timeout gave.
local function limited(seconds, body)
  return coroutine.wrap(function()
    coroutine.yield("result", uring.timeout(seconds, body))
  end)
end

describe("the consumer of a generator", function()
  it("is not in the timeout in which the generator has yielded", function()
    quiet.run(function()
      local next_value = limited(0.002, function()
        coroutine.yield("first")
        uring.sleep(60)
      end)
      assert.equal("first", next_value())
      uring.sleep(0.01)
      uring.timeout(1, uring.yield)
      assert(uring.op.nop())
      assert.same({ "result", nil, "timeout", ETIMEDOUT }, { next_value() })
    end)
  end)

  it("spawns into its own scope, the generator into its own", function()
    quiet.run(function()
      uring.scope(function(outer)
        local inner
        local next_value = coroutine.wrap(function()
          uring.scope(function(sc)
            inner = sc
            uring.spawn(uring.sleep, 60)
            coroutine.yield("inside")
            uring.spawn(uring.sleep, 60)
            assert.equal(2, sc:count())
            sc:cancel()
          end)
          uring.spawn(uring.sleep, 60)
          coroutine.yield("outside")
        end)
        assert.equal("inside", next_value())
        uring.spawn(uring.sleep, 60)
        assert.same({ 1, 1 }, { outer:count(), inner:count() })
        assert.equal("outside", next_value())
        assert.equal(2, outer:count())
        outer:cancel()
      end)
    end)
  end)

  it("in a timeout ends the generator's waits with its own", function()
    quiet.run(function()
      local closed = {}
      local next_value = limited(60, function()
        local _guard <close> = setmetatable({}, {
          __close = function(_, cause) closed[1] = cause end,
        })
        coroutine.yield("first")
        uring.sleep(60)
      end)
      assert.equal("first", next_value())
      assert.same({ nil, "timeout", ETIMEDOUT },
        { uring.timeout(0.002, next_value) })
      assert.is_true(uring.is_cancelled(closed[1]))
    end)
  end)

  it("that is shielded does not shield the generator's own timeout", function()
    quiet.run(function()
      local next_value = limited(0.002, function()
        coroutine.yield("first")
        uring.sleep(60)
      end)
      assert.equal("first", next_value())
      assert.same({ "result", nil, "timeout", ETIMEDOUT },
        { uring.shield(next_value) })
    end)
  end)

  it("is not shielded by a shield in the generator", function()
    quiet.run(function()
      local trace = {}
      local next_value = coroutine.wrap(function()
        uring.shield(function()
          coroutine.yield("in a shield")
          uring.sleep(0.005)
          trace[#trace + 1] = "slept"
          coroutine.yield("slept")
        end)
      end)
      assert.equal("in a shield", next_value())
      assert.is_nil(uring.timeout(0.002, function()
        local value = next_value()
        trace[#trace + 1] = value
        uring.yield()
        trace[#trace + 1] = "not reached"
      end))
      assert.same({ "slept", "slept" }, trace)
    end)
  end)
end)

describe("a deadline that passes while the generator does not run", function()
  it("is raised where it waits next, also when it does later", function()
    quiet.run(function()
      local trace = {}
      local next_value = limited(0.002, function()
        coroutine.yield("one")
        coroutine.yield("two") -- no wait
        trace[#trace + 1] = pcall(uring.yield)
        trace[#trace + 1] = pcall(uring.op.nop)
        coroutine.yield("three")
        uring.yield()
        trace[#trace + 1] = "not reached"
      end)
      assert.equal("one", next_value())
      uring.sleep(0.01)
      assert.equal("two", next_value())
      assert.equal("three", next_value())
      assert.same({ "result", nil, "timeout", ETIMEDOUT }, { next_value() })
      assert.same({ false, false }, trace)
    end)
  end)

  it("ends its tasks at once", function()
    quiet.run(function()
      local task
      local next_value = limited(0.002, function()
        task = uring.spawn(uring.sleep, 60)
        coroutine.yield("first")
      end)
      next_value()
      assert.is_false(task:result())
      assert.same({ "result", nil, "timeout", ETIMEDOUT }, { next_value() })
    end)
  end)

  it("does not undo results that are there", function()
    quiet.run(function()
      local next_value = limited(0.002, function()
        coroutine.yield("first")
        return "in the end"
      end)
      next_value()
      uring.sleep(0.01)
      assert.same({ "result", "in the end" }, { next_value() })
    end)
  end)
end)

describe("a generator that is left with a scope open", function()
  -- Leaves one; returns its task, and the generator.
  local function leave()
    local task
    local thread = coroutine.create(function()
      uring.timeout(60, function()
        task = uring.spawn(function()
          local _, cause = pcall(uring.sleep, 60)
          uring.shield(uring.yield)
          error(cause, 0)
        end)
        uring.scope(function(sc)
          sc:daemon(uring.sleep, 60)
          coroutine.yield("first")
        end)
        return "goes on"
      end)
    end)
    assert.same({ true, "first" }, { coroutine.resume(thread) })
    uring.yield()
    return task, thread
  end

  it("has its tasks ended by the scope around it", function()
    quiet.run(function()
      local task
      assert.equal("result", uring.scope(function()
        task = leave()
        collectgarbage()
        return "result"
      end))
      assert.equal("cancelled", task:status())
      assert.matches("its coroutine was left", tostring(task.problem))
    end)
  end)

  it("has them ended by the end of its task, and of the run", function()
    local task, last
    quiet.run(function()
      uring.spawn(function() task = leave() end):await()
      assert.equal("cancelled", task:status())
      last = leave()
    end)
    assert.equal("cancelled", last:status())
  end)

  it("has them ended when it is closed", function()
    quiet.run(function()
      local task, thread = leave()
      assert.is_true(coroutine.close(thread))
      assert.is_false(task:result())
      assert.matches("its coroutine was closed", tostring(task.problem))
    end)
  end)

  it("fails the scope around where its task fails meanwhile", function()
    quiet.run(function()
      local thread = coroutine.create(function()
        uring.scope(function(sc)
          sc:spawn(function()
            uring.yield()
            error("in the generator's scope", 0)
          end)
          coroutine.yield()
        end)
      end)
      coroutine.resume(thread)
      uring.sleep(0.002)
      local _, message = coroutine.resume(thread)
      assert.equal("in the generator's scope", message)
    end)
  end)

  it("may go on later, without it", function()
    quiet.run(function()
      local thread
      uring.scope(function() thread = select(2, leave()) end)
      assert.same({ true }, { coroutine.resume(thread) })
      assert.equal("dead", coroutine.status(thread))
      local next_value
      uring.scope(function()
        next_value = limited(60, function()
          coroutine.yield("first")
          uring.yield()
          return "second"
        end)
        next_value()
      end)
      uring.yield()
      assert.same({ "result", "second" }, { next_value() })
    end)
  end)

  it("is waited for where another task waits inside it", function()
    quiet.run(function()
      local trace, next_value = {}, nil
      uring.scope(function(outer)
        uring.scope(function()
          next_value = limited(60, function()
            coroutine.yield("first")
            local _, cause = pcall(uring.sleep, 60)
            uring.shield(uring.sleep, 0.002)
            trace[#trace + 1] = "cleaned up"
            error(cause, 0)
          end)
          next_value()
          outer:spawn(function() trace.result = { next_value() } end)
          uring.yield()
        end)
        trace[#trace + 1] = "its scope has ended"
      end)
      assert.same({ "cleaned up", "its scope has ended", result = { "result",
        nil, "cancelled: its coroutine was left", uring.errno.ECANCELED } },
        trace)
    end)
  end)
end)

describe("tasks, scopes and generators three deep", function()
  -- Each level is a scope, a task in it, and a generator in that.
  local function deep(level, trace, last)
    return uring.scope(function(sc)
      sc:spawn(function()
        local _guard <close> = setmetatable({}, { __close = function()
          uring.shield(uring.yield)
          trace[#trace + 1] = level
        end })
        for _ in coroutine.wrap(function()
          coroutine.yield(level)
          if level == 3 then last() else deep(level + 1, trace, last) end
        end) do uring.yield() end
      end)
    end)
  end

  it("end from the inside out, however it comes", function()
    for _, last in ipairs { function() uring.sleep(60) end,
      function() uring.op.timeout(60) end,
      function() uring.spawn(uring.sleep, 60) end,
      function() uring.spawn(uring.sleep, 60):await() end } do
      quiet.run(function()
        for _, finish in ipairs { "task", "scope" } do
          local trace, reached, scope = {}, false, nil
          local task = uring.spawn(uring.scope, function(sc)
            scope = sc
            return deep(1, trace, function()
              reached = true
              last()
            end)
          end)
          while not reached do uring.yield() end
          uring.yield()
          if finish == "task" then task:cancel() else scope:cancel() end
          assert.equal(finish ~= "task", task:result())
          assert.same({ 3, 2, 1 }, trace)
        end
      end)
    end
  end)

  it("pass an error of the innermost out, unchanged", function()
    quiet.run(function()
      local trace, object = {}, {}
      local ok, raised = pcall(deep, 1, trace, function()
        uring.yield()
        error(object)
      end)
      assert.is_false(ok)
      assert.is_true(rawequal(object, raised))
      assert.same({ 3, 2, 1 }, trace)
    end)
  end)
end)
