--- Making what stands behind descriptors in a simulated run.
-- Each returns a descriptor, or two; false and an errno where it fails.
local core = require "uring.core"
local errno = require "uring.errno"
local event = require "uring.test.event"
local Pipe = require "uring.test.pipe"
local Socket = require "uring.test.sockopt"

local C = core.consts

local KINDS = C.SOCK_NONBLOCK | C.SOCK_CLOEXEC -- flags beside the type
local DOMAINS = {
  [C.AF_INET] = true, [C.AF_INET6] = true, [C.AF_UNIX] = true,
}

local making = {}

-- Whether it is to fail for want of descriptors.
local function lacks(sim, count)
  local chance = sim.faults.emfile
  if chance > 0 and sim.random:chance(chance) then return true end
  return not sim.descriptors:has_room(count)
end

local function add_pair(sim, one, other, maker)
  return sim.descriptors:add(one, maker), sim.descriptors:add(other, maker)
end

--- Tells what is not simulated of a type of sockets.
---@param type integer
---@return string? what
function making.lacks_socket(type)
  if type & ~KINDS == C.SOCK_STREAM then return nil end
  return "sockets of other types than SOCK_STREAM, but for pairs"
end

--- Makes a socket.
---@param sim uring.test.Sim
---@param domain integer
---@param type integer
---@param maker string
---@return integer|false fd
---@return integer? code
function making.socket(sim, domain, type, maker)
  type = type & ~KINDS
  if not DOMAINS[domain] then return false, errno.EAFNOSUPPORT end
  local fd, code = sim.descriptors:add(Socket.new(sim, domain, type), maker)
  return fd or false, code
end

--- Makes two connected sockets.
---@param sim uring.test.Sim
---@param type integer
---@param maker string
---@return integer|false fd
---@return integer other or errno
function making.socketpair(sim, type, maker)
  if lacks(sim, 2) then return false, errno.EMFILE end
  type = type & ~KINDS
  local one = Socket.new(sim, C.AF_UNIX, type)
  local other = Socket.new(sim, C.AF_UNIX, type)
  Socket.join(one, other)
  return add_pair(sim, one, other, maker)
end

--- Makes a pipe.
---@param sim uring.test.Sim
---@param maker string
---@return integer|false fd to read
---@return integer fd to write, or errno
function making.pipe(sim, maker)
  if lacks(sim, 2) then return false, errno.EMFILE end
  local reader, writer = Pipe.new()
  return add_pair(sim, reader, writer, maker)
end

--- Makes an eventfd.
---@param sim uring.test.Sim
---@param count integer
---@param maker string
---@return integer|false fd
---@return integer? code
function making.eventfd(sim, count, maker)
  if lacks(sim, 1) then return false, errno.EMFILE end
  return sim.descriptors:add(event.counter(count), maker)
end

--- Makes a signalfd.
---@param sim uring.test.Sim
---@param wanted table set of numbers
---@param maker string
---@return integer|false fd
---@return integer? code
function making.signalfd(sim, wanted, maker)
  if lacks(sim, 1) then return false, errno.EMFILE end
  return sim.descriptors:add(event.signals(wanted, sim.signals), maker)
end

return making
