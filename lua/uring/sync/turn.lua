--- A turn in a line, for what is handed over to whoever waits.
-- A run may be given up when somebody was given something and has not run
-- since.  What that is of may outlive the run, and so gets it back.
local loop = require "uring.loop"
local Scheduler = require "uring.scheduler"

local running = coroutine.running
local turns = Scheduler.turns

local turn = {}

--- Waits in a queue until somebody takes the running coroutine out of it and
-- gives the guard what it stands for.
---@param place table as loop.wait has it
---@param queue uring.Queue
---@param guard table its __close gives back what it has, if it has any
function turn.wait(place, queue, guard)
  local thread = running()
  turns[thread] = guard
  queue:push(thread, guard)
  assert(loop.wait(place))
  turns[thread] = nil
end

return turn
