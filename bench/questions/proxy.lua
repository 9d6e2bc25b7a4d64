--- How much does a proxy pass on?
local conf = require "bench.harness.conf"
local echoes = require "bench.harness.echoes"

local LUA = os.getenv "LUA" or "lua5.4"

-- A port of its own is said on standard output; others are told one.
local function ours(name, how)
  return { name = name, ours = true, says_port = true,
    argv = function(place)
      return { LUA, "bench/servers/proxy.lua", tostring(place.backend), how }
    end }
end

return {
  title = "Proxy: from the load to an echo server and back",
  kind = "servers",
  backend = echoes.c_epoll,
  servers = {
    { name = "C, one-shot", says_port = true, argv = function(place)
      return { "build/bench/proxy", tostring(place.backend) }
    end },
    { name = "HAProxy", needs = { "haproxy" }, argv = conf.haproxy },
    { name = "nginx", argv = conf.nginx_stream,
      needs = { "nginx", "/usr/lib/nginx/modules/ngx_stream_module.so" } },
    ours "uring",
    ours("uring, views", "views"),
    ours("uring, pipe_both", "both"),
    ours("uring, pipe_both, splice", "splice"),
    ours("uring, pipe_both, buffers", "buffer"),
  },
  references = { "HAProxy" },
  cases = {
    { name = "64 × 64 B", arguments = { 64, 64, 1 } },
    { name = "64 × 16 KiB", arguments = { 64, 16384, 1 } },
  },
}
