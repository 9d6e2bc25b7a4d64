--- Cancelling until it is done.
-- A kernel may miss an op that is just on its way to a worker, and say that
-- there is none: so an op that has not ended by then is cancelled again.
local system = require "uring.system"

local insist = {}

local FIRST, LONGEST = 20000000, 1000000000 -- nanoseconds until the next try
local MOMENT, OFTEN = 1000000, 100 -- for memory to be there again; times

--- Makes what a scheduler keeps for it, as long as it lives.
---@return table insistence
function insist.new()
  return { ids = {}, at = 0, pause = 0, failures = 0, problem = false }
end

local function post(scheduler, ids)
  for _, id in ipairs(ids) do scheduler.bound.start_for.cancel(nil, id) end
end

--- Cancels ops of a scheduler.
---@param scheduler uring.Scheduler
---@param ids integer[]
function insist.cancel(scheduler, ids)
  post(scheduler, ids)
  insist.watch(scheduler, ids)
end

--- Watches that ops end, for which a cancel was posted.
---@param scheduler uring.Scheduler
---@param ids integer[]
function insist.watch(scheduler, ids)
  if #ids == 0 then return end
  local insistence = scheduler.insistence
  table.move(ids, 1, #ids, #insistence.ids + 1, insistence.ids)
  insistence.at, insistence.pause = system.now() + FIRST, FIRST
  scheduler.unended = insistence
end

--- Has the scheduler do again, in a moment, what could not be done: ending
-- what is cancelled, most likely for want of memory.
---@param scheduler uring.Scheduler
---@param problem any
function insist.retry(scheduler, problem)
  local insistence = scheduler.insistence
  insistence.problem = problem or "unknown"
  scheduler.unended = insistence
end

--- How long a wait may last, so that somebody looks again in time.
---@param scheduler uring.Scheduler
---@param nanoseconds integer how long it would; negative: for ever
---@return integer nanoseconds
function insist.limit(scheduler, nanoseconds)
  local insistence = scheduler.insistence
  local most = math.max(0, insistence.at - system.now())
  if insistence.problem then most = MOMENT end
  if nanoseconds < 0 or nanoseconds > most then return most end
  return nanoseconds
end

--- When somebody has to look again, where that is sooner.
---@param scheduler uring.Scheduler
---@param at integer? nanoseconds
---@return integer at
function insist.due(scheduler, at)
  local insistence = scheduler.insistence
  if insistence.problem then return 0 end
  return at and math.min(at, insistence.at) or insistence.at
end

-- Lua itself has collected what it could when memory was short; finalizers
-- are better not called then, for they might fail.
local function mend(scheduler, insistence)
  scheduler:mend(insistence.problem)
  insistence.problem, insistence.failures = false, 0
end

local function look(scheduler, now)
  local insistence = scheduler.insistence
  if insistence.problem then mend(scheduler, insistence) end
  local ids = scheduler.bound.living(insistence.ids)
  insistence.ids = ids
  if #ids == 0 then
    scheduler.unended = false
  elseif now >= insistence.at then
    post(scheduler, ids)
    insistence.pause = math.min(2 * insistence.pause, LONGEST)
    insistence.at = now + insistence.pause
  end
end

--- Looks whether they have ended.
---@param scheduler uring.Scheduler
---@param now integer nanoseconds
function insist.look(scheduler, now)
  local ok, problem = pcall(look, scheduler, now)
  if ok then return end
  local insistence = scheduler.insistence
  insistence.failures = insistence.failures + 1
  if insistence.failures == OFTEN then error(problem, 0) end
  insist.retry(scheduler, problem)
end

return insist
