--- Waiting where a task cannot: the whole thread does, tasks and all.
-- For what is called through a C function (table.sort, string.gsub, a module
-- that is being required, a metamethod), and for programs and prompts
-- outside of uring.run, where every function that waits comes here.  A ring
-- is kept from one call to the next; a single op needs no run on it.
local core = require "uring.core"
local exit = require "uring.exit"
local inside = require "uring.inside"
local loop = require "uring.loop"
local outside = require "uring.outside"
local Run = require "uring.runner"
local system = require "uring.system"

local unpack = table.unpack

local blocking = {}

local ENTRIES = 32
local SIGINT = 2

local idle -- a scheduler that nobody uses at present
local opener -- what has opened its ring: in uring.test it is another

-- Stands for whoever waits for a single op; never resumed.
local STAND_IN = coroutine.create(function() end)

-- The idle one, and how many ops are in flight on its ring.  In a forked
-- child it belongs to the parent.
local function usable()
  if not idle or opener ~= system.open then return nil end
  local ok, in_flight = pcall(idle.ring.in_flight, idle.ring)
  if ok then return idle, in_flight end
end

local function take()
  local scheduler = usable()
  idle = nil
  if scheduler then return scheduler end
  opener = system.open
  return Run.open(ENTRIES)
end

local function give(scheduler)
  if idle then idle.ring:close() end -- of a call inside this one
  idle = scheduler
end

-- A run on a ring that is kept

local function drive(scheduler, body, ...)
  local task = Run.begin(scheduler, body, ...)
  while scheduler:tick() do end
  return task
end

-- What came up while the thread was blocked concerns the run around it.
local function raise_what_came_up(scheduler)
  exit.leave_if_asked(scheduler)
  if scheduler.interrupted then
    local outer = loop.is_running() and loop.current("uring.blocking")
    if not outer then error(Run.INTERRUPTED, 0) end
    outer:on_signal(SIGINT)
    error(outer.root.own_cause, 0)
  end
  if scheduler.root.failed then error(scheduler.root.problem, 0) end
end

-- It cannot go on: all that waits is closed.
local function give_up(scheduler, problem)
  Run.forget(scheduler)
  Run.shut(scheduler)
  exit.leave_if_asked(scheduler)
  error(problem, 0)
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
  local scheduler = take()
  Run.prepare(scheduler)
  local ok, task = pcall(inside, scheduler, drive, scheduler, body, ...)
  if not ok then give_up(scheduler, task) end
  Run.forget(scheduler)
  pcall(scheduler.ring.submit, scheduler.ring) -- what closes descriptors
  give(scheduler)
  raise_what_came_up(scheduler)
  local results = task.values
  if results then return unpack(results, 1, results.n) end
end

-- A single op

local function wait_for_op(scheduler)
  local bound = scheduler.bound
  local left, value, extra, _
  repeat -- more than once where a signal comes, or for the longest wait
    left, _, value, extra = bound.take((bound.step(true, -1)))
  until left
  return value, extra
end

-- Does an op alone on a ring.  The awaitable calls it, with a tail call: what
-- is wrong with the arguments is told at the line of the caller.
local function call_op(row, await, a, b, c, d, e, f)
  local scheduler, in_flight = usable()
  if not scheduler then
    idle = take()
    scheduler, in_flight = idle, 0
  end
  if in_flight > 0 or scheduler.unended then
    return blocking.call(await, a, b, c, d, e, f)
  end
  local refused = scheduler.bound.start_for[row.name](STAND_IN,
    a, b, c, d, e, f)
  if refused then return core.fail_op(row.number, refused) end
  idle = nil -- what is called meanwhile, such as a finalizer, has its own
  local ok, value, extra = pcall(wait_for_op, scheduler)
  if not ok then
    scheduler.ring:close()
    error(value, 0)
  end
  give(scheduler)
  if value ~= nil then return value, extra end
  return core.fail_op(row.number, extra)
end

--- Closes the ring that is kept for the next call.
function blocking.rest()
  if idle then idle.ring:close() end
  idle = nil
end

outside.call, outside.call_op = blocking.call, call_op

return blocking
