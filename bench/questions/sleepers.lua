--- How much memory and time do 100,000 and a million sleeping tasks take?
local LUA = os.getenv "LUA" or "lua5.4"

-- Debian's copas keeps its timers in a list in order: two minutes do not
-- suffice for 100,000.
local LIBRARIES = { "uring", "luv", "cqueues" }

local function subjects(what, tasks, names)
  local list = {}
  for i, name in ipairs(names) do
    list[i] = {
      name = name, ours = name == "uring",
      modules = name ~= "uring" and { name } or nil,
      argv = { LUA, "bench/micro/sleepers.lua", name, what,
        tostring(tasks) },
    }
  end
  return list
end

local function case(name, unit, what, tasks, names)
  return { name = name, figure = "printed", unit = unit,
    rounds = tasks > 100000 and 3 or nil,
    references = { "luv" }, subjects = subjects(what, tasks, names) }
end

return {
  title = "Sleeping tasks",
  kind = "commands",
  cases = {
    case("100,000: memory of one", "bytes", "bytes", 100000, LIBRARIES),
    case("100,000: a sleep", "µs of CPU", "time", 100000, LIBRARIES),
    case("1,000,000: memory of one", "bytes", "bytes", 1000000,
      { "uring", "luv" }),
    case("1,000,000: a sleep", "µs of CPU", "time", 1000000,
      { "uring", "luv" }),
  },
}
