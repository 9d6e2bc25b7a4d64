--- How much garbage may pile up before the collector begins a cycle: the
-- option gc_headroom of uring.run.
-- A cycle looks at each coroutine that waits, twice.  Beside 10,000 of them it
-- takes milliseconds, and the collector's pause of 200 % makes one due
-- whenever there is as much garbage as there is live.  A longer pause trades
-- memory for fewer cycles.
local LEAST, MOST = 200, 1000 -- per cent, of collectgarbage "setpause"
local TURNS = 64 -- of the loop, from one look at the heap to the next

local headroom = {}
headroom.__index = headroom

--- Begins to set the collector's pause.
---@param bytes integer of garbage there shall be room for
---@return table headroom
function headroom.begin(bytes)
  local self = setmetatable({
    room = bytes / 1024, turns = 0, live = 0, last = math.huge, before = 0,
  }, headroom)
  self.before = collectgarbage("setpause", LEAST)
  self:look()
  return self
end

--- Sets it for the heap as it is.  What a cycle has left is what is live.
function headroom:look()
  local size = collectgarbage "count"
  if size < self.last then self.live = size end
  self.last, self.turns = size, 0
  local pause = 100 * (self.live + self.room) // self.live
  collectgarbage("setpause", math.tointeger(math.max(LEAST,
    math.min(MOST, pause))))
end

--- To be called in each turn of the loop.
function headroom:turn()
  self.turns = self.turns + 1
  if self.turns >= TURNS then self:look() end
end

--- Leaves the collector as it was.
function headroom:finish()
  collectgarbage("setpause", self.before)
end

return headroom
