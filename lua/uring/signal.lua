--- Signals, as something that a task waits for.
local core = require "uring.core"
local loop = require "uring.loop"
local op = require "uring.op"
local ring = require "uring.ring"

local signal = {}

local SIGINFO_SIZE = 128

local waiting = {} -- name -> how many tasks wait for it
local blocked = {} -- name -> true: by us, so that we unblock it again

local function begin(names, fd, ...)
  for _, name in ipairs { ... } do blocked[name] = true end
  for _, name in ipairs(names) do waiting[name] = (waiting[name] or 0) + 1 end
  return fd
end

local function finish(names)
  for _, name in ipairs(names) do
    waiting[name] = waiting[name] - 1
    if waiting[name] == 0 and blocked[name] then
      blocked[name] = nil
      core.unblock(name)
    end
  end
end

--- Waits for one of some signals, which do nothing else meanwhile.
---@param ... string names as in kill(1): "INT", "TERM"
---@return string? name of the one that came
---@return string|table message, or what is known of it: pid, uid, code
---@return integer? code
function signal.wait(...)
  loop.check_can_wait("signal.wait")
  local names = { ... }
  local results = table.pack(core.signalfd(...))
  if not results[1] then return nil, results[2], results[3] end
  local fd = begin(names, table.unpack(results, 1, results.n))
  local _guard <close> = setmetatable({}, {
    __close = function()
      core.close(fd)
      finish(names)
    end,
  })
  local info = core.buffer(SIGINFO_SIZE)
  local count, message, code = op.read(fd, info)
  if not count then return nil, message, code end
  local found = ring.unpack_siginfo(info)
  return found.name, found
end

return signal
