--- Waiting where a task cannot: the whole thread does, tasks and all.
-- For what is called through a C function (table.sort, string.gsub, a module
-- that is being required, a metamethod), and for programs and prompts
-- outside of uring.run, where every function that waits comes here.
local loop = require "uring.loop"
local Run = require "uring.runner"
local system = require "uring.system"

local blocking = {}

local ENTRIES = 32

local idle -- a scheduler that nobody uses at present
local opener -- what has opened its ring: in uring.test it is another

-- In a forked child it belongs to the parent.
local function take()
  local scheduler = idle
  idle = nil
  if scheduler and opener == system.open
    and pcall(scheduler.ring.submit, scheduler.ring) then
    return scheduler
  end
  opener = system.open
  return Run.open(ENTRIES)
end

--- Calls a function whose waits block the thread.  It may do all that a task
-- may; other tasks do not run meanwhile.
---@param body function
---@param ... any its arguments
---@return any ... what it returns
function blocking.call(body, ...)
  if type(body) ~= "function" then
    error("blocking: bad argument 'body' (function expected)", 2)
  end
  local arguments, results = table.pack(...), { n = 0 }
  local scheduler = take()
  local ok, problem = pcall(Run.run, { scheduler = scheduler }, function()
    results = table.pack(body(table.unpack(arguments, 1, arguments.n)))
  end)
  if idle then idle.ring:close() end -- of a call inside this one
  idle = scheduler
  if not ok then error(problem, 0) end
  return table.unpack(results, 1, results.n)
end

--- Closes the ring that is kept for the next call.
function blocking.rest()
  if idle then idle.ring:close() end
  idle = nil
end

loop.set_outside(blocking.call)

return blocking
