--- Runs the body of a test in a loop, within a time limit: what would hang
-- fails instead, with the traceback of what waits.
local loop = require "uring.loop"
local uring = require "uring"

local within = {}

local LIMIT = 60 -- seconds; no test here needs two on a machine of its own

local function tracebacks(scheduler)
  local lines = { "the time limit is over; these wait:" }
  for thread in pairs(scheduler.tasks) do
    lines[#lines + 1] = debug.traceback(thread)
  end
  return table.concat(lines, "\n")
end

-- Not a task, so the run ends without it.
local function watch_over(scheduler)
  loop.ready(coroutine.create(function()
    uring.op.timeout(LIMIT)
    scheduler.root:fail(tracebacks(scheduler))
  end))
end

--- Calls uring.run.  An assertion that fails inside keeps its message.
---@param options? table of uring.run
---@param body function
---@param ... any its arguments
---@return any ... what it returns
function within.run(options, body, ...)
  if type(options) == "function" then
    return within.run({}, options, body, ...)
  end
  return uring.run(options, function(...)
    watch_over(loop.current("this spec"))
    uring.yield() -- from here on it is one op in flight
    return body(...)
  end, ...)
end

return within
