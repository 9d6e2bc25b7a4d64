--- socket.unix: LuaSocket's module for Unix sockets, of streams and of
-- datagrams, whose addresses are paths.
local argument = require "uring.compat.argument"
local buffered = require "uring.compat.socket.buffered"
local core = require "uring.core"
local descriptor = require "uring.compat.socket.descriptor"
local errno = require "uring.errno"
local op = require "uring.op"
local options = require "uring.compat.socket.options"
local reason = require "uring.compat.socket.reason"
local system = require "uring.system"
local tcp = require "uring.compat.socket.tcp"
local udp = require "uring.compat.socket.udp"

local C = core.consts

local MOST = 107 -- bytes of a path

local unix = {}

local Master, Client, Server, Unconnected, Connected -- the classes

-- The address of a path; one that begins with a zero byte is abstract.
local function address_of(path)
  if #path > MOST then return nil, "path too long" end
  local first = path:sub(1, 1)
  if first == "\0" then path = "@" .. path:sub(2) end
  if first == "@" then path = "./" .. path end
  local where, _, code = core.sockaddr("unix:" .. path)
  if where then return where end
  return nil, reason.of(code)
end

local function path_of(address)
  return (address.path:gsub("^@", "\0"))
end

-- Methods of all

local function methods_with(names)
  local known = {}
  for _, name in ipairs(names) do known[name] = options.tcp[name] end
  local methods = options.methods(known)

  --- The path of our side.
  ---@return string? path "": it has none
  ---@return string? problem
  function methods:getsockname()
    local where, _, code = system.getsockname(self.fd)
    if not where then return nil, core.strerror(code) end
    return path_of(where)
  end

  return methods
end

-- What has failed to be bound, or to connect, is of no use any more.
local function given_up(self, problem)
  descriptor.close(self)
  return nil, problem
end

-- Makes the method that binds.
local function binder(name)
  --- Binds it to a path, which nothing may have.
  ---@param path string
  ---@return number? 1
  ---@return string? problem
  return function(self, path)
    local where, problem = address_of(argument.string(name, 1, path))
    if not where then return nil, problem end
    local ok, _, code = system.bind_socket(self.fd, where)
    if not ok then return given_up(self, reason.of(code)) end
    return 1.0
  end
end

local function connect(self, path, class)
  descriptor.begin(self)
  local where, problem = address_of(path)
  if not where then return nil, problem end
  local done, code = descriptor.await(self, op.connect, where)
  if not done then return given_up(self, reason.of(code)) end
  setmetatable(self, class)
  return 1.0
end

-- Streams

local streams = methods_with { "keepalive", "linger", "reuseaddr" }

streams.dirty = buffered.is_dirty

local masters = { bind = binder "bind", setsockname = binder "setsockname" }

--- Connects it: it is a client then.
---@param path string
---@return number? 1
---@return string? problem
function masters:connect(path)
  path = argument.string("connect", 1, path)
  return descriptor.call(connect, self, path, Client)
end

masters.setpeername = masters.connect

--- Makes a server of it.
---@param backlog? number default 32
---@return number? 1
---@return string? problem
function masters:listen(backlog)
  return tcp.listen(self, backlog, Server)
end

local servers = {}

--- Takes the next connection, waiting for it.
---@return table? client
---@return string? problem
function servers:accept()
  return descriptor.call(tcp.accept, self, Client)
end

local clients = { shutdown = tcp.shutdown }

for name, method in pairs(buffered.methods) do clients[name] = method end

-- Datagrams

local datagrams = methods_with { "reuseaddr" }

datagrams.bind, datagrams.setsockname = binder "bind", binder "setsockname"
datagrams.dirty, datagrams.receive = udp.dirty, udp.receive

--- Says to whom it sends, and from whom alone it receives.
---@param path string
---@return number? 1
---@return string? problem
function datagrams:connect(path)
  path = argument.string("connect", 1, path)
  return descriptor.call(connect, self, path, Connected)
end

datagrams.setpeername = datagrams.connect

local unconnected = {}

--- Sends a datagram.
---@param data string
---@param path string
---@return number? count of bytes
---@return string? problem
function unconnected:sendto(data, path)
  data = argument.string("sendto", 1, data)
  local where, problem = address_of(argument.string("sendto", 2, path))
  if not where then return nil, problem end
  descriptor.begin(self)
  local count, code = descriptor.transfer(self, op.sendto, data,
    C.MSG_NOSIGNAL, where)
  if count then return count + 0.0 end
  return nil, reason.of(code)
end

--- Receives a datagram, and says from whom.
---@param size? number of what is taken of it, default 8192 bytes
---@return string? data
---@return string path "": it has none; or the problem
function unconnected:receivefrom(size)
  local data, from, code = udp.take(self, size)
  if data then return data, from and path_of(from) or "" end
  if code == errno.ECLOSED then return "", "" end -- as LuaSocket does
  return nil, reason.of(code)
end

local connected = { send = udp.send }

-- Classes

-- What LuaSocket's do not have, since it makes no sense.
local function class(name, ...)
  local made = descriptor.class(name, ...)
  made.__index.getfamily, made.__index.getpeername = nil, nil
  return made
end

local refuse = descriptor.refuse

Master = class("unixstream{master}", streams,
  refuse(clients, "unixstream{client}"), refuse(servers, "unixstream{server}"),
  masters)
Client = class("unixstream{client}", streams,
  refuse(masters, "unixstream{master}"), refuse(servers, "unixstream{server}"),
  clients)
Server = class("unixstream{server}", streams,
  refuse(masters, "unixstream{master}"), refuse(clients, "unixstream{client}"),
  servers)
Unconnected = class("unixdgram{unconnected}", datagrams, unconnected,
  refuse(connected, "unixdgram{connected}"))
Connected = class("unixdgram{connected}", datagrams, connected,
  refuse(unconnected, "unixdgram{unconnected}"))

local OURS = { [Master] = true, [Client] = true, [Server] = true,
  [Unconnected] = true, [Connected] = true }

--- Whether a value is an object of ours.
---@param object any
---@return boolean
function unix.is_ours(object)
  return OURS[getmetatable(object)] or false
end

local function make(made, kind)
  local self = setmetatable(buffered.init(descriptor.fields()), made)
  local fd, _, code = system.socket(C.AF_UNIX, kind)
  if not fd then return nil, reason.of(code) end
  self.fd = fd
  return self
end

--- What require "socket.unix" gives.
unix.module = {}

--- Makes a stream that is a master: connect makes a client of it, and listen
-- a server.
---@return table? master
---@return string? problem
function unix.module.stream()
  return make(Master, C.SOCK_STREAM)
end

--- Makes an object for datagrams.
---@return table? unconnected
---@return string? problem
function unix.module.dgram()
  return make(Unconnected, C.SOCK_DGRAM)
end

unix.module.tcp, unix.module.udp = unix.module.stream, unix.module.dgram
setmetatable(unix.module, { __call = unix.module.stream })

return unix
