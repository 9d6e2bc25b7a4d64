--- Time: clocks, sleep, and what happens again and again, or later.
local loop = require "uring.loop"
local structured = require "uring.structured"
local system = require "uring.system"

local NS = 1000000000

local time = { sleep = loop.sleep }

--- The time on the monotonic clock, which nobody sets.
---@return number seconds
function time.now()
  return system.now() / NS
end

--- The time that a clock on the wall shows, which may be set.
---@return number seconds since 1970, as of os.time
function time.wall()
  return system.wall() / NS
end

local function check(what, name, value)
  if type(value) ~= "number" or value ~= value then
    error(("%s: bad argument '%s' (number expected)"):format(what, name), 3)
  end
end

--- Waits until a time of time.now; where it is over, only lets others run.
---@param at number seconds
function time.sleep_until(at)
  check("sleep_until", "at", at)
  return loop.sleep(at - system.now() / NS)
end

local OPTIONS = { skip = "boolean" }

local function check_options(options)
  if type(options) ~= "table" then
    error("every: bad argument 'options' (table expected)", 3)
  end
  for name, value in pairs(options) do
    if type(value) ~= OPTIONS[name] then
      error("every: bad option '" .. tostring(name) .. "'", 3)
    end
  end
end

--- Iterates at equal distances, the first time after one; how long the body
-- of the loop takes does not shift the others.
---@param seconds number more than 0
---@param options? table skip = true: where the body took longer, the last of
--- the rounds that are over follows at once, and the others are left out;
--- false: all of them follow
---@return fun(): number, integer iterator of the time at which the round was
--- due, as of time.now, and its number; numbers that are left out are missing
function time.every(seconds, options)
  check("every", "seconds", seconds)
  if seconds <= 0 or seconds == math.huge then
    error("every: bad argument 'seconds' (more than 0 expected)", 2)
  end
  check_options(options or {})
  local skips = not options or options.skip ~= false
  local period = math.max(1, math.ceil(seconds * NS))
  local start, round = system.now(), 0
  return function()
    local over = (system.now() - start) // period -- rounds by now
    round = round + 1
    if skips and round < over then round = over end
    local due = start + round * period
    loop.sleep((due - system.now()) / NS)
    return due / NS, round
  end
end

--- Calls a function later, in a task of the innermost scope, which waits for
-- it; task:cancel() calls it off.
---@param seconds number
---@param body function
---@param ... any its arguments
---@return uring.Task
function time.after(seconds, body, ...)
  check("after", "seconds", seconds)
  if type(body) ~= "function" then
    error("after: bad argument 'body' (function expected)", 2)
  end
  loop.current("time.after")
  local due = system.now() + seconds * NS
  return structured.spawn(function(...)
    loop.sleep((due - system.now()) / NS)
    return body(...)
  end, ...)
end

return time
