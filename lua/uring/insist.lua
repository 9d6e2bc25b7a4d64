--- Cancelling until it is done.
-- A kernel may miss an op that is just on its way to a worker, and say that
-- there is none: so an op that has not ended by then is cancelled again.
local system = require "uring.system"

local insist = {}

local FIRST, LONGEST = 20000000, 1000000000 -- nanoseconds until the next try

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
  local unended = scheduler.unended or { ids = {}, at = 0, pause = 0 }
  table.move(ids, 1, #ids, #unended.ids + 1, unended.ids)
  unended.at, unended.pause = system.now() + FIRST, FIRST
  scheduler.unended = unended
end

--- How long a wait may last, so that somebody looks again in time.
---@param scheduler uring.Scheduler
---@param nanoseconds integer how long it would; negative: for ever
---@return integer nanoseconds
function insist.limit(scheduler, nanoseconds)
  local most = math.max(0, scheduler.unended.at - system.now())
  if nanoseconds < 0 or nanoseconds > most then return most end
  return nanoseconds
end

--- Looks whether they have ended.
---@param scheduler uring.Scheduler
---@param now integer nanoseconds
function insist.look(scheduler, now)
  local unended = scheduler.unended
  local ids = scheduler.bound.living(unended.ids)
  unended.ids = ids
  if #ids == 0 then
    scheduler.unended = false
  elseif now >= unended.at then
    post(scheduler, ids)
    unended.pause = math.min(2 * unended.pause, LONGEST)
    unended.at = now + unended.pause
  end
end

return insist
