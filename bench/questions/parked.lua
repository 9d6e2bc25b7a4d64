--- What do 10,000 tasks that only wait cost a busy server?  The collector
-- looks at each of them, again and again.
local echoes = require "bench.harness.echoes"

local LUA = os.getenv "LUA" or "lua5.4"

local servers = echoes.some("c_oneshot", "c_multishot", "c_epoll", "strings")
servers[#servers + 1] = { name = "uring, 10,000 parked tasks", ours = true,
  argv = { LUA, "bench/servers/echo_parked.lua", "10000" } }
servers[#servers + 1] = { name = "uring, the same, gc_headroom", ours = true,
  argv = { LUA, "bench/servers/echo_parked.lua", "10000", "64" } }

return {
  title = "Echo beside 10,000 tasks that wait",
  kind = "servers",
  servers = servers,
  references = echoes.REFERENCES,
  cases = {
    { name = "64 × 64 B", arguments = { 64, 64, 1 } },
    { name = "64 × 4 KiB", arguments = { 64, 4096, 1 } },
  },
}
