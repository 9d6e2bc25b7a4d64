--- Making handles of sockets: of descriptors, in pairs, and for datagrams.
local address = require "uring.address"
local Conn = require "uring.net.conn"
local core = require "uring.core"
local Datagram = require "uring.net.datagram"
local errno = require "uring.errno"
local Listener = require "uring.net.listener"
local names = require "uring.net.names"
local options = require "uring.net.options"
local Socket = require "uring.net.socket"
local sockopt = require "uring.net.sockopt"
local Stream = require "uring.stream"
local system = require "uring.system"

local C = core.consts

local adopting = {}

local TYPES = {
  stream = C.SOCK_STREAM, datagram = C.SOCK_DGRAM,
  seqpacket = C.SOCK_SEQPACKET,
}

--- Makes two connected Unix sockets.
---@param kind? "stream"|"datagram"|"seqpacket" default "stream"
---@return uring.Conn|uring.Datagram|nil one
---@return uring.Conn|uring.Datagram|string other or a message
---@return integer? code
function adopting.socketpair(kind)
  kind = kind or "stream"
  if not TYPES[kind] then
    error("socketpair: bad argument 'type' (\"stream\", \"datagram\" or "
      .. "\"seqpacket\" expected)", 2)
  end
  local class = kind == "stream" and Conn or Datagram
  local one, other = class.new(), class.new()
  local fd, second, code = system.socketpair(TYPES[kind])
  if not fd then return nil, second, code end
  one.family, other.family = "unix", "unix"
  return Stream.own(one, fd), Stream.own(other, second)
end

local CLASSES = { conn = Conn, datagram = Datagram, listener = Listener }

-- What a descriptor is; or nil, message, code.
local function kind_of(fd)
  local kind, message, code = sockopt.get(fd, "type")
  if not kind then return nil, message, code end
  if sockopt.get(fd, "acceptconn") then return "listener" end
  return kind == "stream" and "conn" or "datagram"
end

--- Makes a handle that owns a descriptor: one that was received, inherited,
-- or made by another library.
---@param fd integer of a socket
---@param kind? "conn"|"listener"|"datagram" default: what it is
---@return uring.Conn|uring.Listener|uring.Datagram|nil handle
---@return string? message
---@return integer? code the descriptor is the caller's still
function adopting.fromfd(fd, kind)
  if math.type(fd) ~= "integer" or fd < 0 then
    error("fromfd: bad argument 'fd' (descriptor expected)", 2)
  elseif kind and not CLASSES[kind] then
    error("fromfd: bad argument 'kind' (\"conn\", \"listener\" or "
      .. "\"datagram\" expected)", 2)
  end
  local found, _, code = kind_of(fd)
  if not found then return core.fail("fromfd", code) end
  kind = kind or found
  if kind ~= found then return core.fail("fromfd", errno.EPROTOTYPE) end
  local handle = CLASSES[kind].new()
  handle.family = sockopt.get(fd, "domain")
  return Stream.own(handle, fd)
end

local UDP = {
  family = "string", reuseaddr = "boolean", reuseport = "boolean",
  v6only = "boolean", broadcast = "boolean", sndbuf = "integer",
  rcvbuf = "integer", ttl = "integer", multicast_ttl = "integer",
  multicast_loop = "boolean", mark = "integer", bind_device = "string",
}

local ANY = { inet = "0.0.0.0:0", inet6 = "[::]:0" }

local function udp_settings(where, given)
  return {
    { "reuseaddr", given.reuseaddr }, { "reuseport", given.reuseport },
    { "v6only", where.family == "inet6" and (given.v6only or false) or nil },
    { "broadcast", given.broadcast }, { "ttl", given.ttl },
    { "sndbuf", given.sndbuf }, { "rcvbuf", given.rcvbuf },
    { "multicast_ttl", given.multicast_ttl },
    { "multicast_loop", given.multicast_loop },
    { "mark", given.mark }, { "bindtodevice", given.bind_device },
  }
end

--- Makes a UDP socket.
---@param where? string|uring.Address to which it is bound, as for listen;
--- default: a free port of all IPv4 addresses
---@param given? table family ("inet", "inet6": of all addresses), reuseaddr,
--- reuseport, v6only, broadcast, sndbuf, rcvbuf, ttl, multicast_ttl,
--- multicast_loop, mark, bind_device
---@return uring.Datagram? socket
---@return string? message
---@return integer? code
function adopting.udp(where, given)
  if type(where) == "table" then where, given = nil, where end
  given = options.check("udp", given, UDP)
  local any = ANY[given.family or "inet"]
  if not any then
    error("udp: bad option 'family' (\"inet\" or \"inet6\" expected)", 2)
  end
  where = where or any
  address.check("udp", where)
  local place, message, code = names.first(where, nil,
    { family = given.family })
  if not place then return nil, "udp " .. message, code end
  if place.family == "unix" then
    error("udp: bad argument 'where' (use net.datagram for Unix sockets)", 2)
  end
  local self
  self, message, code = Datagram.bind("udp", place,
    udp_settings(place, given))
  local four = address.without_ipv6(place)
  if code == errno.EAFNOSUPPORT and four and not given.family then
    return Datagram.bind("udp", four, udp_settings(four, given))
  end
  return self, message, code
end

local UNIX = { mode = "integer", sndbuf = "integer", rcvbuf = "integer" }

--- Makes a Unix socket of datagrams.
---@param where? string|uring.Address "unix:/path" or "unix:@name"; default:
--- none, so that nobody can answer it
---@param given? table mode (permissions of the file), sndbuf, rcvbuf
---@return uring.Datagram? socket
---@return string? message
---@return integer? code
function adopting.datagram(where, given)
  given = options.check("datagram", given, UNIX)
  local settings = { { "sndbuf", given.sndbuf }, { "rcvbuf", given.rcvbuf } }
  if where then
    address.check("datagram", where)
    local place, message, code = address.parse(where)
    if not place then return nil, "datagram " .. message, code end
    if place.family ~= "unix" then
      error("datagram: bad argument 'where' (use net.udp for IP)", 2)
    end
    return Datagram.bind("datagram", place, settings, given.mode)
  end
  local self, message, code = Socket.open(Datagram.new(),
    { family = "unix" }, C.SOCK_DGRAM, settings)
  if self then self.family = "unix" end
  return self, message, code
end

--- Makes an Address.
---@param where string|uring.Address "127.0.0.1:80", "[::1]:80", ":80",
--- "unix:/path", "unix:@name", or a host; numeric
---@param port? integer where 'where' is a host
---@return uring.Address? address
---@return string? message
---@return integer? code
function adopting.addr(where, port)
  address.check("addr", where, port)
  return address.parse(where, port)
end

return adopting
