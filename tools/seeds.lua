--- Runs the histories of spec/histories in the simulation, seed by seed.
-- usage: lua5.4 tools/seeds.lua [FROM TO [HISTORY...]]
--
-- Prints a line for each history, and where a seed fails, what happened and
-- the command that shows it again; it exits 1 then.
local root = arg[0]:gsub("tools/seeds%.lua$", "")
package.path = root .. "?.lua;" .. package.path
local test = require "uring.test"

local clock = os.clock -- the real one

local ALL = { "scopes", "streams", "handles", "files", "tokens" }

local function run(name, from, to)
  local history = require("spec.histories." .. name)
  local before = clock()
  local options = { faults = history.faults, files = history.files }
  local ok, problem = pcall(test.seeds, from, to, options, history.run)
  if not ok then
    io.stderr:write(("%s: %s %d %d %s\n"):format(name,
      tostring(problem):gsub(" %d+ %d+ ?[%a ]*$", ""), from, to, name))
    return false
  end
  print(("%-8s %d seeds, %.1f s"):format(name, to - from + 1,
    clock() - before))
  return true
end

local from = math.tointeger(tonumber(arg[1])) or 1
local to = math.tointeger(tonumber(arg[2])) or from + 1999
local names = #arg > 2 and table.move(arg, 3, #arg, 1, {}) or ALL
local fine = true
for _, name in ipairs(names) do
  fine = run(name, from, to) and fine
end
os.exit(fine, true)
