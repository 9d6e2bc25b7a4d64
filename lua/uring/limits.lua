--- How long a call on a handle may take: h:settimeout(seconds).
local Alarm = require "uring.alarm"
local errno = require "uring.errno"
local loop = require "uring.loop"
local system = require "uring.system"

local FOREVER = 1e9 -- seconds, and more

local limits = {}

--- Prepares the alarm of a direction that has a limit for a single op,
-- which says itself who waits.
---@param self table the handle
---@param name "read_alarm"|"write_alarm"
---@param timeout integer nanoseconds
---@return uring.Alarm|false alarm false where another call has it, or no
--- loop runs
function limits.prepare(self, name, timeout)
  local alarm = self[name]
  if not alarm then
    alarm = Alarm.new()
    self[name] = alarm
  end
  if alarm.thread then return false end
  return alarm:prepare(system.now() + timeout)
end

--- Begins a call of a direction that has a limit: sets its alarm, or, where
-- another call has that, one of its own.
---@param self table the handle
---@param direction "read"|"write"
---@param at? integer nanoseconds: when the call's time is over, where that
--- began before
---@return uring.Alarm alarm to be <close>d at the call's end
function limits.begin(self, direction, at)
  local name = direction .. "_alarm"
  local alarm = self[name]
  at = at or system.now() + self[direction .. "_timeout"]
  if not alarm then
    alarm = Alarm.new()
    self[name] = alarm
  elseif alarm:is_set() then
    return Alarm.once(at)
  end
  alarm:set(at)
  return alarm
end

--- A handle that is closed needs its alarms no more.
---@param self table the handle
function limits.forget(self)
  if self.read_alarm then self.read_alarm:drop() end
  if self.write_alarm then self.write_alarm:drop() end
end

--- Whether an op failed because its time was over, and for no other reason.
---@param alarm? uring.Alarm
---@param code? integer with which it failed
---@return boolean?
function limits.is_over(alarm, code)
  return alarm and alarm.rang
    and (code == errno.ECANCELED or code == errno.EINTR)
end

--- What a call on a handle says whose op has failed.
---@param self table the handle
---@param alarm? uring.Alarm of the call
---@param message? string of the op
---@param code? integer
---@return nil
---@return string? message "closed" where the handle was; "timeout"
---@return integer? code
function limits.failure(self, alarm, message, code)
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  if limits.is_over(alarm, code) then
    return nil, "timeout", errno.ETIMEDOUT
  end
  return nil, message, code
end

--- Whether a call has to be made in a run: the alarm of a limit needs one.
---@param timeout integer|false|nil of the call's direction
---@return boolean?
function limits.need_loop(timeout)
  return timeout and not loop.is_running()
end

--- Limits how long the caller may wait.
---@param seconds number
---@return uring.Alarm? alarm to be <close>d; nil where that is for ever
function limits.within(seconds)
  if seconds >= FOREVER then return nil end
  return Alarm.once(system.now() + math.ceil(math.max(seconds, 0) * 1e9))
end

--- Limits how long each call may take from then on, all its waits together:
-- it returns nil, "timeout", ETIMEDOUT.  What was read by then stays for the
-- next call.
---@param self table the handle
---@param seconds number? nil: no limit
---@param direction? "read"|"write"|"both" default "both"
---@return table self
function limits.settimeout(self, seconds, direction)
  direction = direction or "both"
  if seconds ~= nil and not (type(seconds) == "number" and seconds >= 0) then
    error("settimeout: bad argument 'seconds' (number expected)", 2)
  end
  if direction ~= "read" and direction ~= "write" and direction ~= "both" then
    error("settimeout: bad argument 'direction' (\"read\", \"write\" or "
      .. "\"both\" expected)", 2)
  end
  local limit = false
  if seconds and seconds < FOREVER then limit = math.ceil(seconds * 1e9) end
  if direction ~= "write" then self.read_timeout = limit end
  if direction ~= "read" then self.write_timeout = limit end
  return self
end

return limits
