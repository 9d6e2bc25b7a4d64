--- Trap 4.3: coroutines and the garbage collector.  What waits is kept alive
-- by the loop, whoever has forgotten it; what has ended, or was left after
-- an ordinary yield, is not.
local leaks = require "spec.support.leaks"
local low = require "uring.ring"
local quiet = require "spec.support.quiet"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local uring = require "uring"

leaks.watch()

local function collect()
  for _ = 1, 3 do collectgarbage() end
end

-- Collects while others run, for some ticks.
local function collect_for(ticks)
  for _ = 1, ticks do
    collect()
    uring.yield()
  end
end

local function count(set)
  local number = 0
  for _ in pairs(set) do number = number + 1 end
  return number
end

-- A table that does not keep what is in it alive.
local function weak()
  return setmetatable({}, { __mode = "k" })
end

describe("what waits", function()
  it("is kept, though nobody refers to it: tasks with ops", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    quiet.run(function()
      local sum, buffer = 0, low.buffer(1)
      for i = 1, 20 do
        uring.spawn(function()
          assert(uring.op.poll_add(b, low.consts.POLLIN))
          sum = sum + i
        end)
      end
      collect_for(3)
      assert(uring.op.send(a, "x"))
      while sum < 210 do collect_for(1) end
      assert.equal(1, uring.op.recv(b, buffer))
    end)
  end)

  it("is kept: sleepers, awaiters, scopes, generators", function()
    quiet.run(function()
      local ended = 0
      local function note() ended = ended + 1 end
      local sleeper = uring.spawn(function()
        uring.sleep(0.005)
        note()
      end)
      uring.spawn(function()
        sleeper:await()
        sleeper = nil
        note()
      end)
      uring.spawn(function()
        uring.scope(function(sc)
          sc:spawn(function()
            for _ in coroutine.wrap(function()
              coroutine.wrap(function()
                assert(uring.op.timeout(0.005))
                note()
              end)()
            end) do error("it gives nothing") end
            note()
          end)
        end)
        note()
      end)
      while ended < 5 do collect_for(1) end
    end)
  end)

  it("keeps what it has in local variables", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    quiet.run(function()
      local seen = weak()
      local task = uring.spawn(function()
        local precious, buffer = {}, low.buffer(4)
        seen[precious] = true
        uring.op.recv(b, buffer)
        return precious, buffer:tostring()
      end)
      collect_for(3)
      assert.equal(1, count(seen))
      assert(uring.op.send(a, "data"))
      local precious, bytes = task:await()
      assert.is_true(seen[precious])
      assert.equal("data", bytes)
    end)
  end)

  it("is kept in a task that is cancelled while the collector runs", function()
    quiet.run(function()
      for i = 1, 20 do
        local closed = false
        local task = uring.spawn(function()
          local _guard <close> = setmetatable({}, {
            __close = function() closed = true end,
          })
          coroutine.wrap(function() uring.op.timeout(60) end)()
        end)
        collect_for(i % 3)
        task:cancel()
        collect()
        assert.is_false(task:result())
        assert.is_true(closed)
      end
    end)
  end)
end)

describe("what is collected", function()
  it("are tasks that have ended, and what they gave", function()
    quiet.run(function()
      local seen = weak()
      for _ = 1, 10 do
        local task = uring.spawn(function()
          local result = {}
          seen[result] = true
          uring.yield()
          return result
        end)
        seen[task], seen[task.thread] = true, true
        task:await()
      end
      uring.scope(function(sc)
        seen[sc] = true
        local task = sc:spawn(uring.sleep, 60)
        uring.yield()
        task:cancel()
        seen[task], seen[task.thread] = true, true
        sc:cancel({})
      end)
      uring.yield()
      collect_for(2)
      assert.equal(0, count(seen), "something is left")
    end)
  end)

  it("are generators that were left, or have ended", function()
    quiet.run(function()
      local seen = weak()
      local function generator(body)
        local thread = coroutine.create(body)
        seen[thread] = true
        return thread
      end
      for i = 1, 4 do
        local thread = generator(function()
          coroutine.resume(generator(function()
            uring.yield()
            coroutine.yield(1)
          end))
          if i % 2 == 0 then uring.yield() end
          coroutine.yield(2)
        end)
        assert.same({ true, 2 }, { coroutine.resume(thread) })
        if i > 2 then assert.is_true((coroutine.resume(thread))) end
      end
      uring.yield()
      collect_for(2)
      assert.equal(0, count(seen), "a generator is left")
    end)
  end)

  it("are descriptors of a generator that was left", function()
    quiet.run(function()
      local next_line = coroutine.wrap(function()
        local file = assert(uring.open("/proc/self/status"))
        for line in file:lines() do coroutine.yield(line) end
      end)
      assert.matches("^Name:", (next_line()))
    end) -- leaks.watch sees that it was closed
  end)

  it("is an error that a task has raised, once the run has ended", function()
    local seen = weak()
    pcall(uring.run, function()
      local object = {}
      seen[object] = true
      uring.spawn(error, object)
    end)
    quiet.run(function() end)
    collect()
    assert.equal(0, count(seen), "the error is left")
  end)
end)
