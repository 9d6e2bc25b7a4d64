--- Passing descriptors over Unix sockets, with bytes; and who the peer is.
local core = require "uring.core"
local errno = require "uring.errno"
local limits = require "uring.limits"
local loop = require "uring.loop"
local op = require "uring.op"
local sockopt = require "uring.net.sockopt"
local system = require "uring.system"
local unpack = require "uring.unpack"

local C = core.consts

local MOST = 253 -- descriptors that the kernel passes at once, SCM_MAX_FD
local ROOM = 16 + 4 * MOST + 4 -- bytes of control data for so many
local BYTES = 4096 -- received beside them
local UCRED = "<i4 I4 I4" -- struct ucred

local passing = {}

local function number_of(value)
  if math.type(value) == "integer" and value >= 0 then return value end
  local kind = type(value)
  if kind == "table" or kind == "userdata" then
    local has, fd = pcall(function() return value:fileno() end)
    if has and fd then return fd end
  end
  error("send_fd: bad argument 'fds' (a descriptor, an open handle, or a "
    .. "list of 1 to 253 of them expected)", 4)
end

local function numbers_of(fds)
  if type(fds) ~= "table" or fds.fileno then return { number_of(fds) } end
  local list = {}
  for i, each in ipairs(fds) do list[i] = number_of(each) end
  if #list == 0 or #list > MOST then number_of(false) end
  return list
end

local function is_unix(self)
  return sockopt.get(self.fd, "domain") == "unix"
end

-- Calls an op with a message, which close ends.
local function exchange(self, call, message)
  self.waiting = (self.waiting or 0) + 1
  local ok, value, problem, code = pcall(call, self.fd, message)
  self.waiting = self.waiting - 1
  if not ok then error(value, 0) end
  return value, problem, code
end

--- Sends descriptors to the other side of a Unix socket, which gets copies;
-- ours stay open.  Writes of other tasks should not be under way.
---@param fds integer|table a descriptor, a handle, or a list of them
---@param data? string bytes that go with them, one or more; default "\0"
---@return table? self
---@return string? message
---@return integer? code
function passing:send_fd(fds, data)
  local list = numbers_of(fds)
  if data == nil then data = "\0" end
  if type(data) ~= "string" or data == "" then
    error("send_fd: bad argument 'data' (string of one or more bytes "
      .. "expected)", 2)
  end
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  if not is_unix(self) then -- others would leave them out silently
    return core.fail("send_fd", errno.EOPNOTSUPP)
  end
  if limits.need_loop(self.write_timeout) then
    return loop.block(passing.send_fd, self, list, data)
  end
  local alarm <close> = self.write_timeout and limits.begin(self, "write")
  local count, message, code = exchange(self, op.sendmsg,
    core.message { iov = data, control = unpack.pack_rights(list) })
  if not count then return limits.failure(self, alarm, message, code) end
  if count == #data then return self end
  return self:write(data:sub(count + 1))
end

-- Closes what is beyond the number that somebody takes.
local function keep(fds, most)
  for i = #fds, most + 1, -1 do
    system.close(fds[i])
    fds[i] = nil
  end
  return fds
end

local function receive(self, most)
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  if limits.need_loop(self.read_timeout) then
    return loop.block(receive, self, most)
  end
  local buffer = core.buffer(BYTES)
  local message = core.message { iov = buffer, control = ROOM }
  local alarm <close> = self.read_timeout and limits.begin(self, "read")
  local count, problem, code = exchange(self, op.recvmsg, message)
  if not count then return limits.failure(self, alarm, problem, code) end
  local fds = keep(unpack.rights(message:control()), most)
  if count == 0 and #fds == 0 then return nil end
  return fds, buffer:sub(1, count)
end

--- Receives descriptors that the other side of a Unix socket sends, and the
-- bytes that came with them.  They are yours to close; see net.fromfd.
---@param most? integer the others are closed; default all
---@return integer[]? fds none where there were only bytes; nil at the end
---@return string? data the bytes, or a message
---@return integer? code
function passing:recv_fds(most)
  most = most or MOST
  if math.type(most) ~= "integer" or most < 0 then
    error("recv_fds: bad argument 'most' (count expected)", 2)
  end
  return receive(self, most)
end

--- Receives one descriptor; further ones are closed.
---@return integer|false|nil fd false where only bytes came; nil at the end
---@return string? data the bytes that came with it, or a message
---@return integer? code
function passing:recv_fd()
  local fds, data, code = receive(self, 1)
  if not fds then return nil, data, code end
  return fds[1] or false, data
end

--- Tells who is on the other side of a Unix socket.
---@return table? credentials pid, uid, gid
---@return string? message
---@return integer? code
function passing:peercred()
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  if not is_unix(self) then return core.fail("peercred", errno.EOPNOTSUPP) end
  local bytes, _, code = system.getsockopt(self.fd, C.SOL_SOCKET,
    C.SO_PEERCRED, string.packsize(UCRED))
  if not bytes then return core.fail("peercred", code) end
  local pid, uid, gid = string.unpack(UCRED, bytes)
  return { pid = pid, uid = uid, gid = gid }
end

return passing
