--- Puts a simulation in the place of the system for the time of a run.
-- Beside what reaches the kernel, the program's own random numbers come from
-- the seed, and its clocks show simulated time.
local ring = require "uring.ring"
local system = require "uring.system"
local calls = require "uring.test.calls"

local swap = {}

-- As uring.ring calls what uring.system has.
local NAMES = { bind = "bind_socket" }

local function no_ring()
  error("uring.test does not simulate rings but the loop's", 2)
end

-- Every table of which something is replaced, with what it becomes.
local function replacements(sim)
  local bound, low = {}, { ring = no_ring }
  for name, call in pairs(calls) do
    bound[name] = function(...) return call(sim, ...) end
  end
  for name in pairs(ring) do
    local entry = NAMES[name] or name
    if rawequal(ring[name], system[entry]) then low[name] = bound[entry] end
  end
  local date = os.date
  return {
    { table = system, with = bound }, { table = ring, with = low },
    { table = os, with = {
      clock = function() return (sim.now - sim.start) / 1e9 end,
      date = function(format, time) return date(format, time or sim:wall()) end,
      time = swap.time(sim, os.time),
    } },
  }
end

--- Makes an os.time of simulated time.
---@param sim uring.test.Sim
---@param time function the real one
---@return function
function swap.time(sim, time)
  return function(fields)
    if fields then return time(fields) end
    return sim:wall()
  end
end

local function exchange(list)
  for _, each in ipairs(list) do
    for name, value in pairs(each.with) do
      each.with[name], each.table[name] = each.table[name], value
    end
  end
end

--- Calls a function in a simulated system.
---@param sim uring.test.Sim
---@param body function
---@param ... any its arguments
---@return boolean ok as of pcall
---@return any ...
function swap.call(sim, body, ...)
  local list = replacements(sim)
  local afterwards = math.random(0)
  math.randomseed(sim.seed)
  exchange(list)
  local results = table.pack(pcall(body, ...))
  exchange(list)
  math.randomseed(afterwards)
  return table.unpack(results, 1, results.n)
end

return swap
