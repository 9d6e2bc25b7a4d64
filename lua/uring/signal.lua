--- Signals, as something that a task waits for.
local core = require "uring.core"
local loop = require "uring.loop"
local op = require "uring.op"
local ring = require "uring.ring"
local system = require "uring.system"

local signal = {}

local SIGINFO_SIZE = 128

local waiting = {} -- name -> how many tasks wait for it
local ours = {} -- name -> whether it was not blocked before

-- One wait.  Made before what it holds, so that whatever fails meanwhile,
-- nothing stays open or blocked.
local Wait = {}
Wait.__index = Wait

local function add(self, name)
  if (waiting[name] or 0) == 0 then ours[name] = not system.is_blocked(name) end
  self[#self + 1] = name
  waiting[name] = (waiting[name] or 0) + 1
end

function Wait:__close()
  if self.fd then system.close(self.fd) end
  self.fd = false
  for i = #self, 1, -1 do
    local name = self[i]
    self[i] = nil
    waiting[name] = (waiting[name] or 1) - 1
    if waiting[name] == 0 and ours[name] then system.unblock(name) end
  end
end

Wait.__gc = Wait.__close

--- Waits for one of some signals, which do nothing else meanwhile.
---@param ... string names as in kill(1): "INT", "TERM"
---@return string? name of the one that came
---@return string|table message, or what is known of it: pid, uid, code
---@return integer? code
function signal.wait(...)
  loop.check_can_wait("signal.wait")
  local info = core.buffer(SIGINFO_SIZE)
  local wait <close> = setmetatable({ fd = false }, Wait)
  for i = 1, select("#", ...) do add(wait, (select(i, ...))) end
  local count, message, code
  wait.fd, message, code = system.signalfd(...)
  if not wait.fd then return nil, message, code end
  count, message, code = op.read(wait.fd, info)
  if not count then return nil, message, code end
  local found = ring.unpack_signalfd_siginfo(info)
  return found.name, found
end

return signal
