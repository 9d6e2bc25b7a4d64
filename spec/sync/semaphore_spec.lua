--- A semaphore: its tokens are taken in turns, and never lost or doubled,
-- wherever those who hold them or wait for them are cancelled.
local histories = require "spec.sync.histories"
local leaks = require "spec.support.leaks"
local sync = require "uring.sync"
local turns = require "spec.sync.turns"
local uring = require "uring"
local within = require "spec.support.within"

leaks.watch()

describe("a semaphore", function()
  turns.describe(function()
    local semaphore = sync.semaphore(1)
    return {
      take = function() return semaphore:acquire() end,
      is_free = function()
        return tostring(semaphore) == "uring.Semaphore (1 token)"
      end,
    }
  end)

  it("has so many tokens, taken one by one or several at once", function()
    within.run(function()
      local semaphore = sync.semaphore(5)
      semaphore:acquire()
      semaphore:acquire(3)
      assert.equal(1, semaphore.tokens)
      semaphore:release(4)
      assert.equal(5, semaphore.tokens)
    end)
  end)

  it("gets them back when its guard ends, once", function()
    within.run(function()
      local semaphore = sync.semaphore(5)
      local outer
      do
        local guard <close> = semaphore:acquire(2)
        assert.equal("uring.SemaphoreGuard (2 tokens)", tostring(guard))
        assert.equal(3, semaphore.tokens)
        outer = guard
      end
      assert.equal(5, semaphore.tokens)
      outer:release()
      assert.equal(5, semaphore.tokens)
      assert.equal("uring.SemaphoreGuard (0 tokens)", tostring(outer))
      pcall(function()
        local _guard <close> = semaphore:acquire(2)
        error("on purpose")
      end)
      assert.equal(5, semaphore.tokens)
    end)
  end)

  it("calls a function with a token taken", function()
    within.run(function()
      local semaphore = sync.semaphore(1)
      assert.same({ n = 3, 0, nil, "x" },
        table.pack(semaphore:with(function(...)
          return semaphore.tokens, ...
        end, nil, "x")))
      assert.equal(1, semaphore.tokens)
      assert.error_matches(function() semaphore:with(error, "oops") end, "oops")
      assert.equal(1, semaphore.tokens)
    end)
  end)

  it("is tried without waiting", function()
    within.run(function()
      local semaphore = sync.semaphore(2)
      local guard = semaphore:try_acquire(2)
      assert.same({ n = 3, nil, "would wait", uring.errno.EAGAIN },
        table.pack(semaphore:try_acquire()))
      guard:release()
      assert.is_truthy(semaphore:try_acquire())
      assert.is_nil(semaphore:try_acquire(2))
    end)
  end)

  it("may get tokens from anyone, also more than it had", function()
    local semaphore = sync.semaphore(0)
    semaphore:release() -- outside of a run too
    semaphore:release(2)
    assert.equal(3, semaphore.tokens)
    within.run(function()
      local task = uring.spawn(semaphore.acquire, semaphore, 4)
      uring.yield()
      assert.equal("waiting", task:status())
      semaphore:release()
      task:await()
      assert.equal(0, semaphore.tokens)
    end)
  end)

  -- Starts a task for each number of tokens, which notes when it has them.
  local function start(semaphore, counts)
    local order, tasks = {}, {}
    for i, count in ipairs(counts) do
      tasks[i] = uring.spawn(function()
        semaphore:acquire(count)
        table.insert(order, i)
      end)
    end
    uring.yield()
    return order, tasks
  end

  it("lets nobody overtake one that wants many", function()
    within.run(function()
      local semaphore = sync.semaphore(1)
      local order = start(semaphore, { 3, 1, 1 })
      assert.same({}, order)
      assert.is_nil(semaphore:try_acquire())
      semaphore:release()
      uring.yield()
      assert.same({}, order)
      semaphore:release()
      uring.yield()
      assert.same({ 1 }, order)
      semaphore:release(2)
      uring.yield()
      assert.same({ 1, 2, 3 }, order)
      assert.equal(0, semaphore.tokens)
    end)
  end)

  it("serves those behind one that wanted many and has gone", function()
    within.run(function()
      local semaphore = sync.semaphore(2)
      local order, tasks = start(semaphore, { 3, 1, 1, 1 })
      tasks[1]:cancel()
      uring.yield()
      assert.same({ 2, 3 }, order)
      semaphore:release()
      uring.yield()
      assert.same({ 2, 3, 4 }, order)
      assert.equal(0, semaphore.tokens)
    end)
  end)

  it("serves all that it can when many tokens come", function()
    within.run(function()
      local semaphore = sync.semaphore(0)
      local order = start(semaphore, { 1, 2, 3, 4 })
      semaphore:release(7)
      uring.yield()
      assert.same({ 1, 2, 3 }, order)
      assert.equal(1, semaphore.tokens)
      semaphore:release(3)
    end)
  end)

  it("refuses what is no number of tokens", function()
    for _, count in ipairs { -1, 1.5, "1", {}, 0 / 0 } do
      local _, message = pcall(function() sync.semaphore(count) end)
      assert.matches("^spec/sync/semaphore_spec.lua:%d+: sync.semaphore: bad "
        .. "argument 'count' %(integer from 0 on expected, got .+%)$", message)
    end
    local semaphore = sync.semaphore(3.0)
    for _, name in ipairs { "acquire", "try_acquire", "release" } do
      local _, message = pcall(function() semaphore[name](semaphore, 0) end)
      assert.matches("^spec/sync/semaphore_spec.lua:%d+: semaphore:" .. name
        .. ": bad argument 'count' %(integer from 1 on expected, got 0%)$",
        message)
    end
    assert.equal(3, semaphore.tokens)
  end)

  it("makes nobody wait outside of a run", function()
    local _, message = pcall(function() sync.semaphore(1):acquire() end)
    assert.matches("^spec/sync/semaphore_spec.lua:%d+: semaphore:acquire "
      .. "needs uring.run$", message)
  end)

  it("says what it is", function()
    within.run(function()
      local semaphore = sync.semaphore(2)
      assert.equal("uring.Semaphore (2 tokens)", tostring(semaphore))
      uring.spawn(semaphore.acquire, semaphore, 3)
      uring.spawn(semaphore.acquire, semaphore, 1)
      uring.yield()
      assert.equal("uring.Semaphore (2 tokens, 2 waiting)", tostring(semaphore))
      assert.equal("semaphore with 2 tokens, the first in line wants 3",
        semaphore:describe())
      semaphore:release(2)
    end)
  end)

  it("has as many tokens in the end as at first, in any history", function()
    histories.each(function(random)
      local count = random(5)
      local semaphore = sync.semaphore(count)
      local line = histories.line(semaphore.queue)
      local held = 0
      local function step()
        local wanted = random(count)
        local _guard <close> = line.join(semaphore.acquire, semaphore, wanted)
        local _out <close> = setmetatable({}, { __close = function()
          held = held - wanted
        end })
        held = held + wanted
        assert(held + semaphore.tokens <= count, "tokens were made of nothing")
        histories.pause(random)
      end
      return step, function()
        assert(held == 0)
        assert(semaphore.tokens == count,
          "all have ended, and there are not as many tokens as at first")
        assert(#semaphore.queue == 0, "nobody is left, and somebody waits")
      end
    end)
  end)
end)
