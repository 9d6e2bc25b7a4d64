--- ngx.timer: functions that are called later, in a task of their own.
-- A timer does not keep a run alive: at its end those that wait are called at
-- once, with true for 'premature'.  What is being called, a run waits for.
local log = require "uring.compat.ngx.log"
local context = require "uring.compat.ngx.context"
local loop = require "uring.loop"
local cancelled = require "uring.cancelled"
local structured = require "uring.structured"

local timer = {}

local waiting, active = 0, 0

--- How many timers have not been called yet.
---@return integer
function timer.pending_count()
  return waiting
end

--- How many are being called.
---@return integer
function timer.running_count()
  return active
end

local function call(premature, body, arguments)
  active = active + 1
  local ok, problem = pcall(body, premature,
    table.unpack(arguments, 1, arguments.n))
  active = active - 1
  if ok then return end
  if cancelled.is(problem) then error(problem, 0) end
  log.say(log.ERR, 0, "lua entry thread aborted: runtime error: ", problem)
end

-- Waits for one call; returns whether the run goes on.
local function wait(seconds)
  waiting = waiting + 1
  local ok, problem = pcall(loop.sleep, seconds)
  waiting = waiting - 1
  if not ok and not cancelled.is(problem) then error(problem, 0) end
  return ok, problem
end

local function main(seconds, repeats, body, arguments)
  local home = context.home "ngx.timer"
  repeat
    local goes_on, problem = wait(seconds)
    if not goes_on then
      structured.shield(call, true, body, arguments)
      error(problem, 0)
    end
    home:spawn(call, false, body, arguments)
  until not repeats
end

local function start(what, repeats, delay, body, ...)
  if type(delay) ~= "number" or delay ~= delay or delay < 0
    or repeats and delay == 0 then
    error(("bad argument #1 to '%s' (delay expected)"):format(what), 3)
  elseif type(body) ~= "function" then
    error(("bad argument #2 to '%s' (function expected, got %s)"):format(what,
      type(body)), 3)
  end
  local home = context.home("ngx.timer." .. what)
  home:daemon(main, delay, repeats, body, table.pack(...))
  return 1
end

--- Calls a function after some time: body(premature, ...).
---@param delay number seconds
---@param body function
---@param ... any
---@return integer 1
function timer.at(delay, body, ...)
  return start("at", false, delay, body, ...)
end

--- Calls a function again and again.
---@param delay number seconds between two calls, more than 0
---@param body function
---@param ... any
---@return integer 1
function timer.every(delay, body, ...)
  return start("every", true, delay, body, ...)
end

return timer
