--- Writing to a stream: all of what is given, one task at a time.
local core = require "uring.core"
local errno = require "uring.errno"
local limits = require "uring.limits"
local loop = require "uring.loop"

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
  self.writers = nil
  return false
end

-- One string of several pieces; a Buffer or string alone as it is.
local function gather(data, ...)
  if select("#", ...) == 0 and type(data) ~= "number" then
    if type(data) == "string" or type(data) == "userdata" then return data end
  end
  local pieces = table.pack(data, ...)
  for i = 1, pieces.n do
    local kind = type(pieces[i])
    if kind ~= "string" and kind ~= "number" then
      error(("write: bad argument #%d (string or number expected, got %s)")
        :format(i, kind), 3)
    end
  end
  return table.concat(pieces)
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
local function transmit_all(self, data, alarm)
  local sent, rest, count, message, code = 0, data, nil, nil, nil
  while not self.is_closed and not (alarm and alarm.rang) do
    count, message, code = self:_transmit(rest)
    if not count or count == 0 then break end
    sent = sent + count
    self.is_broken = sent < #data and self.breaks
    if sent == #data then return self end
    rest = core.slice(data, sent + 1)
  end
  message, code = problem_of(self, alarm, count, message, code)
  return nil, message, code, sent
end

local function write(self, data, alarm)
  if self.is_writing and not wait_in_line(self) then
    return nil, "timeout", errno.ETIMEDOUT, 0
  end
  self.is_writing = true
  local ok, done, message, code, written
  if self.is_broken and not self.is_closed then
    ok, message, code, written = true, "broken", errno.EPIPE, 0
  else
    ok, done, message, code, written = pcall(transmit_all, self, data, alarm)
  end
  self.is_writing = self.writers ~= nil and hand_over(self)
  if not ok then error(done, 0) end
  if done then return done end
  return nil, message, code, written
end

--- Writes all that is given, strings and numbers, or one Buffer; whole with
-- respect to other writers.  Where a part of it has gone to a peer and the
-- rest never will, later writes say nil, "broken", EPIPE.
---@param data string|number|uring.Buffer
---@param ... string|number
---@return uring.Stream? self
---@return string? message
---@return integer? code
---@return integer? written bytes that had gone before it failed
function Writer:write(data, ...)
  if type(data) ~= "string" or select("#", ...) > 0 then
    data = gather(data, ...)
  end
  if #data == 0 and not self.is_closed then return self end
  if not self.write_timeout then return write(self, data) end
  if not loop.is_running() then return loop.block(Writer.write, self, data) end
  local alarm <close> = limits.begin(self, "write")
  return write(self, data, alarm)
end

return Writer
