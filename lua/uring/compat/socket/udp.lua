--- socket.udp: datagrams.
local argument = require "uring.compat.argument"
local core = require "uring.core"
local descriptor = require "uring.compat.socket.descriptor"
local errno = require "uring.errno"
local making = require "uring.compat.socket.making"
local op = require "uring.op"
local options = require "uring.compat.socket.options"
local reason = require "uring.compat.socket.reason"

local C = core.consts

local DATAGRAM = 8192 -- bytes, where nothing is said

local udp = { DATAGRAM = DATAGRAM }

local Unconnected, Connected -- the classes

local function problem_of(code)
  if code == errno.ECLOSED or code == errno.EPIPE then return "refused" end
  return reason.of(code)
end

-- Methods of both classes

local methods = options.methods(options.udp)

--- Whether bytes are kept: never.
---@return boolean
function methods.dirty()
  return false
end

local function size_of(what, size)
  size = argument.number(what, 1, size, DATAGRAM)
  return math.max(math.tointeger(size // 1), 0)
end

-- Methods that socket.unix has as well

udp.dirty = methods.dirty

local function receive(self, size)
  descriptor.begin(self)
  local buffer = core.buffer(math.max(size, 1))
  local count, code = descriptor.transfer(self, op.recv, buffer, 0)
  if count then return buffer:sub(1, math.min(count, size)) end
  if code == errno.ECLOSED then return "" end -- as LuaSocket does
  return nil, problem_of(code)
end

--- Receives a datagram.
---@param size? number of what is taken of it, default 8192 bytes
---@return string? data
---@return string? problem
function methods:receive(size)
  size = size_of("receive", size)
  return receive(self, size)
end

udp.receive = methods.receive

local function connect(self, host, port)
  descriptor.begin(self)
  local problem = making.connect(self, host, port, C.SOCK_DGRAM)
  if problem then return nil, problem end
  setmetatable(self, Connected)
  return 1.0
end

--- Says to whom it sends, and from whom alone it receives.
---@param host string "*": nobody any more
---@param port? number|string
---@return number? 1
---@return string? problem
function methods:setpeername(host, port)
  host = argument.string("setpeername", 1, host)
  if host == "*" then
    making.disconnect(self)
    setmetatable(self, Unconnected)
    return 1.0
  end
  port = argument.string("setpeername", 2, port)
  return descriptor.call(connect, self, host, port)
end

-- Methods of those that are not connected

local unconnected = {}

--- Receives a datagram, and says from whom.
---@param self table
---@param size? number of what is taken of it, default 8192 bytes
---@return string? data
---@return uring.Address? from
---@return integer? code where it failed
function udp.take(self, size)
  size = size_of("receivefrom", size)
  descriptor.begin(self)
  local buffer = core.buffer(math.max(size, 1))
  local message = core.message { iov = buffer, name = true }
  local count, code = descriptor.transfer(self, op.recvmsg, message, 0)
  if not count then return nil, nil, code end
  return buffer:sub(1, math.min(count, size)), message:name()
end

--- Receives a datagram, and says from whom.
---@param size? number of what is taken of it, default 8192 bytes
---@return string? data
---@return string host or the problem
---@return integer? port
function unconnected:receivefrom(size)
  local data, from, code = udp.take(self, size)
  if data then return data, from.host, from.port end
  if code == errno.ECLOSED then return nil, "ai_family not supported" end
  return nil, problem_of(code)
end

local function send_to(self, data, where)
  descriptor.begin(self)
  if self.fd == descriptor.NOTHING and not self.family then
    local problem = descriptor.open(self, where.family, C.SOCK_DGRAM)
    if problem then return nil, problem end
    self.family = where.family
  end
  local count, code = descriptor.transfer(self, op.sendto, data,
    C.MSG_NOSIGNAL, where)
  if count then return count + 0.0 end
  return nil, problem_of(code)
end

--- Sends a datagram.
---@param data string
---@param host string an address, no name
---@param port number|string
---@return number? count of bytes
---@return string? problem
function unconnected:sendto(data, host, port)
  data = argument.string("sendto", 1, data)
  host = argument.string("sendto", 2, host)
  port = argument.string("sendto", 3, port)
  local where, problem = making.numeric(host, port, self.family)
  if not where then return nil, problem end
  return send_to(self, data, where)
end

--- Binds it to an address of this machine.
---@param host string "*": any
---@param port number|string 0: one that is free
---@return number? 1
---@return string? problem
function unconnected:setsockname(host, port)
  host = argument.string("setsockname", 1, host)
  port = argument.string("setsockname", 2, port)
  local problem = making.bind(self, host, port, C.SOCK_DGRAM)
  if problem then return nil, problem end
  return 1.0
end

-- Methods of those that are

local connected = { getpeername = descriptor.methods.getpeername }

local function send(self, data)
  descriptor.begin(self)
  local count, code = descriptor.transfer(self, op.send, data, C.MSG_NOSIGNAL)
  if count then return count + 0.0 end
  return nil, problem_of(code)
end

--- Sends a datagram.
---@param data string
---@return number? count of bytes
---@return string? problem
function connected:send(data)
  data = argument.string("send", 1, data)
  return send(self, data)
end

udp.send = connected.send

-- Classes

Unconnected = descriptor.class("udp{unconnected}", methods, unconnected,
  descriptor.refuse(connected, "udp{connected}"))
Connected = descriptor.class("udp{connected}", methods, connected,
  descriptor.refuse(unconnected, "udp{unconnected}"))

--- Whether a value is an object of ours.
---@param object any
---@return boolean
function udp.is_ours(object)
  local class = getmetatable(object)
  return class == Connected or class == Unconnected
end

-- Functions

--- Makes an object, whose family is that of what it is first used for.
---@return table unconnected
function udp.udp()
  return setmetatable(descriptor.fields(), Unconnected)
end

local function with_socket(family)
  local self = setmetatable(descriptor.fields(family), Unconnected)
  local problem = descriptor.open(self, family, C.SOCK_DGRAM)
  if problem then return nil, problem end
  return self
end

--- Makes one for IPv4.
---@return table? unconnected
---@return string? problem
function udp.udp4()
  return with_socket "inet"
end

--- Makes one for IPv6.
---@return table? unconnected
---@return string? problem
function udp.udp6()
  return with_socket "inet6"
end

return udp
