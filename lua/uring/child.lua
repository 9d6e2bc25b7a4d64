--- A child process: waited for, signalled, and always reaped.
-- It is known by its pidfd, so a signal reaches it or nobody; no other child
-- of this program is ever waited for.
local core = require "uring.core"
local descriptors = require "uring.descriptors"
local errno = require "uring.errno"
local loop = require "uring.loop"
local op = require "uring.op"
local system = require "uring.system"

local POLLIN = core.consts.POLLIN

local NUMBERS = {} -- of signals, by name
for number = 1, 31 do NUMBERS[core.signal_name(number) or number] = number end

local left = {} -- pidfds of those for which nobody waits any more

---@class uring.Child
---@field pid integer
---@field ended boolean whether it has, and was reaped
local Child = { __name = "uring.Child" }
Child.__index = Child

-- Reaps whom nobody waits for.
local function sweep()
  for i = #left, 1, -1 do
    if system.reap(left[i]) ~= false then
      system.close(left[i])
      table.remove(left, i)
    end
  end
end

--- Makes the place of a child that will be started.
---@param keeps? boolean its pidfd stays when it has been reaped: for a group
---@return uring.Child
function Child.new(keeps)
  sweep()
  return setmetatable({
    pid = 0, pidfd = false, ended = false, keeps = keeps or false,
    code = false, signo = false, problem = false, -- how it has ended
  }, Child)
end

--- It has been started.
---@param pid integer
---@param pidfd integer which it owns from then on
---@return uring.Child self
function Child:own(pid, pidfd)
  self.pid, self.pidfd = pid, pidfd
  return self
end

-- Through the ring, behind those who poll it.
local function close_pidfd(self)
  local fd = self.pidfd
  self.pidfd = false
  if fd then descriptors.close(fd) end
end

--- Looks whether it has ended, and reaps it then.
---@return boolean ended
function Child:look()
  if self.ended or not self.pidfd then return self.ended end
  local ended, code, signo = system.reap(self.pidfd)
  if ended == false then return false end
  self.ended = true
  if ended then
    self.code, self.signo = code or false, signo or false
  else -- somebody else has reaped it
    self.problem, self.code = code, signo
  end
  if not self.keeps then close_pidfd(self) end
  return true
end

--- The name of a signal.
---@param number integer
---@return string
function Child.signal_name(number)
  return core.signal_name(number) or tostring(number)
end

--- Waits until it has ended.  Several may.
---@return integer? code its exit status; nil where a signal has ended it
---@return string? signal name of that, or a message
---@return integer? number of the signal, or code of the message
function Child:wait()
  loop.check()
  while not self:look() do
    if not self.pidfd then return nil, "closed", errno.ECLOSED end
    local mask, message, code = op.poll_add(self.pidfd, POLLIN)
    if not mask and self.pidfd and code ~= errno.EINTR then
      return nil, message, code
    end
  end
  if self.problem then return nil, self.problem, self.code end
  if self.code then return self.code end
  return nil, Child.signal_name(self.signo), self.signo
end

--- The number of a signal.
---@param value any a name as in kill(1), or a number
---@return integer? number nil where it is none
function Child.signal_number(value)
  local number = NUMBERS[value] or math.tointeger(value)
  local is_one = number and number >= 0 and number <= 64
    and (NUMBERS[value] or type(value) == "number")
  return is_one and number or nil
end

--- Checks what a user gave for a signal.
---@param what string names the function
---@param value any a name as in kill(1), or a number
---@param level integer of the one to blame
---@return integer number
function Child.check_signal(what, value, level)
  local number = Child.signal_number(value)
  if not number then
    error(("%s: bad argument 'signal' (no signal '%s')"):format(what,
      tostring(value)), level + 1)
  end
  return number
end

--- Sends it a signal.
---@param signal string|integer
---@param group? boolean to the process group that it leads, as long as that
--- has a member
---@return boolean? true
---@return string? message
---@return integer? code ESRCH where it has ended
function Child:kill(signal, group)
  if not self.pidfd or self.ended and not group then
    return core.fail("kill " .. self.pid, errno.ESRCH)
  end
  local ok, _, code = system.kill(self.pidfd, signal, group and self.pid or nil)
  if ok then return true end
  return core.fail("kill " .. self.pid, code)
end

--- Nobody waits for it any more.  It lives on, and is reaped later.
function Child:leave()
  local fd = self.pidfd
  if not fd then return end
  if self:look() then return close_pidfd(self) end
  descriptors.cancel(fd) -- wakes who waits
  self.pidfd = false
  left[#left + 1] = fd
end

function Child:__gc() -- nobody waits: its task would keep us
  if self.pidfd and self.ended then
    system.close(self.pidfd)
  elseif self.pidfd then
    left[#left + 1] = self.pidfd
  end
  self.pidfd = false
end

return Child
