--- What else stands behind a descriptor in a simulated run: eventfds,
-- signalfds and the standard streams.
local core = require "uring.core"
local errno = require "uring.errno"
local news = require "uring.test.news"

local C = core.consts

local event = {}

-- eventfd(2)

local MOST = -2 -- 2^64 - 2, as the unsigned number that it is

local Counter = { kind = "eventfd" }
Counter.__index = Counter

--- Takes the count, 8 bytes, and sets it to 0.
---@param max integer
---@return string|false|nil bytes
---@return integer? code
function Counter:take(max)
  if max < 8 then return false, errno.EINVAL end
  if self.count == 0 then return nil end
  local bytes = string.pack("<i8", self.count)
  self.count = 0
  news.tell(self)
  return bytes
end

--- Adds to the count.
---@param bytes string the first 8 are a number
---@param from integer
---@return integer|false|nil count
---@return integer? code
function Counter:give(bytes, from)
  if #bytes - from + 1 < 8 then return false, errno.EINVAL end
  local more = string.unpack("<i8", bytes, from)
  if more == -1 then return false, errno.EINVAL end
  if math.ult(MOST - self.count, more) then return nil end
  self.count = self.count + more
  news.tell(self)
  return 8
end

--- Tells for what it is ready.
---@return integer events of poll(2)
function Counter:events()
  return (self.count ~= 0 and C.POLLIN or 0)
    | (math.ult(self.count, MOST) and C.POLLOUT or 0)
end

--- Makes an eventfd.
---@param count integer
---@return table
function event.counter(count)
  return setmetatable(
    { references = 0, count = count, news = news.new() }, Counter)
end

-- signalfd(2)

local SIGINFO = "<I4 i4 i4 I4 I4" .. ("x"):rep(108)
local SIZE = string.packsize(SIGINFO)
local PID, UID = 1, 0 -- of who sends them

local Signals = { kind = "signalfd" }
Signals.__index = Signals

--- Takes the signals that have come.
---@param max integer
---@return string|false|nil bytes
---@return integer? code
function Signals:take(max)
  if max < SIZE then return false, errno.EINVAL end
  local pieces = {}
  for number = 1, 64 do
    if self.wanted[number] and self.pending[number]
      and (#pieces + 1) * SIZE <= max then
      self.pending[number] = nil
      pieces[#pieces + 1] = string.pack(SIGINFO, number, 0, 0, PID, UID)
    end
  end
  if #pieces > 0 then return table.concat(pieces) end
end

--- Nothing can be written to it.
---@return false
---@return integer code
function Signals.give()
  return false, errno.EINVAL
end

--- Tells for what it is ready.
---@return integer events of poll(2)
function Signals:events()
  for number = 1, 64 do
    if self.wanted[number] and self.pending[number] then return C.POLLIN end
  end
  return 0
end

--- Makes a signalfd.
---@param wanted table set of numbers
---@param pending table set of those that have come, shared by all
---@return table
function event.signals(wanted, pending)
  return setmetatable(
    { references = 0, wanted = wanted, pending = pending }, Signals)
end

-- Standard streams

local Standard = { kind = "standard" }
Standard.__index = Standard

--- Takes what there is to read.
---@param max integer
---@return string bytes "" at the end
function Standard:take(max)
  local bytes = self.input:sub(self.at, self.at + max - 1)
  self.at = self.at + #bytes
  return bytes
end

--- Keeps what is written.
---@param bytes string
---@param from integer
---@return integer count
function Standard:give(bytes, from)
  self.output[#self.output + 1] = bytes:sub(from)
  return #bytes - from + 1
end

--- Tells for what it is ready: always.
---@return integer events of poll(2)
function Standard.events()
  return C.POLLIN | C.POLLOUT
end

--- How much can be written: any amount.
---@return integer
function Standard.room()
  return math.maxinteger
end

--- Makes a standard stream.
---@param input? string what can be read from it
---@return table whose output is a list of strings
function event.standard(input)
  return setmetatable(
    { references = 0, input = input or "", at = 1, output = {} }, Standard)
end

return event
