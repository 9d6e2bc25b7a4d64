--- The tasks of a scope: async, whose failure belongs to whoever awaits it,
-- daemons, which do not keep the scope alive, how many, and who hears of
-- what fails.
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local quiet = require "spec.support.quiet"
local uring = require "uring"
local within = require "spec.support.within"

leaks.watch()

describe("an async task", function()
  it("gives its results to whoever awaits it, nils too", function()
    quiet.run(function()
      uring.scope(function(sc)
        local task = sc:async(function(...)
          uring.yield()
          return ...
        end, nil, 2, nil)
        assert.same({ n = 3, nil, 2, nil }, table.pack(task:await()))
        assert.same({ n = 4, true, nil, 2, nil }, table.pack(task:result()))
        assert.equal(0, select("#", sc:async(function() end):await()))
      end)
    end)
  end)

  it("that fails raises its error where it is awaited, as it is", function()
    quiet.run(function()
      local object = {}
      uring.scope(function(sc)
        local task = sc:async(function()
          uring.yield()
          error(object)
        end)
        local sibling = sc:spawn(uring.sleep, 0.001)
        for _ = 1, 2 do -- once more is the same
          local ok, raised = pcall(task.await, task)
          assert.is_false(ok)
          assert.is_true(rawequal(object, raised))
          assert.is_true(rawequal(object, select(2, task:result())))
        end
        assert.equal("failed", task:status())
        assert.is_true(sibling:result())
        assert.same({ n = 2, false, nil },
          table.pack(sc:async(error, nil):result()))
      end)
    end)
  end)

  it("whose failure nobody saw fails the scope at its end", function()
    quiet.run(function()
      local object, ended, scope = {}, false, nil
      local ok, raised = pcall(uring.scope, function(sc)
        scope = sc
        local seen = sc:async(error, "seen", 0)
        sc:async(error, object)
        sc:async(error, "another", 0)
        sc:spawn(function()
          uring.sleep(0.002)
          ended = true
        end)
        assert.is_false(seen:result())
        return "results"
      end)
      assert.is_false(ok)
      assert.is_true(rawequal(object, raised))
      assert.is_true(ended)
      assert.same({ "another" }, scope.errors)
    end)
  end)

  it("is seen by one who waits for several, though it is cancelled", function()
    quiet.run(function()
      uring.scope(function(sc)
        local task = sc:async(function()
          uring.sleep(0.002)
          error("late", 0)
        end)
        local cancelled = sc:spawn(function() task:await() end)
        local awaiting = sc:async(function() return task:result() end)
        uring.yield()
        cancelled:cancel()
        assert.same({ false, "late" }, { awaiting:await() })
        assert.equal("cancelled", cancelled:status())
      end)
    end)
  end)

  it("leaves nothing in a scope that lasts, once it was seen", function()
    quiet.run(function()
      uring.scope(function(sc)
        local weak = setmetatable({}, { __mode = "k" })
        for _ = 1, 10 do
          local task = sc:async(error, {})
          weak[task] = true
          assert.is_false(task:result())
        end
        uring.yield()
        collectgarbage()
        collectgarbage()
        local left = 0
        for _ in pairs(weak) do left = left + 1 end
        assert.is_true(left <= 1, left .. " are left")
      end)
    end)
  end)
end)

describe("a scope that many tasks have left", function()
  it("still cancels those that stayed", function()
    local ended = {}
    within.run(function()
      uring.scope(function(scope)
        local function stay(name)
          scope:spawn(function()
            local _guard <close> = setmetatable({}, {
              __close = function() table.insert(ended, name) end,
            })
            uring.sleep(60)
          end)
        end
        stay "first"
        local crowd = {}
        for i = 1, 40 do crowd[i] = scope:spawn(function() end) end
        stay "second"
        for _, task in ipairs(crowd) do task:await() end
        stay "last"
        uring.yield()
        assert.equal(3, scope:count())
        local found = 0
        for _ in scope:children() do found = found + 1 end
        assert.equal(3, found)
        scope:cancel "enough"
      end)
    end)
    table.sort(ended)
    assert.same({ "first", "last", "second" }, ended)
  end)
end)

describe("a daemon", function()
  it("is cancelled when the body and all others have ended", function()
    quiet.run(function()
      local trace = {}
      uring.scope(function(sc)
        sc:daemon(function()
          local _, cause = pcall(uring.sleep, 60)
          trace[#trace + 1] = uring.is_cancelled(cause)
            and tostring(cause):match("all but daemons have ended")
          uring.shield(uring.yield)
          trace[#trace + 1] = "cleaned up"
          error(cause, 0)
        end)
        sc:spawn(function()
          uring.sleep(0.002)
          trace[#trace + 1] = "task"
        end)
        uring.yield()
        trace[#trace + 1] = "body"
      end)
      trace[#trace + 1] = "end"
      assert.same({ "body", "task", "all but daemons have ended",
        "cleaned up", "end" }, trace)
    end)
  end)

  it("does not keep the run alive, as one of the outermost scope", function()
    local trace = {}
    quiet.run(function()
      local outermost = uring.self().scope
      local function note(name)
        local ok, cause = pcall(uring.sleep, 60)
        assert.is_true(not ok and uring.is_cancelled(cause))
        uring.shield(uring.sleep, 0.001)
        trace[#trace + 1] = name
        error(cause, 0)
      end
      outermost:daemon(note, "one")
      outermost:daemon(note, "two")
      outermost:spawn(function()
        uring.sleep(0.002)
        trace[#trace + 1] = "task"
      end)
      uring.yield()
      trace[#trace + 1] = "main"
    end)
    assert.same({ "main", "task", "one", "two" }, trace)
  end)

  it("does not change what the scope gives", function()
    quiet.run(function()
      local scope
      assert.same({ "results", nil, 3 }, { uring.scope(function(sc)
        scope = sc
        sc:daemon(uring.sleep, 60)
        return "results", nil, 3
      end) })
      assert.is_false(scope.cancelled)
      assert.same({ "in time" }, { uring.timeout(60, function()
        uring.scope(function(sc) sc:daemon(uring.sleep, 60) end)
        return "in time"
      end) })
    end)
  end)

  it("that fails fails the scope", function()
    quiet.run(function()
      assert.error_matches(function()
        uring.scope(function(sc)
          sc:daemon(error, "demon", 0)
          uring.sleep(60)
        end)
      end, "^demon$")
      assert.error_matches(function()
        uring.scope(function(sc)
          sc:daemon(function()
            pcall(uring.sleep, 60)
            error("while it cleans up", 0)
          end)
        end)
      end, "^while it cleans up$")
    end)
  end)

  it("may end before", function()
    quiet.run(function()
      local ended = 0
      uring.scope(function(sc)
        sc:daemon(function() ended = ended + 1 end)
        sc:spawn(function()
          uring.sleep(0.002)
          ended = ended + 1
        end)
      end)
      assert.equal(2, ended)
    end)
  end)

  it("may spawn while it is cancelled, which is waited for", function()
    quiet.run(function()
      local trace = {}
      uring.scope(function(sc)
        sc:daemon(function()
          pcall(uring.sleep, 60)
          sc:spawn(function()
            uring.shield(uring.sleep, 0.001)
            trace[#trace + 1] = "last words"
          end)
        end)
      end)
      trace[#trace + 1] = "end"
      assert.same({ "last words", "end" }, trace)
    end)
  end)

  it("is cancelled at once where the scope is", function()
    quiet.run(function()
      local trace = {}
      uring.scope(function(sc)
        sc:daemon(function()
          pcall(uring.sleep, 60)
          trace[#trace + 1] = "daemon"
        end)
        sc:spawn(function()
          pcall(uring.sleep, 60)
          uring.shield(uring.sleep, 0.002)
          trace[#trace + 1] = "task"
        end)
        uring.yield()
        sc:cancel()
      end)
      assert.same({ "daemon", "task" }, trace)
    end)
  end)
end)

describe("on_error", function()
  it("hears of each failure, with the place where it was raised", function()
    quiet.run(function()
      local heard = {}
      local ok, raised = pcall(uring.scope, { on_error = function(value, trace)
        heard[#heard + 1] = value
        assert.matches("stack traceback:", trace)
      end }, function(sc)
        sc:spawn(error, "first", 0)
        sc:spawn(error, "second", 0)
        sc:async(error, "third", 0)
        uring.yield()
        error("fourth", 0)
      end)
      assert.same({ false, "first" }, { ok, raised })
      assert.same({ "first", "second", "fourth", "third" }, heard)
    end)
  end)

  it("may wait, and use what belongs to the task", function()
    quiet.run(function()
      local heard = {}
      assert.is_false(pcall(uring.scope, { on_error = function(value)
        uring.sleep(0.002)
        heard[#heard + 1] = { value, uring.locals.who, uring.self() ~= nil }
      end }, function(sc)
        sc:spawn(function()
          uring.locals.who = "me"
          error("failed", 0)
        end)
        uring.sleep(60)
      end))
      assert.same({ { "failed", "me", true } }, heard)
    end)
  end)

  it("that fails itself is reported, and the first error raised", function()
    local result = process.run { process.LUA, "-e", [[
      local uring = require "uring"
      uring.run(function()
        local scope
        local ok, raised = pcall(uring.scope, { name = "x",
          on_error = function() error("deaf", 0) end },
          function(sc)
            scope = sc
            sc:spawn(error, "first", 0)
          end)
        print(ok, raised, scope.errors[1])
      end)]] }
    assert.same({ code = 0, out = "false\tfirst\tdeaf\n",
      err = "uring: on_error of scope x: deaf\n" }, result)
  end)
end)

describe("a scope that holds so many tasks at most", function()
  it("lets the next wait for room, first come first served", function()
    quiet.run(function()
      local most, now, order = 0, 0, {}
      local function work(name)
        now = now + 1
        most = math.max(most, now)
        order[#order + 1] = name
        uring.sleep(0.001)
        now = now - 1
      end
      uring.scope(function(outer)
        uring.scope({ max = 3 }, function(sc)
          for i = 4, 12 do outer:spawn(function() sc:spawn(work, i) end) end
          for i = 1, 3 do sc:spawn(work, i) end
          uring.yield()
          for i = 13, 14 do sc:spawn(work, i) end
        end)
      end)
      assert.equal(3, most)
      assert.same({ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14 }, order)
    end)
  end)

  it("forgets who does not wait for room any more", function()
    quiet.run(function()
      uring.scope(function(outer)
        uring.scope({ max = 1 }, function(sc)
          local running = sc:spawn(uring.sleep, 60)
          local waiters = {}
          for i = 1, 3 do
            waiters[i] = outer:async(function()
              return sc:spawn(function() return i end):await()
            end)
          end
          uring.yield()
          waiters[1]:cancel()
          waiters[2]:cancel()
          running:cancel()
          assert.equal(3, waiters[3]:await())
          assert.is_false(waiters[1]:result())
          assert.is_false(waiters[2]:result())
        end)
      end)
    end)
  end)

  it("tells those who still wait when it ends", function()
    quiet.run(function()
      uring.scope(function(outer)
        local waiters = {}
        uring.scope({ max = 2 }, function(sc)
          sc:spawn(uring.yield)
          sc:daemon(uring.sleep, 60)
          for i = 1, 3 do
            waiters[i] = outer:spawn(function()
              return pcall(sc.spawn, sc, uring.sleep, 60)
            end)
          end
          for _ = 1, 3 do uring.yield() end
          sc:cancel()
        end)
        for i = 1, 3 do
          local ok, task = waiters[i]:await()
          assert.is_true(not ok or task:status() == "cancelled")
        end
      end)
    end)
  end)
end)
