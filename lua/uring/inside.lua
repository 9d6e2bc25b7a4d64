--- Calling functions inside a run that is not the one that runs.
local loop = require "uring.loop"

local current -- the scheduler that runs

loop.on_switch(function(scheduler) current = scheduler end)

local function enter(scheduler, body, ...)
  loop.switch(scheduler)
  return body(...)
end

--- Calls a function while a scheduler is the one that runs.  Raises what the
-- function does.
---@param scheduler uring.Scheduler
---@param body function
---@param ... any its arguments
---@return any first of what it returns
return function(scheduler, body, ...)
  local outer = current
  local ok, result = pcall(enter, scheduler, body, ...)
  -- a call may need memory, of which one that failed has left some
  if not pcall(loop.switch, outer) then loop.switch(outer) end
  if not ok then error(result, 0) end
  return result
end
