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
  }, Alarm)
end

local function arm(self, at)
  current.timers:add(at, self)
  self.scheduler, self.armed_at = current, at
end

--- From now on the running coroutine may wait until then, and is interrupted
-- (see loop.interrupt) where it still does.
---@param at integer nanoseconds
function Alarm:set(at)
  self.thread, self.at, self.rang = running(), at, false
  if self.scheduler ~= current or at < self.armed_at then arm(self, at) end
end

--- It does not wait any more.
---@return boolean rang
function Alarm:clear()
  self.thread = false
  return self.rang
end

Alarm.__close = Alarm.clear

--- The scheduler calls it when a timer of the alarm is due; there may be
-- several.
function Alarm:expire()
  local now = system.now()
  if self.armed_at <= now then self.scheduler = false end
  if not self.thread then return end
  if self.at <= now then
    self.rang = true
    loop.interrupt(self.thread)
  elseif not self.scheduler then
    arm(self, self.at)
  end
end

return Alarm
