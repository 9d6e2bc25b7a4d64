--- How connections receive: into the buffers of the run, and as it mostly goes
-- in one C function.
local buffers = require "uring.buffers"
local claims = require "uring.claims"
local core = require "uring.core"
local errno = require "uring.errno"
local limits = require "uring.limits"
local loop = require "uring.loop"

local ENOBUFS, STRINGS = errno.ENOBUFS, buffers.STRINGS
local LEAST, NONEMPTY = buffers.LEAST, core.consts.IORING_CQE_F_SOCK_NONEMPTY

local receiving = {}
local methods = {} -- of connections
receiving.methods = methods

local rows = {}
for _, row in ipairs(core.ops) do rows[row.name] = row end

local recv = claims.awaitable(rows.recv, "is_reading")
local recv_failure = claims.failure(rows.recv)

-- What does the usual in C: false where something is to end, and in a
-- simulated run.  Where that can start nothing it returns nothing.
local receive = false

loop.on_quiet(function(bound) receive = bound and bound.receive or false end)

-- Where no buffer ring has any.
local function receive_alone(self)
  local buffer = buffers.alone(self.flow)
  local count, extra, code = recv(self, buffer)
  if not count then return nil, extra, code end
  return buffer:sub(1, count), extra
end

--- What comes next.  An idle connection holds no memory: the kernel takes a
-- buffer of the loop only when bytes are there.
---@return string? bytes "" at the end
---@return string? message
---@return integer? code
function methods:_receive()
  local from = buffers.receive(self.flow)
  local bytes, extra, code
  repeat
    if not from then
      bytes, extra, code = receive_alone(self)
    else
      bytes, extra, code = recv(self, from)
    end
    if code == errno.ENOBUFS then from = buffers.receive(1) end
  until code ~= errno.ENOBUFS or self.is_closed -- back before the next tick
  if not bytes then return nil, extra, code end
  self.flow = buffers.flow(self.flow, #bytes, extra)
  return bytes
end

--- Receives into a Buffer.
---@param buffer uring.Buffer
---@return integer? count 0 at the end
---@return string? message
---@return integer? code
function methods:_receive_into(buffer)
  return recv(self, buffer)
end

-- Where too many views are open, the bytes get a buffer of their own.
local function receive_view_alone(self)
  local buffer = buffers.alone(self.flow)
  local count, extra, code = recv(self, buffer)
  if count == 0 then return "" end
  return count and buffer:slice(1, count), extra, code
end

--- What comes next, as a view.
---@return uring.Buffer|string|nil view "" at the end
---@return string? message
---@return integer? code
function methods:_receive_view()
  local from, view, extra, code = buffers.views(self.flow), nil, nil, nil
  if from then view, extra, code = recv(self, from) end
  if code == errno.ENOBUFS and self.flow > 1 then
    view, extra, code = recv(self, buffers.views(1))
  end
  if not from or code == errno.ENOBUFS then
    view, extra, code = receive_view_alone(self)
  end
  if not view then return nil, extra, code end
  self.flow = buffers.flow(self.flow, #view, extra)
  return view
end

--- What a receive gave that is not as usual.
---@param self uring.Conn
---@param slowly function which does it again where that is needed, or nothing
--- was started
---@param alarm uring.Alarm|false
---@param bytes string|uring.Buffer|nil what C gave
---@param extra integer?
---@return string|uring.Buffer|nil bytes "" at the end
---@return string? message
---@return integer? code
function receiving.conclude(self, slowly, alarm, bytes, extra)
  if not extra then return slowly(self) end
  local code
  if not bytes then bytes, extra, code = recv_failure(self, extra) end
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  if bytes then
    self.flow = buffers.flow(self.flow, #bytes, extra)
    return bytes
  end
  if limits.is_over(alarm, code) then
    return nil, "timeout", errno.ETIMEDOUT
  end
  if code == errno.ENOBUFS or code == errno.EINTR then return slowly(self) end
  return nil, extra, code
end

local conclude = receiving.conclude

-- Makes the function that receives where there is a limit to it.
local function limited_receiver(bgid, slowly)
  return function(self)
    local timeout, flow = self.read_timeout, self.flow
    if self.is_reading or self.is_closed or not timeout or not receive then
      return slowly(self)
    end
    local alarm = limits.prepare(self, "read_alarm", timeout)
    if not alarm then return slowly(self) end
    self.is_reading = true
    local bytes, extra = receive(self.fd, bgid - flow, alarm)
    self.is_reading, alarm.thread = false, false
    if bytes and extra & NONEMPTY == 0
      and (flow == 1 or #bytes >= LEAST[flow]) and not self.is_closed then
      return bytes
    end
    return conclude(self, slowly, alarm, bytes, extra)
  end
end

--- Makes the one that receives from the rings of a kind as it usually goes,
-- which needs no more than this.  No call stands between a program and this
-- one, and no more locals than these: of those, an idle connection would have
-- to keep the stack.
---@param bgid integer of the kind
---@param slowly fun(self: uring.Conn): any, string?, integer?
---@param give function has the end, and failures
---@return fun(self: uring.Conn): any, string?, integer?
function receiving.receiver(bgid, slowly, give)
  local limited = limited_receiver(bgid, slowly)
  local comes_back = bgid == STRINGS -- a buffer, before the next tick
  local function some(self)
    if self.is_reading or self.is_closed or self.read_timeout
      or not receive then
      return give(limited(self))
    end
    self.is_reading = true
    local bytes, extra = receive(self.fd, bgid - self.flow)
    self.is_reading = false
    if bytes and extra & NONEMPTY == 0 and bytes ~= ""
      and (self.flow == 1 or #bytes >= LEAST[self.flow])
      and not self.is_closed then
      return bytes
    end
    if not bytes and extra == ENOBUFS and comes_back
      and not self.is_closed then
      self.flow = 1
      return some(self)
    end
    return give(conclude(self, slowly, false, bytes, extra))
  end
  return some
end

return receiving
