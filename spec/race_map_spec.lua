--- A race has one winner, and puts away what the losers bring; a map does so
-- many at once, and keeps the order.
local leaks = require "spec.support.leaks"
local quiet = require "spec.support.quiet"
local uring = require "uring"

leaks.watch()

-- A value that can be closed, and says in a list that it was.
local function closeable(list, name)
  return { close = function() list[#list + 1] = name end }
end

-- Waits until it is cancelled, and then returns all the same.
local function late(...)
  pcall(uring.sleep, 60)
  return ...
end

describe("a race", function()
  it("gives the key and the results of the first to end", function()
    quiet.run(function()
      assert.same({ n = 4, "quick", nil, 2, nil }, table.pack(uring.race {
        slow = function() uring.sleep(60) end,
        quick = function()
          uring.yield()
          return nil, 2, nil
        end,
      }))
      assert.same({ n = 1, 1 }, table.pack(uring.race { function() end }))
      local key = {}
      assert.equal(key, (uring.race { [key] = uring.yield }))
    end)
  end)

  it("cancels the others, and waits until they have cleaned up", function()
    quiet.run(function()
      local trace = {}
      assert.equal("fast", (uring.race {
        fast = function() uring.sleep(0.001) end,
        slow = function()
          local _guard <close> = setmetatable({}, { __close = function()
            uring.shield(uring.sleep, 0.001)
            trace[#trace + 1] = "cleaned up"
          end })
          uring.sleep(60)
        end,
      }))
      assert.same({ "cleaned up" }, trace)
    end)
  end)

  it("starts them in the order of their keys", function()
    quiet.run(function()
      local order, functions = {}, {}
      for _, key in ipairs { "b", 3, "a", 1, "c", 2.5, 2 } do
        functions[key] = function()
          order[#order + 1] = key
          uring.yield()
        end
      end
      assert.equal(1, (uring.race(functions)))
      assert.same({ 1, 2, 2.5, 3, "a", "b", "c" }, order)
    end)
  end)

  it("closes what the losers return all the same", function()
    quiet.run(function()
      local list, won = {}, closeable({}, "the winner's")
      local key, value = uring.race {
        winner = function()
          uring.yield()
          return won
        end,
        one = function() return late(closeable(list, "first")) end,
        several = function()
          return late(nil, closeable(list, "second"), "text", 12, {},
            closeable(list, "third"), io.stdout, setmetatable({}, {
              __index = function() error("no such field") end,
            }))
        end,
      }
      assert.same({ "winner", won }, { key, value })
      table.sort(list)
      assert.same({ "first", "second", "third" }, list)
      assert.equal("file", io.type(io.stdout))
      io.stdout:write("")
    end)
  end)

  it("raises the error of one that fails first", function()
    quiet.run(function()
      local object, trace = {}, {}
      local ok, raised = pcall(uring.race, {
        function()
          uring.yield()
          error(object)
        end,
        function() trace[1] = pcall(uring.sleep, 60) end,
      })
      assert.is_false(ok)
      assert.is_true(rawequal(object, raised))
      assert.same({ false }, trace)
    end)
  end)

  it("raises the error of a loser, and closes what the winner gave", function()
    quiet.run(function()
      local list = {}
      assert.error_matches(function()
        uring.race {
          function()
            uring.yield()
            return closeable(list, "the winner's")
          end,
          function()
            pcall(uring.sleep, 60)
            error("while it cleans up", 0)
          end,
        }
      end, "^while it cleans up$")
      assert.same({ "the winner's" }, list)
    end)
  end)

  it("that is cancelled raises that, but a winner in time wins", function()
    quiet.run(function()
      local trace = {}
      assert.same({ nil, "timeout", 110 }, { uring.timeout(0.001, function()
        trace[#trace + 1] = uring.race { function() uring.sleep(60) end,
          function() uring.op.timeout(60) end }
      end) })
      assert.same({ nil, "timeout", 110 }, { uring.timeout(0.001, function()
        trace[#trace + 1] = uring.race { late = late }
        trace[#trace + 1] = "reached"
        uring.yield()
        trace[#trace + 1] = "not reached"
      end) })
      assert.same({ "late", "reached" }, trace)
    end)
  end)

  it("of which all cancel themselves raises", function()
    quiet.run(function()
      local _, message = pcall(function()
        local key = uring.race {
          function()
            uring.self():cancel()
            uring.yield()
          end,
        }
        return key
      end)
      assert.matches("race: each of the functions was cancelled$", message)
    end)
  end)

  it("in a race in a generator is nothing special", function()
    quiet.run(function()
      local got = {}
      for key, inner in coroutine.wrap(function()
        for i = 1, 3 do
          coroutine.yield(uring.race {
            [i] = function() return (uring.race { x = uring.yield }) end,
            never = function() uring.sleep(60) end,
          })
        end
      end) do got[#got + 1] = key .. inner end
      assert.same({ "1x", "2x", "3x" }, got)
    end)
  end)
end)

describe("map", function()
  it("gives the first result of each, in the order of the list", function()
    quiet.run(function()
      local list = {}
      for i = 1, 50 do list[i] = i end
      local results = uring.map(list, function(value, index)
        assert.equal(value, index)
        for _ = 1, (50 - value) % 7 do uring.yield() end
        return value * 2, "more"
      end)
      assert.equal(50, #results)
      for i = 1, 50 do assert.equal(2 * i, results[i]) end
      assert.same({}, uring.map({}, error))
    end)
  end)

  it("does no more at once than it was told, 16 by default", function()
    quiet.run(function()
      local list = {}
      for i = 1, 60 do list[i] = i end
      for _, max in ipairs { 1, 3, 59, 60, 100, false } do
        local now, most = 0, 0
        uring.map(list, function()
          now = now + 1
          most = math.max(most, now)
          uring.yield()
          now = now - 1
        end, max and { max = max } or nil)
        assert.equal(math.min(60, max or 16), most)
      end
    end)
  end)

  it("raises the first error, and starts no more", function()
    quiet.run(function()
      local started, list = 0, {}
      for i = 1, 100 do list[i] = i end
      assert.error_matches(function()
        uring.map(list, function(value)
          started = started + 1
          uring.yield()
          if value == 5 then error("the fifth", 0) end
          uring.sleep(60)
        end, { max = 8 })
      end, "^the fifth$")
      assert.equal(8, started)
    end)
  end)

  it("refuses a limit that is none", function()
    quiet.run(function()
      for _, max in ipairs { 0, -1, "2", 0 / 0 } do
        local _, message = pcall(function()
          local result = uring.map({}, print, { max = max })
          return result
        end)
        assert.matches("^spec/race_map_spec.lua:%d+: scope: bad option 'max'",
          message)
      end
    end)
  end)
end)
