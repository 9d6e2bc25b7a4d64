--- Where an error was raised first, which passes through several tasks.
local cancelled = require "uring.cancelled"
local coroutines = require "uring.coroutines"
local loop = require "uring.loop"

local traces = {}

local passing = { value = nil, trace = false, on = false }

loop.on_switch(function(scheduler)
  if not scheduler then passing.value, passing.trace = nil, false end
end)

--- What xpcall does with an error: keeps where it was raised, and leaves it
-- as it is.
---@param value any
---@return any value
function traces.keep(value)
  if cancelled.is(value) then return value end
  if passing.on and rawequal(passing.value, value) then
    passing.on = false
    return value
  end
  local inner, trace = coroutines.trace_of(value), debug.traceback(nil, 2)
  passing.value, passing.on = value, false
  passing.trace = inner and inner .. "\n" .. trace or trace
  return value
end

--- Where a value was raised, if it is the one that was raised last.
---@param value any
---@return string|false trace
function traces.of(value)
  return rawequal(passing.value, value) and passing.trace
end

--- From now on this is where a value was raised, which is raised again.
---@param value any
---@param trace string|false|nil
function traces.set(value, trace)
  passing.value, passing.trace, passing.on = value, trace or false, true
end

--- The value has arrived: the same one may be raised anew.
function traces.rest()
  passing.on = false
end

return traces
