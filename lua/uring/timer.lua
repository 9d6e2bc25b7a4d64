--- Timers: what is due when, in buckets of a millisecond.
-- A heap orders the distinct ticks; all that falls into one tick shares a
-- bucket.  Adding and removing are a table write each, and a million
-- sleepers need no more ticks than there are milliseconds.
local NS_PER_TICK <const> = 1000000

local Timers = {}
Timers.__index = Timers

local Bucket = {}
Bucket.__index = Bucket

-- Bucket -> where in it each stands; kept up from the first time it is asked
-- for.
local indices = setmetatable({}, { __mode = "k" })

local function index_of(self)
  local index = {}
  for place = 1, #self do
    if self[place] then index[self[place]] = place end
  end
  indices[self] = index
  return index
end

--- Takes something out, wherever it stands, if it is there.
---@param what any
function Bucket:leave(what)
  local index = indices[self] or index_of(self)
  local place = index[what]
  if place then self:remove(place) end
end

--- Takes out what stands at a place.
---@param place integer
function Bucket:remove(place)
  local index = indices[self]
  if index then index[self[place]] = nil end
  self[place] = false
  local last = #self -- what is soon taken out again leaves nothing behind
  while self[last] == false do
    self[last] = nil
    last = last - 1
  end
end

--- What it is to wait for it.
---@return string
function Bucket.describe()
  return "sleep"
end

--- Makes an empty set of timers.
---@return uring.Timers
function Timers.new()
  return setmetatable({ buckets = {}, ticks = {}, count = 0 }, Timers)
end

-- The heap: the least tick is ticks[1].

local function push_tick(self, tick)
  local ticks, place = self.ticks, self.count + 1
  self.count = place
  while place > 1 do
    local parent = place >> 1
    if ticks[parent] <= tick then break end
    ticks[place] = ticks[parent]
    place = parent
  end
  ticks[place] = tick
end

local function pop_tick(self)
  local ticks, count = self.ticks, self.count
  local least, last = ticks[1], ticks[count]
  ticks[count] = nil
  count = count - 1
  self.count = count
  local place = 1
  while place * 2 <= count do
    local child = place * 2
    if child < count and ticks[child + 1] < ticks[child] then
      child = child + 1
    end
    if ticks[child] >= last then break end
    ticks[place] = ticks[child]
    place = child
  end
  if count > 0 then ticks[place] = last end
  return least
end

--- Enters something that will be due at a time, rounded up to a tick.
---@param at integer nanoseconds
---@param what any but false and nil
---@return table bucket
---@return integer place bucket:remove(place) takes it out again
function Timers:add(at, what)
  local tick = (at + (NS_PER_TICK - 1)) // NS_PER_TICK
  local bucket = self.buckets[tick]
  if not bucket then
    bucket = setmetatable({}, Bucket)
    self.buckets[tick] = bucket
    push_tick(self, tick)
  end
  local place = #bucket + 1
  bucket[place] = what
  local index = indices[bucket]
  if index then index[what] = place end
  return bucket, place
end

--- Says when the next tick is due.
---@return integer? at nanoseconds; nil where there is no timer
function Timers:next()
  local tick = self.ticks[1]
  while tick and #self.buckets[tick] == 0 do -- all were taken out
    self.buckets[pop_tick(self)] = nil
    tick = self.ticks[1]
  end
  return tick and tick * NS_PER_TICK
end

--- Takes out one bucket that is due.
---@param now integer nanoseconds
---@return table? bucket what is due, false where it was taken out
function Timers:due(now)
  local tick = self.ticks[1]
  if not tick or tick * NS_PER_TICK > now then return nil end
  pop_tick(self)
  local bucket = self.buckets[tick]
  self.buckets[tick] = nil
  return bucket
end

--- Timers.remove(bucket, place) is bucket:remove(place).
Timers.remove = Bucket.remove

return Timers
