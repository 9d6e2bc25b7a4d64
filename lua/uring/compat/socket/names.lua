--- Names of hosts and services as LuaSocket resolves them, and socket.dns.
local argument = require "uring.compat.argument"
local core = require "uring.core"
local errno = require "uring.errno"

local names = {}

local NOT_KNOWN = "host or service not provided, or not known"
local NO_SERVICE = "service not supported for socket type"
local OTHER_FAMILY = "Address family for hostname not supported"
local LATER = "temporary failure in name resolution"
local HOST_NOT_FOUND = "host not found"

local FAMILIES = { unspec = false, inet = "inet", inet6 = "inet6" }
local KINDS = { stream = "tcp", dgram = "udp" }
local LOCAL = { inet = { "127.0.0.1" }, inet6 = { "::1" } }

--- What the family argument of connect and getnameinfo may be.
names.FAMILIES = FAMILIES

-- Services

local ports, named -- "http/tcp" -> 80, "80/tcp" -> "http"

local function note(kind, port, name, ...)
  if not name then return end
  local key = port .. "/" .. kind
  ports[name .. "/" .. kind] = math.tointeger(port)
  named[key] = named[key] or name
  note(kind, port, ...)
end

local function read_services()
  ports, named = {}, {}
  local file <close> = io.open "/etc/services"
  if not file then return end
  for line in file:lines() do
    local words = {}
    for word in line:gsub("#.*", ""):gmatch("%S+") do
      words[#words + 1] = word
    end
    local port, kind = (words[2] or ""):match("^(%d+)/(%a+)$")
    if port then note(kind, port, words[1], table.unpack(words, 3)) end
  end
end

--- The port of a service.
---@param service string a number, or a name in /etc/services
---@param kind? "tcp"|"udp"
---@return integer? port
function names.port(service, kind)
  if service:find("^%d+$") then
    return math.tointeger(tonumber(service) // 1 & 0xffff)
  end
  if not ports then read_services() end
  return ports[service .. "/" .. (kind or "tcp")]
end

-- The name of a service, where it has one.
local function service_name(service, kind)
  if not named then read_services() end
  return named[names.port(service, kind) .. "/" .. kind] or service
end

-- Hosts

local RESOLVER = "uring.dns" -- a module that a program may do without

local function resolver()
  local ok, dns = pcall(require, RESOLVER)
  return ok and dns or nil
end

local function problem_of(code)
  local later = code == errno.ETIMEDOUT or code == errno.EDNS_SERVFAIL
    or code == errno.EDNS_REFUSED
  return later and LATER or NOT_KNOWN
end

local function resolve_name(host, port, family)
  local dns = resolver()
  if dns then
    local list, _, code = dns.resolve(host, { family = family or nil,
      port = port })
    if list then return list end
    return nil, problem_of(code)
  end
  if host ~= "localhost" then return nil, NOT_KNOWN end
  return { core.sockaddr(LOCAL[family or "inet"][1], port) }
end

--- The addresses of a host and a service.
---@param host string
---@param service string
---@param family? "inet"|"inet6"|false
---@param kind? "tcp"|"udp"
---@return uring.Address[]? list
---@return string? problem
function names.resolve(host, service, family, kind)
  local port = names.port(service, kind)
  if not port then return nil, NO_SERVICE end
  local literal = core.sockaddr(host, port)
  if not literal then return resolve_name(host, port, family) end
  if family and literal.family ~= family then return nil, OTHER_FAMILY end
  return { literal }
end

--- The same for an address of our own, where "*" is any.
---@param host string
---@param service string
---@param family? "inet"|"inet6"|false
---@param kind? "tcp"|"udp"
---@return uring.Address[]? list
---@return string? problem
function names.resolve_own(host, service, family, kind)
  if host ~= "*" then return names.resolve(host, service, family, kind) end
  return names.resolve(family == "inet6" and "::" or "0.0.0.0", service,
    family, kind)
end

-- socket.dns

local dns = {}
names.dns = dns

--- All addresses of a host.
---@param host string
---@return table[]? list of { family = "inet"|"inet6", addr = text }
---@return string? problem
function dns.getaddrinfo(host)
  host = argument.string("getaddrinfo", 1, host)
  if host == "*" then return nil, NOT_KNOWN end
  local list, problem = names.resolve(host, "0")
  if not list then return nil, problem end
  local found = {}
  for i, each in ipairs(list) do
    found[i] = { family = each.family, addr = each.host }
  end
  return found
end

-- What resolves to an IPv4 address.
local function resolve4(host)
  local list = names.resolve(host, "0", "inet")
  if not list or not list[1] then return nil, HOST_NOT_FOUND end
  return list
end

-- The names of an address; none is no problem.
local function reverse(address)
  if address.host == "127.0.0.1" or address.host == "::1" then
    return { "localhost" }
  end
  local resolving = resolver()
  return resolving and resolving.reverse(address) or {}
end

-- The name of a host and its IPv4 addresses, asked for by either.
local function resolve_host(host)
  local list, problem = resolve4(host)
  if not list then return nil, problem end
  local name = host
  if core.sockaddr(host, 0) then name = reverse(list[1])[1] end
  if not name then return nil, HOST_NOT_FOUND end
  local details = { name = name, alias = {}, ip = {} }
  for i, each in ipairs(list) do details.ip[i] = each.host end
  return details
end

--- The IPv4 address of a host.
---@param host string a name, or an address that has one
---@return string? address
---@return table|string details { name =, alias = {}, ip = {} }, or a problem
function dns.toip(host)
  host = argument.string("toip", 1, host)
  local details, problem = resolve_host(host)
  if not details then return nil, problem end
  return details.ip[1], details
end

--- The name of a host.
---@param host string a name, or an IPv4 address
---@return string? name
---@return table|string details as of toip
function dns.tohostname(host)
  host = argument.string("tohostname", 1, host)
  local details, problem = resolve_host(host)
  if not details then return nil, problem end
  return details.name, details
end

--- The names of a host's addresses, and that of a service.
---@param host? string default: this machine
---@param service? string
---@param family? "inet"|"inet6"|"unspec"
---@param kind? "stream"|"dgram"
---@return string[]? hosts
---@return string? service or what is wrong
function dns.getnameinfo(host, service, family, kind)
  if not (host or service) then
    error("host and serv cannot be both nil", 2)
  end
  host = argument.string("getnameinfo", 1, host or "localhost")
  service = service and argument.string("getnameinfo", 2, service)
  kind = KINDS[kind] or "tcp"
  local list, problem = names.resolve(host, service or "0",
    FAMILIES[family], kind)
  if not list then return nil, problem end
  local hosts = {}
  for i, each in ipairs(list) do
    hosts[i] = reverse(each)[1] or each.host
  end
  if not service then return hosts end
  return hosts, service_name(service, kind)
end

--- What this machine calls itself.
---@return string
function dns.gethostname()
  local file <close> = assert(io.open "/proc/sys/kernel/hostname")
  return file:read "l"
end

return names
