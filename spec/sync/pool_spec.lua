--- A pool: things made once and used again, by one task at a time; what an
-- error may have left half done is not used again.
local leaks = require "spec.support.leaks"
local sync = require "uring.sync"
local turns = require "spec.sync.turns"
local uring = require "uring"
local within = require "spec.support.within"

leaks.watch()

describe("a pool", function()
  local made, closed

  before_each(function() made, closed = 0, {} end)

  local function make()
    made = made + 1
    return { number = made, close = function(self)
      table.insert(closed, self.number)
    end }
  end

  local function state(pool)
    return tostring(pool):match "%((.*)%)"
  end

  turns.describe(function()
    local pool = sync.pool(function() return {} end, { max = 1 })
    return {
      take = function() return pool:get() end,
      is_free = function()
        return pool.used == 0 and not state(pool):find "waiting"
      end,
    }
  end)

  it("makes what it lends, and lends again what came back", function()
    within.run(function()
      local pool = sync.pool(make)
      local first
      do
        local lease <close> = pool:get()
        first = lease.value
        assert.equal(1, first.number)
        assert.equal("1 of 16 lent, 0 idle", state(pool))
        local other <close> = pool:get()
        assert.equal(2, other.value.number)
      end
      assert.equal("0 of 16 lent, 2 idle", state(pool))
      local lease = pool:get()
      assert.is_true(rawequal(first, lease.value)) -- it came back last
      lease:release()
      assert.is_nil(lease.value)
      lease:release()
      assert.equal("0 of 16 lent, 2 idle", state(pool))
      assert.equal(2, made)
      assert.same({}, closed)
    end)
  end)

  it("calls a function with one, and passes on what that returns", function()
    within.run(function()
      local pool = sync.pool(make)
      assert.same({ n = 4, 1, "x", nil, nil },
        table.pack(pool:with(function(one, ...)
          return one.number, ...
        end, "x", nil, nil)))
      assert.equal("0 of 16 lent, 1 idle", state(pool))
      assert.equal(0, select("#", pool:with(function() end)))
      assert.same({}, closed)
    end)
  end)

  it("destroys what was used when an error came", function()
    within.run(function()
      local pool = sync.pool(make)
      assert.error_matches(function()
        pool:with(function() error("oops") end)
      end, "oops")
      pcall(function()
        local _lease <close> = pool:get()
        error("on purpose")
      end)
      assert.same({ 1, 2 }, closed)
      assert.equal("0 of 16 lent, 0 idle", state(pool))
    end)
  end)

  it("destroys what was used when its task was cancelled, or too slow",
    function()
      within.run(function()
        local pool = sync.pool(make)
        local function work() uring.sleep(60) end
        local task = uring.spawn(pool.with, pool, work)
        uring.yield()
        task:cancel()
        task:result()
        assert.same({ 1 }, closed)
        uring.timeout(0.001, pool.with, pool, work)
        assert.same({ 1, 2 }, closed)
      end)
    end)

  it("destroys what failed, as the results of its use say", function()
    within.run(function()
      local pool = sync.pool(make)
      assert.same({ n = 3, nil, "timeout", 110 },
        table.pack(pool:with(function() return nil, "timeout", 110 end)))
      assert.same({ 1 }, closed)
      assert.same({ n = 1, nil },
        table.pack(pool:with(function() return nil end)))
      assert.same({ n = 2, false, "no" },
        table.pack(pool:with(function() return false, "no" end)))
      assert.same({ 1 }, closed)
    end)
  end)

  it("destroys what is said to be tainted, or says so itself", function()
    within.run(function()
      local pool = sync.pool(make)
      do
        local lease <close> = pool:get()
        lease:taint()
        assert.matches("^uring.Lease %(table: .*, tainted%)$", tostring(lease))
      end
      local lease = pool:get()
      lease:taint()
      lease:release()
      assert.equal("uring.Lease (released)", tostring(lease))
      pool:with(function(one) one.tainted = true end)
      assert.same({ 1, 2, 3 }, closed)
    end)
  end)

  it("tells what made no thing, and has its place again", function()
    within.run(function()
      local fail = true
      local pool = sync.pool(function()
        uring.yield()
        if fail then return nil, "refused", 111 end
        return "thing"
      end, { max = 1 })
      for _ = 1, 3 do
        assert.same({ n = 3, nil, "refused", 111 }, table.pack(pool:get()))
        assert.same({ n = 3, nil, "refused", 111 },
          table.pack(pool:with(error)))
      end
      assert.equal("0 of 1 lent, 0 idle", state(pool))
      fail = false
      assert.equal("thing", pool:get().value)
    end)
  end)

  it("raises what making one raises, and has its place again", function()
    within.run(function()
      local pool = sync.pool(function() error("broken", 0) end, { max = 1 })
      for _ = 1, 3 do
        assert.error_matches(function() pool:get() end, "^broken$")
      end
      assert.equal("0 of 1 lent, 0 idle", state(pool))
    end)
  end)

  it("has its place again where making one is cancelled", function()
    within.run(function()
      local slow = true
      local pool = sync.pool(function()
        if slow then uring.sleep(60) end
        return make()
      end, { max = 1 })
      local task = uring.spawn(pool.get, pool)
      local waiting = uring.spawn(pool.with, pool, function(one)
        return one.number
      end)
      uring.yield()
      assert.equal("1 of 1 lent, 0 idle, 1 waiting", state(pool))
      slow = false
      task:cancel()
      assert.equal(1, waiting:await())
      assert.equal("0 of 1 lent, 1 idle", state(pool))
    end)
  end)

  it("makes no more than it may, and lends what comes back to the first who "
    .. "waits", function()
      within.run(function()
        local pool = sync.pool(make, { max = 2 })
        local most, order = 0, {}
        uring.scope(function(scope)
          for i = 1, 6 do
            scope:spawn(pool.with, pool, function()
              table.insert(order, i)
              most = math.max(most, pool.used)
              uring.yield()
            end)
          end
        end)
        assert.same({ 1, 2, 3, 4, 5, 6 }, order)
        assert.equal(2, most)
        assert.equal(2, made)
      end)
    end)

  it("asks whether one that lay idle is fit, and destroys what is not",
    function()
      within.run(function()
        local asked, fit = {}, true
        local pool = sync.pool(make, { check = function(one)
          table.insert(asked, one.number)
          uring.yield()
          return fit
        end })
        pool:get():release()
        assert.same({}, asked) -- it was new
        pool:get():release()
        assert.same({ 1 }, asked)
        fit = false
        local lease = pool:get()
        assert.equal(2, lease.value.number)
        assert.same({ 1, 1 }, asked)
        assert.same({ 1 }, closed)
        assert.equal("1 of 16 lent, 0 idle", state(pool))
      end)
    end)

  it("destroys one whose check fails, and raises that", function()
    within.run(function()
      local function check() error("broken", 0) end
      local pool = sync.pool(make, { max = 1, check = check })
      pool:get():release()
      assert.error_matches(function() pool:get() end, "^broken$")
      assert.same({ 1 }, closed)
      assert.equal("0 of 1 lent, 0 idle", state(pool))
    end)
  end)

  it("closes what lay idle for too long", function()
    within.run(function()
      local pool = sync.pool(make, { idle = 0.01 })
      local first, second = pool:get(), pool:get()
      first:release()
      uring.sleep(0.02)
      second:release() -- notices that the first has been there for too long
      assert.same({ 1 }, closed)
      assert.equal("0 of 16 lent, 1 idle", state(pool))
      uring.sleep(0.02)
      assert.equal(3, pool:get().value.number)
      assert.same({ 1, 2 }, closed)
    end)
  end)

  it("closes with the function it was given", function()
    within.run(function()
      local ended = {}
      local pool = sync.pool(make, { close = function(one)
        table.insert(ended, one.number)
      end })
      pcall(pool.with, pool, error)
      assert.same({ 1 }, ended)
      assert.same({}, closed)
    end)
  end)

  it("may hold what cannot be closed", function()
    within.run(function()
      local pool = sync.pool(function() return "thing" end)
      assert.error_matches(function() pool:with(error) end, "^thing$")
      assert.equal("0 of 16 lent, 0 idle", state(pool))
    end)
  end)

  it("has the place again of what could not be closed", function()
    within.run(function()
      local function close() error("stuck") end
      local pool = sync.pool(make, { max = 1, close = close })
      local lease = pool:get()
      lease:taint()
      lease:release()
      assert.equal("0 of 1 lent, 0 idle", state(pool))
    end)
  end)

  it("closes: what is idle now, what is lent when it comes back", function()
    within.run(function()
      local pool = sync.pool(make)
      local first, second, third = pool:get(), pool:get(), pool:get()
      second:release()
      third:release()
      pool:close()
      assert.same({ 3, 2 }, closed)
      assert.same({ n = 3, nil, "closed", uring.errno.ECLOSED },
        table.pack(pool:get()))
      assert.equal("1 of 16 lent, 0 idle, closed", state(pool))
      first:release()
      assert.same({ 3, 2, 1 }, closed)
      pool:close()
      assert.equal("0 of 16 lent, 0 idle, closed", state(pool))
    end)
  end)

  it("closes at the end of a <close> variable", function()
    within.run(function()
      do
        local pool <close> = sync.pool(make)
        pool:get():release()
      end
      assert.same({ 1 }, closed)
    end)
  end)

  it("tells those that wait that it is closed, also one whose turn it was",
    function()
      within.run(function()
        local pool, notes = sync.pool(make, { max = 1 }), {}
        local lease = pool:get()
        for i = 1, 3 do
          uring.spawn(function()
            notes[i] = table.pack(pool:get())
          end)
        end
        uring.yield()
        lease:release() -- the first has the place, and has not run
        pool:close()
        uring.yield()
        for i = 1, 3 do
          assert.same({ n = 3, nil, "closed", uring.errno.ECLOSED }, notes[i])
        end
        assert.equal("0 of 1 lent, 0 idle, closed", state(pool))
        assert.same({ 1 }, closed)
      end)
    end)

  it("closes all, and then raises what the first raised", function()
    within.run(function()
      local pool = sync.pool(make, { close = function(one)
        table.insert(closed, one.number)
        error("stuck " .. one.number, 0)
      end })
      local first, second = pool:get(), pool:get()
      first:release()
      second:release()
      assert.error_matches(function() pool:close() end, "^stuck 2$")
      assert.same({ 2, 1 }, closed)
    end)
  end)

  it("refuses what it does not know, and needs a run", function()
    for message, arguments in pairs {
      ["bad argument 'create' (function expected, got nil)"] = {},
      ["bad argument 'options' (table expected, got number)"] = { make, 1 },
      ["bad option 'maximum'"] = { make, { maximum = 1 } },
      ["bad option 'check'"] = { make, { check = true } },
      ["bad argument 'max' (integer from 1 on expected, got 0)"] =
        { make, { max = 0 } },
      ["bad option 'idle' (seconds expected)"] = { make, { idle = -1 } },
    } do
      local _, raised = pcall(function() sync.pool(table.unpack(arguments)) end)
      assert.equal("sync.pool: " .. message,
        raised:match("^spec/sync/pool_spec.lua:%d+: (.*)$"))
    end
    local _, raised = pcall(function() sync.pool(make):get() end)
    assert.matches("^spec/sync/pool_spec.lua:%d+: pool:get needs uring.run$",
      raised)
  end)
end)
