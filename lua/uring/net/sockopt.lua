--- The options of sockets by name: setopt("nodelay", true).
-- Each is a boolean, an integer, a time in seconds, or a string; what of IP
-- has two forms is that of the socket's family.
local core = require "uring.core"
local errno = require "uring.errno"
local system = require "uring.system"

local C = core.consts

local SOCKET, TCP = C.SOL_SOCKET, C.IPPROTO_TCP
local IP, IPV6 = C.IPPROTO_IP, C.IPPROTO_IPV6

-- name = { level, option, kind, read_only =, six = the option of IPv6 }
local OPTIONS = {
  acceptconn = { SOCKET, C.SO_ACCEPTCONN, "boolean", read_only = true },
  bindtodevice = { SOCKET, C.SO_BINDTODEVICE, "string" },
  broadcast = { SOCKET, C.SO_BROADCAST, "boolean" },
  busy_poll = { SOCKET, C.SO_BUSY_POLL, "integer" },
  domain = { SOCKET, C.SO_DOMAIN, "domain", read_only = true },
  dontroute = { SOCKET, C.SO_DONTROUTE, "boolean" },
  error = { SOCKET, C.SO_ERROR, "integer", read_only = true },
  incoming_cpu = { SOCKET, C.SO_INCOMING_CPU, "integer" },
  keepalive = { SOCKET, C.SO_KEEPALIVE, "boolean" },
  linger = { SOCKET, C.SO_LINGER, "linger" },
  mark = { SOCKET, C.SO_MARK, "integer" },
  oobinline = { SOCKET, C.SO_OOBINLINE, "boolean" },
  priority = { SOCKET, C.SO_PRIORITY, "integer" },
  protocol = { SOCKET, C.SO_PROTOCOL, "integer", read_only = true },
  rcvbuf = { SOCKET, C.SO_RCVBUF, "integer" },
  rcvlowat = { SOCKET, C.SO_RCVLOWAT, "integer" },
  reuseaddr = { SOCKET, C.SO_REUSEADDR, "boolean" },
  reuseport = { SOCKET, C.SO_REUSEPORT, "boolean" },
  sndbuf = { SOCKET, C.SO_SNDBUF, "integer" },
  timestamp = { SOCKET, C.SO_TIMESTAMP, "boolean" },
  type = { SOCKET, C.SO_TYPE, "type", read_only = true },
  congestion = { TCP, C.TCP_CONGESTION, "string" },
  cork = { TCP, C.TCP_CORK, "boolean" },
  defer_accept = { TCP, C.TCP_DEFER_ACCEPT, "seconds" },
  fastopen = { TCP, C.TCP_FASTOPEN, "integer" },
  fastopen_connect = { TCP, C.TCP_FASTOPEN_CONNECT, "boolean" },
  keepcnt = { TCP, C.TCP_KEEPCNT, "integer" },
  keepidle = { TCP, C.TCP_KEEPIDLE, "seconds" },
  keepintvl = { TCP, C.TCP_KEEPINTVL, "seconds" },
  maxseg = { TCP, C.TCP_MAXSEG, "integer" },
  nodelay = { TCP, C.TCP_NODELAY, "boolean" },
  notsent_lowat = { TCP, C.TCP_NOTSENT_LOWAT, "integer" },
  quickack = { TCP, C.TCP_QUICKACK, "boolean" },
  syncnt = { TCP, C.TCP_SYNCNT, "integer" },
  user_timeout = { TCP, C.TCP_USER_TIMEOUT, "milliseconds" },
  freebind = { IP, C.IP_FREEBIND, "boolean" },
  late_port = { IP, C.IP_BIND_ADDRESS_NO_PORT, "boolean" },
  mtu = { IP, C.IP_MTU, "integer", six = C.IPV6_MTU },
  multicast_interface = { IP, C.IP_MULTICAST_IF, "interface",
    six = C.IPV6_MULTICAST_IF },
  multicast_loop = { IP, C.IP_MULTICAST_LOOP, "boolean",
    six = C.IPV6_MULTICAST_LOOP },
  multicast_ttl = { IP, C.IP_MULTICAST_TTL, "integer",
    six = C.IPV6_MULTICAST_HOPS },
  tos = { IP, C.IP_TOS, "integer", six = C.IPV6_TCLASS },
  transparent = { IP, C.IP_TRANSPARENT, "boolean" },
  ttl = { IP, C.IP_TTL, "integer", six = C.IPV6_UNICAST_HOPS },
  v6only = { IPV6, C.IPV6_V6ONLY, "boolean" },
}

local LINGER = "<i4 i4" -- struct linger
local IFNAMSIZ = 16
local ROOM = { string = IFNAMSIZ, linger = 8 } -- of structures, in bytes

local TYPES = {
  [C.SOCK_STREAM] = "stream", [C.SOCK_DGRAM] = "datagram",
  [C.SOCK_SEQPACKET] = "seqpacket",
}
local DOMAINS = {
  [C.AF_INET] = "inet", [C.AF_INET6] = "inet6", [C.AF_UNIX] = "unix",
}

local function milliseconds(value)
  return math.type(value) and value >= 0 and value < 2000000
    and math.ceil(value * 1000)
end

local function seconds(value)
  return math.type(value) and value >= 0 and value < 2000000000
    and math.ceil(value)
end

local function integer(value)
  return math.type(value) == "integer" and value == value << 32 >> 32
    and value or nil
end

local function linger(value)
  if value == false then return string.pack(LINGER, 0, 0) end
  if type(value) == "table" then
    if value.on == false then return linger(false) end
    value = value.seconds
  end
  local time = seconds(value)
  return time and string.pack(LINGER, 1, time)
end

-- What the kernel gets for a value; false or nil: it is none of that kind.
local PACK = {
  boolean = function(value)
    return type(value) == "boolean" and (value and 1 or 0)
  end,
  integer = integer,
  interface = integer,
  linger = linger,
  milliseconds = milliseconds,
  seconds = seconds,
  string = function(value) return type(value) == "string" and value end,
}

local EXPECTED = {
  interface = "index", milliseconds = "seconds",
  linger = "false, seconds or {on =, seconds =}",
}

-- What a user gets for what the kernel has.
local UNPACK = {
  boolean = function(value) return value ~= 0 end,
  domain = function(value) return DOMAINS[value] or value end,
  linger = function(bytes)
    local on, time = string.unpack(LINGER, bytes)
    return { on = on ~= 0, seconds = time }
  end,
  milliseconds = function(value) return value / 1000 end,
  string = function(bytes) return (bytes:gsub("%z.*$", "")) end,
  type = function(value) return TYPES[value] or value end,
}

local sockopt = {}

local function known_names()
  local names = {}
  for name in pairs(OPTIONS) do names[#names + 1] = name end
  table.sort(names)
  return table.concat(names, ", ")
end

local function option_of(what, name, level)
  local option = OPTIONS[name]
  if option then return option end
  error(("%s: bad argument 'name' (no option '%s'; there are %s)"):format(
    what, tostring(name), known_names()), level + 1)
end

local function is_six(fd)
  return system.getsockopt(fd, SOCKET, C.SO_DOMAIN) == C.AF_INET6
end

-- The level and number of an option, for this socket.
local function place_of(fd, option)
  if option.six and is_six(fd) then return IPV6, option.six end
  return option[1], option[2]
end

--- Sets an option.
---@param fd integer
---@param name string
---@param value any
---@param level? integer of the one to blame for misuse, as for error
---@return boolean? true
---@return string? message
---@return integer? code
function sockopt.set(fd, name, value, level)
  level = (level or 1) + 1
  local option = option_of("setopt", name, level)
  if option.read_only then
    error(("setopt: option '%s' can only be read"):format(name), level)
  end
  local kind = option[3]
  local packed = PACK[kind](value)
  if not packed then
    error(("setopt: bad argument 'value' of '%s' (%s expected)"):format(name,
      EXPECTED[kind] or kind), level)
  end
  local at, number = place_of(fd, option)
  if kind == "interface" and at == IP then
    packed = string.pack("<I4 I4 i4", 0, 0, packed) -- struct ip_mreqn
  end
  local done, _, code = system.setsockopt(fd, at, number, packed)
  if done then return true end
  return core.fail("setopt " .. name, code)
end

--- Tells an option.
---@param fd integer
---@param name string
---@param level? integer of the one to blame for misuse, as for error
---@return any value nil where that failed
---@return string? message
---@return integer? code
function sockopt.get(fd, name, level)
  local option = option_of("getopt", name, (level or 1) + 1)
  local kind = option[3]
  local at, number = place_of(fd, option)
  local value, _, code = system.getsockopt(fd, at, number, ROOM[kind])
  if not value then return core.fail("getopt " .. name, code) end
  local unpack = UNPACK[kind]
  if unpack then return unpack(value) end
  return value
end

--- What sockets of all kinds can do.
sockopt.methods = {}

--- Sets an option of the socket.
---@param name string such as "nodelay"; an unknown one raises, and lists them
---@param value any a boolean, an integer, seconds, or a string
---@return table? self
---@return string? message
---@return integer? code
function sockopt.methods:setopt(name, value)
  option_of("setopt", name, 2)
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  local done, message, code = sockopt.set(self.fd, name, value, 2)
  if done then return self end
  return nil, message, code
end

--- Tells an option of the socket.
---@param name string
---@return any value
---@return string? message
---@return integer? code
function sockopt.methods:getopt(name)
  option_of("getopt", name, 2)
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  return sockopt.get(self.fd, name, 2)
end

return sockopt
