--- How much memory does a connection take on which nothing happens?
local echoes = require "bench.harness.echoes"

-- LuaSocket is not asked: its select has room for 1024 descriptors.
return {
  title = "Memory of an idle connection",
  kind = "memory",
  servers = echoes.some("c_oneshot", "c_multishot", "c_epoll", "strings",
    "views", "luv", "cqueues", "node", "go", "asyncio"),
  references = { "C, one-shot" },
  cases = { { name = "5,000 connections", connections = 5000 } },
}
