--- The network of a simulated run: who has which address, who listens.
local core = require "uring.core"
local errno = require "uring.errno"
local news = require "uring.test.news"
local Socket = require "uring.test.sockopt"

local C = core.consts

local FIRST_PORT, PORTS = 32768, 28232 -- that a kernel gives out

local Network = {}
Network.__index = Network

--- Makes an empty network.
---@param sim uring.test.Sim
---@return uring.test.Network
function Network.new(sim)
  return setmetatable({
    sim = sim, bound = {}, -- sockets, in the order in which they were bound
    next_port = sim.random:below(PORTS),
  }, Network)
end

local ANY = { ["0.0.0.0"] = true, ["::"] = true }
local FAMILY = { inet = C.AF_INET, inet6 = C.AF_INET6, unix = C.AF_UNIX }

local function is_dual(socket)
  return socket.name.host == "::"
    and socket:option(C.IPPROTO_IPV6, C.IPV6_V6ONLY) == 0
end

-- Whether a socket is reached by an address.
local function answers(socket, address)
  local name = socket.name
  if name == address then return true end
  if name.family == "unix" or address.family == "unix" then return false end
  if name.port ~= address.port then return false end
  if name.family == address.family then return ANY[name.host] or false end
  return address.family == "inet" and is_dual(socket)
end

local function overlap(socket, address)
  return answers(socket, address) or socket.name.family == address.family
    and socket.name.port == address.port and ANY[address.host] or false
end

local function port_is_free(self, port)
  for _, socket in ipairs(self.bound) do
    if socket.name.port == port then return false end
  end
  return true
end

-- Gives out a port that nobody has.
local function pick_port(self)
  for _ = 1, PORTS do
    self.next_port = (self.next_port + 1) % PORTS
    local port = FIRST_PORT + self.next_port
    if port_is_free(self, port) then return port end
  end
end

local function is_taken(self, socket, address)
  local shares = socket:option(C.SOL_SOCKET, C.SO_REUSEPORT) ~= 0
  for _, other in ipairs(self.bound) do
    local agrees = shares and other:option(C.SOL_SOCKET, C.SO_REUSEPORT) ~= 0
    if other.type == socket.type and not agrees and overlap(other, address) then
      return true
    end
  end
  return false
end

--- Gives a socket its address, as bind(2).
---@param socket table
---@param address uring.Address
---@return boolean done
---@return integer? code
function Network:bind(socket, address)
  if socket.name then return false, errno.EINVAL end
  if FAMILY[address.family] ~= socket.domain then
    return false, socket.domain == C.AF_INET and errno.EAFNOSUPPORT
      or errno.EINVAL
  end
  if address.family == "unix" then
    local path = address.path
    local is_abstract = path:sub(1, 1) == "@"
    if is_abstract and is_taken(self, socket, address) then
      return false, errno.EADDRINUSE
    end
    if not is_abstract then
      local node, code = self.sim.tree:make(nil, path, "socket")
      if not node then
        return false, code == errno.EEXIST and errno.EADDRINUSE or code
      end
      socket.node, node.socket = node, socket
    end
  elseif address.port == 0 then
    address = core.sockaddr(address.host, pick_port(self))
  elseif is_taken(self, socket, address) then
    return false, errno.EADDRINUSE
  end
  socket.name, socket.state = address, "bound"
  self.bound[#self.bound + 1] = socket
  return true
end

--- A socket has gone: its address is free.
---@param socket table
function Network:forget(socket)
  for i, other in ipairs(self.bound) do
    if other == socket then return table.remove(self.bound, i) end
  end
end

--- Makes a socket accept connections, as listen(2).
---@param socket table
---@param backlog integer
---@return boolean done
---@return integer? code
function Network:listen(socket, backlog)
  if socket.type == C.SOCK_DGRAM then return false, errno.EOPNOTSUPP end
  if socket.state == "connected" then return false, errno.EINVAL end
  if socket.state == "new" then
    if socket.domain == C.AF_UNIX then return false, errno.EINVAL end
    local any = socket.domain == C.AF_INET and "0.0.0.0" or "::"
    self:bind(socket, core.sockaddr(any, 0))
  end
  socket.state, socket.queue = "listening", socket.queue or {}
  news.tell(socket)
  socket.backlog = math.max(0, math.min(backlog, 4096))
  return true
end

-- Who listens where one wants to connect to.
local function listener_at(self, address)
  if address.family == "unix" and address.path:sub(1, 1) ~= "@" then
    local node, code = self.sim.tree:find(nil, address.path)
    if not node then return nil, code end
    local socket = node.socket
    if not socket or socket.is_released or socket.state ~= "listening" then
      return nil, errno.ECONNREFUSED
    end
    return socket
  end
  local found = {}
  for _, socket in ipairs(self.bound) do
    if socket.state == "listening" and not socket.is_shut
      and answers(socket, address) then found[#found + 1] = socket end
  end
  if #found == 0 then return nil, errno.ECONNREFUSED end
  return found[self.sim.random:below(#found) + 1]
end

local function loopback(address)
  if address.host == "0.0.0.0" then
    return core.sockaddr("127.0.0.1", address.port)
  elseif address.host == "::" then
    return core.sockaddr("::1", address.port)
  end
  return address
end

-- As a socket of IPv6 sees an address of IPv4.
local function seen_by(listener, address)
  if listener.domain == C.AF_INET6 and address.family == "inet" then
    return core.sockaddr("::ffff:" .. address.host, address.port)
  end
  return address
end

local UNNAMED = core.unpack_sockaddr(string.pack("<I2", C.AF_UNIX))

-- What the listener will accept.
local function other_side(self, socket, listener, address)
  local other = Socket.new(self.sim, listener.domain, listener.type)
  other.name = listener.domain == C.AF_UNIX and listener.name
    or seen_by(listener, address)
  other.peername = seen_by(listener, socket.name or UNNAMED)
  for key, value in pairs(listener.options) do other.options[key] = value end
  return other
end

--- Connects a socket, as connect(2).
---@param socket table
---@param address uring.Address
---@return boolean? done nil: it has to wait
---@return integer? code
function Network:connect(socket, address)
  if socket.state == "connected" then return false, errno.EISCONN end
  if socket.state == "listening" then
    return false, socket:is_tcp() and errno.EISCONN or errno.EINVAL
  end
  if FAMILY[address.family] ~= socket.domain then
    return false, socket.domain == C.AF_UNIX and errno.EINVAL
      or errno.EAFNOSUPPORT
  end
  address = loopback(address)
  local listener, code = listener_at(self, address)
  if not listener then return false, code end
  if listener.type ~= socket.type then return false, errno.EPROTOTYPE end
  if #listener.queue > listener.backlog then return nil end
  if not socket.name and socket.domain ~= C.AF_UNIX then
    socket.name = core.sockaddr(address.host, pick_port(self))
  end
  socket.peername = address.family == "unix" and listener.name or address
  local other = other_side(self, socket, listener, address)
  Socket.join(socket, other)
  listener.queue[#listener.queue + 1] = other
  news.tell(listener)
  return true
end

--- Takes a connection that waits for it.
---@param listener table
---@return table|false|nil socket
---@return integer? code
function Network.accept(listener)
  if listener.state ~= "listening" or listener.is_shut then
    return false, listener.type == C.SOCK_DGRAM and errno.EOPNOTSUPP
      or errno.EINVAL
  end
  if #listener.queue == 0 then return nil end
  news.tell(listener)
  return table.remove(listener.queue, 1)
end

--- The address of a socket, as getsockname(2) has it.
---@param socket table
---@return uring.Address
function Network.name_of(socket)
  if socket.name then return socket.name end
  if socket.domain == C.AF_UNIX then return UNNAMED end
  return core.sockaddr(socket.domain == C.AF_INET and "0.0.0.0" or "::", 0)
end

return Network
