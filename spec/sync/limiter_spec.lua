--- A limiter: so many tasks at a time, each of which gives back its own token.
local histories = require "spec.sync.histories"
local leaks = require "spec.support.leaks"
local sync = require "uring.sync"
local turns = require "spec.sync.turns"
local uring = require "uring"
local within = require "spec.support.within"

leaks.watch()

describe("a limiter", function()
  turns.describe(function()
    local limiter = sync.limiter(1)
    return {
      take = function() return limiter:acquire() end,
      is_free = function()
        return tostring(limiter) == "uring.Limiter (0 of 1 held)"
      end,
    }
  end)

  it("lets so many tasks have a token at a time", function()
    within.run(function()
      local limiter = sync.limiter(2)
      local most = 0
      uring.scope(function(scope)
        for _ = 1, 10 do
          scope:spawn(function()
            limiter:acquire()
            most = math.max(most, limiter.held)
            uring.yield()
            limiter:release()
          end)
        end
      end)
      assert.equal(2, most)
      assert.equal(0, limiter.held)
    end)
  end)

  it("calls a function with a token", function()
    within.run(function()
      local limiter = sync.limiter(1)
      assert.same({ n = 3, 1, nil, "x" },
        table.pack(limiter:with(function(...)
          return limiter.held, ...
        end, nil, "x")))
      assert.equal(0, limiter.held)
      assert.error_matches(function() limiter:with(error, "oops") end, "oops")
      assert.equal(0, limiter.held)
    end)
  end)

  it("is tried without waiting", function()
    within.run(function()
      local limiter = sync.limiter(1)
      local guard = limiter:try_acquire()
      assert.equal(1, limiter.held)
      uring.spawn(function()
        assert.same({ n = 3, nil, "would wait", uring.errno.EAGAIN },
          table.pack(limiter:try_acquire()))
      end)
      uring.yield()
      guard:release()
      guard:release()
      assert.equal(0, limiter.held)
    end)
  end)

  it("gets no token back twice from a guard that comes too late", function()
    within.run(function()
      local limiter = sync.limiter(2)
      local first = limiter:acquire()
      limiter:release()
      local second = limiter:acquire()
      first:release()
      assert.equal(1, limiter.held)
      assert.equal("uring.LimiterGuard (released)", tostring(first))
      assert.equal(("uring.LimiterGuard (held by task %d)"):format(
        uring.self():id()), tostring(second))
    end)
  end)

  it("raises where a task takes a second token", function()
    within.run(function()
      local limiter = sync.limiter(2)
      limiter:acquire()
      for _, name in ipairs { "acquire", "try_acquire" } do
        local _, message = pcall(function() limiter[name](limiter) end)
        assert.matches("^spec/sync/limiter_spec.lua:%d+: limiter:" .. name
          .. ": task %d+ holds a token of this limiter already$", message)
      end
      assert.equal(1, limiter.held)
    end)
  end)

  it("raises where a task gives back what another has taken", function()
    within.run(function()
      local limiter = sync.limiter(2)
      limiter:acquire()
      uring.spawn(function()
        local _, message = pcall(function() limiter:release() end)
        assert.matches("^spec/sync/limiter_spec.lua:%d+: limiter:release: "
          .. "task %d+ holds no token of this limiter$", message)
      end)
      uring.yield()
      assert.equal(1, limiter.held)
    end)
    local _, message = pcall(function() sync.limiter(1):release() end)
    assert.matches("limiter:release: no task holds no token", message)
  end)

  it("refuses what is no limit", function()
    for _, limit in ipairs { 0, -1, 1.5, "1", false } do
      local _, message = pcall(function() sync.limiter(limit) end)
      assert.matches("^spec/sync/limiter_spec.lua:%d+: sync.limiter: bad "
        .. "argument 'limit' %(integer from 1 on expected, got .+%)$", message)
    end
  end)

  it("needs a run", function()
    for _, name in ipairs { "acquire", "try_acquire" } do
      local limiter = sync.limiter(1)
      local _, message = pcall(function() limiter[name](limiter) end)
      assert.matches("^spec/sync/limiter_spec.lua:%d+: limiter:" .. name
        .. " needs uring.run$", message)
    end
  end)

  it("says what it is, and who holds it", function()
    within.run(function()
      local limiter = sync.limiter(2)
      local function hold()
        local _guard <close> = limiter:acquire()
        uring.yield()
      end
      local tasks = {}
      for i = 1, 3 do tasks[i] = uring.spawn(hold) end
      tasks[1].name = "one"
      uring.yield()
      assert.equal("uring.Limiter (2 of 2 held, 1 waiting)", tostring(limiter))
      assert.equal(("limiter held by task %d one, task %d"):format(
        tasks[1]:id(), tasks[2]:id()), limiter:describe())
    end)
  end)

  it("knows who holds its tokens, in turns, in any history", function()
    histories.each(function(random)
      local limit = random(4)
      local limiter = sync.limiter(limit)
      local line = histories.line(limiter.queue)
      local inside = {}
      local function count()
        local found = 0
        for _ in pairs(inside) do found = found + 1 end
        return found
      end
      local function step()
        local task = uring.self()
        local _guard <close> = line.join(limiter.acquire, limiter)
        local _out <close> = setmetatable({}, { __close = function()
          inside[task] = nil
        end })
        inside[task] = true
        assert(count() <= limit, "more tasks hold a token than may")
        assert(count() <= limiter.held and limiter.held <= limit)
        histories.pause(random)
        assert(limiter.guards[task], "it holds a token, which is not known")
      end
      return step, function()
        assert(tostring(limiter)
          == ("uring.Limiter (0 of %d held)"):format(limit),
          "all have ended, and it is " .. tostring(limiter))
        assert(next(limiter.guards) == nil, "one that has ended holds a token")
      end
    end)
  end)
end)
