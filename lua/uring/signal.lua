--- Signals, as something that a task waits for.
local core = require "uring.core"
local op = require "uring.op"
local ring = require "uring.ring"

local signal = {}

local SIGINFO_SIZE = 128

local waiting = {} -- name -> how many tasks wait for it

local function change(names, difference)
  for _, name in ipairs(names) do
    waiting[name] = (waiting[name] or 0) + difference
    if waiting[name] == 0 then core.unblock(name) end
  end
end

--- Waits for one of some signals, which do nothing else meanwhile.
---@param ... string names as in kill(1): "INT", "TERM"
---@return string? name of the one that came
---@return string|table message, or what is known of it: pid, uid, code
---@return integer? code
function signal.wait(...)
  local fd, message, code = core.signalfd(...)
  if not fd then return nil, message, code end
  local names = { ... }
  change(names, 1)
  local _guard <close> = setmetatable({}, {
    __close = function()
      core.close(fd)
      change(names, -1)
    end,
  })
  local info = core.buffer(SIGINFO_SIZE)
  local count
  count, message, code = op.read(fd, info)
  if not count then return nil, message, code end
  local found = ring.unpack_siginfo(info)
  return found.name, found
end

return signal
