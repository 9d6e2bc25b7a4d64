--- What does it cost to start a task, and to see it end?
local LUA = os.getenv "LUA" or "lua5.4"

local function task(name, key, ours)
  return { name = name, ours = ours,
    argv = { LUA, "bench/micro/tasks.lua", key, "300000" } }
end

return {
  title = "A task from start to end",
  kind = "commands",
  cases = {
    {
      name = "start and end", figure = "printed", unit = "ns",
      references = { "stock coroutine" },
      subjects = {
        task("stock coroutine", "stock_spawn"),
        task("uring", "spawn", true),
      },
    },
  },
}
