--- What does it cost to wait for an op that does nothing?
local LUA = os.getenv "LUA" or "lua5.4"

local function case(name, tasks, key)
  return {
    name = name, figure = "printed", unit = "ns", references = { "C" },
    subjects = {
      { name = "C", argv = { "build/bench/nop", "nop", tostring(tasks),
        "2000000" } },
      { name = "uring", ours = true,
        argv = { LUA, "bench/micro/tasks.lua", key, "300000" } },
    },
  }
end

return {
  title = "An awaited NOP",
  kind = "commands",
  cases = { case("1 task", 1, "nop_1"), case("32 tasks", 32, "nop_32") },
}
