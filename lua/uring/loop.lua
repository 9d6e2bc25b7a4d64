--- The loop that runs, and every way to wait for it.
-- The only file that yields, beside the C functions that do ops: what a
-- coroutine yields is IO, and only the scheduler resumes it then.
local cancelled = require "uring.cancelled"
local core = require "uring.core"
local out = require "uring.outside"
local Scheduler = require "uring.ending"
local system = require "uring.system"

local isyieldable, running = coroutine.isyieldable, coroutine.running
local ceil, yield = math.ceil, coroutine.yield

local IO, FOREVER = Scheduler.IO, Scheduler.FOREVER

local loop = {
  live = {}, -- a set: the schedulers of all runs that have not ended
}

local OUTSIDE = 1 -- stands in 'cancelling' where no loop runs
local current -- the scheduler that runs
local cancelling = OUTSIDE -- how many scopes and tasks are being cancelled
local ops -- row's number -> the C function that does its op
local switches = {} -- who wants to know when a loop runs
local listeners = {} -- and when it runs with nothing that is to end

--- The scheduler that runs, or an error that names what needs it.
---@param what string
---@return uring.Scheduler
function loop.current(what)
  return current or error(what .. " needs uring.run", 3)
end

---@return boolean whether one runs
function loop.is_running()
  return current ~= nil
end

--- Calls 'set' with the scheduler that runs, and with nil when none does.
-- It must need no memory.
---@param set fun(scheduler?: uring.Scheduler)
function loop.on_switch(set)
  switches[#switches + 1] = set
end

--- Calls 'listener' with what system.bind has made for the run, whenever one
-- runs and nothing in it is being cancelled: ops need not ask then.  Otherwise
-- with nil.  It must need no memory.
---@param listener fun(bound?: table)
function loop.on_quiet(listener)
  listeners[#listeners + 1] = listener
end

local function tell(bound)
  for i = 1, #listeners do listeners[i](bound) end
end

--- Makes a scheduler the one that runs, or none.  Needs no memory.
---@param scheduler? uring.Scheduler
---@return uring.Scheduler? before the one that ran
function loop.switch(scheduler)
  local before = current
  local leaf = Scheduler.leaf(scheduler and scheduler.last_leaf or false)
  if before then before.cancelling, before.last_leaf = cancelling, leaf end
  current = scheduler
  cancelling = scheduler and scheduler.cancelling or OUTSIDE
  ops = scheduler and scheduler.bound.wait
  for i = 1, #switches do switches[i](scheduler) end
  tell(scheduler and cancelling == 0 and scheduler.bound or nil)
  return before
end

--- Calls a function that waits where no loop runs: the thread does.
---@param body function
---@param ... any its arguments
---@return any ... what it returns
function loop.block(body, ...)
  return out.call(body, ...)
end

-- Cancellation

--- Something is being cancelled (1), or has ended (-1): as long as there is
-- nothing of the kind, starting an op asks nobody.
---@param change 1|-1
function loop.count_cancelled(change)
  if cancelling == 0 then tell(nil) end -- a call may raise
  cancelling = cancelling + change
  if cancelling == 0 and current then tell(current.bound) end
end

--- Raises where the running code is to end, after the others had their turn.
local function check()
  if cancelling == 0 or not current then return end
  local cause = current:cause()
  if not cause then return end
  if isyieldable() then
    loop.ready((running()))
    yield(IO)
  end
  cancelled.raise(cause, current)
end

loop.check = check

--- The same where it has waited just now.
---@param leave? fun(handle: any) called before it raises
---@param handle? any
local function check_again(leave, handle)
  local cause = cancelling > 0 and current:cause()
  if not cause then return end
  if leave then leave(handle) end
  cancelled.raise(cause, current)
end

loop.check_again = check_again

-- Ops

-- What an op returns that has failed.
local function fail(row, code)
  if cancelling > 0 and not row.sure then check_again() end
  return core.fail_op(row.number, code)
end

-- The function that starts the op of a row with few arguments, and waits.
local function awaitable_of_few(row)
  local number, sure = row.number, row.sure -- even where the task is to end
  local function await(a, b, c)
    if cancelling > 0 then
      if not current then return out.call_op(row, await, a, b, c) end
      if not sure then check() end
    end
    local value, extra = ops[number](a, b, c) -- which yields IO
    if value then return value, extra end -- none is false
    return fail(row, extra)
  end
  return await
end

--- Makes the function that starts the op of a row and waits for it.  Where
-- no loop runs it blocks the thread.
---@param row table of core.ops
---@return function awaitable
function loop.awaitable(row)
  if #row.args <= 3 then return awaitable_of_few(row) end -- the same, cheaper
  local number, sure = row.number, row.sure
  local function await(a, b, c, d, e, f) -- no row has more
    if cancelling > 0 then
      if not current then return out.call_op(row, await, a, b, c, d, e, f) end
      if not sure then check() end
    end
    local value, extra = ops[number](a, b, c, d, e, f)
    if value then return value, extra end -- none is false
    return fail(row, extra)
  end
  return await
end

--- Starts an op that nobody waits for.
---@param name string the row
---@param ... any its arguments
---@return boolean started false where no loop runs, or it could not
function loop.post(name, ...)
  return current ~= nil and current.bound.start_for[name](nil, ...) == nil
end

-- Other waits

--- Raises where the running code cannot wait.
---@param what string names what wants to
---@param level? integer of the one to blame, as for error; default 3
function loop.check_place(what, level)
  if not current then error(what .. " needs uring.run", level or 3) end
  if not isyieldable() then
    error(what .. ": cannot wait here: not inside a task, or called through "
      .. "a C function (table.sort, string.gsub, require, a __gc ...)",
      level or 3)
  end
end

--- The same, and where it is to end: the first thing that a function does
-- which may wait.
---@param what string names what wants to
local function check_can_wait(what)
  if not (current and isyieldable()) then return loop.check_place(what) end
  check()
end

loop.check_can_wait = check_can_wait

--- Waits until an op of the coroutine completes.
---@return any value of the op, nil where it failed
---@return integer? extra the CQE's flags, or the errno
function loop.park()
  return yield(IO)
end

--- Waits at a place until loop.wake names the coroutine.  Where its task is
-- cancelled or loop.interrupt names it, place:leave(thread) is called to
-- take it out; a place without that method is waited at in any case.
---@param place table with leave, and describe() for whom it may concern
---@return boolean woken false where it was interrupted; raises a cancellation
function loop.wait(place)
  local waits, thread = current.waits, running()
  local ok, problem = pcall(rawset, waits, thread, place)
  if not ok then
    if place.leave then place:leave(thread) end
    error(problem, 0)
  end
  yield(IO)
  if not waits[thread] then return true end
  waits[thread] = nil
  check_again()
  return false
end

-- In which run a coroutine waits: in this one, in one that waits for its end
-- (see blocking.lua), or in one that another loop turns.
local function run_of(thread)
  if current and current.waits[thread] then return current end
  for scheduler in pairs(loop.live) do
    if scheduler.waits[thread] then return scheduler end
  end
  return current
end

--- Ends the wait of a coroutine: it runs in the next tick.
---@param thread thread
function loop.wake(thread)
  local scheduler = run_of(thread)
  local ready = scheduler.ready
  local ok, problem = pcall(rawset, ready, #ready + 1, thread)
  if not ok then return scheduler:wake_later(thread, problem) end
  scheduler.waits[thread] = nil
end

--- Ends the waits of all of a list.
---@param threads thread[]
function loop.wake_all(threads)
  for place, thread in ipairs(threads) do
    if thread then loop.wake(thread) end
    threads[place] = false -- where one raises, it and the rest are left
  end
end

--- Lets a coroutine run in the next tick that waits nowhere.
---@param thread thread
function loop.ready(thread)
  current.ready[#current.ready + 1] = thread
end

--- Ends what some coroutines wait for: their ops fail with ECANCELED, if
-- they have not succeeded by then, and loop.wait returns false.
---@param ... thread
function loop.interrupt(...)
  current:interrupt { ... }
end

--- Lets the other tasks run that are ready.
function loop.pause()
  if not current then return end
  if cancelling > 0 or not isyieldable() then check_can_wait("uring.yield") end
  local ready = current.ready
  ready[#ready + 1] = running()
  yield(IO)
end

--- Waits for some time.
---@param seconds number 0 or less only lets others run; math.huge never ends
function loop.sleep(seconds)
  if not current then return out.call(loop.sleep, seconds) end
  if cancelling > 0 or not isyieldable() then check_can_wait("uring.sleep") end
  if type(seconds) ~= "number" or seconds ~= seconds then
    error("sleep: bad argument 'seconds' (number expected)", 2)
  end
  if seconds <= 0 then return loop.pause() end
  local bucket, thread = FOREVER, running()
  if seconds < 1e9 then
    bucket = current.timers:add(system.now() + ceil(seconds * 1e9), thread)
  end
  current.waits[thread] = bucket
  yield(IO) -- as loop.wait; no call in here goes deeper: many only sleep
  if current.waits[thread] then
    current.waits[thread] = nil
    check_again()
  end
end

--- The task that runs.
---@return uring.Task? task nil outside of a run
function loop.task()
  return current and current:task()
end

return loop
