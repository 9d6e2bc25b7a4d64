--- Addresses as people write them: "127.0.0.1:7000", ":8080", "unix:/path".
local core = require "uring.core"
local errno = require "uring.errno"

local address = {}

local NAMES = { localhost = "127.0.0.1", ["*"] = "::", [""] = "::" }

local function take_apart(text)
  local host, port = text:match("^%[([^%]]*)%]:(%d+)$")
  if not host then host, port = text:match("^([^:]*):(%d+)$") end
  return host, math.tointeger(tonumber(port))
end

--- Takes apart what a user gave.
---@param where string|uring.Address "host:port", "[::1]:80", "unix:/path",
--- "unix:@name", an Address, or a host, with the port beside it
---@param port? integer
---@return uring.Address|string? where an Address as it is; the host of others
---@return integer|string|nil port, or a message
---@return integer? code
function address.split(where, port)
  if type(where) ~= "string" then
    if type(where) == "userdata" and where.family then return where end
    error("bad address (string or uring.Address expected, got "
      .. type(where) .. ")", 3)
  end
  if port and math.type(port) ~= "integer" then
    error("bad port (integer expected, got " .. type(port) .. ")", 3)
  end
  if where:find("^unix:") then return core.sockaddr(where) end
  local host = where
  if not port then host, port = take_apart(where) end
  if not host or not port or port < 0 or port > 65535 then
    return nil, where .. ": not an address (host:port, [host]:port or "
      .. "unix:path)", errno.EINVAL
  end
  return host, port
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
