--- Runs the body of a test as within.run does, and fails where the loop has
-- anything left then: a task, a coroutine that waits, an open scope, a timer,
-- something that is still being cancelled.
local loop = require "uring.loop"
local within = require "spec.support.within"

local quiet = {}

local TABLES = { "tasks", "outer", "inside", "waits", "own", "ready" }

local function size(set)
  local count = 0
  for _ in pairs(set) do count = count + 1 end
  return count
end

-- What has a time and was not taken out.
local function count_timers(timers)
  local count = 0
  for _, bucket in pairs(timers.buckets) do
    for _, what in ipairs(bucket) do
      if what then count = count + 1 end
    end
  end
  return count
end

--- Lists what is left in a scheduler.
---@param scheduler uring.Scheduler that has no run any more
---@return string[] findings one sentence each
function quiet.findings(scheduler)
  local found = {}
  local function expect(count, what)
    if count == 0 then return end
    found[#found + 1] = ("%d %s left"):format(count, what)
  end
  for _, name in ipairs(TABLES) do expect(size(scheduler[name]), name) end
  expect(scheduler.live, "live tasks")
  expect(scheduler.nested[1] and 1 or #scheduler.nested - 1,
    "nested coroutines")
  local of_run = scheduler.root.cause and 1 or 0 -- it never ends
  expect(scheduler.cancelling - of_run, "cancelled scopes")
  expect(count_timers(scheduler.timers), "timers")
  local scopes = scheduler.root.inner
  expect(scopes and scopes.count or 0, "scopes of the run")
  return found
end

--- Calls uring.run, and looks at what is left.
---@param body function
---@param ... any its arguments
---@return any ... what it returns
function quiet.run(body, ...)
  local scheduler
  local results = table.pack(pcall(within.run, function(...)
    scheduler = loop.current("this spec")
    return body(...)
  end, ...))
  local found = quiet.findings(scheduler)
  if results[1] and #found > 0 then error(table.concat(found, ", "), 2) end
  if not results[1] then
    local problem = results[2]
    if #found == 0 or type(problem) ~= "string" then error(problem, 0) end
    error(problem .. "\n" .. table.concat(found, ", "), 0)
  end
  return table.unpack(results, 2, results.n)
end

return quiet
