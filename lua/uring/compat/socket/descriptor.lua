--- What the objects of LuaSocket have in common: a descriptor, limits of
-- time, and waiting within them.
-- Fields: fd (-1: none, or closed), family ("inet", "inet6", or false where
-- that is open yet), block and total (seconds, negative: no limit), is_limited
-- (whether there is one).
local Alarm = require "uring.alarm"
local argument = require "uring.compat.argument"
local blocking = require "uring.blocking"
local core = require "uring.core"
local descriptors = require "uring.descriptors"
local errno = require "uring.errno"
local limits = require "uring.limits"
local loop = require "uring.loop"
local reason = require "uring.compat.socket.reason"
local system = require "uring.system"

local C = core.consts

local NOTHING = -1 -- the descriptor of an object without one

local descriptor = { NOTHING = NOTHING }

--- The fields of a new object.
---@param family? "inet"|"inet6"
---@return table
function descriptor.fields(family)
  return {
    fd = NOTHING, family = family or false, waiting = 0,
    block = -1.0, total = -1.0, is_limited = false, start = 0, alarm = false,
  }
end

--- Lets go of what an object has open, at once: its port is free then.
---@param self table
function descriptor.close(self)
  local fd = self.fd
  if fd == NOTHING then return end
  self.fd = NOTHING
  if self.alarm then self.alarm:drop() end
  if self.waiting > 0 then descriptors.cancel(fd) end
  system.close(fd)
end

--- The collector's turn: no op is in flight, which would keep the object.
---@param self table
function descriptor.collected(self)
  if self.fd ~= NOTHING then system.close(self.fd) end
  self.fd = NOTHING
end

--- Gives an object a socket of a family, in the place of what it has.
---@param self table
---@param family "inet"|"inet6"
---@param kind integer SOCK_STREAM or SOCK_DGRAM
---@return string? problem
function descriptor.open(self, family, kind)
  descriptor.close(self)
  local inet6 = family == "inet6"
  local fd, _, code = system.socket(inet6 and C.AF_INET6 or C.AF_INET, kind)
  if not fd then return reason.of(code) end
  self.fd = fd
  if inet6 then system.setsockopt(fd, C.IPPROTO_IPV6, C.IPV6_V6ONLY, 1) end
end

-- Limits of time

--- A call begins: from now on its time is counted.
---@param self table
function descriptor.begin(self)
  if self.is_limited then self.start = system.now() end
end

-- How many seconds the call may wait yet.
local function left(self)
  local block, total = self.block, self.total
  local passed = (system.now() - self.start) / 1e9
  if block < 0 then return math.max(total - passed, 0) end
  if total < 0 then return math.max(block - passed, 0) end
  return math.min(block, math.max(total - passed, 0))
end

--- Calls a function that waits: in a run as it is, and outside of one
-- blocking the thread.
---@param body function
---@param ... any its arguments
---@return any ... what it returns
function descriptor.call(body, ...)
  if loop.is_running() then return body(...) end
  return blocking.call(body, ...)
end

local function set_alarm(self, seconds)
  local alarm, at = self.alarm, system.now() + math.ceil(seconds * 1e9)
  if not alarm then
    alarm = Alarm.new()
    self.alarm = alarm
  elseif alarm:is_set() then
    return Alarm.once(at)
  end
  alarm:set(at)
  return alarm
end

-- Waits for an op.  Where the object is another's, or closed, by then,
-- nothing else counts.
local function wait(self, alarm, op, a, b, c)
  local fd = self.fd
  self.waiting = self.waiting + 1
  local ok, value, extra, code = pcall(op, fd, a, b, c)
  self.waiting = self.waiting - 1
  if not ok then error(value, 0) end
  if self.fd ~= fd then return nil, errno.ECLOSED end
  if value then return value, extra end
  if limits.is_over(alarm, code) then return nil, errno.ETIMEDOUT end
  return nil, code
end

local function wait_within(self, seconds, op, a, b, c)
  local alarm <close> = set_alarm(self, seconds)
  return wait(self, alarm, op, a, b, c)
end

--- Waits for an op that knows no way not to wait, such as accept.
---@param self table
---@param op function
---@param a any its argument after the descriptor
---@return any value nil where it failed
---@return any extra of the op, or the errno: ECLOSED, ETIMEDOUT
function descriptor.await(self, op, a)
  if self.fd == NOTHING then return nil, errno.ECLOSED end
  if not self.is_limited then return wait(self, nil, op, a) end
  return wait_within(self, left(self), op, a)
end

--- Waits for an op that sends or receives.  Outside of a run it need not be
-- inside descriptor.call.
---@param self table
---@param op function
---@param data any what it sends, or receives into
---@param flags integer MSG_*
---@param where? uring.Address
---@return any value nil where it failed
---@return any extra as of await
function descriptor.transfer(self, op, data, flags, where)
  if self.fd == NOTHING then return nil, errno.ECLOSED end
  if not self.is_limited then return wait(self, nil, op, data, flags, where) end
  local seconds = left(self)
  if seconds > 0 and loop.is_running() then
    return wait_within(self, seconds, op, data, flags, where)
  end
  local now = flags | C.MSG_DONTWAIT
  local value, extra = wait(self, nil, op, data, now, where)
  if value or extra ~= errno.EAGAIN then return value, extra end
  if seconds <= 0 then return nil, errno.ETIMEDOUT end
  return blocking.call(wait_within, self, seconds, op, data, flags, where)
end

-- Methods that all have

local methods = {}
descriptor.methods = methods

--- Closes it; once more is nothing.
---@return number 1
function methods:close()
  descriptor.close(self)
  return 1.0
end

--- The descriptor, lent.
---@return number fd -1 where there is none
function methods:getfd()
  return self.fd + 0.0
end

--- Puts a descriptor in the place of the one that it has, which is left open.
---@param fd number
function methods:setfd(fd)
  self.fd = math.tointeger(argument.number("setfd", 1, fd))
end

--- Which addresses it is for.
---@return "inet4"|"inet6"
function methods:getfamily()
  return self.family == "inet6" and "inet6" or "inet4"
end

local MODES = { b = "block", r = "total", t = "total" }

--- Limits how long its calls may wait.
---@param seconds? number nil or negative: for ever; 0: not at all
---@param mode? string "b": each wait (default); "t": a call as a whole
---@return number 1
function methods:settimeout(seconds, mode)
  seconds = argument.number("settimeout", 1, seconds, -1)
  local letter = tostring(mode or "b"):sub(1, 1)
  local field = MODES[letter]
  if not field then
    argument.refuse("settimeout", 2, "invalid timeout mode")
  end
  self[field] = seconds + 0.0
  self.is_limited = self.block >= 0 or self.total >= 0
  return 1.0
end

--- The limits.
---@return number block
---@return number total
function methods:gettimeout()
  return self.block, self.total
end

local function name_of(self, ask)
  local address, _, code = nil, nil, errno.EBADF
  if self.fd ~= NOTHING then address, _, code = ask(self.fd) end
  if not address then return nil, core.strerror(code) end
  return address
end

--- The address of the other side.
---@return string? host
---@return integer|string port, or what is wrong
---@return "inet"|"inet6"? family
function methods:getpeername()
  local address, problem = name_of(self, system.getpeername)
  if not address then return nil, problem end
  return address.host, address.port, address.family
end

--- The address of our side.
---@return string? host
---@return string port, or what is wrong
---@return "inet"|"inet6"? family
function methods:getsockname()
  local address, problem = name_of(self, system.getsockname)
  if not address then return nil, problem end
  return address.host, tostring(address.port), address.family
end

-- Classes

-- What a method says that another class has.
local function refusal(name, class)
  local text = ("calling '%s' on bad self (%s expected)"):format(name, class)
  return function() error(text, 2) end
end

--- Makes a class.
---@param name string "tcp{client}"
---@param ... table sets of methods
---@return table class a metatable
function descriptor.class(name, ...)
  local index = { class = name }
  for _, set in ipairs { methods, ... } do
    for key, method in pairs(set) do index[key] = method end
  end
  return {
    __name = name, __index = index,
    __gc = descriptor.collected, __close = descriptor.close,
    __tostring = function(self) return ("%s: %p"):format(name, self) end,
  }
end

--- The methods that a class has only to refuse them.
---@param methods_of_other table
---@param class string the one that has them
---@return table methods
function descriptor.refuse(methods_of_other, class)
  local refusing = {}
  for name in pairs(methods_of_other) do
    refusing[name] = refusal(name, class)
  end
  return refusing
end

return descriptor
