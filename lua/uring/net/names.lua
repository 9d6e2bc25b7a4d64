--- From what a user gave to the addresses behind it: literals, and names.
local address = require "uring.address"
local core = require "uring.core"
local errno = require "uring.errno"

local names = {}

-- These need nobody to be asked.
local LOCAL = { localhost = { "127.0.0.1", "::1" } }

local MODULE = "uring.dns" -- needed by those alone who have names

--- What resolves names, where a call has no option 'resolver'.
---@param host string
---@param options table family, timeout, port
---@return uring.Address[]? addresses the best first
---@return string? message
---@return integer? code
function names.resolver(host, options)
  local found, dns = pcall(require, MODULE)
  if found then return dns.resolve(host, options) end
  local fd, _, code = core.epoll() -- perhaps no file can be opened
  if not fd then return nil, host .. ": " .. core.strerror(code), code end
  core.close(fd)
  local reason = tostring(dns):match("^[^\n]*")
  return nil, ("%s: names need %s: %s"):format(host, MODULE, reason),
    errno.ENOSYS
end

local function literal(host, port)
  if LOCAL[host] then
    local list = {}
    for i, each in ipairs(LOCAL[host]) do
      list[i] = core.sockaddr(each, port)
    end
    return list
  end
  local one = address.parse(host, port)
  return one and { one }
end

local function of_family(list, family)
  local some = {}
  for _, each in ipairs(list) do
    if not family or each.family == family then some[#some + 1] = each end
  end
  return some
end

local function check_answer(list)
  local is_list = type(list) == "table"
  for _, each in ipairs(is_list and list or {}) do
    is_list = is_list and type(each) == "userdata"
  end
  if not is_list then
    error("connect: the option 'resolver' has not returned a list of "
      .. "uring.Address", 0)
  end
end

--- Finds the addresses of what a user gave.
---@param where string|uring.Address as address.split takes it
---@param port? integer
---@param options table family ("inet", "inet6"), timeout (seconds), resolver
---@return uring.Address[]? addresses one or more, the best first
---@return string? message
---@return integer? code
function names.find(where, port, options)
  local host, number, code = address.split(where, port)
  if not host then return nil, number, code end
  local list = type(host) ~= "string" and { host } or literal(host, number)
  if not list then
    local message
    list, message, code = (options.resolver or names.resolver)(host, {
      family = options.family, timeout = options.timeout, port = number,
    })
    if not list then return nil, message, code end
    check_answer(list)
  end
  list = of_family(list, options.family)
  if #list > 0 then return list end
  return nil, ("%s: no address%s"):format(tostring(where),
    options.family and " of family " .. options.family or ""),
    errno.EAFNOSUPPORT
end

--- Finds the first of them.
---@param where string|uring.Address
---@param port? integer
---@param options? table as of find
---@return uring.Address? address
---@return string? message
---@return integer? code
function names.first(where, port, options)
  local list, message, code = names.find(where, port, options or {})
  if not list then return nil, message, code end
  return list[1]
end

return names
