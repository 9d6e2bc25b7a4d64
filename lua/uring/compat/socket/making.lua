--- Binding and connecting: addresses are tried one after another, with a
-- socket of the family that each needs.
local core = require "uring.core"
local descriptor = require "uring.compat.socket.descriptor"
local names = require "uring.compat.socket.names"
local op = require "uring.op"
local reason = require "uring.compat.socket.reason"
local system = require "uring.system"

local C = core.consts

local KINDS = { [C.SOCK_STREAM] = "tcp", [C.SOCK_DGRAM] = "udp" }

local making = {}

-- Makes sure that there is a socket of the address' family.
local function prepare(self, family, where, kind)
  if family == where.family and self.fd ~= descriptor.NOTHING then return end
  return descriptor.open(self, where.family, kind)
end

-- Tries each address until one succeeds; returns the problem of the last.
local function try_each(self, list, kind, try, is_last)
  local family, problem = self.family, nil
  for _, where in ipairs(list) do
    problem = prepare(self, family, where, kind)
    if not problem then
      family = where.family
      problem = try(self, where)
      if not problem or is_last() then
        self.family = family
        break
      end
    end
  end
  return problem
end

local function bind_to(self, where)
  local ok, _, code = system.bind_socket(self.fd, where)
  if not ok then return reason.of(code) end
end

local function never()
  return false
end

--- Binds an object to an address of this machine.
---@param self table
---@param host string "*": any
---@param service string
---@param kind integer SOCK_STREAM or SOCK_DGRAM
---@param family? "inet"|"inet6"|false other than its own
---@return string? problem
function making.bind(self, host, service, kind, family)
  local list, problem = names.resolve_own(host, service,
    family or self.family, KINDS[kind])
  if not list then return problem end
  return try_each(self, list, kind, bind_to, never)
end

-- What a connection that is being made says to one more attempt.
local function connect_to(self, where)
  descriptor.begin(self)
  local done, code = descriptor.await(self, op.connect, where)
  if not done then return reason.of(code) end
end

--- Connects an object.
---@param self table
---@param host string
---@param service string
---@param kind integer SOCK_STREAM or SOCK_DGRAM
---@return string? problem
function making.connect(self, host, service, kind)
  local list, problem = names.resolve(host, service, self.family, KINDS[kind])
  if not list then return problem end
  return try_each(self, list, kind, connect_to, function()
    return self.block == 0
  end)
end

-- AF_UNSPEC: what a datagram socket is connected to, to be so no more.
local NOBODY = core.unpack_sockaddr(("\0"):rep(16))

--- Undoes the connection of a datagram socket.
---@param self table
function making.disconnect(self)
  if self.fd ~= descriptor.NOTHING then op.connect(self.fd, NOBODY) end
end

--- The address of a number and a port, for a datagram.
---@param host string
---@param service string
---@param family? "inet"|"inet6"|false
---@return uring.Address? address
---@return string? problem
function making.numeric(host, service, family)
  local port = service:find("^%d+$") and names.port(service)
  local where = port and core.sockaddr(host, port)
  if not where then return nil, "Name or service not known" end
  if family and where.family ~= family then
    return nil, "Address family for hostname not supported"
  end
  return where
end

return making
