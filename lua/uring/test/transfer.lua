--- Rows of a simulated ring that move bytes, or wait until some can move.
local core = require "uring.core"
local errno = require "uring.errno"

local C = core.consts
local MORE, BUFFER = C.IORING_CQE_F_MORE, C.IORING_CQE_F_BUFFER
local NONEMPTY = C.IORING_CQE_F_SOCK_NONEMPTY
local ALWAYS = C.POLLERR | C.POLLHUP
local ATOMIC = 4096 -- a pipe takes no more than this in pieces

local rows = {}

-- Reading

local function may_be_short(object)
  return object.kind == "pipe" or object.kind == "file"
    or object.kind == "socket" and not object.messages
end

-- Any order of magnitude is as likely as another.
local function shorten(sim, op, size)
  if not op.is_short or size < 2 or not may_be_short(op.object) then
    return size
  end
  return math.min(size, 1 + sim.random:below(1 << sim.random:below(13)))
end

local function flags_after(op)
  local object = op.object
  return object.kind == "socket" and object:has_more() and NONEMPTY or 0
end

local function deliver(op, bytes)
  if not op.bufring then
    op[2]:set(1, bytes)
    return #bytes, flags_after(op)
  elseif bytes == "" then
    return "", 0
  end
  if op.bufring.views then bytes = core.slice(bytes) end
  return bytes, BUFFER | flags_after(op)
end

local function read(sim, op)
  local size = op.bufring and op.bufring.size or #op[2]
  local bytes, code = op.object:take(shorten(sim, op, size), op[3])
  if not bytes then return bytes, code end
  return deliver(op, bytes)
end

rows.read = { fd = 1, shows = 1, sleeps = true, attempt = read }

local function scatter(parts, bytes)
  local at = 1
  for _, part in ipairs(parts) do
    part:set(1, bytes:sub(at, at + #part - 1))
    at = at + #part
    if at > #bytes then return end
  end
end

local function read_parts(sim, op)
  local size = 0
  for _, part in ipairs(op[2]) do size = size + #part end
  local bytes, code = op.object:take(shorten(sim, op, size), op[3])
  if not bytes then return bytes, code end
  scatter(op[2], bytes)
  return #bytes, flags_after(op)
end

rows.readv = { fd = 1, shows = 1, sleeps = true, attempt = read_parts }

-- MSG_WAITALL: until the buffer is full, or no more comes.
local function fill(sim, op)
  op.got = op.got or 0
  local left = #op[2] - op.got
  local bytes, code = op.object:receive(left, op[3])
  if not bytes then
    if bytes == false and op.got > 0 then return op.got, 0 end
    return bytes, code
  end
  op[2]:set(op.got + 1, bytes)
  op.got = op.got + #bytes
  op.sent = op.got -- what a cancel leaves
  if bytes == "" or #bytes == left then return op.got, flags_after(op) end
  sim.has_moved = true
end

local function receive(sim, op)
  local object, flags = op.object, op[3]
  if object.kind ~= "socket" then return false, errno.ENOTSOCK end
  if flags & C.MSG_WAITALL ~= 0 and not op.bufring and not object.messages then
    return fill(sim, op)
  end
  local size = op.bufring and op.bufring.size or #op[2]
  local bytes, code = object:receive(shorten(sim, op, size), flags)
  if bytes then return deliver(op, bytes) end
  if bytes == nil and flags & C.MSG_DONTWAIT ~= 0 then
    return false, errno.EAGAIN
  end
  return bytes, code
end

rows.recv = { fd = 1, shows = 1, sleeps = true, attempt = receive }

-- Once more and again, until the end.
local function again(once)
  local function attempt(sim, op)
    local value, flags = once(sim, op)
    if not value or value == "" then return value, flags end
    return value, flags | MORE
  end
  return { fd = 1, shows = 1, goes_on = true, sleeps = true,
    attempt = attempt }
end

rows.recv_multishot = again(receive)
rows.read_multishot = again(read)

-- Writing

local function bytes_of(op)
  if op.bytes then return op.bytes end
  local data = op[2]
  if type(data) == "table" then
    local pieces = {}
    for i, part in ipairs(data) do pieces[i] = part:tostring() end
    op.bytes = table.concat(pieces)
  else
    op.bytes = type(data) == "string" and data or data:tostring()
  end
  return op.bytes
end

local function write(sim, op, offset)
  local object, bytes = op.object, bytes_of(op)
  if op.is_short and (object.kind ~= "pipe" or #bytes > ATOMIC) then
    local size = shorten(sim, op, #bytes)
    if size < #bytes then bytes = bytes:sub(1, size) end
  end
  return object:give(bytes, 1, offset)
end

rows.write = { fd = 1, shows = 1, sleeps = true, attempt = function(sim, op)
  return write(sim, op, op[3])
end }

rows.writev = rows.write

-- MSG_WAITALL: as with the kernel's, until all of it has gone.
local function send_all(sim, op)
  local bytes = bytes_of(op)
  op.sent = op.sent or 0
  local count, code = op.object:give(bytes, op.sent + 1)
  if not count then
    if count == false and op.sent > 0 then return op.sent end
    return count, code
  end
  op.sent = op.sent + count
  if op.sent == #bytes then return op.sent end
  sim.has_moved = true
end

local function send(sim, op)
  local object, flags = op.object, op[3]
  if object.kind ~= "socket" then return false, errno.ENOTSOCK end
  local count, code
  if flags & C.MSG_WAITALL ~= 0 and not object.messages then
    count, code = send_all(sim, op)
  else
    count, code = write(sim, op)
  end
  if count == nil and flags & C.MSG_DONTWAIT ~= 0 then
    return false, errno.EAGAIN
  end
  return count, code
end

rows.send = { fd = 1, shows = 1, sleeps = true, attempt = send }
rows.send_zc, rows.sendmsg = rows.send, rows.send

-- Between two

local function cannot_splice(op)
  local from, to = op.object, op.other
  if from.kind ~= "pipe" and to.kind ~= "pipe" then return errno.EINVAL end
  if from.kind == "pipe" and op[2] >= 0 then return errno.ESPIPE end
  if to.kind == "pipe" and op[4] >= 0 then return errno.ESPIPE end
  if not to.room then
    return to.kind == "pipe" and errno.EBADF or errno.EINVAL
  end
end

local function splice(sim, op)
  local code = cannot_splice(op)
  if code then return false, code end
  local room, why = op.other:room()
  if not room then return false, why end
  if room == 0 then return nil end
  local size = shorten(sim, op, math.min(op[5], room))
  local bytes
  bytes, code = op.object:take(size, op[2])
  if not bytes then return bytes, code end
  if bytes == "" then return 0 end
  return op.other:give(bytes, 1, op[4])
end

rows.splice = { fd = 1, other_fd = 3, shows = 1, attempt = splice }

-- Waiting

rows.poll_add = { fd = 1, shows = 1, sleeps = true, attempt = function(_, op)
  local ready = op.object:events() & (op[2] | ALWAYS)
  if ready ~= 0 then return ready end
end }

-- Tells again each time that there are news, and it is ready.
local function poll_again(_, op)
  local object = op.object
  local count = object.news and object.news.count or 0
  if op.told == count then return nil end
  op.told = count
  local ready = object:events() & (op[2] | ALWAYS)
  if ready ~= 0 then return ready, MORE end
end

rows.poll_multishot = { fd = 1, shows = 1, goes_on = true, sleeps = true,
  attempt = poll_again }

return rows
