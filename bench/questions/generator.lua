--- Generators may wait inside of a run: what does that cost each step?
local LUA = os.getenv "LUA" or "lua5.4"

local function task(name, key, ours)
  return { name = name, ours = ours,
    argv = { LUA, "bench/micro/tasks.lua", key, "2000000" } }
end

return {
  title = "A step of a generator",
  kind = "commands",
  cases = {
    {
      name = "coroutine.wrap", figure = "printed", unit = "ns",
      references = { "stock Lua" },
      subjects = {
        task("stock Lua", "stock_generator"),
        task("uring", "generator", true),
      },
    },
  },
}
