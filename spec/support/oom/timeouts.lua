--- Timeouts one after another and in each other, around what waits and what
-- does not, and generators in generators: what was done, counts.
local uring = require "uring"

verify = require "spec.support.oom.after.run"

local yield = coroutine.yield

local function count_to(most, depth)
  local inner = depth > 0 and coroutine.wrap(count_to)
  for i = 1, most do yield(inner and inner(most, depth - 1) or i) end
end

local function sum(depth)
  local total, generator = 0, coroutine.wrap(count_to)
  for _ = 1, 3 do total = total + generator(3, depth) end
  return total
end

local function nested(depth)
  if depth == 0 then return "inmost" end
  return uring.timeout(60, nested, depth - 1)
end

local function main()
  assert(nested(3) == "inmost")
  assert(nested(2) == "inmost")
  assert(uring.timeout(60, sum, 0) == 6)
  local _, message = uring.timeout(0.001, uring.sleep, 60)
  assert(message == "timeout", message)
  assert(uring.timeout(60, function()
    uring.spawn(uring.yield)
    return "spawned"
  end) == "spawned")
  assert(uring.shield(60, nested, 2) == "inmost")
  return sum(2)
end

function attempt()
  assert(uring.run({ entries = 8 }, main) == 6)
end
