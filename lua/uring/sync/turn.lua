--- A turn in a line, for what is handed over to whoever waits.
-- A run may be given up while somebody stands in the line, or was given
-- something and has not run since.  What they wait for may outlive the run:
-- so they leave it as if they had never come.
local loop = require "uring.loop"

local running = coroutine.running

local turn = {}

local Turn = {}

function Turn:__close()
  local guard = self.guard
  if not guard then return end
  self.queue:remove(self.thread)
  getmetatable(guard).__close(guard)
end

--- Waits in a queue until somebody takes the running coroutine out of it and
-- gives the guard what it stands for.
---@param place table as loop.wait has it
---@param queue uring.Queue
---@param guard table its __close gives back what it has, if it has any
function turn.wait(place, queue, guard)
  local thread = running()
  local mine <close> = setmetatable({
    thread = thread, queue = queue, guard = guard,
  }, Turn)
  queue:push(thread, guard)
  assert(loop.wait(place))
  mine.guard = false
end

return turn
