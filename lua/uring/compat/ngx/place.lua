--- Where a cosocket connects to, and how long it may take.
local errno = require "uring.errno"

local place = {}

--- Seconds that each call may take where nothing else is said:
-- lua_socket_connect_timeout and the like.
place.TIMEOUT = 60

--- Understands the arguments of connect.
---@param method string names who asks
---@param host string an address, a name, or "unix:/path"
---@param port? integer|string
---@return string? where
---@return string name of its pool, or why not
---@return integer? port nil for a path
function place.parse(method, host, port)
  if type(host) ~= "string" then
    error(("bad argument #2 to '%s' (string expected, got %s)"):format(method,
      type(host)), 3)
  end
  if host:find "^unix:" then return host, host end
  local number = math.tointeger(tonumber(port))
  if not number or number < 0 or number > 65535 then
    return nil, "bad port number: " .. tostring(port)
  end
  local bare = host:match "^%[(.*)%]$" or host
  return bare, ("%s:%d"):format(host, number), number
end

local REASONS = {
  [errno.EDNS_FORMERR] = "1: Format error",
  [errno.EDNS_SERVFAIL] = "2: Server failure",
  [errno.EDNS_NXDOMAIN] = "3: Host not found",
  [errno.EDNS_NODATA] = "3: Host not found",
  [errno.EDNS_BADNAME] = "3: Host not found",
  [errno.EDNS_NOTIMP] = "4: Unimplemented",
  [errno.EDNS_REFUSED] = "5: Operation refused",
}

--- What nginx says of a name that has no address.
---@param host string
---@param code? integer with which resolving it failed
---@return string? message nil: it was something else that failed
function place.unresolved(host, code)
  if code == errno.ENOSYS then -- there is no uring.dns
    return ('no resolver defined to resolve "%s"'):format(host)
  end
  local reason = REASONS[code]
  return reason and ("%s could not be resolved (%s)"):format(host, reason)
end

--- The seconds of a timeout.
---@param method string names who asks
---@param value number? milliseconds; nil and 0: the default
---@return number seconds
function place.seconds(method, value)
  local number = tonumber(value)
  if value ~= nil and not (number and number == number) then
    error(("bad argument to '%s' (number expected, got %s)"):format(method,
      type(value)), 3)
  end
  return number and number > 0 and number / 1000 or place.TIMEOUT
end

return place
