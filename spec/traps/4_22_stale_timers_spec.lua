--- Trap 4.22: a timer lives as long as what it is for.  One that has been
-- taken out fires into nobody's later work, keeps nothing alive, and does
-- not put off the report of a deadlock.
local leaks = require "spec.support.leaks"
local loop = require "uring.loop"
local low = require "uring.ring"
local quiet = require "spec.support.quiet"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local uring = require "uring"

leaks.watch()

-- How many things of a run have a time that is still to come.
local function pending_timers()
  local count = 0
  for _, bucket in pairs(loop.current("this spec").timers.buckets) do
    for _, what in ipairs(bucket) do
      if what then count = count + 1 end
    end
  end
  return count
end

describe("the timer of a block", function()
  it("is gone when the block ends, however it does", function()
    quiet.run(function()
      for _, body in ipairs { function() return 1 end, uring.yield,
        function() uring.sleep(0.001) end, function() error("x") end,
        function() uring.self() end,
        function() uring.timeout(60, uring.timeout, 60, uring.yield) end,
        function() coroutine.wrap(uring.timeout)(60, uring.yield) end } do
        pcall(uring.timeout, 60, body)
        pcall(uring.deadline, uring.now() + 60, body)
        pcall(uring.shield, 60, body)
        pcall(uring.scope, { timeout = 60 }, body)
        assert.equal(0, pending_timers())
      end
      uring.timeout(0.001, uring.timeout, 60, uring.sleep, 60)
      assert.equal(0, pending_timers())
    end)
  end)

  it("is one, wherever it is moved, and none where it is taken away",
    function()
      quiet.run(function()
        uring.scope({ timeout = 60 }, function(sc)
          for i = 1, 10 do sc.deadline = uring.now() + 60 + i end
          assert.equal(1, pending_timers())
          sc.deadline = nil
          assert.equal(0, pending_timers())
          sc.deadline = uring.now() + 60
        end)
        assert.equal(0, pending_timers())
      end)
    end)

  it("of a sleep that is cancelled is gone", function()
    quiet.run(function()
      local task = uring.spawn(uring.sleep, 60)
      uring.yield()
      assert.equal(1, pending_timers())
      task:cancel()
      assert.equal(0, pending_timers())
      assert.is_false(task:result())
    end)
  end)

  it("does not fire into what comes after, in the same tick", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    quiet.run(function()
      local buffer = low.buffer(1)
      for i = 1, 200 do
        local seconds = (i % 5) * 1e-4 + 1e-3
        local after = uring.now() + seconds
        uring.deadline(after, uring.op.timeout, seconds)
        -- what waits now belongs to nobody's timeout
        uring.spawn(uring.op.send, a, "x")
        assert.equal(1, uring.op.recv(b, buffer))
        uring.sleep(1e-4)
      end
    end)
  end)

  it("does not fire into another task's timeout", function()
    quiet.run(function()
      uring.scope(function(sc)
        for i = 1, 50 do
          sc:spawn(function()
            for round = 1, 10 do
              local seconds = (i * round) % 7 * 1e-3
              local result, message = uring.timeout(seconds, function()
                uring.sleep((i + round) % 7 * 1e-3)
                return "slept"
              end)
              assert.is_true(result == "slept" or message == "timeout")
              assert.equal("slept", uring.timeout(60, function()
                uring.sleep(1e-3)
                return "slept"
              end))
            end
          end)
        end
      end)
      assert.equal(0, pending_timers())
    end)
  end)

  it("of a body that swallows it does not fire again", function()
    quiet.run(function()
      local raised = 0
      local result = uring.timeout(0.001, function()
        for _ = 1, 5 do
          local ok = pcall(uring.yield)
          while ok do ok = pcall(uring.yield) end
          raised = raised + 1
        end
        return "swallowed"
      end)
      assert.same({ "swallowed", 5 }, { result, raised })
      uring.sleep(0.003)
    end)
  end)
end)

describe("timers that were taken out", function()
  it("do not put off the report of a deadlock", function()
    local before = uring.now()
    local ok, message = pcall(uring.run, function()
      uring.timeout(2, uring.yield)
      local task = uring.spawn(uring.sleep, 2)
      uring.yield()
      task:cancel()
      uring.scope({ timeout = 2 }, function(sc) sc.deadline = nil end)
      uring.sleep(math.huge)
    end)
    assert.is_false(ok)
    assert.matches("^deadlock: 1 task is waiting", message)
    assert.is_true(uring.now() - before < 1)
  end)

  it("leave no more behind than their tick, however many they were",
    function()
      quiet.run(function()
        local function small() end
        for _ = 1, 1000 do uring.timeout(60, small) end
        uring.yield()
        collectgarbage()
        local before, began = collectgarbage("count"), uring.now()
        for _ = 1, 20000 do uring.timeout(60, small) end
        local ticks = (uring.now() - began) * 1000
        uring.yield()
        collectgarbage()
        local grown = collectgarbage("count") - before
        assert.is_true(grown < 64 + ticks / 2, grown .. " KiB")
      end)
    end)

  it("leave the others of their tick alone", function()
    quiet.run(function()
      local at, slept = uring.now() + 0.02, 0
      uring.scope(function(sc)
        local tasks = {}
        for i = 1, 20 do
          tasks[i] = sc:spawn(function()
            uring.sleep(at - uring.now())
            assert.is_true(uring.now() >= at)
            slept = slept + 1
          end)
        end
        uring.yield()
        for i = 1, 20, 2 do tasks[i]:cancel() end
        for _ = 1, 5 do uring.deadline(at, uring.yield) end
      end)
      assert.equal(10, slept)
    end)
  end)
end)

describe("a time", function()
  it("that is no number is refused, and leaves no scope open", function()
    quiet.run(function()
      for _, seconds in ipairs { 0 / 0, "1", {}, true } do
        assert.is_false(pcall(uring.sleep, seconds))
        assert.is_false(pcall(uring.timeout, seconds, print))
        assert.is_false(pcall(uring.scope, { timeout = seconds }, print))
        assert.is_false(pcall(uring.scope, { deadline = seconds }, print))
      end
      local task = uring.spawn(function()
        uring.sleep(0.001)
        return "not cancelled"
      end)
      assert.equal("not cancelled", task:await())
      assert.equal(0, pending_timers())
    end)
  end)
end)
