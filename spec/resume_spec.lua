--- What the loop resumes, and what it hears of it: only what does not wait.
local core = require "uring.core"
local leaks = require "spec.support.leaks"
local uring = require "uring"
local within = require "spec.support.within"

local create, yield = coroutine.create, coroutine.yield

leaks.watch()

local IO = {}
local last = { false }
local resume, resume_all, taken = core.resumer(IO, last)

-- As coroutine.resume, where it does not wait.
local function resumed(thread, ...)
  local waits, ok, count = resume(thread, ...)
  assert.is_false(waits)
  return table.pack(taken(thread, ok, count))
end

local function numbers(count)
  local list = {}
  for i = 1, count do list[i] = i end
  return table.unpack(list)
end

describe("resume", function()
  it("says no more than that a coroutine waits", function()
    local got
    local thread = create(function(...)
      got = table.pack(...)
      got = table.pack(yield(IO))
      got = table.pack(yield(IO))
    end)
    assert.same({ true, n = 1 }, table.pack(resume(thread, 1, nil, 3)))
    assert.same({ 1, nil, 3, n = 3 }, got)
    assert.same({ true, n = 1 }, table.pack(resume(thread, nil, 5)))
    assert.same({ nil, 5, n = 2 }, got)
    assert.same({ true, n = 1 }, resumed(thread))
    assert.same({ n = 0 }, got)
    assert.equal("dead", coroutine.status(thread))
  end)

  it("leaves all that one yields or returns, nils too", function()
    local thread = create(function()
      yield(nil, "a", nil)
      yield()
      yield(IO, IO)
      return numbers(300)
    end)
    assert.same({ true, nil, "a", nil, n = 4 }, resumed(thread))
    assert.same({ true, n = 1 }, resumed(thread))
    assert.same({ true, IO, IO, n = 3 }, resumed(thread))
    local results = resumed(thread)
    assert.equal(301, results.n)
    assert.same({ true, numbers(300) }, { table.unpack(results, 1, 301) })
  end)

  it("takes only what was yielded, not what stands below it", function()
    local thread = create(function() return select(3, pcall(yield, 1, 2)) end)
    assert.same({ true, 1, 2, n = 3 }, resumed(thread))
    assert.same({ true, "c", n = 2 }, resumed(thread, "b", "c"))
  end)

  it("leaves the error of one that fails", function()
    local problem = {}
    local thread = create(function() error(problem) end)
    local results = resumed(thread)
    assert.same({ false, problem, n = 2 }, results)
    assert.equal(problem, results[2])
    assert.same({ false, "cannot resume dead coroutine", n = 2 },
      resumed(thread))
  end)

  it("wants a coroutine", function()
    assert.error_matches(function() resume() end,
      "bad argument #1 .*coroutine expected, got no value")
    assert.error_matches(function() taken({}, true, 0) end,
      "bad argument #1 .*coroutine expected, got table")
    assert.error_matches(function() core.resumer(IO) end, "table expected")
  end)
end)

describe("resume_all", function()
  local function waiter(log, name)
    local thread = create(function()
      while true do
        local value, extra = yield(IO)
        log[#log + 1] = { name, value, extra, last[1] }
      end
    end)
    assert.is_true(resume(thread))
    return thread
  end

  it("gives each its value, and what comes with it", function()
    local log = {}
    local a, b = waiter(log, "a"), waiter(log, "b")
    assert.equal(0, select("#",
      resume_all({ a, "x", 1, b, nil, 2, a, 7, 0, b, 8, 0 }, 1, 9)))
    assert.same({ { "a", "x", 1, a }, { "b", nil, 2, b }, { "a", 7, 0, a } },
      log)
  end)

  it("stops at one that does not wait, and goes on behind it", function()
    local log = {}
    local a = waiter(log, "a")
    local b = create(function(...) return "end", ... end)
    local batch = { a, 1, 0, b, 2, 0, a, 3, 0 }
    local place, ok, count = resume_all(batch, 1, 9)
    assert.same({ 4, true, 3 }, { place, ok, count })
    assert.equal(b, last[1])
    assert.same({ true, "end", 2, 0 }, { taken(b, ok, count) })
    assert.equal(0, select("#", resume_all(batch, place + 3, 9)))
    assert.same({ { "a", 1, 0, a }, { "a", 3, 0, a } }, log)
  end)

  it("tells of one that has failed, or was closed", function()
    local bad = create(function() error("no", 0) end)
    local place, ok, count = resume_all({ bad, 1, 0 }, 1, 3)
    assert.same({ 1, false, 1 }, { place, ok, count })
    assert.same({ false, "no" }, { taken(bad, ok, count) })
    place, ok, count = resume_all({ bad, 1, 0 }, 1, 3)
    assert.same({ 1, false, 1 }, { place, ok, count })
    assert.same({ false, "cannot resume dead coroutine" },
      { taken(bad, ok, count) })
  end)

  it("wants coroutines", function()
    assert.error_matches(function() resume_all({ 1, 2, 3 }, 1, 3) end,
      "coroutine expected, got number")
  end)
end)

describe("a step", function()
  it("leaves nothing in its table of what the one before had named",
    function()
      local ring <close> = assert(core.ring(8))
      local bound = assert(core.bind(ring, IO))
      local batch = {}
      for place = 1, 12 do batch[place] = false end
      local function start(count)
        for _ = 1, count do
          local thread = create(bound.wait.nop)
          assert.is_true(resume(thread))
        end
      end
      start(3)
      assert.equal(9, (bound.step(batch, 0, true, -1)))
      assert.equal("thread", type(batch[7]))
      start(1)
      assert.equal(3, (bound.step(batch, 9, true, -1)))
      assert.equal("thread", type(batch[1]))
      for place = 4, 9 do assert.is_false(batch[place]) end
    end)

  it("names a coroutine that returns what it is resumed with", function()
    local ring <close> = assert(core.ring(8))
    local bound = assert(core.bind(ring, IO))
    local batch = { false, false, false }
    local thread = create(bound.wait.nop)
    assert.is_true(resume(thread))
    assert.equal(3, (bound.step(batch, 0, true, -1)))
    assert.equal(thread, batch[1])
    local place, ok, count = resume_all(batch, 1, 3)
    assert.equal(1, place)
    assert.same({ true, true, 0, n = 3 },
      table.pack(taken(thread, ok, count)))
  end)
end)

describe("a task", function()
  it("may have many results after it has waited", function()
    local results = table.pack(within.run(function()
      return uring.spawn(function()
        uring.op.nop()
        return nil, numbers(300)
      end):await()
    end))
    assert.equal(301, results.n)
    assert.is_nil(results[1])
    assert.equal(300, results[301])
  end)

  it("takes many values from a generator that waits", function()
    local got
    within.run(function()
      local next_values = coroutine.wrap(function()
        uring.op.nop()
        yield(nil, numbers(300))
        uring.op.nop()
        return nil, nil
      end)
      got = { table.pack(next_values()), table.pack(next_values()) }
    end)
    assert.equal(301, got[1].n)
    assert.equal(300, got[1][301])
    assert.same({ n = 2 }, got[2])
  end)
end)
