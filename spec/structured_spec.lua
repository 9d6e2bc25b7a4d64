--- Blocks: a time limit, a shield, several functions at once.
local leaks = require "spec.support.leaks"
local quiet = require "spec.support.quiet"
local uring = require "uring"

local ETIMEDOUT = uring.errno.ETIMEDOUT
local ECANCELED = uring.errno.ECANCELED

leaks.watch()

-- Calls a function; returns what it gives behind the seconds that it took.
local function timed(body, ...)
  local before = uring.now()
  local results = table.pack(body(...))
  return uring.now() - before, table.unpack(results, 1, results.n)
end

local function assert_timeout(...)
  assert.same({ n = 3, nil, "timeout", ETIMEDOUT }, table.pack(...))
end

describe("timeout", function()
  it("gives what the function does in time, nils too", function()
    quiet.run(function()
      assert.same({ n = 3, nil, 2, nil }, table.pack(
        uring.timeout(60, function(...)
          uring.yield()
          return ...
        end, nil, 2, nil)))
      assert.equal(0, select("#", uring.timeout(60, function() end)))
    end)
  end)

  it("gives nil, timeout, ETIMEDOUT when the time is over, not before",
    function()
      quiet.run(function()
        local took, value, message, code = timed(uring.timeout, 0.02,
          uring.sleep, 60)
        assert.same({ nil, "timeout", ETIMEDOUT }, { value, message, code })
        assert.is_true(took >= 0.02 and took < 10)
      end)
    end)

  it("raises the function's error, whenever", function()
    quiet.run(function()
      local object = {}
      local ok, raised = pcall(uring.timeout, 60, error, object)
      assert.is_false(ok)
      assert.is_true(rawequal(object, raised))
      assert.error_matches(function()
        uring.timeout(0.001, function()
          pcall(uring.sleep, 60)
          error("late", 0)
        end)
      end, "^late$")
    end)
  end)

  it("of no time, or less, ends the function where it waits first", function()
    quiet.run(function()
      for _, seconds in ipairs { 0, -1, -1e300, -math.huge, 1e-12 } do
        local reached = false
        assert_timeout(uring.timeout(seconds, function()
          reached = true
          uring.sleep(60)
        end))
        assert.is_true(reached)
        if seconds <= 0 then
          assert_timeout(uring.timeout(seconds, uring.yield))
        end
        assert.same({ "done" },
          { uring.timeout(seconds, function() return "done" end) })
      end
    end)
  end)

  it("may be for ever", function()
    quiet.run(function()
      for _, seconds in ipairs { math.huge, 1e300, 1e9, 1e8 } do
        assert.equal("done", uring.timeout(seconds, function()
          uring.sleep(0.001)
          return "done"
        end))
      end
    end)
  end)

  it("refuses what is no number, and no function, at the caller's line",
    function()
      quiet.run(function()
        for _, seconds in ipairs { "1", {}, true, 0 / 0 } do
          for _, name in ipairs { "timeout", "deadline", "shield" } do
            local _, message = pcall(function() uring[name](seconds, print) end)
            assert.matches("^spec/structured_spec.lua:%d+: " .. name
              .. ": bad argument 'seconds' %(number expected%)$", message)
            _, message = pcall(function() uring[name](1, "print") end)
            assert.matches("^spec/structured_spec.lua:%d+: " .. name
              .. ": bad argument 'body' %(function expected%)$", message)
          end
        end
      end)
      for _, name in ipairs { "timeout", "deadline", "shield" } do
        local _, message = pcall(function() uring[name](1, print) end)
        assert.matches("^spec/structured_spec.lua:%d+: uring." .. name
          .. " needs uring.run$", message)
      end
    end)

  it("ends tasks too, and says so though the function had returned",
    function()
      quiet.run(function()
        local task
        assert_timeout(uring.timeout(0.001, function()
          task = uring.spawn(uring.sleep, 60)
          return "results"
        end))
        assert.equal("cancelled", task:status())
        assert.equal("results", uring.timeout(0.001, function()
          task = uring.spawn(function()
            pcall(uring.sleep, 60)
            return "in the end"
          end)
          return "results"
        end))
        assert.same({ true, "in the end" }, { task:result() })
      end)
    end)
end)

describe("a timeout in another", function()
  local function nested(outer, inner, body)
    local trace = {}
    local results = table.pack(uring.timeout(outer, function()
      local results = table.pack(uring.timeout(inner, body or function()
        uring.sleep(60)
      end))
      trace[#trace + 1] = results[2] or "results"
      uring.yield()
      trace[#trace + 1] = "went on"
      return table.unpack(results, 1, results.n)
    end))
    return table.concat(trace, ", "), table.unpack(results, 1, results.n)
  end

  it("is the one that ends where it is shorter", function()
    quiet.run(function()
      assert.same({ "timeout, went on", nil, "timeout", ETIMEDOUT },
        { nested(60, 0.001) })
    end)
  end)

  it("ends with that around it where it is longer", function()
    quiet.run(function()
      assert.same({ "", nil, "timeout", ETIMEDOUT }, { nested(0.001, 60) })
    end)
  end)

  it("of the same time ends with it, once", function()
    quiet.run(function()
      local at = uring.now() + 0.005
      local trace = {}
      assert_timeout(uring.deadline(at, function()
        trace[#trace + 1] = select(2, uring.deadline(at, uring.sleep, 60))
        uring.yield()
        trace[#trace + 1] = "not reached"
      end))
      assert.is_true(#trace <= 1)
      uring.sleep(0.002)
    end)
  end)

  it("passes results through both", function()
    quiet.run(function()
      assert.same({ "results, went on", 1, nil, 3 },
        { nested(60, 60, function() return 1, nil, 3 end) })
    end)
  end)

  it("may be dozens deep, any of which ends", function()
    quiet.run(function()
      for short = 1, 30, 5 do
        local ended = {}
        local function deep(level)
          if level > 30 then return uring.sleep(60) end
          local _, message = uring.timeout(level == short and 0.001 or 60,
            deep, level + 1)
          if message == "timeout" then ended[#ended + 1] = level end
        end
        deep(1)
        assert.same({ short }, ended)
      end
    end)
  end)
end)

describe("the deadline of a scope", function()
  it("can be read, and is none by default", function()
    quiet.run(function()
      local at = uring.now() + 60
      uring.scope(function(sc)
        assert.is_nil(sc.deadline)
        sc.deadline = at
        assert.is_true(math.abs(sc.deadline - at) < 1e-6)
        sc.deadline = nil
        assert.is_nil(sc.deadline)
      end)
      uring.scope({ timeout = 120, deadline = at }, function(sc)
        assert.is_true(math.abs(sc.deadline - at) < 1e-6)
      end)
      uring.scope({ timeout = 10, deadline = at }, function(sc)
        assert.is_true(sc.deadline < at)
      end)
    end)
  end)

  it("can be set on one that runs, and moved both ways", function()
    quiet.run(function()
      local took, _, message = timed(uring.scope, { timeout = 60 },
        function(sc)
          sc.deadline = uring.now() + 0.01
          uring.sleep(60)
        end)
      assert.equal("timeout", message)
      assert.is_true(took >= 0.01 and took < 10)
      assert.equal("done", uring.scope({ timeout = 0.02 }, function(sc)
        sc.deadline = uring.now() + 60
        uring.sleep(0.03)
        return "done"
      end))
    end)
  end)

  it("can be taken away", function()
    quiet.run(function()
      assert.equal("done", uring.scope({ timeout = 0.01 }, function(sc)
        sc.deadline = nil
        uring.sleep(0.02)
        return "done"
      end))
    end)
  end)

  it("that is over ends it at once, also when set twice", function()
    quiet.run(function()
      assert_timeout(uring.scope(function(sc)
        sc.deadline = uring.now()
        assert.is_true(sc.cancelled)
        sc.deadline = 0
        sc.deadline = uring.now() + 60
        uring.sleep(60)
      end))
    end)
  end)

  it("can be set by another task", function()
    quiet.run(function()
      local scope
      uring.spawn(function()
        while not scope do uring.yield() end
        scope.deadline = uring.now()
      end)
      assert_timeout(uring.scope(function(sc)
        scope = sc
        uring.sleep(60)
      end))
    end)
  end)
end)

describe("a shield", function()
  it("gives what the function does, and passes arguments", function()
    quiet.run(function()
      local function give(...) return ... end
      assert.same({ n = 2, nil, 2 }, table.pack(uring.shield(give, nil, 2)))
      assert.same({ n = 2, nil, 2 }, table.pack(uring.shield(1, give, nil, 2)))
      assert.error_matches(function() uring.shield(error, "x", 0) end, "^x$")
    end)
  end)

  it("lets a function wait that is to end, which then ends", function()
    quiet.run(function()
      local trace = {}
      assert_timeout(uring.timeout(0.001, function()
        uring.shield(function()
          uring.sleep(0.005)
          trace[#trace + 1] = "slept"
          uring.spawn(function()
            uring.sleep(0.001)
            trace[#trace + 1] = "its task"
          end)
        end)
        trace[#trace + 1] = "after"
        uring.yield()
        trace[#trace + 1] = "not reached"
      end))
      assert.same({ "slept", "its task", "after" }, trace)
    end)
  end)

  it("may be opened where all else raises", function()
    quiet.run(function()
      assert_timeout(uring.timeout(0, function()
        local ok, cause = pcall(uring.yield)
        assert.is_false(ok)
        assert.equal("done", uring.shield(1, function()
          uring.scope(function(sc) sc:spawn(uring.sleep, 0.001) end)
          return uring.timeout(1, function()
            uring.sleep(0.001)
            return "done"
          end)
        end))
        error(cause, 0)
      end))
    end)
  end)

  it("has an end of its own where that is said", function()
    quiet.run(function()
      assert_timeout(uring.shield(0.001, uring.sleep, 60))
      assert_timeout(uring.timeout(0.001, function()
        local _, cause = pcall(uring.sleep, 60)
        assert_timeout(uring.shield(0.001, uring.sleep, 60))
        error(cause, 0)
      end))
    end)
  end)

  it("inside of a shield is not ended by it", function()
    quiet.run(function()
      local trace = {}
      assert_timeout(uring.shield(0.001, function()
        uring.shield(function()
          uring.sleep(0.005)
          trace[#trace + 1] = "inner"
        end)
        uring.yield()
        trace[#trace + 1] = "not reached"
      end))
      assert.same({ "inner" }, trace)
    end)
  end)

  it("keeps a cancellation away from what its tasks do, too", function()
    quiet.run(function()
      local trace = {}
      assert.same({ nil, "cancelled: enough", ECANCELED }, { uring.scope(
        function(sc)
          sc:spawn(function()
            uring.shield(function()
              uring.scope(function(inner)
                inner:spawn(function()
                  for _ in coroutine.wrap(function()
                    uring.sleep(0.003)
                    coroutine.yield(1)
                  end) do trace[#trace + 1] = "a generator" end
                end)
              end)
            end)
          end)
          uring.yield()
          sc:cancel("enough")
          uring.shield(uring.yield)
          trace[#trace + 1] = "body"
        end) })
      assert.same({ "body", "a generator" }, trace)
    end)
  end)

  it("lets clean-up do I/O, by close variables and pcall", function()
    quiet.run(function()
      local trace = {}
      assert_timeout(uring.timeout(0.001, function()
        local _guard <close> = setmetatable({}, { __close = function(_, cause)
          assert.is_true(uring.is_cancelled(cause))
          uring.shield(1, function()
            assert(uring.op.nop())
            uring.sleep(0.001)
          end)
          trace[#trace + 1] = "closed"
        end })
        local ok, cause = pcall(uring.sleep, 60)
        uring.shield(function() assert(uring.op.nop()) end)
        trace[#trace + 1] = "caught"
        if not ok then error(cause, 0) end
      end))
      assert.same({ "caught", "closed" }, trace)
    end)
  end)
end)

describe("several at once", function()
  it("are refused where they are none", function()
    quiet.run(function()
      for _, call in ipairs {
        { "all: bad argument 'functions' %(table expected%)$", "all", 1 },
        { "all: bad argument 'functions' %(functions expected%)$", "all",
          { 1 } },
        { "race: bad argument 'functions' %(table expected%)$", "race" },
        { "race: bad argument 'functions' %(functions expected%)$", "race",
          { x = "y" } },
        { "race: bad argument 'functions' %(one or more expected%)$", "race",
          {} },
        { "map: bad argument 'list' %(table expected%)$", "map", 1, print },
        { "map: bad argument 'body' %(function expected%)$", "map", {}, 1 },
      } do
        local _, message = pcall(function()
          local result = uring[call[2]](call[3], call[4])
          return result
        end)
        assert.matches("^spec/structured_spec.lua:%d+: " .. call[1], message)
      end
    end)
  end)
end)

describe("all", function()
  it("gives the first result of each, in their order", function()
    quiet.run(function()
      local at = {}
      local function after(count, ...)
        local results = table.pack(...)
        return function()
          for _ = 1, count do uring.yield() end
          at[#at + 1] = count
          return table.unpack(results, 1, results.n)
        end
      end
      assert.same({ "a", nil, "c" }, uring.all { after(3, "a", "more"),
        after(2, nil), after(1, "c") })
      assert.same({ 1, 2, 3 }, at)
      assert.same({}, uring.all {})
    end)
  end)

  it("raises the first error, and cancels the others", function()
    quiet.run(function()
      local trace, object = {}, {}
      local ok, raised = pcall(uring.all, {
        function() trace[#trace + 1] = pcall(uring.sleep, 60) end,
        function()
          uring.yield()
          error(object)
        end,
      })
      assert.is_false(ok)
      assert.is_true(rawequal(object, raised))
      assert.same({ false }, trace)
    end)
  end)

  it("gives nothing where it is cancelled: it raises", function()
    quiet.run(function()
      local trace = {}
      assert_timeout(uring.timeout(0.001, function()
        local results = uring.all { function() return uring.sleep(60) end }
        trace[#trace + 1] = results
      end))
      assert_timeout(uring.timeout(0.001, function()
        trace[#trace + 1] = uring.map({ 1, 2 }, uring.sleep, { max = 1 })
      end))
      assert_timeout(uring.timeout(0.1, function()
        trace[#trace + 1] = uring.race { uring.yield, function()
          uring.sleep(60)
        end } ~= 1
        trace[#trace + 1] = uring.race { function() uring.sleep(60) end }
      end))
      assert.same({ false }, trace)
    end)
  end)
end)
