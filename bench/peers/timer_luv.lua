--- What a timer of luv costs that is started and stopped.
-- usage: lua5.4 bench/peers/timer_luv.lua COUNT    prints "value NANOSECONDS"
local uv = require "luv"

local count = tonumber(arg[1])

local function nothing() end

local before = os.clock()
local timer = uv.new_timer()
for _ = 1, count do
  timer:start(60000, 0, nothing)
  timer:stop()
end
print(("value %.2f"):format((os.clock() - before) / count * 1e9))
