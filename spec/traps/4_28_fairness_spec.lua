--- Trap 4.28: no task, and no connection, keeps the others from their turn.
-- Who is ready runs first come first served; who gets ready meanwhile runs in
-- the next tick; completions and timers are taken in each.
local leaks = require "spec.support.leaks"
local low = require "uring.ring"
local uring = require "uring"
local within = require "spec.support.within"

leaks.watch()

local function connected(body)
  return within.run(function()
    local listener <close> = assert(uring.listen "127.0.0.1:0")
    local one <close> = assert(uring.connect(listener:sockname()))
    local other <close> = assert(listener:accept())
    return body(one, other)
  end)
end

describe("tasks that are ready", function()
  it("run in turn, in the order in which they got ready", function()
    within.run(function()
      local log = {}
      for _, name in ipairs { "a", "b", "c" } do
        uring.spawn(function()
          for _ = 1, 4 do
            log[#log + 1] = name
            uring.yield()
          end
        end)
      end
      while #log < 12 do uring.yield() end
      assert.equal("abcabcabcabc", table.concat(log))
    end)
  end)

  it("run before those that they make ready", function()
    within.run(function()
      local log, generation = {}, nil
      function generation(depth)
        log[#log + 1] = depth
        if depth < 3 then
          uring.spawn(generation, depth + 1)
          uring.spawn(generation, depth + 1)
        end
      end
      uring.spawn(generation, 1)
      uring.spawn(generation, 1)
      while #log < 14 do uring.yield() end
      assert.equal("11" .. ("2"):rep(4) .. ("3"):rep(8), table.concat(log))
    end)
  end)
end)

describe("a task that is always ready", function()
  local function beside_a_busy_one(body)
    connected(function(one, other)
      local done, turns = false, 0
      uring.spawn(function()
        while not done do
          turns = turns + 1
          uring.yield()
        end
      end)
      body(one, other)
      done = true
      assert.is_true(turns > 0)
    end)
  end

  it("keeps no timer from firing", function()
    beside_a_busy_one(function()
      local before = uring.now()
      uring.sleep(0.01)
      assert.is_true(uring.now() - before < 1)
      assert.is_nil(uring.timeout(0.01, uring.sleep, 60))
    end)
  end)

  it("keeps no bytes from coming", function()
    beside_a_busy_one(function(one, other)
      for i = 1, 20 do
        assert(one:write(i, "\n"))
        assert.equal(tostring(i), other:read())
      end
    end)
  end)

  it("keeps no worker thread's result from coming", function()
    beside_a_busy_one(function()
      for _ = 1, 5 do assert(uring.open "/proc/version"):close() end
    end)
  end)

  it("keeps no cancellation from being told", function()
    beside_a_busy_one(function(one)
      assert.is_nil(uring.scope(function(scope)
        local task = scope:spawn(one.read_some, one)
        uring.yield()
        scope:cancel()
        task:result()
      end))
    end)
  end)
end)

describe("a connection in full flow", function()
  it("keeps others from nothing", function()
    connected(function(one, other)
      local a, b = low.socketpair()
      local fs = require "uring.fs"
      local left <close> = fs.from_fd(a)
      local right <close> = fs.from_fd(b)
      local block, flowed, stop = ("x"):rep(65536), 0, false
      uring.spawn(function()
        while not stop do assert(one:write(block)) end
        one:shutdown "w"
      end)
      local flow = uring.spawn(function()
        for bytes in other:chunks() do flowed = flowed + #bytes end
      end)
      local echo = uring.spawn(function()
        for line in right:lines() do assert(right:write(line, "\n")) end
      end)
      for i = 1, 50 do
        assert(left:write(i, "\n"))
        assert.equal(tostring(i), left:read())
      end
      assert.is_true(flowed > 0)
      stop = true
      left:close()
      echo:await()
      flow:await()
    end)
  end)

  it("of which much was received at once lets others run", function()
    connected(function(one, other)
      assert(one:write(("\n"):rep(4000)))
      assert(uring.wait_readable(other))
      local turns, lines, done = 0, 0, false
      uring.spawn(function()
        while not done do
          turns = turns + 1
          uring.yield()
        end
      end)
      for _ = 1, 4000 do
        assert.equal("", other:read())
        lines = lines + 1
      end
      done = true
      assert.is_true(turns >= 4000 // 64 - 2, turns .. " turns")
    end)
  end)

  it("of which much was received at once is ended by a cancellation",
    function()
      connected(function(one, other)
        assert(one:write(("\n"):rep(1000)))
        local lines = 0
        local task = uring.spawn(function()
          while other:read() do
            lines = lines + 1
            if lines == 10 then uring.self():cancel() end
          end
        end)
        assert.is_false((task:result()))
        assert.equal(10, lines)
        for _ = 11, 1000 do assert.equal("", other:read()) end -- none is lost
      end)
    end)
end)

describe("many completions at once", function()
  it("each get their turn", function()
    within.run(function()
      local pairs_of, got = {}, 0
      for i = 1, 100 do
        local a, b = low.socketpair()
        pairs_of[i] = { a, b }
        uring.spawn(function()
          local buffer = low.buffer(1)
          for _ = 1, 10 do
            assert(uring.op.recv(b, buffer))
            got = got + 1
          end
        end)
      end
      for _ = 1, 10 do
        for _, each in ipairs(pairs_of) do
          uring.spawn(uring.op.send, each[1], "x")
        end
        uring.yield()
      end
      while got < 1000 do uring.yield() end
      for _, each in ipairs(pairs_of) do
        low.close(each[1])
        low.close(each[2])
      end
    end)
  end)
end)
