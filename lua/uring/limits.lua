--- How long a call on a handle may take: h:settimeout(seconds).
local Alarm = require "uring.alarm"
local system = require "uring.system"

local limits = {}

--- Begins a call of a direction that has a limit: sets its alarm.
---@param self table the handle
---@param direction "read"|"write"
---@return uring.Alarm alarm to be cleared, or <close>d, at the call's end
function limits.begin(self, direction)
  local name = direction .. "_alarm"
  local alarm = self[name] or Alarm.new()
  self[name] = alarm
  alarm:set(system.now() + self[direction .. "_timeout"])
  return alarm
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
  local limit = seconds and seconds < 1e9 and math.ceil(seconds * 1e9) or nil
  if direction ~= "write" then self.read_timeout = limit end
  if direction ~= "read" then self.write_timeout = limit end
  return self
end

return limits
