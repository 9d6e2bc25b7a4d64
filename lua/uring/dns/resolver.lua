--- Resolvers: who is asked for names, and how.
-- What needs no query is answered without c-ares.
local Cache = require "uring.dns.cache"
local Channels = require "uring.dns.channels"
local core = require "uring.core"
local errno = require "uring.errno"
local hosts = require "uring.dns.hosts"
local loop = require "uring.loop"
local message = require "uring.dns.message"
local nsswitch = require "uring.dns.nsswitch"
local options = require "uring.dns.options"
local problem = require "uring.dns.problem"
local records = require "uring.dns.records"
local structured = require "uring.structured"

local NEGATIVE = 10 -- seconds that "no such name" is kept
local LASTING = { NXDOMAIN = true, NODATA = true } -- as opposed to a failure

---@class uring.Resolver
local Resolver = { __name = "uring.Resolver" }
Resolver.__index = Resolver

--- Makes a resolver.
---@param given? table servers = { "127.0.0.1:53", "[::1]:53", ... }, search =
--- { domain, ... }, ndots, timeout (seconds, of the first try), tries, rotate,
--- tcp (booleans), hosts = path or false, resolvconf = path, nsswitch = path
--- or false, cache = seconds at most or false; what is left out is as
--- /etc/resolv.conf has it
---@return uring.Resolver
function Resolver.new(given)
  given = given or {}
  return setmetatable({
    channels = Channels.new(options.settings(given)), hosts = given.hosts,
    nsswitch = given.nsswitch or false,
    cache = given.cache and Cache.new(given.cache) or false,
    is_closed = false,
  }, Resolver)
end

-- Calls body(self, ...), which waits, where it can and for as long as it may.
local function call(self, name, timeout, body, ...)
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  if not loop.is_running() then
    return loop.block(call, self, name, timeout, body, ...)
  end
  loop.check_can_wait(name)
  if timeout then return structured.timeout(timeout, body, self, ...) end
  return body(self, ...)
end

-- Addresses

local function literal(host)
  if host:find("[%s\0]") or host:find("^unix:") then return nil end
  local address = core.sockaddr(host, 0)
  return address and { address.host }
end

local function family_of(host)
  return host:find(":", 1, true) and "inet6" or "inet"
end

local function of_family(list, family)
  local found = {}
  for _, host in ipairs(list) do
    if not family or family_of(host) == family then found[#found + 1] = host end
  end
  return found
end

-- Puts one family before the other, and leaves them as they are otherwise.
local function arrange(list, first)
  if first ~= "inet" and first ~= "inet6" then return list end
  local found = of_family(list, first)
  local rest = of_family(list, first == "inet" and "inet6" or "inet")
  return table.move(rest, 1, #rest, #found + 1, found)
end

local function addresses(list, port)
  local found = {}
  for _, host in ipairs(list) do
    found[#found + 1] = core.sockaddr(host, port or 0)
  end
  return found
end

-- What the cache has: an answer and its age, or { status = } where there was
-- none.
local function recall(self, key)
  if self.cache then return self.cache:get(key) end
end

-- Fails, and remembers where asking again would not help.
local function fail(self, what, key, status)
  if self.cache and LASTING[status] then
    self.cache:put(key, { status = status }, NEGATIVE)
  end
  return problem.fail(what, status)
end

local function ask_for_hosts(self, what, host, given)
  local family, sorted = given.family or "any", given.order ~= "none"
  local key = ("%s %s %s"):format(host:lower(), family, sorted)
  local known = recall(self, key)
  if known and known.status then return problem.fail(what, known.status) end
  if known then return known end
  local status, list, ttl = self.channels:ask(what, function(channel)
    return channel:addrinfo(host, family, sorted)
  end)
  if status == "SUCCESS" and #list == 0 then status = "NODATA" end
  if status ~= "SUCCESS" then return fail(self, what, key, status) end
  if self.cache then self.cache:put(key, list, ttl) end
  return list
end

local function resolve(self, host, given)
  local what, list = "resolve " .. host, {}
  if self.hosts then
    local found, text, code = hosts.addresses(self.hosts, host, given.family)
    if not found then return nil, what .. ": " .. text, code end
    list = found
  end
  if #list == 0 then
    local found, text, code = ask_for_hosts(self, what, host, given)
    if not found and nsswitch.may_help(self.nsswitch, code) then
      found = nsswitch.addresses(host, given.family)
    end
    if not found or #found == 0 then return nil, text, code end
    list = found
  end
  return addresses(arrange(list, given.order), given.port)
end

--- Looks for the addresses of a host: in the hosts file, then in the DNS.  A
-- numeric host is its own address, which needs no query.
---@param host string
---@param given? table family = "inet" or "inet6", default both; port = 0 of
--- the addresses; timeout = seconds in all; order = "inet" or "inet6", which
--- come first, or "none", as the server gave them; default as RFC 6724 says
---@return uring.Address[]? addresses the best first
---@return string? message "timeout"; "closed" where the resolver was
---@return integer? code EDNS_NXDOMAIN, EDNS_NODATA ...
function Resolver:resolve(host, given)
  given = options.resolve(host, given)
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  local list = literal(host)
  if list then
    list = of_family(list, given.family)
    if #list > 0 then return addresses(list, given.port) end
    return problem.fail("resolve " .. host, "NODATA")
  elseif not options.is_name(host) then
    return problem.fail("resolve " .. host, "BADNAME")
  end
  return call(self, "dns.resolve", given.timeout, resolve, host, given)
end

-- Records

-- The bytes of an answer, and its age where the cache has it.
local function ask_for_bytes(self, what, name, type, key)
  local known, age = recall(self, key)
  if known and known.status then return problem.fail(what, known.status) end
  if known then return known, age end
  local number = records.types[type].number
  local status, bytes = self.channels:ask(what, function(channel)
    return channel:query(name, number)
  end)
  if status ~= "SUCCESS" then return fail(self, what, key, status) end
  return bytes, false
end

-- For how long all of them hold.
local function shortest(list)
  local ttl = math.huge
  for _, record in ipairs(list) do ttl = math.min(ttl, record.ttl) end
  return ttl
end

local function query(self, name, type, what)
  what = what or ("query %s %s"):format(name, type)
  local key = name:lower() .. " " .. type
  local bytes, age, code = ask_for_bytes(self, what, name, type, key)
  if not bytes then return nil, age, code end -- a message
  local list = message.parse(bytes, type)
  if not list then return problem.fail(what, "BADRESP") end
  if #list == 0 then return fail(self, what, key, "NODATA") end
  if age then
    for _, record in ipairs(list) do
      record.ttl = math.max(0, record.ttl - age)
    end
  elseif self.cache then
    self.cache:put(key, bytes, shortest(list))
  end
  return list
end

--- Asks the DNS for the records of a name, as it is: no search list.
---@param name string
---@param type "A"|"AAAA"|"CAA"|"CNAME"|"MX"|"NS"|"PTR"|"SOA"|"SRV"|"TXT"
---@param given? table timeout = seconds in all
---@return table[]? records each with name, type, ttl (seconds), and what
--- docs/dns.md says of the type; as the server gave them
---@return string? message "timeout"; "closed" where the resolver was
---@return integer? code EDNS_NXDOMAIN, EDNS_NODATA ...
function Resolver:query(name, type, given)
  given = options.query(name, type, records.types, given)
  if not options.is_name(name) then
    return problem.fail(("query %s %s"):format(name, type), "BADNAME")
  end
  return call(self, "dns.query", given.timeout, query, name, type)
end

local function reverse(self, host)
  local what, path = "reverse " .. host, self.hosts
  if path ~= false then
    local names, text, code = hosts.names(path or "/etc/hosts", host)
    if names and #names > 0 then return names end
    if not names and path then return nil, what .. ": " .. text, code end
  end
  local name = require("uring.cares").arpa(host)
  local list, text, code = query(self, name, "PTR", what)
  if not list then return nil, text, code end
  local names = {}
  for i, record in ipairs(list) do names[i] = record.host end
  return names
end

--- Looks for the names of an address: in the hosts file, then in the DNS.
---@param where string|uring.Address a numeric host, or an Address of one
---@param given? table timeout = seconds in all
---@return string[]? names
---@return string? message "timeout"; "closed" where the resolver was
---@return integer? code EDNS_NXDOMAIN, EDNS_NODATA ...
function Resolver:reverse(where, given)
  given = options.reverse(given)
  local host = where
  if type(where) == "userdata" and where.family then
    host = where.host
  elseif type(where) == "string" then
    host = (literal(where) or { false })[1]
    if not host then
      return nil, "reverse " .. where .. ": not a numeric host", errno.EINVAL
    end
  end
  if type(host) ~= "string" then
    error("dns.reverse: bad argument 'address' (numeric host or uring.Address "
      .. "of one expected)", 2)
  end
  return call(self, "dns.reverse", given.timeout, reverse, host)
end

-- The end

--- Closes the resolver: whoever waits for an answer gets nil, "closed".
-- Once more is nothing.
---@return boolean true
function Resolver:close()
  if self.is_closed then return true end
  self.is_closed, self.cache = true, false
  self.channels:close()
  return true
end

Resolver.__close = Resolver.close

--- Whether close was called.
---@return boolean
function Resolver:closed()
  return self.is_closed
end

function Resolver:__tostring()
  if self.is_closed then return Resolver.__name .. " (closed)" end
  local servers = self.channels.settings.servers or "the system's servers"
  return ("%s (%s)"):format(Resolver.__name, servers)
end

return Resolver
