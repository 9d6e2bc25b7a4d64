--- Tasks are spawned, and the program goes on where that fails: what was not
-- spawned never runs, and what was is waited for.
local uring = require "uring"

verify = require "spec.support.oom.after.run"

local runs, spawned, problem = 0, 0, nil

local function work(...)
  assert(select("#", ...) == 2)
  runs = runs + 1
  uring.yield()
end

local function is_memory(message)
  return tostring(message):find "not enough memory"
end

local function try(scope, kind)
  local before = scope:count()
  local ok, message = pcall(scope[kind], scope, work, 1, nil)
  if ok then
    spawned = spawned + 1
    assert(scope:count() == before + 1, "not counted")
  else
    assert(scope:count() == before, "counted")
    problem = message
  end
end

local function main(scope)
  for _, kind in ipairs { "spawn", "async", "daemon" } do
    try(scope, kind)
    try(scope, kind)
    uring.yield()
  end
  uring.yield()
  uring.yield()
end

function attempt()
  runs, spawned, problem = 0, 0, nil
  local ok, message = pcall(uring.run, function()
    uring.locals.name = "of all"
    uring.scope(main)
  end)
  assert(not ok or runs == spawned, "something ran, or did not")
  if not ok and not is_memory(message) then error(message, 0) end
  if not ok or problem then error(problem or message, 0) end
end
