--- Sockets for handles: made, set up, named.
local core = require "uring.core"
local errno = require "uring.errno"
local op = require "uring.op"
local sockopt = require "uring.net.sockopt"
local Stream = require "uring.stream"
local system = require "uring.system"

local C = core.consts

local Socket = {}

--- What sockets of all kinds can do.
Socket.methods = {
  setopt = sockopt.methods.setopt, getopt = sockopt.methods.getopt,
}

--- The address of the other side.
---@return uring.Address? address
---@return string? message
---@return integer? code
function Socket.methods:peername()
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  return system.getpeername(self.fd)
end

--- The address of our side, with the real port.
---@return uring.Address? address
---@return string? message
---@return integer? code
function Socket.methods:sockname()
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  return system.getsockname(self.fd)
end

--- The addresses of both sides, as far as there are any, for tostring.
---@return string? text
function Socket.methods:_what()
  local own, peer = system.getsockname(self.fd), system.getpeername(self.fd)
  if own and peer then return ("%s→%s"):format(own, peer) end
  return own and tostring(own)
end

local PEEK = C.MSG_PEEK | C.MSG_DONTWAIT

--- Whether an empty message is the end: between sockets of the type seqpacket
-- there is one, where the other side has gone and nothing of it is left.
---@param fd integer
---@return boolean
function Socket.has_ended(fd)
  if sockopt.get(fd, "type") ~= "seqpacket" then return false end
  local masks = system.poll({ fd }, { C.POLLIN })
  if not masks or (masks[1] or 0) & C.POLLHUP == 0 then return false end
  local count = op.recv(fd, core.buffer(1), PEEK)
  return not count or count == 0
end

--- Sets options of a socket, in this order; those that are nil are not.
---@param fd integer
---@param settings table {{name, value}, ...}
---@return boolean? true
---@return string? message
---@return integer? code
function Socket.set_all(fd, settings)
  for _, each in ipairs(settings) do
    if each[2] ~= nil then
      local done, message, code = sockopt.set(fd, each[1], each[2])
      if not done then return nil, message, code end
    end
  end
  return true
end

--- Gives a handle a socket.  Where that fails later the handle closes it.
---@param handle table
---@param where uring.Address of its family
---@param kind integer SOCK_STREAM ...
---@param settings table as for set_all
---@return table? handle
---@return string? message
---@return integer? code
function Socket.open(handle, where, kind, settings)
  local domain = C["AF_" .. where.family:upper()]
  local fd, _, code = system.socket(domain, kind)
  if not fd then return nil, core.strerror(code), code end
  Stream.own(handle, fd)
  local done, message
  done, message, code = Socket.set_all(fd, settings)
  if done then return handle end
  handle:close()
  return nil, message, code
end

--- Binds a socket.  A file that a socket has left behind, which nobody has
-- any more, gives way.
---@param fd integer
---@param where uring.Address
---@param mode? integer permissions of a Unix socket's file
---@return boolean? true
---@return string? message
---@return integer? code
function Socket.bind(fd, where, mode)
  local done, message, code = system.bind_socket(fd, where, mode)
  if code == errno.EADDRINUSE and where.family == "unix"
    and system.remove_stale(where) then
    done, message, code = system.bind_socket(fd, where, mode)
  end
  return done, message, code
end

--- Makes a handle remove the file of its socket when it is closed, if it is
-- still that.
---@param handle table
---@param where uring.Address to which it is bound
function Socket.claim(handle, where)
  if where.family ~= "unix" then return end
  handle.mark, handle.place = system.mark_path(where), where
end

--- What such a handle does before it is closed, or collected.
---@param self table
function Socket.release(self)
  local mark = self.mark
  self.mark = nil
  if mark then system.remove_marked(self.place, mark) end
end

--- Makes a class of handles that remove the files of their sockets, or have
-- another method _release.
---@param class table
---@param ... table sets of methods, as for Stream.class
function Socket.class(class, ...)
  Stream.class(class, Socket.methods, ...)
  class._release = class._release or Socket.release
  local close, collected = class.close, class.__gc
  function class:close()
    if not self.is_closed then self:_release() end
    return close(self)
  end
  class.__close = class.close
  function class:__gc()
    if not self.is_closed then self:_release() end
    collected(self)
  end
end

return Socket
