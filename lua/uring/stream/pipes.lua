--- Pipes to splice through: a run keeps some that are empty for later.
local loop = require "uring.loop"
local system = require "uring.system"

local SIZE = 1 << 20 -- bytes that one holds, where the kernel allows that
local MOST = 16 -- that are kept

local pipes = {}

local current -- the scheduler that runs

loop.on_switch(function(scheduler) current = scheduler end)

---@class uring.Pipe
---@field from integer|false the end to read
---@field into integer|false the end to write
local Pipe = {}
Pipe.__index = Pipe

--- After that it can only be read to its end.
function Pipe:close_into()
  if self.into then system.close(self.into) end
  self.into = false
end

--- Closes both ends.
function Pipe:close()
  self:close_into()
  if self.from then system.close(self.from) end
  self.from = false
end

Pipe.__gc = Pipe.close

--- Takes an empty one.
---@return uring.Pipe? pipe
---@return string? message
---@return integer? code
function pipes.take()
  local kept = current.pipes
  if kept and #kept > 0 then return table.remove(kept) end
  local pipe = setmetatable({ from = false, into = false }, Pipe)
  local from, into, code = system.pipe(SIZE)
  if not from then return nil, into, code end
  pipe.from, pipe.into = from, into
  return pipe
end

--- Gives one back that is empty again.
---@param pipe uring.Pipe
function pipes.give(pipe)
  local kept = current.pipes
  if not kept then
    kept = {}
    current.pipes = kept
  end
  if #kept < MOST then
    kept[#kept + 1] = pipe
  else
    pipe:close()
  end
end

--- A run has ended: closes what it has kept.  Needs no memory.
---@param scheduler uring.Scheduler
function pipes.close_all(scheduler)
  local kept = scheduler.pipes
  for i = 1, kept and #kept or 0 do kept[i]:close() end
  scheduler.pipes = nil
end

return pipes
