--- ngx.socket.udp: datagrams to and from one peer.
local alarms = require "uring.limits"
local core = require "uring.core"
local loop = require "uring.loop"
local names = require "uring.net.names"
local op = require "uring.op"
local place = require "uring.compat.ngx.place"
local Stream = require "uring.stream"
local system = require "uring.system"
local words = require "uring.compat.ngx.words"

local C = core.consts

local MOST = 65536 -- bytes of a datagram
local USUAL = 8192

---@class uring.ngx.UDP
local UDP = { __name = "uring.ngx.UDP" }

--- Makes a socket that has no peer.
---@return uring.ngx.UDP
function UDP.new()
  return setmetatable({
    fd = -1, is_closed = true, timeout = place.TIMEOUT, is_reading = false,
  }, UDP)
end

local function fail(message, code)
  return nil, words.failure(message, code)
end

--- Chooses the peer; what others send is not received.
---@param host string an address, a name, or "unix:/path"
---@param port? integer
---@return integer? 1
---@return string? message
function UDP:setpeername(host, port)
  local where, problem, number = place.parse("setpeername", host, port)
  if not where then return nil, problem end
  local peer, message, code = names.first(where, number,
    { timeout = self.timeout })
  if not peer then
    problem = place.unresolved(where, code)
    if problem then return nil, problem end
    return fail(message, code)
  end
  Stream.close(self)
  local fd
  local domain = C["AF_" .. peer.family:upper()]
  fd, message, code = system.socket(domain, C.SOCK_DGRAM)
  if not fd then return fail(message, code) end
  Stream.own(self, fd)
  local done
  done, message, code = op.connect(fd, peer)
  if done then return 1 end
  Stream.close(self)
  return fail(message, code)
end

--- Sends one datagram.
---@param data any as for ngx.socket.tcp
---@return integer? 1
---@return string? message
function UDP:send(data)
  local bytes = words.text("send", data)
  if self.is_closed then return nil, "closed" end
  local count, message, code = op.send(self.fd, bytes, C.MSG_NOSIGNAL)
  if not count then return fail(message, code) end
  return 1
end

local function receive(self, size)
  local alarm <close> = alarms.within(self.timeout)
  local buffer = core.buffer(size)
  self.is_reading = true
  local ok, count, message, code = pcall(op.recv, self.fd, buffer)
  self.is_reading = false
  if not ok then error(count, 0) end
  if count then return buffer:sub(1, count) end
  if alarms.is_over(alarm, code) then return nil, "timeout" end
  if self.is_closed then return nil, "closed" end
  return fail(message, code)
end

--- Receives one datagram.
---@param size? integer its bytes at most; default 8192
---@return string? bytes
---@return string? message "timeout"
function UDP:receive(size)
  size = math.tointeger(tonumber(size or USUAL))
  if not size or size < 1 then
    error("bad argument #2 to 'receive' (bad number argument)", 2)
  end
  if self.is_closed then return nil, "closed" end
  if self.is_reading then return nil, "socket busy reading" end
  size = math.min(size, MOST)
  if not loop.is_running() then return loop.block(receive, self, size) end
  return receive(self, size)
end

--- Limits how long receive may wait.
---@param timeout number? milliseconds; nil or 0: 60 seconds
function UDP:settimeout(timeout)
  self.timeout = place.seconds("settimeout", timeout)
end

--- Closes the socket.
---@return integer? 1
---@return string? message
function UDP:close()
  if self.is_closed then return nil, "closed" end
  Stream.close(self)
  return 1
end

UDP.__close = Stream.close
Stream.class(UDP)

return UDP
