--- Signals, as something that a task waits for.
-- Whoever waits has a signalfd of its own, for which its signals are blocked.
-- The kernel gives a signal to one who reads; that one gives it to all others
-- who want it.
local core = require "uring.core"
local descriptors = require "uring.descriptors"
local errno = require "uring.errno"
local loop = require "uring.loop"
local op = require "uring.op"
local ring = require "uring.ring"
local system = require "uring.system"

local running = coroutine.running

local signal = {}

local SIGINFO_SIZE = 128

local KNOWN = {} -- a set: the names of those that one can wait for
for number = 1, 31 do
  local name = core.signal_name(number)
  if name and pcall(core.is_blocked, name) then KNOWN[name] = true end
end

local waiting = {} -- name -> how many want it
local ours = {} -- name -> whether it was not blocked before
local open = {} -- a set: all that were not closed

-- Who wants some signals.  Made before what it holds, so that whatever fails
-- meanwhile, nothing stays open or blocked.
---@class uring.Signals
local Signals = { __name = "uring.Signals" }
Signals.__index = Signals

-- Blames the caller of the function that is named.
local function check_names(what, argument, count, names)
  if count == 0 then
    error(("%s: bad argument '%s' (a name expected)"):format(what, argument), 3)
  end
  for i = 1, count do
    if names[i] == nil or not KNOWN[names[i]] then
      error(("%s: bad argument '%s' (no signal '%s' that can be waited for)")
        :format(what, argument, tostring(names[i])), 3)
    end
  end
end

local function want(self, name)
  if (waiting[name] or 0) == 0 then ours[name] = not system.is_blocked(name) end
  self[#self + 1] = name
  waiting[name] = (waiting[name] or 0) + 1
end

local function close_fd(self)
  if self.thread then
    descriptors.cancel(self.fd)
    descriptors.close(self.fd)
  else
    system.close(self.fd)
  end
end

--- Lets the signals act as before; what waits ends.  Once more is nothing.
---@return boolean true
function Signals:close()
  open[self] = nil
  if self.fd then close_fd(self) end
  self.fd, self.queue = false, {}
  for i = #self, 1, -1 do
    local name = self[i]
    self[i] = nil
    waiting[name] = (waiting[name] or 1) - 1
    if waiting[name] == 0 and ours[name] then system.unblock(name) end
  end
  return true
end

Signals.__close, Signals.__gc = Signals.close, Signals.close

--- Whether close was called.
---@return boolean
function Signals:closed()
  return not self.fd
end

--- The signalfd, lent.
---@return integer? fd nil where it is closed
function Signals:fileno()
  return self.fd or nil
end

function Signals:__tostring()
  return ("%s (%s)"):format(Signals.__name,
    self.fd and table.concat(self, ", ") or "closed")
end

-- Gives it its descriptor.
local function start(self, ...)
  for i = 1, select("#", ...) do want(self, (select(i, ...))) end
  local fd, message, code = system.signalfd(...)
  if not fd then return nil, message, code end
  self.fd = fd
  open[self] = true
  return self
end

local function new()
  return setmetatable({
    fd = false, info = core.buffer(SIGINFO_SIZE),
    queue = {}, -- what came and was not asked for yet
    thread = false, scheduler = false, -- who reads, in which run
  }, Signals)
end

local function wants(self, name)
  for _, each in ipairs(self) do
    if each == name then return true end
  end
end

-- Gives a signal to all who want it.
local function share(found)
  for each in pairs(open) do
    if wants(each, found.name) then
      table.insert(each.queue, found)
      if each.thread then each.scheduler:interrupt { each.thread } end
    end
  end
end

local function read(self)
  self.thread, self.scheduler = running(), loop.current("signal.wait")
  local ok, count, message, code = pcall(op.read, self.fd, self.info)
  self.thread, self.scheduler = false, false
  if not ok then error(count, 0) end
  if count then share(ring.unpack_signalfd_siginfo(self.info)) end
  return count, message, code
end

--- Waits for the next of its signals.
---@return string? name
---@return string|table message "closed" where it was, or what is known of the
--- signal: pid, uid, code
---@return integer? code
function Signals:next()
  loop.check_can_wait("signal.wait")
  if self.thread then
    error("signal.iter: another task waits for the next already", 2)
  end
  while self.fd do
    local found = table.remove(self.queue, 1)
    if found then return found.name, found end
    local count, message, code = read(self)
    if not count and self.fd and not self.queue[1] then
      return nil, message, code
    end
  end
  return nil, "closed", errno.ECLOSED
end

function Signals:__call()
  local name, info, code = self:next()
  if not name and code ~= errno.ECLOSED then error(info, 2) end
  return name, info
end

--- Waits for one of some signals, which do nothing else meanwhile.  Where
-- several tasks wait for the same, each gets it.
---@param ... string names as in kill(1): "INT", "TERM"
---@return string? name of the one that came
---@return string|table message, or what is known of it: pid, uid, code
---@return integer? code
function signal.wait(...)
  loop.check_can_wait("signal.wait")
  check_names("wait", "name", select("#", ...), { ... })
  local signals <close> = new()
  local ok, message, code = start(signals, ...)
  if not ok then return nil, message, code end
  return signals:next()
end

--- Iterates over signals as they come, from now on: none that comes between
-- two rounds is lost, but several of a kind may count as one.  What it gives
-- has the methods next and close as well.  Raises where there are no more
-- descriptors.
---@param names string[] as in kill(1)
---@return uring.Signals iterator of name, info
---@return nil
---@return nil
---@return uring.Signals closes it at the end of the loop
function signal.iter(names)
  if type(names) ~= "table" then
    error("iter: bad argument 'names' (table expected)", 2)
  end
  check_names("iter", "names", #names, names)
  local self = new()
  local ok, started, message = pcall(start, self, table.unpack(names))
  if ok and started then return self, nil, nil, self end
  self:close()
  error(message or started, 2)
end

--- Keeps signals from acting until they are unblocked, or waited for.
---@param ... string names
function signal.block(...)
  check_names("block", "name", select("#", ...), { ... })
  system.block(...)
  for _, name in ipairs { ... } do ours[name] = false end
end

--- Lets signals act, those that came meanwhile at once; those that somebody
-- waits for when nobody does any more.
---@param ... string names
function signal.unblock(...)
  check_names("unblock", "name", select("#", ...), { ... })
  for _, name in ipairs { ... } do
    ours[name] = true
    if (waiting[name] or 0) == 0 then system.unblock(name) end
  end
end

--- Closes all, in a forked child: those who wait are in the parent.
function signal.forget()
  for each in pairs(open) do
    each.thread, each.scheduler = false, false
    each:close()
  end
end

return signal
