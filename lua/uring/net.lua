--- TCP and Unix stream sockets: listeners and connections.
local address = require "uring.address"
local buffers = require "uring.buffers"
local core = require "uring.core"
local errno = require "uring.errno"
local limits = require "uring.limits"
local loop = require "uring.loop"
local op = require "uring.op"
local Stream = require "uring.stream"
local system = require "uring.system"

local C = core.consts

local BULK = 65536 -- for a peer that sends faster than we receive
local LINE_LIMIT, ALL_LIMIT = 65536, 8 << 20
local PATIENCE = 0.05 -- seconds until descriptors may be free again
local SEND_FLAGS = C.MSG_NOSIGNAL | C.MSG_WAITALL

local net = {}

-- Connections

---@class uring.Conn: uring.Stream
local Conn = { __name = "uring.Conn", breaks = true }

local function new_conn()
  return setmetatable({
    fd = -1, is_closed = true, strips_cr = true,
    line_limit = LINE_LIMIT, all_limit = ALL_LIMIT,
  }, Conn)
end

-- A peer in full flow gets a larger buffer of its own, until it pauses.
local function receive_bulk(self)
  local buffer = self.bulk or core.buffer(BULK)
  self.bulk = buffer
  local count, message, code = op.recv(self.fd, buffer)
  if not count then return nil, message, code end
  if count < BULK // 4 then self.bulk = nil end
  return buffer:sub(1, count)
end

-- An idle connection holds no memory: the kernel takes a buffer of the loop
-- only when bytes are there.
function Conn:_receive()
  local ring, size = buffers.receive()
  if self.bulk or not ring then return receive_bulk(self) end
  local bytes, extra, code
  repeat -- buffers are back before the next tick
    bytes, extra, code = op.recv(self.fd, ring)
  until code ~= errno.ENOBUFS or self.is_closed
  if not bytes then return nil, extra, code end
  if #bytes == size and extra & C.IORING_CQE_F_SOCK_NONEMPTY ~= 0 then
    self.bulk = core.buffer(BULK)
  end
  return bytes
end

function Conn:_transmit(data)
  return op.send(self.fd, data, SEND_FLAGS)
end

--- The address of the other side.
---@return uring.Address? address
---@return string? message
---@return integer? code
function Conn:peername()
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  return system.getpeername(self.fd)
end

--- The address of our side.
---@return uring.Address? address
---@return string? message
---@return integer? code
function Conn:sockname()
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  return system.getsockname(self.fd)
end

function Conn:_transmit_some(data)
  return op.send(self.fd, data, C.MSG_NOSIGNAL)
end

function Conn:_transmit_parts(iovecs)
  return op.sendmsg(self.fd, core.message { iov = iovecs }, SEND_FLAGS)
end

function Conn:_receive_into(buffer)
  return op.recv(self.fd, buffer)
end

-- Where too many views are open, the bytes get a buffer of their own.
function Conn:_receive_view()
  local ring, size = buffers.views(self.is_flowing)
  local view, extra, code
  if ring then view, extra, code = op.recv(self.fd, ring) end
  if not ring or code == errno.ENOBUFS then
    local buffer = core.buffer(BULK)
    view, extra, code = op.recv(self.fd, buffer)
    if view == 0 then return "" end
    view = view and buffer:slice(1, view)
  end
  if not view then return nil, extra, code end
  if self.is_flowing then
    self.is_flowing = #view >= BULK // 4
  elseif extra & C.IORING_CQE_F_SOCK_NONEMPTY ~= 0 then
    self.is_flowing = #view >= size
  end
  return view
end

Stream.class(Conn, Stream.Reader, Stream.Writer)

-- Listeners

---@class uring.Listener
local Listener = { __name = "uring.Listener" }

--- Takes the next connection, waiting for it.
---@return uring.Conn? conn
---@return string? message "closed" where the listener was; "timeout"
---@return integer? code
function Listener:accept()
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  if self.read_timeout and not loop.is_running() then
    return loop.block(Listener.accept, self)
  end
  local conn = new_conn()
  local alarm <close> = self.read_timeout and limits.begin(self, "read")
  self.waiting = self.waiting + 1
  local ok, fd, message, code = pcall(op.accept, self.fd)
  self.waiting = self.waiting - 1
  if not ok then error(fd, 0) end
  if fd then return Stream.own(conn, fd) end
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  if limits.is_over(alarm, code) then
    return nil, "timeout", errno.ETIMEDOUT
  end
  return nil, message, code
end

-- Errors of the connection that was to be, not of the listener: accept(2).
local PASSING = {}
for name in ("ECONNABORTED EPROTO ENETDOWN ENOPROTOOPT EHOSTDOWN ENONET "
  .. "EHOSTUNREACH EOPNOTSUPP ENETUNREACH EPERM EINTR"):gmatch("%u+") do
  PASSING[errno[name]] = true
end

-- There is no room for one more connection, for now.
local CAPACITY = {
  [errno.EMFILE] = true, [errno.ENFILE] = true,
  [errno.ENOBUFS] = true, [errno.ENOMEM] = true,
}

--- Iterates over the connections that come, until the listener is closed.
-- Where descriptors have run out it waits until there are some again.
-- Raises where accepting fails for good.
---@return function iterator
function Listener:iter()
  return function()
    while true do
      local conn, message, code = self:accept()
      if conn then return conn end
      if code == errno.ECLOSED then return nil end
      if CAPACITY[code] then
        collectgarbage() -- may close what someone has forgotten
        loop.sleep(PATIENCE)
      elseif not PASSING[code] then
        error(message, 2)
      end
    end
  end
end

--- The address that it listens on, with the real port.
---@return uring.Address? address
---@return string? message
---@return integer? code
function Listener:sockname()
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  return system.getsockname(self.fd)
end

Stream.class(Listener)

local OPTIONS = { backlog = "number", reuseaddr = "boolean",
  reuseport = "boolean", v6only = "boolean", nodelay = "boolean" }

local function check_options(what, options, known)
  if type(options) ~= "table" then
    error(what .. ": bad argument 'options' (table expected)", 3)
  end
  for name, value in pairs(options) do
    if type(value) ~= known[name] then
      error(("%s: bad option '%s'"):format(what, tostring(name)), 3)
    end
  end
end

local function set(fd, wanted, level, name)
  return not wanted or system.setsockopt(fd, level, name, 1)
end

-- Gives a handle a socket for this address.
local function open_socket(handle, where, options)
  local domain = C["AF_" .. where.family:upper()]
  local inet = where.family ~= "unix"
  local fd, message, code = system.socket(domain, C.SOCK_STREAM)
  if not fd then return nil, message, code end
  Stream.own(handle, fd)
  if set(fd, inet and options.reuseaddr ~= false, C.SOL_SOCKET, C.SO_REUSEADDR)
    and set(fd, options.reuseport, C.SOL_SOCKET, C.SO_REUSEPORT)
    and set(fd, options.v6only, C.IPPROTO_IPV6, C.IPV6_V6ONLY) then
    -- accepted connections inherit it
    set(fd, inet and options.nodelay ~= false, C.IPPROTO_TCP, C.TCP_NODELAY)
  end
  return fd
end

local function bind_and_listen(fd, where, backlog)
  local bound, message, code = system.bind_socket(fd, where)
  if not bound then return nil, message, code end
  return system.listen(fd, backlog)
end

local function listen_on(where, options)
  local listener = setmetatable(
    { fd = -1, is_closed = true, waiting = 0 }, Listener)
  local fd, message, code = open_socket(listener, where, options)
  if not fd then return nil, message, code end
  local done, _, reason = bind_and_listen(fd, where, options.backlog)
  if done then return listener end
  listener:close()
  return core.fail("listen " .. tostring(where), reason)
end

local NO_IPV6 = {
  [errno.EAFNOSUPPORT] = true, [errno.EADDRNOTAVAIL] = true,
}

--- Listens for connections.
---@param where string|uring.Address "127.0.0.1:7000", "[::1]:0", ":80" (all
--- addresses, IPv4 and IPv6), "unix:/path", "unix:@abstract"
---@param options? table backlog = 4096 connections, reuseaddr = true,
--- reuseport = false, v6only = false, nodelay = true
---@return uring.Listener? listener
---@return string? message
---@return integer? code
function net.listen(where, options)
  options = options or {}
  check_options("listen", options, OPTIONS)
  local local_address, message, code = address.parse(where)
  if not local_address then return nil, "listen " .. message, code end
  local listener
  listener, message, code = listen_on(local_address, options)
  if NO_IPV6[code] and address.without_ipv6(local_address) then
    return listen_on(address.without_ipv6(local_address), options)
  end
  return listener, message, code
end

local CONNECT_OPTIONS = { timeout = "number" }

--- Connects, waiting until it has.
---@param where string|uring.Address as for listen, or a host
---@param port? integer where 'where' is a host
---@param options? table timeout (seconds); may stand in the place of port
---@return uring.Conn? conn
---@return string? message "timeout" where that took too long
---@return integer? code
function net.connect(where, port, options)
  if type(port) == "table" then return net.connect(where, nil, port) end
  options = options or {}
  check_options("connect", options, CONNECT_OPTIONS)
  local timeout = options.timeout
  if timeout and (timeout < 0 or timeout ~= timeout) then
    error("connect: bad option 'timeout'", 2)
  elseif timeout and not loop.is_running() then
    return loop.block(net.connect, where, port, options)
  end
  local peer, message, code = address.parse(where, port)
  if not peer then return nil, "connect " .. message, code end
  local conn = new_conn()
  local fd
  fd, message, code = open_socket(conn, peer, { reuseaddr = false })
  if not fd then return nil, message, code end
  local alarm <close> = timeout and limits.within(timeout)
  local ok, done, _, reason = pcall(op.connect, fd, peer)
  if ok and done then return conn end
  conn:close()
  if not ok then error(done, 0) end
  if limits.is_over(alarm, reason) then
    return nil, "timeout", errno.ETIMEDOUT
  end
  return core.fail("connect " .. tostring(peer), reason)
end

return net
