--- How reads get their bytes: from what was received, then from the kernel.
-- What was received and not asked for yet is self.received, from the byte
-- self.at on.
local errno = require "uring.errno"
local limits = require "uring.limits"
local loop = require "uring.loop"

local isyieldable = coroutine.isyieldable
local EINTR = errno.EINTR

local intake = {}

-- The task whose coroutine waits for bytes of a descriptor.
local function reader_of(fd)
  local scheduler = loop.current("a second reader")
  for _, op in ipairs(scheduler.bound.flights()) do
    if op.fd == fd and op.name:find "^re[ac]" then
      local thread = op.thread
      while scheduler.outer[thread] do thread = scheduler.outer[thread] end
      return scheduler.tasks[thread]
    end
  end
end

--- What a second reader is told.
---@param self table the stream
---@return nil
---@return string message names the task that reads, where that is known
---@return integer code EBUSY
function intake.busy(self)
  local task = self.fd and loop.is_running() and reader_of(self.fd)
  local who = task and ("task %d%s"):format(task:id(),
    task.name and " " .. task.name or "") or "another task"
  return nil, "stream is being read by " .. who, errno.EBUSY
end

-- What the stream's own method gives.  One that claims holds is_reading
-- itself, as long as its op is in flight.
local function ask(self, how, target)
  local method, claims = self[how], self.claims
  if claims and claims[how] then return method(self, target) end
  self.is_reading = true
  local ok, bytes, message, code = pcall(method, self, target)
  self.is_reading = false
  if not ok then error(bytes, 0) end
  return bytes, message, code
end

--- Waits for more, what the stream's own method 'how' gives.
---@param self table the stream
---@param limit uring.Alarm? what limits.begin has set for the call
---@param how "_receive"|"_receive_into"|"_receive_view"
---@param target? uring.Buffer for _receive_into
---@return any more bytes, "" at the end; or how many; nil where it fails
---@return string? message
---@return integer? code
function intake.receive(self, limit, how, target)
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  if limit and limit.rang then return nil, "timeout", errno.ETIMEDOUT end
  if self.is_reading then return intake.busy(self) end
  local bytes, message, code
  repeat
    bytes, message, code = ask(self, how, target)
  until bytes or code ~= EINTR or self.is_closed or limit and limit.rang
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  if not bytes and limits.is_over(limit, code) then
    return nil, "timeout", errno.ETIMEDOUT
  end
  return bytes, message, code
end

local receive = intake.receive

local function keep(self, bytes, at)
  self.received, self.at = bytes, at
end

--- What was taken, and not given out, is next again.
---@param self table the stream
---@param bytes string
function intake.put_back(self, bytes)
  if self.is_closed then return end
  keep(self, bytes .. self.received:sub(self.at), 1)
end

local put_back = intake.put_back

--- The alarm of a call that has a limit needs a loop.
---@param self table the stream
---@return boolean?
function intake.needs_loop(self)
  return self.read_timeout and not loop.is_running()
end

--- What comes next, where nothing is at hand.  A class may do it otherwise:
-- its method _some.
---@param self table the stream
---@return string? bytes "" at the end
---@return string? message
---@return integer? code
function intake.some(self)
  if intake.needs_loop(self) then return loop.block(intake.some, self) end
  local limit <close> = self.read_timeout and limits.begin(self, "read")
  return receive(self, limit, "_receive")
end

local TURN = 64 -- calls that need not wait, until others have their turn

--- Before a call takes what was received already: it costs no wait, but is
-- not for a task that is to end.
---@param self table the stream
function intake.before_received(self)
  loop.check()
  local hits = (self.hits or 0) + 1
  self.hits = hits
  if hits >= TURN and isyieldable() then
    self.hits = 0
    loop.pause()
  end
end

-- When the time of a call is over that has received once already.
local function deadline(self)
  return self.read_timeout and self.read_alarm and self.read_alarm.at or nil
end

--- Takes the bytes up to and with a delimiter, where what is at hand has all
-- of them, or what comes next where nothing is.
---@param self table the stream
---@param text string the delimiter
---@param most number bytes before it
---@return string|false|nil bytes nil at the end; false where collect has to
--- look for it
---@return string|integer|nil message or, with false, when the time is over
---@return integer? code
function intake.take_through(self, text, most)
  if self.given then return false end
  local bytes, at, over = self.received, self.at, nil
  if at > #bytes then
    local message, code
    bytes, message, code = (self._some or intake.some)(self)
    if not bytes then return nil, message, code end
    if bytes == "" then return nil end
    keep(self, bytes, 1)
    at, over = 1, deadline(self)
  else
    intake.before_received(self)
    if self.received ~= bytes or self.at ~= at then return false end
  end
  local _, stop = bytes:find(text, at, true)
  if not stop or stop - at - #text >= most then return false, over end
  if stop < #bytes then keep(self, bytes, stop + 1) else keep(self, "", 1) end
  return bytes:sub(at, stop)
end

-- What collect gives; read notes it where it may have to put it back.
local function take(self, pieces)
  local bytes, given = table.concat(pieces), self.given
  if given then given[#given + 1] = bytes end
  return bytes
end

--- Collects pieces until 'enough' says at which byte of the last they
-- suffice, or to the end.  What comes after stays unread; where it fails,
-- everything does, so that nothing is lost.
---@param self table the stream
---@param most number bytes; fewer than these before they suffice
---@param enough fun(piece: string, at: integer, size: integer): integer? of a
--- piece from byte 'at' on, which 'size' others come before
---@param at? integer nanoseconds: when the time of the call is over
---@return string? bytes
---@return string? message "eof" besides the bytes where the stream has ended
---@return integer? code ELIMIT where they are too many
function intake.collect(self, most, enough, at)
  if intake.needs_loop(self) then
    return loop.block(intake.collect, self, most, enough, at)
  end
  if self.at <= #self.received then intake.before_received(self) end
  local limit <close> = self.read_timeout and limits.begin(self, "read", at)
  local pieces, size, piece = {}, 0, self.received
  at = self.at
  local ok, message, code
  while true do
    local stop = enough(piece, at, size)
    if stop and size + stop - at < most then
      pieces[#pieces + 1] = piece:sub(at, stop)
      keep(self, piece, stop + 1)
      return take(self, pieces)
    end
    pieces[#pieces + 1] = at == 1 and piece or piece:sub(at)
    size = size + #piece - at + 1
    keep(self, "", 1) -- they are ours alone
    if stop or size >= most then
      message, code = "too long", errno.ELIMIT
      break
    end
    if size == 0 then
      ok, piece, message, code = true, receive(self, limit, "_receive")
    else
      ok, piece, message, code = pcall(receive, self, limit, "_receive")
    end
    if not ok then
      put_back(self, table.concat(pieces))
      error(piece, 0)
    end
    if not piece then break end
    if piece == "" then return take(self, pieces), "eof" end
    at = 1
  end
  put_back(self, table.concat(pieces))
  return nil, message, code
end

--- Collects so many bytes, fewer only at the end.  Of none it waits for what
-- tells whether that is the end.
---@param self table the stream
---@param count integer
---@return string? bytes
---@return string? message "eof" besides the bytes where the stream has ended
---@return integer? code
function intake.count(self, count)
  return intake.collect(self, math.huge, function(piece, at, size)
    if size + #piece - at + 1 >= count and (count > 0 or at <= #piece) then
      return at + count - size - 1
    end
  end)
end

return intake
