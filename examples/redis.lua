--- A library for LuaSocket, unmodified, in three tasks at once: redis-lua.
-- run: lua5.4 examples/redis.lua [HOST [PORT]]   (default 127.0.0.1 6379)
-- prints: "1000 1000 1000", how far three counters got
local compat = require "uring.compat"
local uring = require "uring"

compat.install { "socket", "socket.core" }
local redis = require "redis" -- asks for "socket" itself

local HOST, PORT = arg[1] or "127.0.0.1", tonumber(arg[2] or 6379)
local TIMES = 1000

local function count(key)
  local db = redis.connect(HOST, PORT)
  db:del(key)
  for _ = 1, TIMES do db:incr(key) end
  local total = db:get(key)
  db:del(key)
  db:quit()
  return total
end

uring.run(function()
  local totals = uring.map({ "uring:a", "uring:b", "uring:c" }, count)
  print(table.concat(totals, " "))
end)
