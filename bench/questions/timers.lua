--- What does a time limit cost that is set, and not needed?
local LUA = os.getenv "LUA" or "lua5.4"

return {
  title = "A time limit that is set and taken back",
  kind = "commands",
  cases = {
    {
      name = "around nothing", figure = "printed", unit = "ns",
      references = { "C, TIMEOUT and TIMEOUT_REMOVE" },
      subjects = {
        { name = "C, TIMEOUT and TIMEOUT_REMOVE",
          argv = { "build/bench/nop", "timer", "1", "300000" } },
        { name = "stock pcall",
          argv = { LUA, "bench/micro/tasks.lua", "stock_pcall", "2000000" } },
        { name = "uring.timeout", ours = true,
          argv = { LUA, "bench/micro/tasks.lua", "timeout", "300000" } },
        { name = "luv, start and stop", modules = { "luv" },
          argv = { LUA, "bench/peers/timer_luv.lua", "1000000" } },
      },
    },
  },
}
