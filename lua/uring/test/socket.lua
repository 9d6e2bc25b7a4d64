--- Sockets of a simulated run: what they are, and how they end.
-- stream.lua and datagram.lua carry the bytes; network.lua connects them.
local core = require "uring.core"
local errno = require "uring.errno"
local news = require "uring.test.news"
local Queue = require "uring.test.queue"

local C = core.consts

local CAPACITY = 65536 -- bytes under way in one direction, or messages' bytes
local IN_FLIGHT = C.POLLIN | C.POLLRDHUP

local Socket = { kind = "socket" }
Socket.__index = Socket

--- Makes a socket.
---@param sim uring.test.Sim
---@param domain integer AF_INET, AF_INET6 or AF_UNIX
---@param type integer SOCK_STREAM, SOCK_DGRAM or SOCK_SEQPACKET
---@return table
function Socket.new(sim, domain, type)
  return setmetatable({
    sim = sim, domain = domain, type = type, references = 0,
    news = news.new(),
    state = "new", -- bound, listening, connected
    name = false, peername = false, options = {}, is_released = false,
    inbox = Queue.new(), messages = false, peer = false,
    capacity = CAPACITY,
    got_end = false, -- nothing more will come
    no_send = false, no_receive = false, -- shut down by us
    problem = false, -- an errno that is told once
    is_done = false, was_reset = false, is_shut = false,
    queue = false, backlog = 0, -- connections to be accepted
    lingers = false, -- seconds
  }, Socket)
end

--- Connects two sockets.
---@param one table
---@param other table
function Socket.join(one, other)
  one.peer, other.peer = other, one
  news.tell(one)
  other.news = one.news -- from now on
  one.state, other.state = "connected", "connected"
  if one.type ~= C.SOCK_STREAM then
    one.messages, other.messages = {}, {}
  end
end

--- Whether it is of TCP, or of a machine's own sockets.
---@return boolean
function Socket:is_tcp()
  return self.domain ~= C.AF_UNIX and self.type == C.SOCK_STREAM
end

--- Tells a problem, once.
---@return integer? code
function Socket:take_problem()
  local code = self.problem
  self.problem = false
  return code or nil
end

--- The connection breaks: both sides hear of it.
function Socket:reset()
  if self.peer then self.peer:hear_reset() end
  self:hear_reset()
end

--- The connection was reset.  Bytes that have come remain.
function Socket:hear_reset()
  local knew_end = self.got_end and self:is_tcp()
  self.problem = knew_end and errno.EPIPE or errno.ECONNRESET
  self.is_done = knew_end -- readers have nothing to learn then
  self.got_end, self.no_send, self.was_reset = true, true, true
  news.tell(self)
end

local function tell_peer(self, peer)
  if self.type == C.SOCK_DGRAM then return end
  if self.inbox.size > 0 or self.messages and #self.messages > 0
    or self:is_tcp() and self.lingers == 0 then
    return peer:hear_reset()
  end
  peer.got_end = true
  if not self:is_tcp() then peer.no_send = true end
end

--- The last descriptor of it has gone.
function Socket:release()
  self.is_released = true
  news.tell(self)
  if self.peer and not self.peer.is_released then tell_peer(self, self.peer) end
  for _, waiting in ipairs(self.queue or {}) do waiting.peer:hear_reset() end
  self.queue = false
  self.sim.network:forget(self)
end

-- Whether both directions have ended, so that TCP has forgotten the peer.
local function is_over(self)
  return self:is_tcp()
    and (self.was_reset or self.got_end and self.no_send) or false
end

--- The address of the other side.
---@return uring.Address|false|nil address
function Socket:peer_address()
  return self.state == "connected" and not is_over(self) and self.peername
end

--- Ends one direction or both, as shutdown(2).
---@param how integer SHUT_RD, SHUT_WR or SHUT_RDWR
---@return boolean done
---@return integer? code
function Socket:shutdown(how)
  if how < 0 or how > 2 then return false, errno.EINVAL end
  news.tell(self)
  if self.state == "listening" then
    if self:is_tcp() and how == C.SHUT_WR then return false, errno.ENOTCONN end
    self.is_shut = true
    return true
  end
  if self.state ~= "connected" or is_over(self) then
    return false, errno.ENOTCONN
  end
  local peer = self.peer
  if how ~= C.SHUT_RD then
    self.no_send = true
    if peer and self.type ~= C.SOCK_DGRAM then peer.got_end = true end
  end
  if how ~= C.SHUT_WR then
    self.no_receive = true
    if peer and not self:is_tcp() then peer.no_send = true end
  end
  return true
end

local function listening_events(self)
  if self.is_shut then return IN_FLIGHT | C.POLLHUP end
  return #self.queue > 0 and C.POLLIN or 0
end

--- Tells for what it is ready.
---@return integer events of poll(2)
function Socket:events()
  if self.state == "listening" then return listening_events(self) end
  if self.state ~= "connected" then
    if self.type ~= C.SOCK_STREAM then return C.POLLOUT end
    return C.POLLOUT | C.POLLHUP
  end
  local ends = self.got_end or self.no_receive
  local has_input = self.inbox.size > 0 or ends
    or self.messages and #self.messages > 0
  return (has_input and C.POLLIN or 0)
    | (ends and C.POLLRDHUP or 0)
    | (ends and self.no_send and C.POLLHUP or 0)
    | (self.problem and C.POLLERR or 0)
    | ((self.no_send or self:room() ~= 0) and C.POLLOUT or 0)
end

return Socket
