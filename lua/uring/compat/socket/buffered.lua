--- Receiving from a TCP connection as LuaSocket does: lines from which every
-- CR is gone, counts, all; and where that fails, what had come by then.
-- What was received and not asked for yet is self.unread, from the byte
-- self.at on.  What a call has taken of it stands in self.pieces as long as
-- the call waits: where it is cancelled, the next call takes it up.
local argument = require "uring.compat.argument"
local buffers = require "uring.buffers"
local core = require "uring.core"
local descriptor = require "uring.compat.socket.descriptor"
local errno = require "uring.errno"
local op = require "uring.op"
local reason = require "uring.compat.socket.reason"
local system = require "uring.system"

local C = core.consts

local buffered = {}

local function now()
  return system.now() / 1e9
end

--- The fields of an object that receives.
---@param self table
---@return table self
function buffered.init(self)
  self.unread, self.at, self.pieces = "", 1, false
  self.flow = 1
  self.received, self.sent, self.born = 0, 0, now()
  return self
end

--- Whether bytes were received that nobody has asked for.
---@param self table
---@return boolean
function buffered.is_dirty(self)
  return self.at <= #self.unread or self.pieces ~= false
end

-- Into a buffer ring, or a buffer where this kernel has none.
local function receive_into(self, ring)
  local buffer = ring or buffers.alone(self.flow)
  local bytes, extra = descriptor.transfer(self, op.recv, buffer, 0)
  if ring or not bytes then return bytes, extra end
  return buffer:sub(1, bytes), 0
end

-- More bytes; "" at the end; or nil, and the errno.
local function receive_some(self)
  local ring = buffers.receive(self.flow)
  local bytes, extra
  repeat
    bytes, extra = receive_into(self, ring)
    if extra == errno.ENOBUFS then ring = buffers.receive(1) end
  until extra ~= errno.ENOBUFS
  if not bytes then return nil, extra end
  self.flow = buffers.flow(self.flow, #bytes, extra)
  return bytes
end

-- Makes sure that something is unread, or says why not.
local function fill(self)
  if self.at <= #self.unread then return true end
  self.is_receiving = true
  local ok, bytes, code = pcall(receive_some, self)
  self.is_receiving = false
  if not ok then error(bytes, 0) end
  if not bytes then return false, reason.of(code) end
  if bytes == "" then return false, "closed" end
  self.unread, self.at = bytes, 1
  return true
end

-- Takes the unread bytes up to the place 'stop'.
local function take(self, stop)
  local bytes = self.unread:sub(self.at, stop)
  if stop >= #self.unread then
    self.unread, self.at = "", 1
  else
    self.at = stop + 1
  end
  return bytes
end

-- Takes bytes until 'enough' says at which place of the unread ones they
-- suffice.  Returns them, and the problem where they do not.
local function collect(self, enough, ...)
  local size, stop = 0, nil
  local ok, problem = fill(self)
  while ok do
    stop = enough(self.unread, self.at, size, ...)
    if stop then break end
    local pieces = self.pieces or {}
    self.pieces = pieces
    pieces[#pieces + 1] = take(self, #self.unread)
    size = size + #pieces[#pieces]
    ok, problem = fill(self)
  end
  local pieces, bytes = self.pieces, stop and take(self, stop) or ""
  if pieces then
    pieces[#pieces + 1] = bytes
    bytes, self.pieces = table.concat(pieces), false
  end
  self.received = self.received + #bytes
  return bytes, problem
end

local function find_newline(unread, at)
  return (unread:find("\n", at, true))
end

local function find_count(unread, at, size, count)
  if size + #unread - at + 1 >= count then return at + count - size - 1 end
end

local function find_end() end

-- The text of a line, without its end and all CRs.
local function plain(bytes, ends)
  if ends then bytes = bytes:sub(1, -2) end
  if bytes:find("\r", 1, true) then return (bytes:gsub("\r", "")) end
  return bytes
end

local function receive_line(self)
  local bytes, problem = collect(self, find_newline)
  return plain(bytes, not problem), problem
end

local function receive_all(self)
  local bytes, problem = collect(self, find_end)
  if problem == "closed" and bytes ~= "" then problem = nil end
  return bytes, problem
end

-- How to receive what a pattern asks for.
local function meaning_of(pattern, prefix)
  if pattern == nil or pattern == "*l" then return receive_line end
  local count = tonumber(pattern)
  if count then
    if count < 0 then
      argument.refuse("receive", 1, "invalid receive pattern", 1)
    end
    return false, math.tointeger(count // 1) - #prefix
  end
  local start = argument.string("receive", 1, pattern, 1):sub(1, 2)
  if start == "*l" then return receive_line end
  if start == "*a" then return receive_all end
  argument.refuse("receive", 1, "invalid receive pattern", 1)
end

-- What a cancelled call has left.
local function take_up(self)
  self.pieces[#self.pieces + 1] = self.unread:sub(self.at)
  self.unread, self.at = table.concat(self.pieces), 1
  self.pieces = false
end

local methods = {}
buffered.methods = methods

local function receive(self, meaning, count, prefix)
  if self.is_receiving then
    error("receive: another task receives from this socket", 3)
  end
  if self.pieces then take_up(self) end
  descriptor.begin(self)
  local bytes, problem
  if meaning then
    bytes, problem = meaning(self)
  else
    bytes, problem = collect(self, find_count, count)
  end
  if prefix ~= "" then bytes = prefix .. bytes end
  if problem then return nil, problem, bytes end
  return bytes, nil, nil
end

-- What most calls ask for, where it was received already; nil: it was not,
-- or is another.
local function receive_unread(self, pattern)
  local unread, at = self.unread, self.at
  local stop
  if pattern == nil or pattern == "*l" then
    stop = unread:find("\n", at, true)
  elseif math.type(pattern) == "integer" and pattern > 0 then
    stop = at + pattern - 1
    if stop > #unread then return nil end
  end
  if not stop then return nil end
  self.received = self.received + stop - at + 1
  local bytes = take(self, stop)
  if pattern == nil or pattern == "*l" then return plain(bytes, true) end
  return bytes
end

--- Receives a line ("*l"), all up to the end ("*a"), or so many bytes.
---@param pattern? string|number default "*l"
---@param prefix? string what is put before it, and counts
---@return string? data
---@return string? problem "timeout", "closed", ...
---@return string? partial what came before the problem
function methods:receive(pattern, prefix)
  if not prefix and not self.pieces then
    local bytes = receive_unread(self, pattern)
    if bytes then return bytes, nil, nil end
  end
  prefix = prefix and argument.string("receive", 2, prefix) or ""
  local meaning, count = meaning_of(pattern, prefix)
  if count and prefix ~= "" and count <= 0 then return prefix, nil, nil end
  return receive(self, meaning, count, prefix)
end

local function send(self, data, first, last)
  descriptor.begin(self)
  local problem
  while first <= last do
    local rest = data
    if first > 1 or last < #data then rest = core.slice(data, first, last) end
    local count, code = descriptor.transfer(self, op.send, rest,
      C.MSG_NOSIGNAL)
    if not count then
      problem = reason.of(code)
      break
    end
    first, self.sent = first + count, self.sent + count
  end
  if problem then return nil, problem, first - 1.0 end
  return first - 1.0, nil, nil
end

-- Which bytes i and j mean.
local function range(data, i, j)
  local first = math.tointeger(argument.number("send", 2, i, 1, 1) // 1)
  local last = math.tointeger(argument.number("send", 3, j, -1, 1) // 1)
  if first < 0 then first = #data + first + 1 end
  if last < 0 then last = #data + last + 1 end
  return math.max(first, 1), math.min(last, #data)
end

--- Sends bytes.
---@param data string|number
---@param i? number the first byte, default 1
---@param j? number the last byte, default -1
---@return number? last byte that was sent
---@return string? problem "timeout", "closed", ...
---@return number? last byte that was sent where there is one
function methods:send(data, i, j)
  data = argument.string("send", 1, data)
  local first, last = 1, #data
  if i or j then first, last = range(data, i, j) end
  if first > last then return first - 1.0, nil, nil end
  return send(self, data, first, last)
end

--- How much has gone.
---@return number received bytes
---@return number sent bytes
---@return number age in seconds
function methods:getstats()
  return self.received + 0.0, self.sent + 0.0, now() - self.born
end

--- Sets what getstats tells.
---@param received? number
---@param sent? number
---@param age? number
---@return number 1
function methods:setstats(received, sent, age)
  self.received = argument.number("setstats", 1, received, self.received)
  self.sent = argument.number("setstats", 2, sent, self.sent)
  if age then
    self.born = now() - argument.number("setstats", 3, age)
  end
  return 1.0
end

return buffered
