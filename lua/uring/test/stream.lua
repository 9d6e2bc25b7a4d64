--- Bytes and messages on simulated connections.
local core = require "uring.core"
local errno = require "uring.errno"
local news = require "uring.test.news"
local Socket = require "uring.test.socket"

local C = core.consts

local MESSAGES = 10 -- that may be under way, as on Linux

--- How many bytes can be sent now.  What is sent after the other side has
-- gone is lost.
---@return integer
function Socket:room()
  local peer = self.peer
  if not peer or peer.is_released then return self.capacity end
  if self.messages then
    return #peer.messages < MESSAGES and self.capacity or 0
  end
  return math.max(0, self.capacity - peer.inbox.size)
end

-- The errno that sending fails with at once, if any.
local function send_problem(self)
  if self.state ~= "connected" then
    if self.type == C.SOCK_DGRAM then
      return self.domain == C.AF_UNIX and errno.ENOTCONN
        or errno.EDESTADDRREQ
    end
    return self:is_tcp() and errno.EPIPE or errno.ENOTCONN
  elseif self.type == C.SOCK_DGRAM then
    return self.peer.is_released and errno.ECONNREFUSED or nil
  elseif self.no_send then
    return self:is_tcp() and self:take_problem() or errno.EPIPE
  end
end

local function give_message(self, bytes, from)
  if #bytes - from + 1 > self.capacity then return false, errno.EMSGSIZE end
  if self:room() == 0 then return nil end
  local list = self.peer.messages
  list[#list + 1] = bytes:sub(from)
  news.tell(self)
  return #bytes - from + 1
end

--- Sends bytes.
---@param bytes string
---@param from integer the first of them that is sent
---@return integer|false|nil count
---@return integer? code
function Socket:give(bytes, from)
  local code = send_problem(self)
  if code then return false, code end
  if self.messages then return give_message(self, bytes, from) end
  local peer, left = self.peer, #bytes - from + 1
  if peer.is_released then -- it answers that nobody is there
    self:hear_reset()
    return left
  end
  local count = math.min(left, self:room())
  if count == 0 and left > 0 then return nil end
  peer.inbox:put(bytes:sub(from, from + count - 1))
  news.tell(self)
  return count
end

local function take_message(self, max, flags)
  local message = self.messages[1]
  if not message then
    if self.got_end or self.no_receive then return "" end
    return nil
  end
  if flags & C.MSG_PEEK == 0 then
    table.remove(self.messages, 1)
    news.tell(self)
  end
  return message:sub(1, max), #message
end

-- There is nothing to be received.
local function end_of(self)
  if self.is_done then return "" end
  local code = self:take_problem()
  if code then return false, code end
  if self.got_end or self.no_receive then return "" end
end

--- Receives bytes.
---@param max integer
---@param flags integer MSG_PEEK
---@return string|false|nil bytes
---@return integer? code
function Socket:receive(max, flags)
  if self.state ~= "connected" then
    return false, self:is_tcp() and errno.ENOTCONN or errno.EINVAL
  end
  if self.messages then return take_message(self, max, flags) end
  if self.inbox.size == 0 then return end_of(self) end
  if flags & C.MSG_PEEK ~= 0 then return self.inbox:peek(max) end
  news.tell(self)
  return self.inbox:take(max)
end

--- Receives as read(2) does.
---@param max integer
---@return string|false|nil bytes
---@return integer? code
function Socket:take(max)
  return self:receive(max, 0)
end

--- Whether there is more to be received.
---@return boolean
function Socket:has_more()
  return self.inbox.size > 0 or self.messages and #self.messages > 0
end

return Socket
