--- Many tasks that sleep: how much memory each takes, or how much time.
-- usage: lua5.4 bench/micro/sleepers.lua LIBRARY bytes|time TASKS
-- bytes: of the process, for each task that sleeps.  time: microseconds of
-- processor time for each of two sleeps of up to a second, all of it told.
-- Prints "value FIGURE".
local library, what, tasks = arg[1], arg[2], math.tointeger(tonumber(arg[3]))

-- The peers are not asked to sleep for days.
local LONG = 3600

local function resident()
  local file <close> = assert(io.open "/proc/self/statm")
  return math.tointeger(tonumber(file:read("a"):match "%d+ (%d+)")) * 4096
end

local function tell(value)
  print(("value %.3f"):format(value))
  io.stdout:flush()
end

-- Each library: main(start, sleep, finish): start(fn) makes a task.
local libraries = {}

function libraries.uring(body)
  local uring = require "uring"
  uring.run(function()
    body(uring.spawn, uring.sleep)
  end)
end

function libraries.cqueues(body)
  local cqueues = require "cqueues"
  local queue = cqueues.new()
  queue:wrap(function()
    body(function(task) queue:wrap(task) end, cqueues.sleep)
  end)
  assert(queue:loop())
end

function libraries.luv(body)
  local uv = require "luv"
  local function sleep(seconds)
    local co, timer = coroutine.running(), uv.new_timer()
    timer:start(math.ceil(seconds * 1000), 0, function()
      timer:close()
      coroutine.resume(co)
    end)
    coroutine.yield()
  end
  local function spawn(task)
    assert(coroutine.resume(coroutine.create(task)))
  end
  spawn(function() body(spawn, sleep) end)
  uv.run()
end

-- The end of the process ends the tasks.
local function bytes(spawn, sleep)
  collectgarbage()
  local before = resident()
  for _ = 1, tasks do spawn(function() sleep(LONG) end) end
  sleep(0.01)
  collectgarbage()
  tell((resident() - before) / tasks)
  os.exit(0, false)
end

local function time(spawn, sleep)
  local left, before, random = tasks, os.clock(), math.random
  math.randomseed(1)
  for _ = 1, tasks do
    spawn(function()
      sleep(random())
      sleep(random())
      left = left - 1
      if left == 0 then
        tell((os.clock() - before) / tasks / 2 * 1e6)
        os.exit(0, false)
      end
    end)
  end
end

libraries[library](what == "bytes" and bytes or time)
