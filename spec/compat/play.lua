--- Plays all scenarios with a library, and prints what they say.
-- usage: lua5.4 spec/compat/play.lua socket|io theirs|ours|run
local LISTS = { socket = "scenarios", io = "files" }

local name, mode = arg[1], arg[2]
local scenarios = require("spec.compat." .. LISTS[name])
local library = require(mode == "theirs" and name or "uring.compat." .. name)

local function text_of(value)
  if type(value) == "string" then return ("%q"):format(value) end
  if type(value) == "userdata" or type(value) == "table" then
    return (tostring(value):gsub("0x%x+", "address"))
  end
  return tostring(value)
end

local function say(...)
  local values = table.pack(...)
  for i = 1, values.n do values[i] = text_of(values[i]) end
  print(table.concat(values, "  "))
end

local function play()
  for _, scenario in ipairs(scenarios) do
    print("== " .. scenario.name)
    local ok, problem = pcall(scenario.body, library, say)
    if not ok then print("FAILED " .. tostring(problem)) end
    collectgarbage()
  end
end

if mode == "run" then
  require "uring".run(play)
else
  play()
end
