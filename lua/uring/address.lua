--- Addresses as people write them: "127.0.0.1:7000", ":8080", "unix:/path".
local core = require "uring.core"
local errno = require "uring.errno"

local address = {}

local UNIX_MOST = 5 + 107 -- bytes of "unix:/path" that the kernel takes

local NAMES = { localhost = "127.0.0.1", ["*"] = "::", [""] = "::" }

local function take_apart(text)
  local host, port = text:match("^%[([^%]]*)%]:(%d+)$")
  if not host then host, port = text:match("^([^:]*):(%d+)$") end
  return host, math.tointeger(tonumber(port))
end

--- Raises where a value is no address, or a port none: the first thing that a
-- function does which a user gives one, so that it is told at their line.
---@param what string names the function
---@param where any string, or uring.Address
---@param port any integer, or nil
---@param level? integer of the one to blame, as for error; default 3
function address.check(what, where, port, level)
  level = level or 3
  local kind = type(where)
  if kind ~= "string" and not (kind == "userdata" and where.family) then
    error(("%s: bad argument 'where' (string or uring.Address expected, got "
      .. "%s)"):format(what, kind), level)
  end
  kind = type(port)
  if port ~= nil and not (kind == "number" and math.tointeger(port)) then
    error(("%s: bad argument 'port' (integer expected, got %s)"):format(what,
      kind == "number" and tostring(port) or kind), level)
  end
end

local function unix_address(where)
  local found, _, code = core.sockaddr(where)
  if found then return found end
  if #where > UNIX_MOST then code = errno.ENAMETOOLONG end
  return core.fail(where, code)
end

--- Takes apart what a user gave, and was checked.
---@param where string|uring.Address "host:port", "[::1]:80", "unix:/path",
--- "unix:@name", an Address, or a host, with the port beside it
---@param port? integer
---@return uring.Address|string? where an Address as it is; the host of others
---@return integer|string|nil port, or a message
---@return integer? code
function address.split(where, port)
  if type(where) ~= "string" then return where end
  if where:find("^unix:") then return unix_address(where) end
  local host, number = where, port
  if not port then host, number = take_apart(where) end
  if host and number and number >= 0 and number <= 65535 then
    return host, math.tointeger(number)
  elseif port then
    return nil, ("%s: no port %d (0 to 65535)"):format(where, port),
      errno.EINVAL
  end
  return nil, where .. ": not an address (host:port, [host]:port or "
    .. "unix:path)", errno.EINVAL
end

--- Makes an Address of what a user gave, where that is no name to be
-- resolved.
---@param where string|uring.Address as for split
---@param port? integer
---@return uring.Address? address
---@return string? message
---@return integer? code
function address.parse(where, port)
  local host, number, code = address.split(where, port)
  if type(host) ~= "string" then return host, number, code end
  return core.sockaddr(NAMES[host] or host, number)
end

--- What to listen on where a machine has no IPv6 and all addresses are meant.
---@param where uring.Address
---@return uring.Address? address nil where it is not the IPv6 wildcard
function address.without_ipv6(where)
  if where.host ~= "::" then return nil end
  return core.sockaddr("0.0.0.0", where.port)
end

return address
