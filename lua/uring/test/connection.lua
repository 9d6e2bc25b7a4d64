--- Rows of a simulated ring that make, connect and end sockets.
local address_of = require "uring.test.sockaddr"
local core = require "uring.core"
local errno = require "uring.errno"
local making = require "uring.test.making"

local MORE = core.consts.IORING_CQE_F_MORE
local NONEMPTY = core.consts.IORING_CQE_F_SOCK_NONEMPTY

local rows = {}

-- Adds to a row that it is about a socket.
local function of_socket(attempt)
  return { fd = 1, shows = 1, attempt = function(sim, op)
    if op.object.kind ~= "socket" then return false, errno.ENOTSOCK end
    return attempt(sim, op, op.object)
  end }
end

local function accept(sim, op, listener)
  if not sim.descriptors:has_room(1) then return false, errno.EMFILE end
  local socket, code = sim.network.accept(listener)
  if not socket then return socket, code end
  local fd = sim.descriptors:add(socket, tostring(op))
  if op.name == "accept" and op[2] then
    op[2]:set(1, address_of(socket.peername))
  end
  return fd, listener.queue[1] and NONEMPTY or 0
end

rows.accept = of_socket(accept)
rows.accept.makes_fd, rows.accept.sleeps = true, true

rows.multishot_accept = of_socket(function(sim, op, listener)
  local fd, flags = accept(sim, op, listener)
  return fd, fd and flags | MORE or flags
end)
rows.multishot_accept.makes_fd, rows.multishot_accept.goes_on = true, true
rows.multishot_accept.sleeps = true

rows.connect = of_socket(function(sim, op, socket)
  return sim.network:connect(socket, op[2])
end)

rows.bind = of_socket(function(sim, op, socket)
  return sim.network:bind(socket, op[2])
end)

rows.listen = of_socket(function(sim, op, socket)
  return sim.network:listen(socket, op[2])
end)

rows.shutdown = of_socket(function(_, op, socket)
  return socket:shutdown(op[2])
end)

rows.socket = {
  makes_fd = true,
  lacks = function(op) return making.lacks_socket(op[2]) end,
  attempt = function(sim, op)
    return making.socket(sim, op[1], op[2], tostring(op))
  end,
}

return rows
