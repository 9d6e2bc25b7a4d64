--- What a task costs, in one way or another, or a coroutine of stock Lua.
-- usage: lua5.4 bench/micro/tasks.lua NAME COUNT
-- Prints "value NANOSECONDS" of each, of the process's time.
local create, resume = coroutine.create, coroutine.resume
local stock_wrap, yield = coroutine.wrap, coroutine.yield
local uring = require "uring"

local function nothing() end

local function count_to(wrap, count)
  local sum = 0
  for i in wrap(function() for i = 1, count do yield(i) end end) do
    sum = sum + i
  end
  return sum
end

-- Without a run.
local outside = {}

function outside.stock_spawn(count)
  for _ = 1, count do resume(create(nothing)) end
end

function outside.stock_generator(count)
  count_to(stock_wrap, count)
end

function outside.stock_pcall(count)
  for _ = 1, count do pcall(nothing) end
end

-- In a task of a run.
local inside = {}

local function nops(count, tasks)
  local nop = uring.op.nop
  uring.scope(function(scope)
    for _ = 1, tasks do
      scope:spawn(function() for _ = 1, count // tasks do nop() end end)
    end
  end)
end

function inside.nop_1(count)
  nops(count, 1)
end

function inside.nop_32(count)
  nops(count, 32)
end

function inside.yield(count)
  uring.scope(function(scope)
    for _ = 1, 2 do
      scope:spawn(function() for _ = 1, count // 2 do uring.yield() end end)
    end
  end)
end

function inside.spawn(count)
  for _ = 1, count // 1000 do
    uring.scope(function(scope)
      for _ = 1, 1000 do scope:spawn(nothing) end
    end)
  end
end

function inside.timeout(count)
  local timeout = uring.timeout
  for _ = 1, count do timeout(60, nothing) end
end

function inside.generator(count)
  count_to(coroutine.wrap, count)
end

local function timed(body, count)
  collectgarbage()
  local before = os.clock()
  body(count)
  return (os.clock() - before) / count * 1e9
end

local name, count = arg[1], math.tointeger(tonumber(arg[2]))
local value
if outside[name] then value = timed(outside[name], count)
else value = uring.run(timed, inside[name], count) end
print(("value %.2f"):format(value))
