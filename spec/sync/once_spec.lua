--- A function called once: the others wait for the one call, and where that
-- fails, another tries.
local histories = require "spec.sync.histories"
local leaks = require "spec.support.leaks"
local sync = require "uring.sync"
local uring = require "uring"
local within = require "spec.support.within"

leaks.watch()

describe("once", function()
  -- Starts tasks that call it, each with its name, and note what they get.
  local function start(once, names)
    local results, tasks = {}, {}
    for _, name in ipairs(names) do
      tasks[name] = uring.spawn(function()
        table.insert(results, table.pack(name, pcall(once, name)))
      end)
    end
    uring.yield()
    return results, tasks
  end

  it("calls the function once, and gives all what that returned", function()
    within.run(function()
      local calls = 0
      local once = sync.once(function(...)
        calls = calls + 1
        uring.yield()
        return ...
      end)
      assert.same({ n = 3, "x", nil, nil }, table.pack(once("x", nil, nil)))
      assert.same({ n = 3, "x", nil, nil }, table.pack(once("y")))
      assert.equal(1, calls)
    end)
    within.run(function()
      assert.equal(0, select("#", sync.once(function() end)()))
    end)
  end)

  it("gives results at once when there are some, also outside of a run",
    function()
      local once = sync.once(function() return "x" end)
      within.run(once)
      assert.equal("x", once())
    end)

  it("lets others wait for the call that is under way", function()
    within.run(function()
      local event = sync.event()
      local once = sync.once(function(name)
        event:wait()
        return "called by " .. name
      end)
      local results = start(once, { "a", "b", "c" })
      assert.same({}, results)
      event:set()
      histories.settle()
      assert.same({
        { n = 3, "a", true, "called by a" },
        { n = 3, "b", true, "called by a" },
        { n = 3, "c", true, "called by a" },
      }, results)
    end)
  end)

  it("lets the next in line call it where a call fails", function()
    within.run(function()
      local once = sync.once(function(name)
        uring.yield()
        if name ~= "c" then error("not " .. name, 0) end
        return name
      end)
      local results = start(once, { "a", "b", "c", "d" })
      histories.settle()
      assert.same({
        { n = 3, "a", false, "not a" },
        { n = 3, "b", false, "not b" },
        { n = 3, "c", true, "c" },
        { n = 3, "d", true, "c" },
      }, results)
    end)
  end)

  it("can be called again after it has failed", function()
    within.run(function()
      local calls = 0
      local once = sync.once(function()
        calls = calls + 1
        if calls == 1 then error("broken", 0) end
        return calls
      end)
      assert.error_matches(once, "^broken$")
      assert.equal(2, once())
      assert.equal(2, once())
    end)
  end)

  it("lets the next in line call it where a call is cancelled", function()
    within.run(function()
      local once = sync.once(function(name)
        if name == "a" then uring.sleep(60) end
        return name
      end)
      local results, tasks = start(once, { "a", "b", "c" })
      tasks.a:cancel()
      histories.settle()
      assert.same({ "a", false }, { results[1][1], results[1][2] })
      assert.same({ n = 3, "b", true, "b" }, results[2])
      assert.same({ n = 3, "c", true, "b" }, results[3])
    end)
  end)

  it("passes over those that are cancelled in the line", function()
    within.run(function()
      local once = sync.once(function(name)
        uring.yield()
        if name == "a" then error("broken", 0) end
        return name
      end)
      local results, tasks = start(once, { "a", "b", "c" })
      tasks.b:cancel()
      histories.settle()
      assert.equal(3, #results)
      assert.same({ n = 3, "c", true, "c" }, results[3])
    end)
  end)

  it("is called by one whose turn has come, though it is cancelled then",
    function()
      within.run(function()
        local began = {}
        local failing = sync.event()
        local once = sync.once(function(name)
          table.insert(began, name)
          if name == "a" then
            failing:wait()
            error("broken", 0)
          end
          uring.yield()
          return name
        end)
        local results, tasks = start(once, { "a", "b", "c" })
        failing:set()
        uring.yield() -- a has failed, b is woken
        tasks.b:cancel()
        histories.settle()
        assert.same({ "a", "b", "c" }, began)
        assert.same({ n = 3, "c", true, "c" }, results[3])
      end)
    end)

  it("raises where the function calls itself", function()
    within.run(function()
      local once
      once = sync.once(function() return once() end)
      local _, message = pcall(once)
      assert.matches("once: the function called itself$", message)
    end)
  end)

  it("wants a function, and a run", function()
    local _, message = pcall(function() sync.once("x") end)
    assert.matches("^spec/sync/once_spec.lua:%d+: sync.once: bad argument "
      .. "'body' %(function expected, got string%)$", message)
    local once = sync.once(print)
    _, message = pcall(function() once() end)
    assert.matches("^spec/sync/once_spec.lua:%d+: once needs uring.run$",
      message)
  end)

  it("succeeds at most once, and is run by one at a time, in any history",
    function()
      histories.each(function(random)
        local running, succeeded = 0, 0
        local once = sync.once(function(number)
          running = running + 1
          local _out <close> = setmetatable({}, { __close = function()
            running = running - 1
          end })
          assert(running == 1, "it runs twice at the same time")
          uring.yield()
          if random(10) > 1 then error("broken", 0) end
          succeeded = succeeded + 1
          return number
        end)
        local first
        local function step(number)
          local ok, result = uring.pcall(once, number)
          if not ok then
            return assert(result == "broken", result)
          end
          first = first or result
          assert(result == first, "two were given different results")
          assert(succeeded == 1, "it has succeeded more than once")
        end
        return step, function()
          assert(running == 0)
          local last = uring.timeout(1, sync.once(function() return "x" end))
          assert(last == "x", "nobody is left, and it still waits")
        end
      end)
    end)
end)
