--- The entries of uring.system for signals, in a simulated run.
local core = require "uring.core"

local NUMBERS = {} -- of signals, by name
for number = 64, 1, -1 do
  NUMBERS[core.signal_name(number) or number] = number
end
for _, name in ipairs { -- that nobody can wait for
  "BUS", "FPE", "ILL", "KILL", "SEGV", "STOP", "SYS", "TRAP",
} do
  NUMBERS[name] = nil
end

local signals = { calls = {} }

local calls = signals.calls

--- The numbers of signals; raises where a name is none.
---@param name string of the call
---@param ... string names of signals
---@return table<integer, true> wanted
function signals.check(name, ...)
  local wanted = {}
  for i = 1, select("#", ...) do
    local signal = select(i, ...)
    if not NUMBERS[signal] then
      error(("bad argument #%d to '%s' (no signal '%s')"):format(i, name,
        tostring(signal)), 3)
    end
    wanted[NUMBERS[signal]] = true
  end
  return wanted
end

--- Whether a signal is blocked.
---@param sim uring.test.Sim
---@param name string
---@return boolean
function calls.is_blocked(sim, name)
  signals.check("is_blocked", name)
  return sim.blocked[NUMBERS[name]] == true
end

--- Keeps signals from acting.
---@param sim uring.test.Sim
---@param ... string names
function calls.block(sim, ...)
  for number in pairs(signals.check("block", ...)) do
    sim.blocked[number] = true
  end
end

--- Lets signals act again.
---@param sim uring.test.Sim
---@param ... string names
function calls.unblock(sim, ...)
  for number in pairs(signals.check("unblock", ...)) do
    sim.blocked[number] = nil
  end
end

--- Leaves SIGPIPE as it is: nothing here raises it.
---@return false
function calls.sigpipe() return false end

--- Has steps tell of a signal.
---@param sim uring.test.Sim
---@param name string
---@param ignores? boolean nobody is told
---@return true
function calls.catch(sim, name, ignores)
  sim.caught[NUMBERS[name]] = not ignores
  return true
end

--- Undoes that.
---@param sim uring.test.Sim
---@param name string
function calls.let_go(sim, name)
  sim.caught[NUMBERS[name]] = nil
end

--- Ends the program as a signal does.
---@param name string
function calls.die(_, name)
  error("uring.test: the program dies of " .. name, 0)
end

return signals
