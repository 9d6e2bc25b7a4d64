--- The options of simulated sockets.
local core = require "uring.core"
local errno = require "uring.errno"
local Socket = require "uring.test.stream"

local C = core.consts

-- What an option is where nobody has set it.
local DEFAULTS = {
  [C.SOL_SOCKET] = {
    [C.SO_REUSEADDR] = 0, [C.SO_REUSEPORT] = 0, [C.SO_KEEPALIVE] = 0,
    [C.SO_BROADCAST] = 0,
  },
  [C.IPPROTO_TCP] = {
    [C.TCP_NODELAY] = 0, [C.TCP_FASTOPEN_CONNECT] = 0,
    [C.TCP_KEEPIDLE] = 7200, [C.TCP_KEEPINTVL] = 75, [C.TCP_KEEPCNT] = 9,
    [C.TCP_USER_TIMEOUT] = 0, [C.TCP_DEFER_ACCEPT] = 0,
    [C.TCP_FASTOPEN] = 0,
  },
  [C.IPPROTO_IP] = { [C.IP_BIND_ADDRESS_NO_PORT] = 0 },
  [C.IPPROTO_IPV6] = { [C.IPV6_V6ONLY] = 0 },
}

local COUNTS = {} -- those of TCP that are numbers
for _, name in ipairs { "KEEPIDLE", "KEEPINTVL", "KEEPCNT", "USER_TIMEOUT",
  "DEFER_ACCEPT", "FASTOPEN" } do
  COUNTS[C["TCP_" .. name]] = true
end

local ASKED = {
  [C.SO_TYPE] = function(self) return self.type end,
  [C.SO_DOMAIN] = function(self) return self.domain end,
  [C.SO_ERROR] = function(self) return self:take_problem() or 0 end,
  [C.SO_ACCEPTCONN] = function(self)
    return self.state == "listening" and 1 or 0
  end,
  [C.SO_SNDBUF] = function(self) return self.capacity end,
  [C.SO_RCVBUF] = function(self) return self.capacity end,
}

local function key_of(level, name) return level << 32 | name end

--- Tells an option.
---@param level integer
---@param name integer
---@return integer? value
---@return integer? code
function Socket:option(level, name)
  if level == C.SOL_SOCKET and ASKED[name] then return ASKED[name](self) end
  local known = DEFAULTS[level]
  local value = self.options[key_of(level, name)]
    or known and known[name]
  if not value then return nil, errno.ENOPROTOOPT end
  return value
end

--- Sets an option.
---@param level integer
---@param name integer
---@param value integer
---@return boolean done
---@return integer? code
function Socket:set_option(level, name, value)
  if level == C.SOL_SOCKET and (name == C.SO_SNDBUF or name == C.SO_RCVBUF) then
    self.capacity = math.max(4096, value * 2) -- as Linux does
    return true
  end
  if not (DEFAULTS[level] and DEFAULTS[level][name]) then
    return false, errno.ENOPROTOOPT
  elseif level == C.IPPROTO_TCP and not self:is_tcp() then
    return false, errno.EOPNOTSUPP
  end
  local counts = level == C.IPPROTO_TCP and COUNTS[name]
  self.options[key_of(level, name)] = counts and value
    or value ~= 0 and 1 or 0
  return true
end

local LINGER = "<i4 i4" -- struct linger

--- Tells what closing it does with bytes that have not gone.
---@param size integer bytes that are wanted: a number has 4
---@return string|integer
function Socket:linger(size)
  local on, seconds = self.lingers and 1 or 0, self.lingers or 0
  if size < LINGER:packsize() then return on end
  return LINGER:pack(on, seconds)
end

--- Sets that.
---@param value any
---@return boolean done
---@return integer? code
function Socket:set_linger(value)
  if type(value) ~= "string" or #value < LINGER:packsize() then
    return false, errno.EINVAL
  end
  local on, seconds = LINGER:unpack(value)
  self.lingers = on ~= 0 and seconds
  return true
end

return Socket
