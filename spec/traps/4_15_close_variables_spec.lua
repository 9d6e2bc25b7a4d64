--- Trap 4.15: a task ends by an error that is raised where it waits, never by
-- coroutine.close: its close variables run in its coroutine, innermost
-- first, and may wait under a shield.
local leaks = require "spec.support.leaks"
local low = require "uring.ring"
local quiet = require "spec.support.quiet"
local uring = require "uring"

leaks.watch()

-- A close variable that calls a function with the reason.
local function guard(close)
  return setmetatable({}, { __close = function(_, reason) close(reason) end })
end

-- What was it that ended the block of a close variable?
local function kind(reason)
  return uring.is_cancelled(reason) and "cancelled" or reason
end

describe("close variables of a task that is cancelled", function()
  it("run innermost first, with the cancellation as reason", function()
    quiet.run(function()
      local trace = {}
      local function note(name)
        return guard(function(reason)
          trace[#trace + 1] = ("%s %s"):format(name, kind(reason))
        end)
      end
      local task = uring.spawn(function()
        local _outer <close> = note("outer")
        uring.scope(function()
          local _scope <close> = note("scope")
          for _ in coroutine.wrap(function()
            local _generator <close> = note("generator")
            coroutine.yield(1)
            uring.sleep(60)
          end) do
            local _loop <close> = note("loop")
            uring.yield()
          end
        end)
      end)
      for _ = 1, 3 do uring.yield() end
      task:cancel()
      assert.is_false(task:result())
      assert.same({ "loop nil", "generator cancelled", "scope cancelled",
        "outer cancelled" }, trace)
    end)
  end)

  it("may wait under a shield, in tasks and generators", function()
    quiet.run(function()
      local trace = {}
      local function slow(name)
        return guard(function()
          uring.shield(function()
            uring.sleep(0.001)
            assert(uring.op.nop())
            uring.spawn(uring.yield):await()
          end)
          trace[#trace + 1] = name
        end)
      end
      assert.is_nil(uring.timeout(0.002, function()
        local _task <close> = slow("task")
        coroutine.wrap(function()
          local _outer <close> = slow("generator")
          coroutine.wrap(function()
            local _inner <close> = slow("inner generator")
            uring.sleep(60)
          end)()
        end)()
      end))
      assert.same({ "inner generator", "generator", "task" }, trace)
    end)
  end)

  it("that wait without a shield are cancelled themselves", function()
    quiet.run(function()
      local causes = {}
      assert.is_nil(uring.timeout(0.001, function()
        local _guard <close> = guard(function(reason)
          causes[1] = reason
          causes[2] = select(2, pcall(uring.op.nop))
          causes[3] = select(2, pcall(uring.sleep, 1))
          uring.sleep(1)
        end)
        uring.sleep(60)
      end))
      assert.equal(3, #causes)
      for i = 1, 3 do assert.is_true(rawequal(causes[1], causes[i])) end
    end)
  end)

  it("that fail replace the cancellation: that is a failure", function()
    quiet.run(function()
      local object = {}
      local ok, raised = pcall(uring.timeout, 0.001, function()
        local _guard <close> = guard(function() error(object) end)
        uring.sleep(60)
      end)
      assert.is_false(ok)
      assert.is_true(rawequal(object, raised))
    end)
  end)

  it("run though it yields where it must not", function()
    local closed
    local ok, message = pcall(uring.run, function()
      uring.spawn(function()
        local _guard <close> = guard(function() closed = true end)
        coroutine.yield("to nobody")
      end)
    end)
    assert.is_false(ok)
    assert.matches("^a task called coroutine.yield outside", message)
    assert.is_true(closed)
  end)

  it("are as many as there are", function()
    quiet.run(function()
      local closed = 0
      local function deep(level)
        local _guard <close> = guard(function()
          uring.shield(uring.yield)
          closed = closed + 1
        end)
        if level == 1 then uring.sleep(60) end
        deep(level - 1)
      end
      assert.is_nil(uring.timeout(0.002, deep, 50))
      assert.equal(50, closed)
    end)
  end)

  it("close handles: conns, listeners, files, multishot loops", function()
    quiet.run(function()
      local handles = {}
      assert.is_nil(uring.timeout(0.01, function()
        local listener <close> = assert(uring.listen("127.0.0.1:0"))
        local client <close> = assert(uring.connect(listener:sockname()))
        local conn <close> = assert(listener:accept())
        local file <close> = assert(uring.open("/dev/null"))
        handles = { listener, client, conn, file }
        for _ in uring.op.poll_multishot(conn:fileno(), low.consts.POLLIN) do
          error("nothing comes")
        end
      end))
      assert.equal(4, #handles)
      for _, handle in ipairs(handles) do assert.is_true(handle:closed()) end
    end)
  end)
end)

describe("coroutine.close", function()
  it("closes a generator that has yielded; it cannot wait then", function()
    quiet.run(function()
      local trace = {}
      local thread = coroutine.create(function()
        local _guard <close> = guard(function(reason)
          trace[#trace + 1] = reason or "no reason"
          trace[#trace + 1] = select(2, pcall(uring.yield))
          trace[#trace + 1] = select(2, pcall(uring.op.nop))
        end)
        uring.yield()
        coroutine.yield()
      end)
      assert.is_true(coroutine.resume(thread))
      assert.is_true(coroutine.close(thread))
      assert.equal("no reason", trace[1])
      assert.matches("cannot wait here", trace[2])
      assert.matches("cannot wait for I/O here", trace[3])
      assert.equal("dead", coroutine.status(thread))
    end)
  end)

  it("does not close a task, which coroutine.resume cannot resume", function()
    quiet.run(function()
      local task = uring.spawn(function()
        uring.sleep(0.002)
        return "its result"
      end)
      uring.yield()
      for _ = 1, 2 do
        assert.same({ false, "cannot resume a coroutine that waits for I/O" },
          { coroutine.resume(task.thread) })
        assert.error_matches(function() coroutine.close(task.thread) end,
          "cannot close a coroutine that waits for I/O")
      end
      assert.equal("its result", task:await())
      assert.same({ false, "cannot resume dead coroutine" },
        { coroutine.resume(task.thread) })
      assert.same({ false, "cannot resume non-suspended coroutine" },
        { coroutine.resume(uring.self().thread) })
    end)
  end)

  it("behaves as elsewhere where it cannot close", function()
    local function messages()
      local found = {}
      local thread
      thread = coroutine.create(function()
        found[1] = select(2, pcall(coroutine.close, thread))
        found[2] = select(2, pcall(coroutine.close, "no thread"))
        found[3] = select(2, pcall(coroutine.resume, thread))
      end)
      coroutine.resume(thread)
      found[4] = { coroutine.close(thread) }
      found[5] = { coroutine.close(coroutine.create(print)) }
      for i = 1, 2 do found[i] = found[i]:gsub("^.*'close' ", "") end
      return found
    end
    local expected = messages()
    quiet.run(function()
      local found = messages()
      for i = 3, 5 do assert.same(expected[i], found[i]) end
      assert.matches("cannot close a running coroutine$", found[1])
      assert.matches("expected", found[2])
    end)
  end)
end)

describe("a coroutine that waits behind a C function", function()
  it("is closed, and its caller is told so", function()
    quiet.run(function()
      local trace = {}
      local function waiting(wait)
        return function()
          local _guard <close> = guard(function()
            trace[#trace + 1] = "closed"
          end)
          wait()
          trace[#trace + 1] = "not reached"
        end
      end
      for _, wait in ipairs { function() uring.sleep(60) end,
        function() uring.op.timeout(60) end, uring.yield,
        function() coroutine.wrap(uring.yield)() end,
        function() uring.timeout(60, uring.sleep, 60) end } do
        for _, call in ipairs { coroutine.wrap, function(body)
          return function()
            local _, message = coroutine.resume(coroutine.create(body))
            error(message)
          end
        end } do
          local _, message = pcall(table.sort, { 2, 1 }, call(waiting(wait)))
          assert.matches("cannot wait here: a coroutine waits that was "
            .. "resumed through a C function", message)
        end
      end
      uring.sleep(0.002)
      assert.equal(10, #trace)
      for _, what in ipairs(trace) do assert.equal("closed", what) end
    end)
  end)

  it("may give values there, and wait elsewhere", function()
    quiet.run(function()
      local next_value = coroutine.wrap(function()
        while true do
          coroutine.yield(1)
          uring.yield()
          coroutine.yield(2)
        end
      end)
      local got = {}
      table.sort({ 2, 1 }, function()
        got[#got + 1] = next_value()
        return false
      end)
      assert.equal(2, next_value())
      assert.equal(1, got[1])
    end)
  end)
end)
