--- The end of a descriptor, for which nobody waits.
local loop = require "uring.loop"
local system = require "uring.system"

local descriptors = {}

local current -- the scheduler that runs

loop.on_switch(function(scheduler) current = scheduler end)

--- Cancels the ops of a descriptor that will be closed: also those of a run
-- that waits for this one to end, or for its next step.
---@param fd integer
function descriptors.cancel(fd)
  if current then current:cancel_fd(fd) end
  for scheduler in pairs(loop.live) do
    if scheduler ~= current then
      pcall(scheduler.cancel_fd, scheduler, fd)
      pcall(scheduler.ring.submit, scheduler.ring) -- before it is closed
    end
  end
end

--- Closes one, which it never raises for.
---@param fd integer
function descriptors.close(fd)
  if not loop.post("close", fd) then system.close(fd) end
end

return descriptors
