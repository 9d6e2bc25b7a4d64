--- Scopes that are opened again: of the one that was there before, nothing is
-- left.  Few tables are made: what a task or a timeout takes, is told here.
local leaks = require "spec.support.leaks"
local quiet = require "spec.support.quiet"
local uring = require "uring"

leaks.watch()

local ETIMEDOUT = uring.errno.ETIMEDOUT
local IS_RESTLESS = os.getenv "URING_RESTLESS" ~= nil

local function nothing() end

local function in_run(body)
  return function() quiet.run(body) end
end

-- What a call allocates that is not collected, in bytes.
local function allocated(body, ...)
  collectgarbage()
  collectgarbage "stop"
  local before = collectgarbage "count"
  body(...)
  local bytes = (collectgarbage "count" - before) * 1024
  collectgarbage "restart"
  return bytes
end

local function many_timeouts(count)
  for _ = 1, count do uring.timeout(60, nothing) end
end

describe("a timeout after another", function()
  it("is not ended by the time of the first", in_run(function()
    for _ = 1, 5 do
      assert.equal("in time", uring.timeout(0.01, function()
        return "in time"
      end))
    end
    assert.equal("late", uring.timeout(60, function()
      uring.sleep(0.03)
      return "late"
    end))
  end))

  it("ends at its own time", in_run(function()
    uring.timeout(60, nothing)
    assert.same({ nil, "timeout", ETIMEDOUT },
      { uring.timeout(0.005, uring.sleep, 60) })
    uring.timeout(0.005, uring.sleep, 60)
    assert.equal("done", uring.timeout(60, function()
      uring.sleep(0.01)
      return "done"
    end))
  end))

  it("is no shield after one, and shields as one", in_run(function()
    assert.same({ nil, "timeout", ETIMEDOUT }, { uring.timeout(0.005,
      function()
        uring.shield(60, nothing)
        return uring.timeout(2, uring.sleep, 60)
      end) })
    local finished = false
    uring.scope(function(scope)
      scope:spawn(function()
        uring.timeout(60, nothing)
        uring.shield(60, function()
          uring.sleep(0.02)
          uring.sleep(0.001) -- asks whether it is to end
          finished = true
        end)
      end)
      uring.sleep(0.005)
      scope:cancel()
    end)
    assert.is_true(finished)
  end))

  it("waits for the tasks that were spawned in it", in_run(function()
    uring.timeout(60, nothing)
    local ended = 0
    local function work()
      uring.sleep(0.002)
      ended = ended + 1
    end
    uring.timeout(60, uring.spawn, work)
    assert.equal(1, ended)
    uring.timeout(60, uring.spawn, work)
    assert.equal(2, ended)
    uring.timeout(60, nothing)
  end))

  it("has a title of its own", in_run(function()
    local function number()
      return math.tointeger(uring.debug.tree():match "scope (%d+) %(")
    end
    local first = uring.timeout(60, number)
    local second = uring.timeout(60, number)
    assert.equal(first + 1, second)
  end))

  it("may be inside of the other, in any order", in_run(function()
    local function nested(depth)
      if depth == 0 then return "inmost" end
      return uring.timeout(depth % 3 == 0 and 50 or 60, nested, depth - 1)
    end
    for depth = 1, 12 do assert.equal("inmost", nested(depth)) end
    assert.same({ nil, "timeout", ETIMEDOUT }, { uring.timeout(0.005,
      function()
        nested(4)
        uring.sleep(60)
      end) })
  end))

  it("is one of its task, however many there are", in_run(function()
    local timed_out = 0
    uring.scope(function(scope)
      for i = 1, 300 do
        scope:spawn(function()
          local seconds = i % 2 == 0 and 0.002 or 60
          for _ = 1, 3 do
            local _, message = uring.timeout(seconds, uring.sleep,
              i % 2 == 0 and 60 or 0.001)
            if message == "timeout" then timed_out = timed_out + 1 end
          end
        end)
      end
    end)
    assert.equal(450, timed_out)
  end))

  it("keeps no task alive", in_run(function()
    local weak = setmetatable({}, { __mode = "k" })
    uring.scope(function(scope)
      for _ = 1, 150 do
        weak[scope:spawn(function()
          uring.timeout(60, uring.yield)
        end)] = true
      end
    end)
    collectgarbage()
    assert.is_nil(next(weak))
  end))

  it("makes no table", in_run(function()
    if IS_RESTLESS then return pending "the collector runs all the time" end
    many_timeouts(10)
    assert.is_true(allocated(many_timeouts, 1000) < 1000 * 20)
  end))
end)

describe("the values of a task", function()
  it("are those that it returns, and not its arguments", in_run(function()
    local task = uring.spawn(nothing, 1, 2, 3)
    assert.equal(0, select("#", task:await()))
    local other = uring.spawn(function(...) return select("#", ...), nil end,
      nil, nil)
    assert.same({ n = 2, 2, nil }, table.pack(other:await()))
  end))

  it("are none of one that was cancelled before it began", in_run(function()
    local result
    uring.scope(function(scope)
      local task = scope:spawn(function(a)
        uring.sleep(60)
        return a
      end, "argument")
      task:cancel("unwanted")
      result = table.pack(task:result())
    end)
    assert.equal(2, result.n)
    assert.is_false(result[1])
    assert.matches("the task was cancelled", result[2])
  end))
end)

describe("tasks that sleep", function()
  it("hold at most 1,700 bytes of Lua each", in_run(function()
    if IS_RESTLESS then return pending "the collector runs all the time" end
    local count, sleep = 4096, uring.sleep
    uring.scope(function(scope)
      collectgarbage()
      local before = collectgarbage "count"
      for _ = 1, count do scope:spawn(function() sleep(60) end) end
      uring.sleep(0.01)
      collectgarbage()
      local each = (collectgarbage "count" - before) * 1024 / count
      assert.is_true(each < 1700, each)
      scope:cancel()
    end)
  end))
end)
