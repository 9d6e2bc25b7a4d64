--- What tasks cost, beside what stock Lua's coroutines cost in the same run.
-- usage: lua5.4 bench/tasks.lua [ROUNDS]
-- Prints nanoseconds for each thing, the median of the rounds and the least
-- and the most, and bytes for each sleeping task.
local uring = require "uring"

local ROUNDS = math.tointeger(tonumber(arg[1])) or 5
local N = 200000

local function timed(count, body)
  collectgarbage()
  local before = uring.now()
  body(count)
  return (uring.now() - before) / count * 1e9
end

local stock = {}

function stock.resume(count)
  local resume, yield = coroutine.resume, coroutine.yield
  local thread = coroutine.create(function() while true do yield(1) end end)
  for _ = 1, count do resume(thread) end
end

function stock.create(count)
  local create, resume = coroutine.create, coroutine.resume
  local function body() end
  for _ = 1, count do resume(create(body)) end
end

local resume_of_stock, wrap_of_stock = coroutine.resume, coroutine.wrap

local function count_to(wrap, count)
  local sum, yield = 0, coroutine.yield
  for i in wrap(function() for i = 1, count do yield(i) end end) do
    sum = sum + i
  end
  return sum
end

-- Each in a task of a run.
local inside = {}

inside["await of a nop, 1 task"] = function(count)
  local nop = uring.op.nop
  for _ = 1, count // 10 do nop() end
end

inside["await of a nop, 32 tasks"] = function(count)
  local nop = uring.op.nop
  uring.scope(function(scope)
    for _ = 1, 32 do
      scope:spawn(function() for _ = 1, count // 32 do nop() end end)
    end
  end)
end

inside["yield to another task"] = function(count)
  local yield = uring.yield
  uring.scope(function(scope)
    for _ = 1, 2 do
      scope:spawn(function() for _ = 1, count // 2 do yield() end end)
    end
  end)
end

inside["spawn and end of a task"] = function(count)
  local function body() end
  for _ = 1, count // 1000 do
    uring.scope(function(scope)
      for _ = 1, 1000 do scope:spawn(body) end
    end)
  end
end

inside["uring.timeout around nothing"] = function(count)
  local timeout = uring.timeout
  local function body() end
  for _ = 1, count do timeout(60, body) end
end

inside["generator step, ours"] = function(count)
  count_to(coroutine.wrap, count)
end

inside["generator step, stock"] = function(count)
  count_to(wrap_of_stock, count)
end

local DIVISORS = { ["await of a nop, 1 task"] = 10 }

local function sleeping_bytes(count)
  local bytes
  uring.run(function()
    uring.scope(function(scope)
      collectgarbage()
      collectgarbage()
      local before = collectgarbage "count"
      for _ = 1, count do scope:spawn(uring.sleep, 60) end
      uring.yield()
      collectgarbage()
      bytes = (collectgarbage "count" - before) * 1024 / count
      scope:cancel()
    end)
  end)
  return bytes
end

local function stock_bytes(count)
  local threads = {}
  collectgarbage()
  collectgarbage()
  local before = collectgarbage "count"
  for i = 1, count do
    threads[i] = coroutine.create(coroutine.yield)
    resume_of_stock(threads[i], 60)
  end
  collectgarbage()
  return (collectgarbage "count" - before) * 1024 / count
end

local figures, names = {}, {}

local function note(name, value)
  if not figures[name] then
    figures[name] = {}
    names[#names + 1] = name
  end
  table.insert(figures[name], value)
end

for _ = 1, ROUNDS do
  note("stock: resume and yield", timed(N, stock.resume))
  note("stock: create, resume, end", timed(N, stock.create))
  uring.run(function()
    for name, body in pairs(inside) do
      note(name, timed(N, body) * (DIVISORS[name] or 1))
    end
  end)
  note("bytes of a sleeping task", sleeping_bytes(20000))
  note("bytes of a stock coroutine", stock_bytes(20000))
end

table.sort(names)
for _, name in ipairs(names) do
  local list = figures[name]
  table.sort(list)
  print(("%-32s %8.0f  (%.0f - %.0f)"):format(name, list[#list // 2 + 1],
    list[1], list[#list]))
end
