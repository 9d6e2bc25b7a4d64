--- socket.tcp: objects that are masters first, and then clients or servers.
local argument = require "uring.compat.argument"
local buffered = require "uring.compat.socket.buffered"
local core = require "uring.core"
local descriptor = require "uring.compat.socket.descriptor"
local errno = require "uring.errno"
local making = require "uring.compat.socket.making"
local names = require "uring.compat.socket.names"
local op = require "uring.op"
local options = require "uring.compat.socket.options"
local reason = require "uring.compat.socket.reason"
local system = require "uring.system"

local C = core.consts

local BACKLOG = 32 -- connections, where nothing is said

local tcp = {}

local Master, Client, Server -- the classes

local function new(class, family)
  return setmetatable(buffered.init(descriptor.fields(family)), class)
end

-- Methods of all classes

local methods = options.methods(options.tcp)

--- Whether bytes were received that nobody has asked for.
---@return boolean
function methods:dirty()
  return buffered.is_dirty(self)
end

local function connect(self, host, service)
  local problem = making.connect(self, host, service, C.SOCK_STREAM)
  setmetatable(self, Client) -- it may be on its way
  if problem then return nil, problem end
  return 1.0
end

--- Connects it: it is a client then, even where that fails.
---@param host string
---@param port number|string
---@return number? 1
---@return string? problem
function methods:connect(host, port)
  host = argument.string("connect", 1, host)
  port = argument.string("connect", 2, port)
  return descriptor.call(connect, self, host, port)
end

methods.setpeername = methods.connect

-- Methods of masters

--- Makes a server of a master: a method.
---@param self table
---@param backlog? number default 32
---@param class table of servers
---@return number? 1
---@return string? problem
function tcp.listen(self, backlog, class)
  backlog = argument.number("listen", 1, backlog, BACKLOG)
  local ok, _, code = system.listen(self.fd, math.tointeger(backlog // 1))
  if not ok then return nil, reason.of(code) end
  setmetatable(self, class)
  return 1.0
end

local masters = {}

--- Binds it to an address of this machine.
---@param host string "*": any
---@param port number|string 0: one that is free
---@return number? 1
---@return string? problem
function masters:bind(host, port)
  host = argument.string("bind", 1, host)
  port = argument.string("bind", 2, port)
  local problem = making.bind(self, host, port, C.SOCK_STREAM)
  if problem then return nil, problem end
  return 1.0
end

masters.setsockname = masters.bind

--- Makes a server of it.
---@param backlog? number default 32
---@return number? 1
---@return string? problem
function masters:listen(backlog)
  return tcp.listen(self, backlog, Server)
end

-- Methods of servers

local servers = {}

--- Takes the next connection of a server.
---@param self table
---@param class table of what it is
---@return table? client
---@return string? problem
function tcp.accept(self, class)
  local client = new(class, self.family)
  descriptor.begin(self)
  local fd, code
  repeat fd, code = descriptor.await(self, op.accept)
  until fd or code ~= errno.ECONNABORTED
  if not fd then return nil, reason.of(code) end
  client.fd = fd
  return client
end

--- Takes the next connection, waiting for it.
---@return table? client
---@return string? problem
function servers:accept()
  return descriptor.call(tcp.accept, self, Client)
end

-- Methods of clients

local clients = {}

for name, method in pairs(buffered.methods) do clients[name] = method end

local HOW = { receive = C.SHUT_RD, send = C.SHUT_WR, both = C.SHUT_RDWR }

--- Ends one direction, or both: a method.
---@param self table
---@param how? "receive"|"send"|"both" default "both"
---@return number 1
function tcp.shutdown(self, how)
  how = argument.option("shutdown", 1, how, HOW, "both")
  if self.fd ~= descriptor.NOTHING then op.shutdown(self.fd, how) end
  return 1.0
end

clients.shutdown = tcp.shutdown

-- Classes

local refuse_master = descriptor.refuse(masters, "tcp{master}")
local refuse_client = descriptor.refuse(clients, "tcp{client}")
local refuse_server = descriptor.refuse(servers, "tcp{server}")

Master = descriptor.class("tcp{master}", methods, masters, refuse_client,
  refuse_server)
Client = descriptor.class("tcp{client}", methods, clients, refuse_master,
  refuse_server)
Server = descriptor.class("tcp{server}", methods, servers, refuse_master,
  refuse_client)

--- Whether a value is an object of ours.
---@param object any
---@return boolean
function tcp.is_ours(object)
  local class = getmetatable(object)
  return class == Client or class == Server or class == Master
end

-- Functions

--- Makes a master, whose family is that of what it is first used for.
---@return table master
function tcp.tcp()
  return new(Master)
end

local function with_socket(family)
  local self = new(Master, family)
  local problem = descriptor.open(self, family, C.SOCK_STREAM)
  if problem then return nil, problem end
  return self
end

--- Makes a master for IPv4.
---@return table? master
---@return string? problem
function tcp.tcp4()
  return with_socket "inet"
end

--- Makes a master for IPv6.
---@return table? master
---@return string? problem
function tcp.tcp6()
  return with_socket "inet6"
end

local function connect_new(self, host, port, own_host, own_port, family)
  local problem
  if own_host then
    problem = making.bind(self, own_host, own_port, C.SOCK_STREAM, family)
  end
  problem = problem or making.connect(self, host, port, C.SOCK_STREAM)
  if not problem then return self end
  descriptor.close(self)
  return nil, problem
end

--- Makes a client that is connected.
---@param host string
---@param port number|string
---@param own_host? string to be bound to
---@param own_port? number|string
---@param family? "inet"|"inet6"|"unspec"
---@return table? client
---@return string? problem
function tcp.connect(host, port, own_host, own_port, family)
  host = argument.string("connect", 1, host)
  port = argument.string("connect", 2, port)
  own_host = own_host and argument.string("connect", 3, own_host)
  own_port = argument.string("connect", 4, own_port or "0")
  family = argument.option("connect", 5, family, names.FAMILIES, "unspec")
  local self = new(Client)
  return descriptor.call(connect_new, self, host, port, own_host, own_port,
    family)
end

return tcp
