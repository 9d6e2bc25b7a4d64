--- A pool in random histories: nothing is lent twice, nothing is lost, nothing
-- is used again after an error.
local histories = require "spec.sync.histories"
local leaks = require "spec.support.leaks"
local sync = require "uring.sync"
local uring = require "uring"

leaks.watch()

-- A pool of things that know how they are, and of which some cannot be made.
local function new_pool(random, max)
  local things, count = {}, 0
  local pool = sync.pool(function()
    local slow = random(3) == 1
    if slow then uring.yield() end
    if random(8) == 1 then return nil, "not made" end
    if random(8) == 1 then error("not made", 0) end
    count = count + 1
    things[count] = "idle"
    assert(#things <= 20 * 6)
    return { number = count }
  end, {
    max = max,
    check = function(thing)
      if random(4) == 1 then uring.yield() end
      if random(16) == 1 then error("not checked", 0) end
      return random(8) > 1 and things[thing.number] == "idle"
    end,
    close = function(thing)
      assert(things[thing.number] ~= "closed", "it was closed twice")
      things[thing.number] = "closed"
    end,
  })
  return pool, things
end

local function use(thing, things, random)
  assert(things[thing.number] == "idle", "it was lent while it was "
    .. things[thing.number])
  things[thing.number] = "lent"
  histories.pause(random)
  if random(8) == 1 then error("not used", 0) end
  if random(8) == 1 then return nil, "not used" end
  assert(things[thing.number] == "lent")
  things[thing.number] = "idle"
  return true
end

local function check_end(pool, things)
  assert(pool.used == 0 and #pool.queue == 0,
    "nobody is left, and it is " .. tostring(pool))
  local open = 0
  for _, state in pairs(things) do
    assert(state ~= "lent", "nobody is left, and one is lent")
    if state == "idle" then open = open + 1 end
  end
  assert(tostring(pool):find((" %d idle"):format(open), 1, true),
    "one that is open was forgotten: " .. tostring(pool))
  assert(open <= pool.max, "there are more than there may be")
  pool:close()
  for _, state in pairs(things) do assert(state == "closed") end
end

describe("a pool", function()
  it("lends each thing to one at a time and loses none, in any history",
    function()
      histories.each(function(random)
        local pool, things = new_pool(random, random(4))
        local line = histories.line(pool.queue)
        local function step()
          local ok, problem = uring.pcall(function()
            if random(2) == 1 then
              return pool:with(use, things, random)
            end
            local lease <close> = line.join(pool.get, pool)
            if not lease then return end
            if not use(lease.value, things, random) then lease:taint() end
          end)
          assert(ok or tostring(problem):find "^not ", problem)
          assert(pool.used <= pool.max, "more are lent than may be")
        end
        return step, function() check_end(pool, things) end
      end)
    end)
end)
