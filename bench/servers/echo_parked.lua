--- examples/echo.lua beside many tasks that only wait.
-- usage: lua5.4 bench/servers/echo_parked.lua TASKS [MIB]
-- MIB of garbage may pile up before the collector looks at the tasks.
local uring = require "uring"

local TASKS = math.tointeger(tonumber(arg[1]))
local HEADROOM = arg[2] and tonumber(arg[2]) * (1 << 20)

local function echo(conn)
  local _conn <close> = conn
  for bytes in conn:chunks() do
    assert(conn:write(bytes))
  end
end

uring.run({ gc_headroom = HEADROOM }, function()
  local listener = assert(uring.listen "127.0.0.1:0")
  for _ = 1, TASKS do uring.spawn(uring.sleep, 86400) end
  uring.yield()
  print("listening on " .. tostring(listener:sockname()))
  io.stdout:flush()
  for conn in listener:iter() do uring.spawn(pcall, echo, conn) end
end)
