--- Names a task that does not let the others run.
local report = require "uring.report"
local Scheduler = require "uring.scheduler"
local system = require "uring.system"
local tree = require "uring.tree"

local resume = Scheduler.resume

local watchdog = {}

local function look(scheduler, task, thread, limit, start, ...)
  local took = system.now() - start
  if took > limit then
    report.say(("%s held the loop for %.3f s; it is now%s"):format(
      task and tree.name(task) or "a coroutine", took / 1e9,
      tree.place(scheduler, task and task.thread or thread)))
  end
  return ...
end

--- Watches all tasks of a run: what takes longer is told when it waits.
---@param scheduler uring.Scheduler
---@param seconds number
function watchdog.watch(scheduler, seconds)
  local limit = math.ceil(seconds * 1e9)
  Scheduler.use_resume(function(thread, ...)
    local task = tree.owner(scheduler, thread)
    return look(scheduler, task, thread, limit, system.now(),
      resume(thread, ...))
  end)
end

--- Watches no longer.
function watchdog.rest()
  Scheduler.use_resume(resume)
end

return watchdog
