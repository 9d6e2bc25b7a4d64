--- Cancellation: raised wherever the code to be ended waits, again and again
-- until it has ended, and absorbed by what was cancelled, nowhere else.
local leaks = require "spec.support.leaks"
local low = require "uring.ring"
local quiet = require "spec.support.quiet"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local uring = require "uring"

local ECANCELED = uring.errno.ECANCELED

uring.blocking(function() end) -- it keeps its ring from now on
leaks.watch()

local function assert_cancelled(reason, ...)
  assert.same({ n = 3, nil, "cancelled: " .. reason, ECANCELED },
    table.pack(...))
end

-- Calls a body in a scope that is cancelled already.
local function in_cancelled(body)
  assert_cancelled("before", uring.scope({ name = "over" }, function(sc)
    sc:cancel("before")
    body(sc)
    uring.yield()
  end))
end

-- Ways to wait.  Each is given a socket on which nothing comes.
local waits = {
  op = function(fd) uring.op.recv(fd, low.buffer(1)) end,
  ["multishot op"] = function(fd)
    for _ in uring.op.poll_multishot(fd, low.consts.POLLIN) do
      error("nothing comes")
    end
  end,
  sleep = function() uring.sleep(60) end,
  ["sleep for ever"] = function() uring.sleep(math.huge) end,
  task = function()
    uring.scope(function(sc) sc:spawn(uring.sleep, 60):await() end)
  end,
  ["another's task"] = function() uring.self().elder:await() end,
  result = function() uring.self().elder:result() end,
  wait_ready = function() uring.self().elder:wait_ready() end,
  ["tasks of a scope"] = function()
    uring.scope(function(sc) sc:spawn(uring.sleep, 60) end)
  end,
  ["tasks of its own"] = function() uring.spawn(uring.sleep, 60) end,
  ["room in a scope"] = function()
    uring.scope({ max = 1 }, function(sc)
      for _ = 1, 2 do sc:spawn(uring.sleep, 60) end
    end)
  end,
  timeout = function() uring.timeout(60, uring.sleep, 60) end,
  all = function() uring.all { function() uring.sleep(60) end } end,
  race = function() uring.race { function() uring.sleep(60) end } end,
  map = function() uring.map({ 60, 60 }, uring.sleep, { max = 1 }) end,
  generator = function()
    coroutine.wrap(function() uring.sleep(60) end)()
  end,
  ["generator of an op"] = function(fd)
    for _ in coroutine.wrap(function()
      coroutine.wrap(function() uring.op.recv(fd, low.buffer(1)) end)()
    end) do error("nothing comes") end
  end,
}

describe("a task that waits for", function()
  for name, wait in pairs(waits) do
    -- Has a task wait, and lets 'finish' end that; returns what it raised.
    local function ended_by(finish)
      local own <close> = rows.owner()
      local _, fd = sockets.pair(own)
      local raised
      quiet.run(function()
        uring.scope(function(sc)
          local elder = sc:spawn(uring.sleep, 60)
          local function body()
            uring.self().elder = elder
            raised = select(2, pcall(wait, fd))
            if raised then error(raised, 0) end
          end
          finish(sc, body)
          elder:cancel()
        end)
      end)
      return raised
    end

    it(name .. " can be cancelled", function()
      local task
      local raised = ended_by(function(sc, body)
        task = sc:spawn(body)
        for _ = 1, 3 do uring.yield() end
        assert.equal("waiting", task:status())
        task:cancel("enough")
        assert.is_false(task:result())
      end)
      assert.equal("cancelled", task:status())
      if name ~= "tasks of its own" then
        assert.is_true(uring.is_cancelled(raised))
        assert.equal(("uring: cancelled (task %d: enough)"):format(task:id()),
          tostring(raised))
      end
    end)

    it(name .. " is cancelled with its scope", function()
      local task
      ended_by(function(_, body)
        assert_cancelled("enough", uring.scope(function(inner)
          task = inner:spawn(body)
          for _ = 1, 3 do uring.yield() end
          inner:cancel("enough")
        end))
      end)
      assert.equal("cancelled", task:status())
    end)

    it(name .. " is cancelled by a timeout around its scope", function()
      ended_by(function(sc, body)
        sc:spawn(function()
          assert.is_nil(uring.timeout(0.002, uring.scope, function(inner)
            inner:spawn(body)
          end))
        end):await()
      end)
    end)

    it(name .. " may be a body that waits in its scope", function()
      ended_by(function(sc, body)
        sc:spawn(function()
          assert.same({ nil, "timeout", uring.errno.ETIMEDOUT },
            { uring.timeout(0.002, body) })
          uring.yield()
        end):await()
      end)
    end)
  end
end)

describe("where all is to end", function()
  it("every op raises, before it looks at its arguments, but for those that "
    .. "clean up", function()
    quiet.run(function()
      in_cancelled(function()
        local count = 0
        for _, row in ipairs(low.ops) do
          local ok, cause = pcall(uring.op[row.name])
          assert.is_false(ok)
          assert.equal(not row.sure, uring.is_cancelled(cause), row.name)
          count = count + 1
        end
        assert.is_true(count > 80)
      end)
    end)
  end)

  it("every function that may wait raises, each time", function()
    quiet.run(function()
      local done = uring.spawn(function() end)
      done:await()
      in_cancelled(function(sc)
        for name, call in pairs {
          sleep = function() uring.sleep(1) end,
          ["sleep(0)"] = function() uring.sleep(0) end,
          yield = uring.yield,
          scope = function() uring.scope(error) end,
          timeout = function() uring.timeout(1, error) end,
          deadline = function() uring.deadline(uring.now() + 1, error) end,
          all = function() uring.all {} end,
          race = function() uring.race { error } end,
          map = function() uring.map({ 1 }, error) end,
          await = function() done:await() end,
          result = function() done:result() end,
          wait_ready = function() done:wait_ready() end,
          generator = function() coroutine.wrap(uring.yield)() end,
        } do
          for _ = 1, 3 do
            local ok, cause = pcall(call)
            assert.is_false(ok)
            assert.is_true(uring.is_cancelled(cause), name)
            assert.equal("uring: cancelled (scope over: before)",
              tostring(cause))
          end
        end
        assert.equal(0, sc:count())
      end)
    end)
  end)

  it("spawning a task is possible, which ends where it waits", function()
    quiet.run(function()
      local trace = {}
      in_cancelled(function(sc)
        for _, how in ipairs { "spawn", "async", "daemon" } do
          sc[how](sc, function()
            trace[#trace + 1] = how
            uring.yield()
            trace[#trace + 1] = "not reached"
          end)
        end
        uring.spawn(function() trace[#trace + 1] = "uring.spawn" end)
      end)
      assert.same({ "spawn", "async", "daemon", "uring.spawn" }, trace)
    end)
  end)

  it("other tasks have their turn before it is raised", function()
    quiet.run(function()
      local turns = 0
      uring.scope(function(sc)
        sc:daemon(function()
          while true do
            turns = turns + 1
            uring.yield()
          end
        end)
        in_cancelled(function()
          for i = 1, 10 do
            assert.is_false(pcall(uring.op.nop))
            assert.is_true(turns >= i)
          end
        end)
      end)
    end)
  end)
end)

describe("scope:cancel", function()
  it("has the scope give nil, the reason and ECANCELED", function()
    quiet.run(function()
      local object = setmetatable({}, { __tostring = function()
        return "an object"
      end })
      for reason, text in pairs { stop = "stop", [12] = "12", [1.5] = "1.5",
        [true] = "true", [false] = "false", [object] = "an object",
        [print] = tostring(print) } do
        assert_cancelled(text, uring.scope(function(sc)
          sc:cancel(reason)
          assert.is_true(sc.cancelled)
          return "results of the body"
        end))
      end
      assert_cancelled("no reason given", uring.scope(function(sc)
        sc:cancel()
        uring.sleep(60)
      end))
    end)
  end)

  it("takes a reason that cannot be shown", function()
    quiet.run(function()
      for _, show in ipairs { error, function() return {} end, uring.yield } do
        assert_cancelled("a table that cannot be shown", uring.scope(
          function(sc)
            sc:cancel(setmetatable({}, { __tostring = show }))
            local _, cause = pcall(uring.yield)
            assert.matches("^uring: cancelled %(scope %d+: a table that "
              .. "cannot be shown%)$", tostring(cause))
            error("made of " .. tostring(cause), 0)
          end))
      end
    end)
  end)

  it("once more is nothing: the first reason stays", function()
    quiet.run(function()
      assert_cancelled("first", uring.scope(function(sc)
        sc:cancel("first")
        sc:cancel("second")
        local _, cause = pcall(uring.yield)
        sc:cancel("third")
        error(cause, 0)
      end))
    end)
  end)

  it("may be called by a task of the scope, and by others", function()
    quiet.run(function()
      local trace, scope = {}, nil
      assert_cancelled("a child", uring.scope(function(sc)
        sc:spawn(function()
          sc:cancel("a child")
          trace[#trace + 1] = "goes on"
          uring.yield()
          trace[#trace + 1] = "not reached"
        end)
        uring.sleep(60)
      end))
      assert.same({ "goes on" }, trace)
      uring.spawn(function()
        while not scope do uring.yield() end
        scope:cancel("outside")
      end)
      assert_cancelled("outside", uring.scope(function(sc)
        scope = sc
        sc:spawn(uring.sleep, 60)
      end))
    end)
  end)

  it("inside of one that is cancelled first ends both", function()
    quiet.run(function()
      local trace = {}
      assert_cancelled("outer", uring.scope(function(outer)
        trace[1] = table.pack(uring.scope(function(inner)
          inner:cancel("inner")
          outer:cancel("outer")
          uring.sleep(60)
        end))
        uring.sleep(60)
      end))
      assert.same({ { n = 3, nil, "cancelled: inner", ECANCELED } }, trace)
      trace = {}
      assert_cancelled("outer", uring.scope(function(outer)
        uring.scope(function(inner)
          outer:cancel("outer")
          inner:cancel("inner")
          uring.sleep(60)
        end)
        trace[#trace + 1] = "not reached"
      end))
      assert.same({}, trace)
    end)
  end)
end)

describe("an error made of the cancellation", function()
  it("as a string ends what was cancelled, as the object does", function()
    quiet.run(function()
      local function wrapping()
        local _, cause = pcall(uring.sleep, 60)
        error("library: " .. tostring(cause), 0)
      end
      assert.is_nil(uring.timeout(0.001, wrapping))
      assert_cancelled("x", uring.scope(function(sc)
        local task = sc:spawn(wrapping)
        sc:spawn(function()
          uring.scope(function(inner) inner:spawn(wrapping) end)
        end)
        uring.yield()
        sc:cancel("x")
        uring.shield(task.result, task)
        assert.equal("cancelled", task:status())
      end))
      local task = uring.spawn(wrapping)
      task:cancel()
      assert.is_false(task:result())
      assert.equal("cancelled", task:status())
    end)
  end)

  it("that is over is a failure", function()
    quiet.run(function()
      local kept
      uring.timeout(0.001, function()
        kept = select(2, pcall(uring.sleep, 60))
        error(kept, 0)
      end)
      for _, stale in ipairs { kept, tostring(kept) } do
        local ok, raised = pcall(uring.scope, function(sc)
          sc:spawn(error, stale, 0)
        end)
        assert.is_false(ok)
        assert.is_true(rawequal(stale, raised))
      end
    end)
  end)

  it("is told from others by is_cancelled, and passes uring.pcall", function()
    quiet.run(function()
      for _, value in ipairs { "uring: cancelled (x)", {}, 12, false } do
        assert.is_false(uring.is_cancelled(value))
        assert.same({ false, value }, { uring.pcall(error, value, 0) })
      end
      assert.is_false(uring.is_cancelled(nil))
      assert.same({ true, 1, nil }, { uring.pcall(function() return 1 end) })
      local passed = true
      assert.is_nil(uring.timeout(0.001, function()
        uring.pcall(uring.sleep, 60)
        passed = false
      end))
      assert.is_true(passed)
    end)
  end)
end)

describe("code behind uring.blocking, which has a run of its own,", function()
  it("cancels tasks and scopes of the run around it", function()
    quiet.run(function()
      local task = uring.spawn(uring.sleep, 60)
      uring.yield()
      assert_cancelled("behind", uring.scope(function(sc)
        sc:spawn(uring.sleep, 60)
        uring.yield()
        uring.blocking(function()
          task:cancel()
          sc:cancel("behind")
          uring.sleep(0.001) -- this run is not cancelled
        end)
        uring.sleep(60)
      end))
      assert.is_false(task:result())
      assert.is_nil(uring.timeout(0.001, uring.sleep, 60))
    end)
  end)

  it("sets deadlines there, and spawns", function()
    quiet.run(function()
      uring.locals.name = "around"
      local took = uring.now()
      assert.same({ nil, "timeout", uring.errno.ETIMEDOUT }, {
        uring.scope(function(sc)
          local task = uring.blocking(function()
            sc.deadline = uring.now() + 0.01
            return sc:spawn(function()
              uring.yield()
              return uring.locals.name
            end)
          end)
          assert.equal("around", task:await())
          uring.sleep(60)
        end),
      })
      assert.is_true(uring.now() - took >= 0.01)
    end)
  end)

  it("cannot wait for tasks there, and is told so", function()
    quiet.run(function()
      local task = uring.spawn(uring.sleep, 0.001)
      uring.blocking(function()
        for _, how in ipairs { "await", "result", "wait_ready" } do
          local _, message = pcall(function() task[how](task) end)
          assert.matches("^spec/cancel_spec.lua:%d+: task:" .. how
            .. ": the task belongs to another run$", message)
        end
      end)
      task:await()
      uring.blocking(function() assert.is_true(task:result()) end)
    end)
  end)

  it("wakes who waits there", function()
    quiet.run(function()
      local event = require("uring.sync").event()
      local task = uring.spawn(function()
        event:wait()
        uring.sleep(0.001)
        return uring.self()
      end)
      uring.yield()
      uring.blocking(function()
        event:set()
        uring.sleep(0.001)
      end)
      assert.equal(task, task:await())
    end)
  end)
end)
