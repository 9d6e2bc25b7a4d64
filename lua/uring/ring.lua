--- The low level: rings, SQEs and CQEs as liburing has them, without tasks.
-- What one would write in C against the shared rings can be written here
-- line for line; examples/raw_echo.lua does.
local core = require "uring.core"
local errno = require "uring.errno"
local setup = require "uring.setup"

local ring = {
  bind = core.bind_socket,
  buffer = core.buffer,
  close = core.close,
  consts = core.consts,
  cqe_flag_names = core.cqe_flag_names,
  errno = errno,
  eventfd = core.eventfd,
  getpeername = core.getpeername,
  getsockname = core.getsockname,
  getsockopt = core.getsockopt,
  iovecs = core.iovecs,
  listen = core.listen,
  ops = core.ops,
  pipe = core.pipe,
  ring = setup.open,
  setsockopt = core.setsockopt,
  signalfd = core.signalfd,
  slice = core.slice,
  sockaddr = core.sockaddr,
  socket = core.socket,
  socketpair = core.socketpair,
  strerror = core.strerror,
  unpack_sockaddr = core.unpack_sockaddr,
}

--- The numbers of the opcodes, by row: opcodes.recv == 27.
ring.opcodes = {}
for _, row in ipairs(core.ops) do
  ring.opcodes[row.name] = row.opcode
end

-- struct statx up to stx_dev_minor, see statx(2)
local STATX = "I4 I4 I8 I4 I4 I4 I2 xx I8 I8 I8 I8"
  .. ("i8 I4 xxxx"):rep(4) .. "I4 I4 I4 I4"

--- Reads what the row statx wrote.
---@param buffer uring.Buffer of at least 256 bytes
---@return table stat mask, blksize, attributes, nlink, uid, gid, mode, ino,
--- size (bytes), blocks (of 512 bytes), and atime, btime, ctime, mtime
--- (seconds)
function ring.unpack_statx(buffer)
  local v = table.pack(string.unpack("<!1" .. STATX, buffer:sub(1, 144)))
  local function seconds(i) return v[i] + v[i + 1] / 1e9 end
  return {
    mask = v[1], blksize = v[2], attributes = v[3], nlink = v[4],
    uid = v[5], gid = v[6], mode = v[7], ino = v[8], size = v[9],
    blocks = v[10], atime = seconds(12), btime = seconds(14),
    ctime = seconds(16), mtime = seconds(18),
  }
end

--- Reads what a signalfd gives.
---@param buffer uring.Buffer of at least 128 bytes
---@return table info signo, name ("INT"), code, pid, uid
function ring.unpack_siginfo(buffer)
  local signo, _, code, pid, uid = string.unpack("<I4 i4 i4 I4 I4",
    buffer:sub(1, 20))
  return { signo = signo, name = core.signal_name(signo), code = code,
    pid = pid, uid = uid }
end

return ring
