--- The low level: rings, SQEs and CQEs as liburing has them, without tasks.
-- What one would write in C against the shared rings can be written here
-- line for line; examples/raw_echo.lua does.
local core = require "uring.core"
local errno = require "uring.errno"
local setup = require "uring.setup"

local unpack = require "uring.unpack"

local ring = {
  bind = core.bind_socket,
  buffer = core.buffer,
  close = core.close,
  consts = core.consts,
  cqe_flag_names = core.cqe_flag_names,
  errno = errno,
  eventfd = core.eventfd,
  epoll = core.epoll,
  futexes = core.futexes,
  getpeername = core.getpeername,
  getsockname = core.getsockname,
  getsockopt = core.getsockopt,
  iovecs = core.iovecs,
  listen = core.listen,
  message = core.message,
  ops = core.ops,
  pack_control = unpack.pack_control,
  pack_rights = unpack.pack_rights,
  pidfd = core.pidfd,
  pipe = core.pipe,
  register_query = core.register_query,
  register_sync_msg = core.register_sync_msg,
  registers = core.registers,
  ring = setup.open,
  setsockopt = core.setsockopt,
  signalfd = core.signalfd,
  slice = core.slice,
  sockaddr = core.sockaddr,
  socket = core.socket,
  socketpair = core.socketpair,
  strerror = core.strerror,
  unpack_control = unpack.control,
  unpack_epoll_events = unpack.epoll_events,
  unpack_pipe = unpack.pipe,
  unpack_recvmsg = unpack.recvmsg,
  unpack_rights = unpack.rights,
  unpack_siginfo = unpack.siginfo,
  unpack_signalfd_siginfo = unpack.signalfd_siginfo,
  unpack_sockaddr = core.unpack_sockaddr,
  unpack_statx = unpack.statx,
}

--- The numbers of the opcodes, by row: opcodes.recv == 27.
ring.opcodes = {}
for _, row in ipairs(core.ops) do
  ring.opcodes[row.name] = row.opcode
end

return ring
