--- Checks what callers of uring.dns give; wrong arguments raise.
local core = require "uring.core"

local options = {}

local function is_count(value)
  return math.type(value) == "integer" and value >= 0 and value < 1 << 31
end

local function is_seconds(value)
  return type(value) == "number" and value >= 0
end

local function is_boolean(value) return type(value) == "boolean" end

local function is_string(value) return type(value) == "string" end

local function is_list(value)
  if type(value) ~= "table" then return false end
  for _, each in ipairs(value) do
    if not is_string(each) or each:find("[%s,\0]") then return false end
  end
  return #value > 0 or next(value) == nil
end

-- A server as c-ares wants it, "host:port"; false or nil where it is none.
local function server(text)
  local host, port = text:match("^%[(.*)%]:(%d+)$")
  if not host then host, port = text:match("^([^:]*):(%d+)$") end
  host = host or text:match("^%[(.*)%]$") or text
  port = math.tointeger(tonumber(port or 53))
  local address = port and port > 0 and core.sockaddr(host, port)
  return address and address.host and tostring(address)
end

local function is_servers(value)
  if not is_list(value) or #value == 0 then return false end
  for _, each in ipairs(value) do
    if not server(each) then return false end
  end
  return true
end

local RESOLVER = {
  servers = is_servers, search = is_list, ndots = is_count,
  timeout = function(value) return is_seconds(value) and value > 0 end,
  tries = function(value) return is_count(value) and value > 0 end,
  rotate = is_boolean, tcp = is_boolean, resolvconf = is_string,
  hosts = function(value) return value == false or is_string(value) end,
  nsswitch = function(value) return value == false or is_string(value) end,
  cache = function(value) return value == false or is_seconds(value) end,
}

local ORDERS = { inet = true, inet6 = true, none = true }

local RESOLVE = {
  family = function(value) return value == "inet" or value == "inet6" end,
  order = function(value) return ORDERS[value] end,
  port = function(value) return is_count(value) and value <= 65535 end,
  timeout = is_seconds,
}

local QUERY = { timeout = is_seconds }

local function check(what, given, known)
  if type(given) ~= "table" then
    error(what .. ": bad argument 'options' (table expected)", 4)
  end
  for name, value in pairs(given) do
    if not known[name] or not known[name](value) then
      error(("%s: bad option '%s'"):format(what, tostring(name)), 4)
    end
  end
end

--- Checks the options of a resolver, and has c-ares's words for them.
---@param given table of dns.resolver
---@return table settings of uring.cares.channel
function options.settings(given)
  check("dns.resolver", given, RESOLVER)
  local settings = {
    ndots = given.ndots, tries = given.tries, rotate = given.rotate,
    tcp = given.tcp, resolvconf = given.resolvconf, search = given.search,
  }
  if given.timeout then -- milliseconds
    settings.timeout = math.min(math.ceil(given.timeout * 1000), 1 << 30)
  end
  if given.hosts ~= nil then settings.lookups = "b" end
  if given.servers then
    local servers = {}
    for i, each in ipairs(given.servers) do servers[i] = server(each) end
    settings.servers = table.concat(servers, ",")
  end
  return settings
end

local function check_name(what, argument, value)
  if type(value) ~= "string" then
    error(("%s: bad argument '%s' (string expected)"):format(what, argument),
      4)
  end
end

--- Checks the arguments of resolve.
---@param host any
---@param given? table
---@return table options
function options.resolve(host, given)
  check_name("dns.resolve", "host", host)
  check("dns.resolve", given or {}, RESOLVE)
  return given or {}
end

--- Checks the arguments of query.
---@param name any
---@param type any
---@param types table the types that there are
---@param given? table
---@return table options
function options.query(name, type, types, given)
  check_name("dns.query", "name", name)
  if not types[type] then
    error(("dns.query: bad argument 'type' (no type '%s')"):format(
      tostring(type)), 3)
  end
  check("dns.query", given or {}, QUERY)
  return given or {}
end

--- Checks the arguments of reverse.
---@param given? table
---@return table options
function options.reverse(given)
  check("dns.reverse", given or {}, QUERY)
  return given or {}
end

--- Whether c-ares can be asked for a name.
---@param name string
---@return boolean
function options.is_name(name)
  return name ~= "" and #name <= 255 and not name:find("[%s\0]")
end

return options
