--- How does the cost of a message grow with the number of connections?
local echoes = require "bench.harness.echoes"

local cases = {}
for i, connections in ipairs { 10, 30, 100, 300, 1000, 3000, 10000 } do
  cases[i] = { name = connections .. " connections", x = connections,
    arguments = { connections, 64, 1 } }
end

return {
  title = "Echo of 64 B from 10 to 10,000 connections",
  kind = "servers",
  servers = echoes.some("c_oneshot", "c_multishot", "c_epoll", "strings",
    "luv", "go"),
  references = echoes.REFERENCES,
  cases = cases,
}
