--- How much garbage may pile up before the collector goes through all that is
-- there: the option gc_headroom of uring.run.
-- Each task holds what it has received last, and each coroutine that waits is
-- looked at twice in a cycle.  Beside a small heap that is a lot: 16 peers
-- that send 64 KiB each double it with every turn, and the collector, which
-- goes through all of it where it has doubled, would do little else.  A longer
-- wait trades memory for fewer cycles, so where nobody has asked for it, it
-- is as long as there are many.
local core = require "uring.core"

local KIB <const> = 1024
local SOME <const>, USUAL <const> = 1 << 20, 16 << 20 -- bytes
local PAUSE <const> = 200 -- Lua's own, per cent

-- Per cent of what is live that the heap grows by: Lua's own, the most that
-- it takes, and the most where nobody has asked for more.
local LEAST <const>, MOST <const>, ENOUGH <const> = 100, 1000, 400

-- Of the loop, from one look at the heap to the next; so many cycles in that
-- time are too many, and so many looks without one are calm.
local TURNS <const>, MANY <const>, CALM <const> = 64, 2, 32

-- What is live cannot be asked for, only how large the heap is: what was live
-- grows by so much at most from one look to the next, and is an eighth at
-- least of what is there.
local GROWTH <const>, SHARE <const> = 1.05, 1 / 8

local headroom = {}
headroom.__index = headroom

-- Cycles of the collector so far: an object that nobody has is finalized in
-- each, and is one again; in generational mode, where it gets old, in those
-- that go through all.
local cycles = 0
local counting = {}

function counting.__gc(object)
  cycles = cycles + 1
  setmetatable(object, counting)
end

setmetatable({}, counting)

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

local function set(self)
  local percent = 100 * self.room // (self.live * KIB)
  percent = math.max(LEAST, math.min(self.most, percent))
  percent = math.tointeger(percent)
  local is_known = percent == LEAST or not self.is_generational
  if percent == self.percent and is_known then return end
  self.percent = percent
  if self.is_generational and set_major(self, percent) then return end
  collectgarbage("setpause", math.min(MOST, 100 + percent))
end

--- Begins to set the collector, in whichever mode it is.
---@param bytes? integer of garbage there shall be room for, 0 for the
--- collector as it is; by default up to 16 MiB, unless the program has set its
--- pause or stopped it
---@return table? headroom nil where it is to stay as it is
function headroom.begin(bytes)
  if bytes == 0 or not bytes and not is_untouched() then return nil end
  local self = setmetatable({
    room = bytes or 0, most = bytes and MOST or ENOUGH, is_fixed = bytes,
    turns = 0, calm = 0, cycles = cycles, percent = LEAST,
    is_generational = true, live = collectgarbage "count",
    before = collectgarbage("setpause", PAUSE),
  }, headroom)
  core.keep_freed(bytes or USUAL)
  set(self)
  return self
end

-- As much room as there are many cycles.
local function adapt(self)
  local count = cycles - self.cycles
  self.cycles = cycles
  self.calm = count == 0 and self.calm + 1 or 0
  if count > MANY and self.room < USUAL then
    self.room = math.max(SOME, 2 * self.room)
  elseif self.calm >= CALM then
    self.calm, self.room = 0, self.room > SOME and self.room // 2 or 0
  end
end

--- Sets it for the heap as it is.
function headroom:look()
  local size = collectgarbage "count"
  self.live = math.max(math.min(size, self.live * GROWTH), size * SHARE)
  self.turns = 0
  if not self.is_fixed then adapt(self) end
  set(self)
end

--- To be called in each turn of the loop.
function headroom:turn()
  self.turns = self.turns + 1
  if self.turns >= TURNS then self:look() end
end

--- Leaves the collector as it was.
function headroom:finish()
  if self.is_generational and self.percent ~= LEAST then
    set_major(self, LEAST)
  end
  collectgarbage("setpause", self.before)
end

return headroom
