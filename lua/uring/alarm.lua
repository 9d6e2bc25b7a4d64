--- A limit for how long one wait after another may take.
-- Setting it is two assignments: the timer is moved only when it fires, so
-- a connection that is never late costs a timer now and then.
local loop = require "uring.loop"
local system = require "uring.system"

local running = coroutine.running

local current -- the scheduler that runs

loop.on_switch(function(scheduler) current = scheduler end)

---@class uring.Alarm
---@field rang boolean whether the last wait took too long
local Alarm = { __name = "uring.Alarm" }
Alarm.__index = Alarm

--- Makes an alarm that is not set.
---@return uring.Alarm
function Alarm.new()
  return setmetatable({
    thread = false, at = 0, rang = false, -- who waits, how long, and result
    scheduler = false, armed_at = 0, -- whose timer there is, and when
    bucket = false, place = 0, -- where it stands
    is_once = false, -- its timer goes when it is cleared
  }, Alarm)
end

--- Makes one for a single wait of the running coroutine.
---@param at integer nanoseconds
---@return uring.Alarm
function Alarm.once(at)
  local self = Alarm.new()
  self.is_once = true
  self:set(at)
  return self
end

--- Takes its timer out.
function Alarm:drop()
  if self.bucket then self.bucket:remove(self.place) end
  self.bucket, self.scheduler = false, false
end

local function arm(self, at)
  self:drop()
  self.bucket, self.place = current.timers:add(at, self)
  self.scheduler, self.armed_at = current, at
end

--- Until then an op may take that says itself who waits, as it starts.
---@param at integer nanoseconds
---@return uring.Alarm|false self false where no loop runs
function Alarm:prepare(at)
  if not current then return false end
  self.at, self.rang = at, false
  if self.scheduler ~= current or at < self.armed_at then arm(self, at) end
  return self
end

--- From now on the running coroutine may wait until then, and is interrupted
-- (see loop.interrupt) where it still does.
---@param at integer nanoseconds
function Alarm:set(at)
  self.thread, self.at, self.rang = running(), at, false
  if self.scheduler ~= current or at < self.armed_at then arm(self, at) end
end

--- Whether somebody has it set.
---@return boolean
function Alarm:is_set()
  return self.thread ~= false
end

--- It does not wait any more.
---@return boolean rang
function Alarm:clear()
  self.thread = false
  if self.is_once then self:drop() end
  return self.rang
end

Alarm.__close = Alarm.clear

--- The scheduler calls it when its timer is due.
function Alarm:expire()
  self.bucket, self.scheduler = false, false
  if not self.thread then return end
  if self.at > system.now() then return arm(self, self.at) end
  self.rang = true
  loop.interrupt(self.thread)
end

return Alarm
