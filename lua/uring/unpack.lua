--- Reads what the kernel wrote to a Buffer: structures become tables.
local core = require "uring.core"

local unpack = {}

-- struct statx up to stx_dev_minor, see statx(2); spaces would take time
local STATX = ("<!1 I4 I4 I8 I4 I4 I4 I2 xx I8 I8 I8 I8"
  .. ("i8 I4 xxxx"):rep(4) .. "I4 I4 I4 I4"):gsub(" ", "")
local SIGINFO = "<i4 i4 i4 xxxx i4 I4 i4"
local SIGNALFD = "<I4 i4 i4 I4 I4"
local CMSG = "<I8 i4 i4" -- struct cmsghdr, whose data follows
local RECVMSG = "<I4 I4 I4 I4" -- struct io_uring_recvmsg_out
local EVENT = "<I4 i8" -- struct epoll_event, packed

--- Reads what the row statx wrote.
---@param buffer uring.Buffer of at least 256 bytes
---@return table stat mask, blksize, attributes, nlink, uid, gid, mode, ino,
--- size (bytes), blocks (of 512 bytes), atime, btime, ctime, mtime
--- (seconds), and rdev, dev as {major, minor}
function unpack.statx(buffer)
  local mask, blksize, attributes, nlink, uid, gid, mode, ino, size, blocks, _,
    atime, a_ns, btime, b_ns, ctime, c_ns, mtime, m_ns, rmajor, rminor, major,
    minor = string.unpack(STATX, buffer:sub(1, 144))
  return {
    mask = mask, blksize = blksize, attributes = attributes, nlink = nlink,
    uid = uid, gid = gid, mode = mode, ino = ino, size = size,
    blocks = blocks, atime = atime + a_ns / 1e9, btime = btime + b_ns / 1e9,
    ctime = ctime + c_ns / 1e9, mtime = mtime + m_ns / 1e9,
    rdev = { rmajor, rminor }, dev = { major, minor },
  }
end

--- Reads what the row waitid wrote.
---@param buffer uring.Buffer of at least 128 bytes
---@return table info signo, name ("CHLD"), code (CLD_EXITED ...), pid, uid,
--- status: the exit code, or the signal
function unpack.siginfo(buffer)
  local signo, _, code, pid, uid, status = string.unpack(SIGINFO,
    buffer:sub(1, 28))
  return { signo = signo, name = core.signal_name(signo), code = code,
    pid = pid, uid = uid, status = status }
end

--- Reads what a signalfd gives.
---@param buffer uring.Buffer of at least 128 bytes
---@return table info signo, name ("INT"), code, pid, uid
function unpack.signalfd_siginfo(buffer)
  local signo, _, code, pid, uid = string.unpack(SIGNALFD,
    buffer:sub(1, 20))
  return { signo = signo, name = core.signal_name(signo), code = code,
    pid = pid, uid = uid }
end

--- Reads what the rows pipe and pipe_direct wrote.
---@param buffer uring.Buffer of at least 8 bytes
---@return integer fd to read
---@return integer fd to write
function unpack.pipe(buffer)
  local reading, writing = string.unpack("<i4 i4", buffer:sub(1, 8))
  return reading, writing
end

--- Reads what the row epoll_wait wrote.
---@param buffer uring.Buffer
---@param count integer what the op returned
---@return table[] events {events = integer, data = integer}, ...
function unpack.epoll_events(buffer, count)
  local list, size = {}, string.packsize(EVENT)
  for i = 1, count do
    local from = (i - 1) * size + 1
    local events, data = string.unpack(EVENT,
      buffer:sub(from, from + size - 1))
    list[i] = { events = events, data = data }
  end
  return list
end

-- The kernel aligns control data to words.
local function aligned(size)
  return (size + 7) & ~7
end

--- Makes control data for a message.
---@param parts table[] {level = integer, type = integer, data = string}, ...
---@return string control
function unpack.pack_control(parts)
  local list, head = {}, string.packsize(CMSG)
  for i, part in ipairs(parts) do
    list[i] = string.pack(CMSG, head + #part.data, part.level, part.type)
      .. part.data .. ("\0"):rep(aligned(#part.data) - #part.data)
  end
  return table.concat(list)
end

--- Reads the control data of a message.
---@param control string
---@return table[] parts {level = integer, type = integer, data = string}, ...
function unpack.control(control)
  local list, at, head = {}, 1, string.packsize(CMSG)
  while at + head - 1 <= #control do
    local size, level, type = string.unpack(CMSG, control, at)
    if size < head then break end
    list[#list + 1] = { level = level, type = type,
      data = control:sub(at + head, at + size - 1) }
    at = at + aligned(size)
  end
  return list
end

--- Makes control data that passes descriptors to the other side of a Unix
-- socket.
---@param fds integer[]
---@return string control
function unpack.pack_rights(fds)
  return unpack.pack_control { {
    level = core.consts.SOL_SOCKET, type = core.consts.SCM_RIGHTS,
    data = string.pack("<" .. ("i4"):rep(#fds), table.unpack(fds)),
  } }
end

--- Lists the descriptors that came with control data.  They are yours to
-- close.
---@param control string
---@return integer[] fds
function unpack.rights(control)
  local C, fds = core.consts, {}
  for _, part in ipairs(unpack.control(control)) do
    if part.level == C.SOL_SOCKET and part.type == C.SCM_RIGHTS then
      for at = 1, #part.data - 3, 4 do
        fds[#fds + 1] = string.unpack("<i4", part.data, at)
      end
    end
  end
  return fds
end

--- Takes apart what the row recvmsg_multishot left in a buffer.
---@param bytes string of one completion
---@param message uring.Message that the op was started with
---@return table? received payload, control (strings), flags, name (bytes of
--- the sender's address, for unpack_sockaddr; nil: none), and truncated:
--- not all of it fitted; nil where the bytes are no such message
function unpack.recvmsg(bytes, message)
  local head = string.packsize(RECVMSG)
  local name_room, control_room = message:room()
  local from = head + name_room + control_room + 1
  if #bytes < from - 1 then return nil end
  local name, control, payload, flags = string.unpack(RECVMSG, bytes)
  flags = flags & ~core.consts.MSG_CMSG_CLOEXEC -- that we have set
  local name_end = head + math.min(name, name_room)
  local control_from = head + name_room
  return {
    name = name > 0 and bytes:sub(head + 1, name_end) or nil,
    control = bytes:sub(control_from + 1,
      control_from + math.min(control, control_room)),
    payload = bytes:sub(from), flags = flags,
    truncated = flags & core.consts.MSG_TRUNC ~= 0
      or #bytes - from + 1 < payload,
  }
end

return unpack
