--- Tasks run in the order in which they got ready, and none starves another.
local leaks = require "spec.support.leaks"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local uring = require "uring"
local raw = require "uring.ring"
local within = require "spec.support.within"

local MANY = 10000

leaks.watch()

describe("spawning", function()
  it("starts nothing before the caller waits", function()
    local trace = {}
    within.run(function()
      uring.spawn(function() trace[#trace + 1] = "child" end)
      trace[#trace + 1] = "parent"
      uring.yield()
      trace[#trace + 1] = "parent again"
    end)
    assert.same({ "parent", "child", "parent again" }, trace)
  end)

  it("passes arguments, nils too", function()
    local got
    within.run(function()
      uring.spawn(function(...) got = table.pack(...) end, nil, 2, nil)
    end)
    assert.same({ n = 3, nil, 2, nil }, got)
  end)

  it("takes what can be called with a task of its own", function()
    local order = {}
    within.run(function()
      for i = 1, 5 do uring.spawn(table.insert, order, i) end
    end)
    assert.same({ 1, 2, 3, 4, 5 }, order)
  end)

  it("from a spawned task is the same", function()
    local order = {}
    within.run(function()
      uring.spawn(function()
        uring.spawn(function() order[#order + 1] = "grandchild" end)
        order[#order + 1] = "child"
      end)
      order[#order + 1] = "main"
    end)
    assert.same({ "main", "child", "grandchild" }, order)
  end)
end)

describe("tasks", function()
  it("take turns, first come first served", function()
    local trace = {}
    within.run(function()
      for i = 1, 3 do
        uring.spawn(function()
          for round = 1, 3 do
            trace[#trace + 1] = i .. ":" .. round
            uring.yield()
          end
        end)
      end
    end)
    assert.equal("1:1 2:1 3:1 1:2 2:2 3:2 1:3 2:3 3:3",
      table.concat(trace, " "))
  end)

  it("are woken in the order of their times", function()
    local order = {}
    within.run(function()
      for _, ms in ipairs { 160, 80, 120, 40 } do
        uring.spawn(function()
          uring.sleep(ms / 1000)
          order[#order + 1] = ms
        end)
      end
    end)
    assert.same({ 40, 80, 120, 160 }, order)
  end)

  it("keep the run going until the last has ended", function()
    local ended = 0
    local result = within.run(function()
      for i = 1, 5 do
        uring.spawn(function()
          uring.sleep(i / 1000)
          ended = ended + 1
        end)
      end
      return ended
    end)
    assert.equal(0, result)
    assert.equal(5, ended)
  end)

  it("tell how they are", function()
    within.run(function()
      local seen
      local task = uring.spawn(function() uring.sleep(0.001) end)
      local mine
      mine = uring.spawn(function() seen = mine:status() end)
      assert.equal("new", task:status())
      assert.equal(("task %d (new)"):format(task:id()), tostring(task))
      uring.yield()
      assert.equal("running", seen)
      assert.equal("done", mine:status())
      assert.equal("waiting", task:status())
      task.name = "napper"
      task:await()
      assert.equal("done", task:status())
      assert.equal(("task %d napper (done)"):format(task:id()),
        tostring(task))
    end)
  end)

  it("that resume a generator run meanwhile", function()
    within.run(function()
      local seen, task
      task = uring.spawn(function()
        coroutine.wrap(function() seen = task:status() end)()
      end)
      uring.yield()
      assert.equal("running", seen)
    end)
  end)

  it("that fail say so", function()
    local task
    pcall(within.run, function()
      task = uring.spawn(error, "on purpose")
    end)
    assert.equal("failed", task:status())
  end)

  it("may be ten thousand that yield", function()
    local ended = 0
    within.run(function()
      for _ = 1, MANY do
        uring.spawn(function()
          uring.yield()
          ended = ended + 1
        end)
      end
    end)
    assert.equal(MANY, ended)
  end)

  it("may be ten thousand that sleep", function()
    local ended = 0
    within.run(function()
      for i = 1, MANY do
        uring.spawn(function()
          uring.sleep(i % 20 / 1000)
          ended = ended + 1
        end)
      end
    end)
    assert.equal(MANY, ended)
  end)

  it("may be ten thousand that have an op in flight at once", function()
    local ended, own <close> = 0, rows.owner()
    local a, b = sockets.pair(own)
    within.run(function()
      for _ = 1, MANY do
        uring.spawn(function()
          uring.op.poll_add(b, raw.consts.POLLIN)
          ended = ended + 1
        end)
      end
      uring.yield()
      assert.equal(1, uring.op.send(a, "x"))
    end)
    assert.equal(MANY, ended)
  end)

  it("may start more ops at once than the SQ holds", function()
    for _, entries in ipairs { 1, 2, 7, 4096 } do
      local ended = 0
      uring.run({ entries = entries }, function()
        for _ = 1, 500 do
          uring.spawn(function()
            assert(uring.op.nop())
            assert(uring.op.timeout(0.001))
            ended = ended + 1
          end)
        end
      end)
      assert.equal(500, ended)
    end
  end)
end)

describe("a task that is always ready", function()
  it("does not starve I/O", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    within.run(function()
      local done = false
      uring.spawn(function()
        while not done do uring.yield() end
      end)
      uring.spawn(function() uring.op.send(a, "x") end)
      assert.equal(1, uring.op.recv(b, raw.buffer(1)))
      done = true
    end)
  end)

  it("does not starve sleepers", function()
    within.run(function()
      local done = false
      uring.spawn(function()
        while not done do uring.yield() end
      end)
      uring.sleep(0.005)
      done = true
    end)
  end)

  it("by its I/O does not starve the others", function()
    within.run(function()
      local done, rounds = false, 0
      uring.spawn(function()
        while not done do
          uring.op.nop()
          rounds = rounds + 1
        end
      end)
      for _ = 1, 100 do uring.yield() end
      done = true
      assert.is_true(rounds >= 50 and rounds <= 101)
    end)
  end)
end)

describe("a task that fails", function()
  it("ends the run with its error", function()
    assert.error_matches(function()
      uring.run(function()
        uring.spawn(function() error("the child's") end)
        uring.sleep(60)
      end)
    end, "the child's")
  end)

  it("ends it though another is always ready", function()
    assert.error_matches(function()
      uring.run(function()
        uring.spawn(function()
          while true do uring.yield() end
        end)
        uring.sleep(0.001)
        error("the other's")
      end)
    end, "the other's")
  end)

  it("first is the one whose error is raised", function()
    local errors = {}
    for _ = 1, 5 do
      local _, message = pcall(uring.run, function()
        for i = 1, 3 do uring.spawn(error, { i }) end
        uring.sleep(60)
      end)
      errors[#errors + 1] = message[1]
    end
    assert.same({ 1, 1, 1, 1, 1 }, errors)
  end)

  it("lets the close variables of all run", function()
    local closed = {}
    local function guard(name)
      return setmetatable({}, { __close = function(_, reason)
        closed[name] = uring.is_cancelled(reason) and "cancelled" or reason
      end })
    end
    pcall(uring.run, function()
      local _main <close> = guard("main")
      uring.spawn(function()
        local _child <close> = guard("child")
        uring.sleep(60)
      end)
      uring.spawn(function()
        coroutine.wrap(function()
          local _generator <close> = guard("generator")
          uring.op.timeout(60)
        end)()
      end)
      uring.spawn(function()
        local _own <close> = guard("failing")
        uring.yield()
        error("on purpose", 0)
      end)
      uring.sleep(60)
    end)
    assert.same({ main = "cancelled", child = "cancelled",
      generator = "cancelled", failing = "on purpose" }, closed)
  end)

  it("ends it though a close variable of another fails", function()
    assert.error_matches(function()
      uring.run(function()
        uring.spawn(function()
          local _guard <close> = setmetatable({}, {
            __close = function() error("while closing") end,
          })
          uring.sleep(60)
        end)
        uring.yield()
        error("the first")
      end)
    end, "the first")
  end)

  it("leaves nothing behind for the next run", function()
    for _ = 1, 3 do
      pcall(uring.run, function()
        uring.spawn(uring.sleep, 60)
        uring.spawn(uring.op.timeout, 60)
        uring.yield()
        error("on purpose")
      end)
      assert.equal("fine", within.run(function()
        uring.sleep(0.001)
        return "fine"
      end))
    end
  end)
end)

describe("a task that yields", function()
  it("outside of a generator fails", function()
    local ok, message = pcall(uring.run, function() coroutine.yield(12) end)
    assert.is_false(ok)
    assert.matches("^a task called coroutine.yield outside of a generator; "
      .. "uring.yield%(%) lets other tasks run\nstack traceback:", message)
  end)
end)

describe("tasks that can never go on", function()
  it("are a deadlock, which raises", function()
    assert.error_matches(function()
      uring.run(function() uring.sleep(math.huge) end)
    end, "^deadlock: 1 task is waiting, and nothing is in flight that could "
      .. "wake one:\n  task %d+ %(waiting%): sleep for ever at "
      .. "spec/scheduler_spec.lua:%d+$")
  end)

  it("are counted", function()
    assert.error_matches(function()
      uring.run(function()
        for _ = 1, 2 do uring.spawn(uring.sleep, math.huge) end
        uring.sleep(math.huge)
      end)
    end, "^deadlock: 3 tasks are waiting")
  end)

  it("are none while an op is in flight, or a timer is due", function()
    uring.run(function()
      uring.spawn(uring.op.timeout, 0.01)
      uring.spawn(uring.sleep, 0.02)
    end)
  end)
end)
