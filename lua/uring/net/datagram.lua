--- Sockets of datagrams: UDP, and Unix ones.  Each datagram is received by
-- one call, whole, or what of it there is room for.
local address = require "uring.address"
local core = require "uring.core"
local errno = require "uring.errno"
local limits = require "uring.limits"
local loop = require "uring.loop"
local names = require "uring.net.names"
local op = require "uring.op"
local Socket = require "uring.net.socket"
local sockopt = require "uring.net.sockopt"
local system = require "uring.system"

local C = core.consts

local MAX = 65536 -- bytes; no datagram of UDP has more

---@class uring.Datagram
local Datagram = { __name = "uring.Datagram" }

--- Makes a socket that is closed: Stream.own gives it its descriptor.
---@return uring.Datagram
function Datagram.new()
  return setmetatable({
    fd = -1, is_closed = true, waiting = 0,
    idle = false, -- room to receive that no call uses at present
    mark = nil, place = nil,
  }, Datagram)
end

-- Calls an op that close ends, within the time limit of a direction.
local function call(self, direction, start, ...)
  local alarm <close> = self[direction .. "_timeout"]
    and limits.begin(self, direction)
  self.waiting = self.waiting + 1
  local ok, value, message, code = pcall(start, self.fd, ...)
  self.waiting = self.waiting - 1
  if not ok then error(value, 0) end
  if value then return value end
  return limits.failure(self, alarm, message, code)
end

-- Sending

local function check_data(what, data)
  if type(data) == "string" or type(data) == "userdata" then return end
  error(("%s: bad argument 'data' (string or uring.Buffer expected, got %s)")
    :format(what, type(data)), 3)
end

-- The peer that is meant.  A socket of IPv6 sends to IPv4 as well.
local function find_peer(self, where)
  return names.first(where, nil, {
    family = self.family == "inet" and "inet" or nil,
  })
end

--- Connects it: from then on send goes there, and only what comes from there
-- is received.  That nobody is there a later call says: ECONNREFUSED.
---@param where string|uring.Address
---@return uring.Datagram? self
---@return string? message
---@return integer? code
function Datagram:connect(where)
  address.check("connect", where)
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  local peer, message, reason = find_peer(self, where)
  if not peer then return nil, "connect " .. message, reason end
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  local done, _, code = op.connect(self.fd, peer)
  if done then return self end
  return core.fail("connect " .. tostring(peer), code)
end

--- Sends a datagram to the socket that it is connected to.
---@param data string|uring.Buffer
---@return uring.Datagram? self
---@return string? message
---@return integer? code
function Datagram:send(data)
  check_data("send", data)
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  if limits.need_loop(self.write_timeout) then
    return loop.block(Datagram.send, self, data)
  end
  local count, message, code = call(self, "write", op.send, data)
  if not count then return nil, message, code end
  return self
end

local function send_to(self, data, where)
  local peer = where
  if type(where) == "string" then
    local problem, reason
    peer, problem, reason = find_peer(self, where)
    if not peer then return nil, "sendto " .. problem, reason end
    if self.is_closed then return nil, "closed", errno.ECLOSED end
  end
  local count, message, code = call(self, "write", op.sendto, data,
    C.MSG_NOSIGNAL, peer)
  if count then return self end
  if not code or code < 0 or message == "timeout" then
    return nil, message, code
  end
  return core.fail("sendto " .. tostring(peer), code)
end

--- Sends a datagram to an address.
---@param data string|uring.Buffer
---@param where string|uring.Address a name is resolved each time
---@return uring.Datagram? self
---@return string? message
---@return integer? code
function Datagram:sendto(data, where)
  check_data("sendto", data)
  if type(where) ~= "userdata" then address.check("sendto", where) end
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  if limits.need_loop(self.write_timeout) then
    return loop.block(send_to, self, data, where)
  end
  return send_to(self, data, where)
end

-- Receiving

-- Room for a datagram and its sender: what is idle, or new.
local function take_room(self, max)
  local room = self.idle
  self.idle = false
  if room and room.max == max then return room end
  local buffer = core.buffer(max)
  return {
    max = max, buffer = buffer,
    message = core.message { iov = buffer, name = true },
  }
end

local function receive(self, max)
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  if limits.need_loop(self.read_timeout) then
    return loop.block(receive, self, max)
  end
  local room = take_room(self, max)
  local count, message, code = call(self, "read", op.recvmsg, room.message)
  if not count and code > 0 and message ~= "timeout" then
    return core.fail("recv", code)
  elseif not count then
    return nil, message, code
  end
  if count == 0 and Socket.has_ended(self.fd) then return nil end
  local data, from = room.buffer:sub(1, count), room.message:name()
  local truncated = room.message:flags() & C.MSG_TRUNC ~= 0
  self.idle = room
  return data, from, truncated or nil
end

local function check_max(what, max)
  if max == nil then return MAX end
  if math.type(max) ~= "integer" or max < 1 or max > 1 << 24 then
    error(what .. ": bad argument 'max' (count of bytes expected)", 3)
  end
  return max
end

--- Receives a datagram, waiting for it.
---@param max? integer bytes for which there is room, default 65536
---@return string? data maybe empty; nil at the end of a seqpacket socket
---@return uring.Address|string|nil from nil where the sender has no address;
--- or a message
---@return boolean|integer|nil truncated true where it had more bytes; or a code
function Datagram:recvfrom(max)
  return receive(self, check_max("recvfrom", max))
end

--- Receives a datagram, waiting for it.
---@param max? integer bytes for which there is room, default 65536
---@return string? data maybe empty; nil at the end of a seqpacket socket
---@return boolean|string|nil truncated true where it had more; or a message
---@return integer? code
function Datagram:recv(max)
  local data, message, extra = receive(self, check_max("recv", max))
  if not data and not message then return nil end
  if not data then return nil, message, extra end
  if extra then return data, true end
  return data
end

--- Iterates over the datagrams that come: data, from, truncated.  Ends when
-- the socket is closed, and raises where receiving fails otherwise.  That a
-- peer refused one of ours (ECONNREFUSED) is passed over.
---@param max? integer as for recvfrom
---@return function iterator
function Datagram:iter(max)
  max = check_max("iter", max)
  return function()
    while true do
      local data, from, extra = receive(self, max)
      if data then return data, from, extra end
      if not from or extra == errno.ECLOSED then return nil end
      if extra ~= errno.ECONNREFUSED then error(from, 2) end
    end
  end
end

-- Groups

-- Which interface is meant, as a number; 0: the system chooses.
local function index_of(interface)
  if interface == nil then return 0 end
  if math.type(interface) == "integer" then return interface end
  if type(interface) == "string" then return system.interface(interface) end
  error("bad argument 'interface' (name or index expected)", 4)
end

local function change_group(self, what, option, group, interface)
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  if type(group) == "string" then
    local found = core.sockaddr(group, 0)
    if not found then
      return nil, ("%s %s: not a numeric address"):format(what, group),
        errno.EINVAL
    end
    group = found
  elseif type(group) ~= "userdata" then
    error(what .. ": bad argument 'group' (address expected)", 3)
  end
  local index, _, code = index_of(interface)
  if not index then return core.fail(what .. " " .. interface, code) end
  local level = group.family == "inet6" and C.IPPROTO_IPV6 or C.IPPROTO_IP
  local request = string.pack("<I4 xxxx c128", index, group:key())
  local done
  done, _, code = system.setsockopt(self.fd, level, option, request)
  if done then return self end
  return core.fail(("%s %s"):format(what, group.host), code)
end

--- Receives what is sent to a multicast group from now on.
---@param group string|uring.Address "239.1.2.3", "ff02::114"
---@param interface? string|integer "eth0"; default: the system chooses
---@return uring.Datagram? self
---@return string? message
---@return integer? code
function Datagram:join(group, interface)
  return change_group(self, "join", C.MCAST_JOIN_GROUP, group, interface)
end

--- Ends that.
---@param group string|uring.Address
---@param interface? string|integer as for join
---@return uring.Datagram? self
---@return string? message
---@return integer? code
function Datagram:leave(group, interface)
  return change_group(self, "leave", C.MCAST_LEAVE_GROUP, group, interface)
end

Socket.class(Datagram)

-- Making them

--- Makes a socket of datagrams that is bound to an address.
---@param what string the function, for messages
---@param where uring.Address
---@param settings table as for Socket.set_all
---@param mode? integer permissions of a Unix socket's file
---@return uring.Datagram? socket
---@return string? message
---@return integer? code
function Datagram.bind(what, where, settings, mode)
  local self, message, code = Socket.open(Datagram.new(), where, C.SOCK_DGRAM,
    settings)
  if not self then
    return nil, ("%s %s: %s"):format(what, where, message), code
  end
  self.family = sockopt.get(self.fd, "domain")
  local done, _, reason = Socket.bind(self.fd, where, mode)
  if done then
    Socket.claim(self, where)
    return self
  end
  self:close()
  return core.fail(what .. " " .. tostring(where), reason)
end

return Datagram
