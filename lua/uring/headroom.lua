--- How much garbage may pile up before the collector goes through all that is
-- there: the option gc_headroom of uring.run.
-- Each task holds what it has received last, and each coroutine that waits is
-- looked at twice in a cycle.  Beside a small heap that is a lot: 16 peers
-- that send 64 KiB each double it with every turn, and the collector, which
-- begins a cycle where the heap has doubled, would do little else.  A longer
-- wait trades memory for fewer cycles.
local core = require "uring.core"

local USUAL <const> = 16 << 20 -- bytes
local PAUSE <const> = 200 -- Lua's own, per cent

-- Per cent of what is live that the heap grows by: Lua's own, the most that
-- it takes, and the most where nobody has asked for more.  A heap that grows
-- fast does so many times before the next look.
local LEAST <const>, MOST <const>, ENOUGH <const> = 100, 1000, 400

local TURNS <const> = 64 -- of the loop, from one look at the heap to the next

-- What is live cannot be asked for, only how large the heap is: what was live
-- grows by so much at most from one look to the next, and is an eighth at
-- least of what is there.
local GROWTH <const>, SHARE <const> = 1.05, 1 / 8

local headroom = {}
headroom.__index = headroom

-- Whether the program has left the collector as it was.
local function is_untouched()
  local pause = collectgarbage("setpause", PAUSE)
  collectgarbage("setpause", pause)
  return pause == PAUSE and collectgarbage "isrunning"
end

-- Sets how far the heap may grow in generational mode, where the collector is
-- in that; which it is, can only be asked by setting it.
local function set_major(self, percent)
  if collectgarbage("generational", 0, percent) == "generational" then
    return true
  end
  collectgarbage "incremental"
  self.is_generational = false
end

local function set(self, percent)
  if self.is_generational and set_major(self, percent) then return end
  collectgarbage("setpause", math.min(MOST, 100 + percent))
end

--- Begins to set the collector, in whichever mode it is.
---@param bytes? integer of garbage there shall be room for, 0 for the
--- collector as it is; by default 16 MiB, unless the program has set its pause
--- or stopped it
---@return table? headroom nil where it is to stay as it is
function headroom.begin(bytes)
  if bytes == 0 or not bytes and not is_untouched() then return nil end
  local self = setmetatable({
    room = (bytes or USUAL) / 1024, most = bytes and MOST or ENOUGH, turns = 0,
    is_generational = true,
    live = collectgarbage "count", before = collectgarbage("setpause", PAUSE),
  }, headroom)
  core.keep_freed(bytes or USUAL)
  self:look()
  return self
end

--- Sets it for the heap as it is.
function headroom:look()
  local size = collectgarbage "count"
  self.live = math.max(math.min(size, self.live * GROWTH), size * SHARE)
  self.turns = 0
  local percent = math.min(self.most, 100 * self.room // self.live)
  set(self, math.tointeger(math.max(LEAST, percent)))
end

--- To be called in each turn of the loop.
function headroom:turn()
  self.turns = self.turns + 1
  if self.turns >= TURNS then self:look() end
end

--- Leaves the collector as it was.
function headroom:finish()
  if self.is_generational then set_major(self, LEAST) end
  collectgarbage("setpause", self.before)
end

return headroom
