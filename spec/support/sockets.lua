--- Sockets on loopback, with ports that the kernel chooses.
local assert = require "luassert"
local uring = require "uring.ring"

local C = uring.consts

local sockets = {}

--- Makes a TCP socket bound to a port of 127.0.0.1.
---@param own table see rows.owner
---@return integer fd
---@return uring.Address address
function sockets.bound(own)
  local fd = own(uring.socket(C.AF_INET, C.SOCK_STREAM))
  assert(uring.bind(fd, uring.sockaddr("127.0.0.1", 0)))
  return fd, assert(uring.getsockname(fd))
end

--- Makes one that listens.
---@param own table
---@param backlog? integer
---@return integer fd
---@return uring.Address address
function sockets.listener(own, backlog)
  local fd, address = sockets.bound(own)
  assert(uring.listen(fd, backlog))
  return fd, address
end

--- Makes one that is connected to an address.
---@param own table
---@param address uring.Address
---@return integer fd
function sockets.client(own, address)
  local fd = own(uring.socket(C.AF_INET, C.SOCK_STREAM))
  local ring <close> = assert(uring.ring(1))
  ring:get_sqe():prep_connect(fd, address)
  assert(ring:submit_and_wait(1, 10))
  assert.equal(0, (ring:cqes()(ring)))
  return fd
end

--- Makes two that are connected, by Unix sockets.
---@param own table
---@return integer fd
---@return integer fd
function sockets.pair(own)
  return own(uring.socketpair())
end

--- Frees what nobody holds, and takes the place of Addresses that have gone.
---@return table junk
function sockets.overwrite_addresses()
  collectgarbage()
  collectgarbage()
  local junk = {}
  for port = 1, 100 do
    junk[port] = assert(uring.sockaddr("192.0.2.1", port))
  end
  return junk
end

--- Tells whether a descriptor is close-on-exec; nil: it is not open.
---@param fd integer
---@return boolean?
function sockets.cloexec(fd)
  local info <close> = io.open("/proc/self/fdinfo/" .. fd)
  if not info then return nil end
  local flags = tonumber(info:read("a"):match("flags:%s*(%d+)"), 8)
  return flags & C.O_CLOEXEC ~= 0
end

return sockets
