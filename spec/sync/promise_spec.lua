--- A promise: settled once, and all that await it have what it was given.
local histories = require "spec.sync.histories"
local leaks = require "spec.support.leaks"
local sync = require "uring.sync"
local uring = require "uring"
local within = require "spec.support.within"

leaks.watch()

describe("a promise", function()
  local promise, results

  before_each(function()
    promise, results = sync.promise(), {}
  end)

  local function start(names)
    local tasks = {}
    for _, name in ipairs(names) do
      tasks[name] = uring.spawn(function()
        table.insert(results, table.pack(name, pcall(promise.await, promise)))
      end)
    end
    uring.yield()
    return tasks
  end

  it("gives what it was resolved with to all that wait, in order", function()
    within.run(function()
      start { "a", "b" }
      assert.is_true(promise:resolve(1, nil, false, nil))
      assert.same({}, results)
      uring.yield()
      assert.same({
        { n = 6, "a", true, 1, nil, false, nil },
        { n = 6, "b", true, 1, nil, false, nil },
      }, results)
    end)
  end)

  it("gives it at once to those that come later", function()
    promise:resolve("x", nil) -- outside of a run too
    within.run(function()
      assert.same({ n = 2, "x", nil }, table.pack(promise:await()))
      assert.same({ n = 2, "x", nil }, table.pack(promise:await()))
    end)
  end)

  it("may be resolved with nothing", function()
    within.run(function()
      promise:resolve()
      assert.equal(0, select("#", promise:await()))
    end)
  end)

  it("raises what it was rejected with, as it is", function()
    within.run(function()
      local problem = {}
      start { "a" }
      assert.is_true(promise:reject(problem))
      uring.yield()
      assert.same({ { n = 3, "a", false, problem } }, results)
      assert.is_true(rawequal(problem, results[1][3]))
      for _, value in ipairs { "text", false, 12 } do
        local other = sync.promise()
        other:reject(value)
        assert.same({ n = 2, false, value }, table.pack(pcall(other.await,
          other)))
      end
      local none = sync.promise()
      none:reject()
      assert.same({ n = 2, false, nil }, table.pack(pcall(none.await, none)))
    end)
  end)

  it("is settled once: later tries change nothing, and say so", function()
    within.run(function()
      assert.is_true(promise:resolve(1))
      assert.is_false(promise:resolve(2))
      assert.is_false(promise:reject("no"))
      assert.equal(1, promise:await())
      local other = sync.promise()
      other:reject("first")
      assert.is_false(other:resolve(1))
      assert.error_matches(function() other:await() end, "^first$")
    end)
  end)

  it("forgets those that are cancelled while they wait", function()
    within.run(function()
      local tasks = start { "a", "b" }
      tasks.a:cancel()
      promise:resolve("x")
      uring.yield()
      assert.equal(2, #results)
      assert.same({ "a", false }, { results[1][1], results[1][2] })
      assert.is_true(uring.is_cancelled(results[1][3]))
      assert.same({ n = 3, "b", true, "x" }, results[2])
    end)
  end)

  it("has given its results where one is cancelled before it runs", function()
    within.run(function()
      local tasks = start { "a" }
      promise:resolve("x")
      tasks.a:cancel()
      uring.yield()
      assert.same({ { n = 3, "a", true, "x" } }, results)
    end)
  end)

  it("can be awaited with a time limit, and again after that", function()
    within.run(function()
      assert.same({ n = 3, nil, "timeout", uring.errno.ETIMEDOUT },
        table.pack(uring.timeout(0.001, promise.await, promise)))
      promise:resolve("x")
      assert.equal("x", promise:await())
    end)
  end)

  it("makes nobody wait outside of a run", function()
    local _, message = pcall(function() promise:await() end)
    assert.matches("^spec/sync/promise_spec.lua:%d+: promise:await needs "
      .. "uring.run$", message)
  end)

  it("says what it is", function()
    within.run(function()
      assert.equal("uring.Promise (pending)", tostring(promise))
      start { "a" }
      assert.equal("uring.Promise (pending, 1 waiting)", tostring(promise))
      promise:resolve()
      assert.equal("uring.Promise (resolved)", tostring(promise))
      assert.equal("resolved", promise.outcome)
      local other = sync.promise()
      other:reject()
      assert.equal("uring.Promise (rejected)", tostring(other))
    end)
  end)

  it("is the same for all that await it, in any history", function()
    histories.each(function(random)
      local common, settled = sync.promise(), nil
      local function step(number)
        if random(30) == 1 and common:resolve(number) then
          assert(not settled, "it was settled twice")
          settled = number
        end
        assert(common:await() == settled, "two were given different results")
      end
      local function ending(tasks)
        uring.yield()
        if common:resolve("end") then settled = "end" end
        for _, task in ipairs(tasks) do task:result() end
      end
      return step, function()
        assert(tostring(common) == "uring.Promise (resolved)")
      end, ending
    end)
  end)
end)
