--- Writing to a stream: all of what is given, one task at a time.
local core = require "uring.core"
local errno = require "uring.errno"
local holding = require "uring.stream.holding"
local limits = require "uring.limits"
local loop = require "uring.loop"
local Parts = require "uring.stream.parts"

local EINTR = errno.EINTR
local BUFFER = getmetatable(core.slice "")

local Writer = {}

-- Whoever writes has is_writing set; the others wait in line, each until
-- the one before hands over to it.

local Line = {}
Line.__index = Line

--- Takes out who no longer waits.
---@param thread thread
function Line:leave(thread)
  for place = self.first, self.last do
    if self[place] == thread then self[place] = false end
  end
end

--- What it is to wait for it.
---@return string
function Line.describe()
  return "its turn to write"
end

-- False: its time was over first.
local function wait_in_line(self)
  loop.check_can_wait("write")
  local line = self.writers
  if not line then
    line = setmetatable({ first = 1, last = 0 }, Line)
    self.writers = line
  end
  line.last = line.last + 1
  line[line.last] = coroutine.running()
  return loop.wait(line)
end

-- The next one's turn; false: nobody waits.
local function hand_over(self)
  local line = self.writers
  while line and line.first <= line.last do
    local thread = line[line.first]
    line[line.first] = nil
    line.first = line.first + 1
    if thread then
      loop.wake(thread)
      return true
    end
  end
  self.writers = false
  return false
end

local function problem_of(self, alarm, count, message, code)
  if self.is_closed then return "closed", errno.ECLOSED end
  if count == 0 then return "closed", errno.EPIPE end
  if not code or limits.is_over(alarm, code) then
    return "timeout", errno.ETIMEDOUT
  end
  return message, code
end

-- Returns self, or nil, message, code, and how much had gone.  Where a part
-- has, and the rest has not, what comes later would make no sense to a peer.
-- 'outcome' is what a first op gave, where that is done.
local function transmit_all(self, data, alarm, parts, outcome)
  local sent, rest, count, message, code = 0, data, nil, nil, nil
  local transmit = parts and parts.transmit or self._transmit
  while outcome or not self.is_closed and not (alarm and alarm.rang) do
    if outcome then
      count, message, code = outcome[1], outcome[2], outcome[3]
      outcome = nil
    else
      count, message, code = transmit(self, rest)
    end
    if count and count > 0 then
      sent = sent + count
      if sent == #data then
        if sent > count then self.is_broken = false end
        return self
      end
      self.is_broken = self.breaks
      rest = parts and parts:skip(count) or core.slice(data, sent + 1)
    elseif code ~= EINTR then
      break
    end
  end
  message, code = problem_of(self, alarm, count, message, code)
  return nil, message, code, sent
end

local function transmit_parts(self, parts, alarm)
  return transmit_all(self, parts, alarm, parts)
end

-- Once: how much has gone is what matters.
local function transmit_some(self, data, alarm)
  local transmit, count, message, code = self._transmit_some or self._transmit
  while not self.is_closed and not (alarm and alarm.rang) do
    count, message, code = transmit(self, data)
    if count and count > 0 then return count end
    if code ~= EINTR then break end
  end
  return nil, problem_of(self, alarm, count, message, code)
end

--- Transmits when it is the caller's turn.
---@param self table the stream
---@param data string|uring.Buffer|uring.Parts
---@param alarm uring.Alarm?
---@param transmit function
---@return any done
---@return string? message
---@return integer? code
---@return integer? written
local function write(self, data, alarm, transmit)
  if self.is_writing and not wait_in_line(self) then
    return nil, "timeout", errno.ETIMEDOUT, 0
  end
  self.is_writing = true
  local ok, done, message, code, written
  if self.is_broken and not self.is_closed then
    ok, message, code, written = true, "broken", errno.EPIPE, 0
  else
    ok, done, message, code, written = pcall(transmit, self, data, alarm)
  end
  Writer._pass_on(self)
  if not ok then error(done, 0) end
  if done then return done end
  return nil, message, code, written
end

--- The next one's turn to write.
---@param self table the stream
function Writer._pass_on(self)
  self.is_writing = self.writers and hand_over(self)
end

--- Goes on where the first op of a write has not done it all.
---@param self table the stream
---@param data string|uring.Buffer
---@param alarm uring.Alarm|false of that op
---@param count integer? that op's
---@param message string|integer?
---@param code integer?
---@return table? self
---@return string? message
---@return integer? code
---@return integer? written
function Writer._go_on(self, data, alarm, count, message, code)
  local rang = alarm and alarm.rang
  local limit <close> = alarm and limits.begin(self, "write", alarm.at)
  if rang then limit.rang = true end
  return write(self, data, limit, function()
    return transmit_all(self, data, limit, nil, { count, message, code })
  end)
end

--- Writes what is one string, Buffer or Parts.
---@param self table the stream
---@param data string|uring.Buffer|uring.Parts
---@return table? self
---@return string? message
---@return integer? code
---@return integer? written
function Writer._write_out(self, data)
  if #data == 0 and not self.is_closed then return self end
  local transmit = type(data) == "table" and transmit_parts or transmit_all
  if not self.write_timeout then return write(self, data, nil, transmit) end
  if not loop.is_running() then
    return loop.block(Writer._write_out, self, data)
  end
  local alarm <close> = limits.begin(self, "write")
  return write(self, data, alarm, transmit)
end

--- Writes all that is given: strings, numbers, Buffers, and arrays of these;
-- whole with respect to other writers.  Where a part of it has gone to a peer
-- and the rest never will, later writes say nil, "broken", EPIPE.
---@param ... string|number|uring.Buffer|table
---@return uring.Stream? self
---@return string? message
---@return integer? code
---@return integer? written bytes that had gone before it failed
function Writer:write(...)
  local data = ...
  local is_whole = type(data) == "string" or getmetatable(data) == BUFFER
  if not is_whole or select("#", ...) > 1 then
    local whole, problem = Parts.gather("write", ...)
    if not whole then error(problem, 2) end
    return Writer._write_out(self, whole)
  end
  if self.write_timeout then return Writer._write_out(self, data) end
  if #data == 0 and not self.is_closed then return self end
  return write(self, data, nil, transmit_all)
end

--- Writes as much as can go at once, waiting for a first byte.
---@param data string|uring.Buffer
---@param i? integer from this byte on, default 1
---@return integer? count
---@return string? message
---@return integer? code
function Writer:write_some(data, i)
  if type(data) ~= "string" and getmetatable(data) ~= BUFFER then
    error("write_some: bad argument 'data' (string or Buffer expected)", 2)
  end
  if i ~= nil and (math.type(i) ~= "integer" or i < 1 or i > #data + 1) then
    error("write_some: bad argument 'i' (position in the data expected)", 2)
  end
  if self.write_timeout and not loop.is_running() then
    return loop.block(Writer.write_some, self, data, i)
  end
  local flushed, message, code = self:flush()
  if not flushed then return nil, message, code end
  if i and i > 1 then data = core.slice(data, i) end
  if #data == 0 and not self.is_closed then return 0 end
  local alarm <close> = self.write_timeout and limits.begin(self, "write")
  local count
  count, message, code = write(self, data, alarm, transmit_some)
  return count, message, code
end

--- Sends what setvbuf has had held back.
---@return table? self
---@return string? message
---@return integer? code
function Writer:flush()
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  if self.held then return holding.flush(self) end
  return self
end

--- Has small writes held back, to be sent together: at flush, at close, and
-- when there are so many bytes.
---@param mode "no"|"line"|"full" "line": also at the end of a line
---@param size? integer bytes, default 16384
---@return boolean? true
---@return string? message
---@return integer? code
function Writer:setvbuf(mode, size)
  if mode ~= "no" and mode ~= "line" and mode ~= "full" then
    error("setvbuf: bad argument 'mode' (\"no\", \"line\" or \"full\" "
      .. "expected)", 2)
  end
  if size ~= nil and (math.type(size) ~= "integer" or size < 1) then
    error("setvbuf: bad argument 'size' (count of bytes expected)", 2)
  end
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  return holding.set(self, mode, size)
end

return Writer
