--- Leaving the process from inside a run, without losing what is under way.
-- os.exit ends the program at once in stock Lua; inside a run it cancels
-- all tasks first, so that they clean up, for a second at most.  The one that
-- calls it is no exception: a cancellation is raised in it, even in a shield.
local loop = require "uring.loop"
local system = require "uring.system"

local exit = {}

local GRACE = 1000000000 -- nanoseconds for all to clean up

local current -- the scheduler that runs
local stock = false -- os.exit as it was

local function leave(code, close)
  return (stock or os.exit)(code, close)
end

-- What the stock function would refuse, it refuses at once.
local function is_code(code)
  return code == nil or type(code) == "boolean" or math.tointeger(code) ~= nil
end

-- In a forked child the tasks are the parent's.
local function is_forked(scheduler)
  return not pcall(scheduler.ring.in_flight, scheduler.ring)
end

--- Ends the program when all tasks have cleaned up.  Never returns.
---@param code? boolean|integer as for os.exit
---@param close? boolean as for os.exit
function exit.exit(code, close)
  local scheduler = current
  if not scheduler or not is_code(code) or is_forked(scheduler) then
    return leave(code, close)
  end
  if not scheduler.exit then
    scheduler.exit = { code = code, close = close }
    scheduler.timers:add(system.now() + GRACE, {
      expire = function() leave(code, close) end,
    })
    scheduler.root:cancel("os.exit")
  end
  pcall(loop.pause) -- who catches this again and again holds nobody up
  error(scheduler.root.own_cause, 0)
end

--- Leaves where a run has ended because of os.exit.  One that blocks a task
-- of another run makes that one end.
---@param scheduler uring.Scheduler
function exit.leave_if_asked(scheduler)
  local asked = scheduler.exit
  if asked then exit.exit(asked.code, asked.close) end
end

--- Has os.exit call a function before the process ends.  Outside of a run.
---@param last function
---@return function undo
function exit.call_before(last)
  local before = os.exit
  local function ours(...)
    last()
    return before(...)
  end
  os.exit = ours
  return function()
    if os.exit == ours then os.exit = before end
  end
end

loop.on_switch(function(scheduler)
  current = scheduler
  if scheduler then
    stock = stock or os.exit
    os.exit = exit.exit
  elseif stock then
    os.exit, stock = stock, false
  end
end)

return exit
