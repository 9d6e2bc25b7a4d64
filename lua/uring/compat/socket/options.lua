--- The socket options that LuaSocket knows by name.
local argument = require "uring.compat.argument"
local core = require "uring.core"
local reason = require "uring.compat.socket.reason"
local system = require "uring.system"

local C = core.consts

local LINGER = "i4i4" -- struct linger
local IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP = 35, 36
local IPV6_ADD_MEMBERSHIP, IPV6_DROP_MEMBERSHIP = 20, 21

local options = {}

-- Values: what Lua has, as what the kernel takes, and back.  A problem of the
-- kind goes to the caller of setoption.

local function from_boolean(value)
  return argument.boolean("setoption", 2, value, 1) and 1 or 0
end

local function to_boolean(integer)
  return integer ~= 0
end

local function from_number(value)
  return math.tointeger((tonumber(value) or 0) // 1) or 0
end

local function to_number(integer)
  return integer + 0.0
end

local function from_linger(value)
  argument.table("setoption", 2, value, 1)
  if type(value.on) ~= "boolean" then
    argument.refuse("setoption", 2, "boolean 'on' field expected", 1)
  end
  local seconds = tonumber(value.timeout)
  if not seconds then
    argument.refuse("setoption", 2, "number 'timeout' field expected", 1)
  end
  return LINGER:pack(value.on and 1 or 0, seconds // 1 & 0xffff)
end

local function to_linger(bytes)
  local on, timeout = LINGER:unpack(bytes)
  return { on = on ~= 0, timeout = timeout }
end

-- The bytes of an IPv4 address as inet_aton reads it; "*" is any.
local function ip_bytes(text)
  if text == "*" then return "\0\0\0\0" end
  local address = core.sockaddr(text, 0)
  if not address or address.family ~= "inet" then return nil end
  return string.char(address.host:match("(%d+)%.(%d+)%.(%d+)%.(%d+)"))
end

-- The bytes of an IPv6 address.
local function ip6_bytes(text)
  local address = core.sockaddr(text, 0)
  if not address or address.family ~= "inet6" then return nil end
  local host = address.host:gsub("%d+%.%d+%.%d+%.%d+$", function(tail)
    local a, b, c, d = tail:match("(%d+)%.(%d+)%.(%d+)%.(%d+)")
    return ("%x:%x"):format(a << 8 | b, c << 8 | d)
  end)
  local head, tail = host:match("^(.-)::(.*)$")
  local function words(list)
    return (list:gsub("%x+:?", function(word)
      return (">I2"):pack(tonumber(word:match("%x+"), 16))
    end))
  end
  if not head then return words(host) end
  head, tail = words(head), words(tail)
  return head .. ("\0"):rep(16 - #head - #tail) .. tail
end

local function from_ip(value)
  value = argument.string("setoption", 2, value, 1)
  return ip_bytes(value)
    or argument.refuse("setoption", 2, "ip expected", 1)
end

local function to_ip(bytes)
  return ("%d.%d.%d.%d"):format(bytes:byte(1, 4))
end

local function group_of(value, parse)
  argument.table("setoption", 2, value, 2)
  local group = value.multiaddr
  if type(group) ~= "string" then
    argument.refuse("setoption", 2, "string 'multiaddr' field expected", 2)
  end
  return parse(group) or argument.refuse("setoption", 2,
    "invalid 'multiaddr' ip address", 2)
end

local function from_membership(value)
  local group = group_of(value, ip_bytes)
  if type(value.interface) ~= "string" then
    argument.refuse("setoption", 2, "string 'interface' field expected", 1)
  end
  return group .. (ip_bytes(value.interface) or argument.refuse("setoption",
    2, "invalid 'interface' ip address", 1))
end

local function from_membership6(value)
  local group, interface = group_of(value, ip6_bytes), value.interface
  if interface ~= nil and not tonumber(interface) then
    argument.refuse("setoption", 2, "number 'interface' field expected", 1)
  end
  return group .. ("I4"):pack((tonumber(interface) or 0) // 1)
end

-- The kinds: set, get, and the size of a structure.
local BOOLEAN = { from_boolean, to_boolean }
local NUMBER = { from_number, to_number }
local SETS = { from_number }
local SETS_BOOLEAN = { from_boolean }
local IP = { from_ip, to_ip, 4 }
local MEMBERSHIP, MEMBERSHIP6 = { from_membership }, { from_membership6 }
local ERROR = { nil, function(code)
  return code ~= 0 and reason.of(code) or nil
end }

local SOCKET, TCP = C.SOL_SOCKET, C.IPPROTO_TCP
local V4, V6 = C.IPPROTO_IP, C.IPPROTO_IPV6

local EACH = {
  error = { ERROR, SOCKET, C.SO_ERROR },
  reuseaddr = { BOOLEAN, SOCKET, C.SO_REUSEADDR },
  reuseport = { BOOLEAN, SOCKET, C.SO_REUSEPORT },
  ["recv-buffer-size"] = { NUMBER, SOCKET, C.SO_RCVBUF },
  ["send-buffer-size"] = { NUMBER, SOCKET, C.SO_SNDBUF },
}

local function with_each(list)
  for name, option in pairs(EACH) do list[name] = option end
  return list
end

options.tcp = with_each {
  keepalive = { BOOLEAN, SOCKET, C.SO_KEEPALIVE },
  linger = { { from_linger, to_linger, 8 }, SOCKET, C.SO_LINGER },
  ["tcp-nodelay"] = { BOOLEAN, TCP, C.TCP_NODELAY },
  ["tcp-keepidle"] = { NUMBER, TCP, C.TCP_KEEPIDLE },
  ["tcp-keepcnt"] = { NUMBER, TCP, C.TCP_KEEPCNT },
  ["tcp-keepintvl"] = { NUMBER, TCP, C.TCP_KEEPINTVL },
  ["tcp-defer-accept"] = { SETS, TCP, C.TCP_DEFER_ACCEPT },
  ["tcp-fastopen"] = { SETS, TCP, C.TCP_FASTOPEN },
  ["tcp-fastopen-connect"] = { SETS, TCP, C.TCP_FASTOPEN_CONNECT },
  ["ipv6-v6only"] = { SETS_BOOLEAN, V6, C.IPV6_V6ONLY },
}

options.udp = with_each {
  dontroute = { BOOLEAN, SOCKET, C.SO_DONTROUTE },
  broadcast = { BOOLEAN, SOCKET, C.SO_BROADCAST },
  ["ip-multicast-if"] = { IP, V4, C.IP_MULTICAST_IF },
  ["ip-multicast-ttl"] = { SETS, V4, C.IP_MULTICAST_TTL },
  ["ip-multicast-loop"] = { BOOLEAN, V4, C.IP_MULTICAST_LOOP },
  ["ip-add-membership"] = { MEMBERSHIP, V4, IP_ADD_MEMBERSHIP },
  ["ip-drop-membership"] = { MEMBERSHIP, V4, IP_DROP_MEMBERSHIP },
  ["ipv6-unicast-hops"] = { NUMBER, V6, C.IPV6_UNICAST_HOPS },
  ["ipv6-multicast-hops"] = { NUMBER, V6, C.IPV6_MULTICAST_HOPS },
  ["ipv6-multicast-loop"] = { BOOLEAN, V6, C.IPV6_MULTICAST_LOOP },
  ["ipv6-add-membership"] = { MEMBERSHIP6, V6, IPV6_ADD_MEMBERSHIP },
  ["ipv6-drop-membership"] = { MEMBERSHIP6, V6, IPV6_DROP_MEMBERSHIP },
  ["ipv6-v6only"] = { BOOLEAN, V6, C.IPV6_V6ONLY },
}

local SET, GET = 1, 2 -- places in a kind

local function find(what, known, name, direction)
  name = argument.string(what, 1, name, 1)
  local option = known[name]
  if option and option[1][direction] then return option end
  argument.refuse(what, 1, ("unsupported option `%.35s'"):format(name), 1)
end

--- The methods setoption and getoption of a class.
---@param known table options.tcp or options.udp
---@return table methods
function options.methods(known)
  local methods = {}

  --- Sets an option.
  ---@param name string
  ---@param value any
  ---@return number? 1
  ---@return string? problem
  function methods:setoption(name, value)
    local option = find("setoption", known, name, SET)
    value = option[1][SET](value)
    if system.setsockopt(self.fd, option[2], option[3], value) then
      return 1.0
    end
    return nil, "setsockopt failed"
  end

  --- Tells how an option is.
  ---@param name string
  ---@return any value
  ---@return string? problem
  function methods:getoption(name)
    local option = find("getoption", known, name, GET)
    local kind = option[1]
    local value = system.getsockopt(self.fd, option[2], option[3], kind[3])
    if not value then return nil, "getsockopt failed" end
    return kind[GET](value)
  end

  return methods
end

return options
