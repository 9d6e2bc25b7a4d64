--- An echo server on all processors, which can be replaced while it serves.
-- run: lua5.4 examples/workers.lua [host:port] [workers]
-- prints: listening on 127.0.0.1:7000         Ctrl-C ends it, in good order
-- kill -HUP its pid replaces the workers, and nobody is refused meanwhile;
-- kill -KILL that of a worker ends the connections of that one alone.
local uring = require "uring"

local worker = uring.worker

local function check(value, message)
  if value then return value end
  io.stderr:write("workers: ", message, "\n")
  os.exit(1, true)
end

local function echo(conn)
  local _conn <close> = conn
  for bytes in conn:chunks() do
    assert(conn:write(bytes))
  end
end

-- Before the workers are started: all of them accept from it.
local listener = check(worker.listen(arg[1] or "127.0.0.1:7000"))
print("listening on " .. tostring(listener:sockname()))

check(pcall(worker.run, math.tointeger(arg[2]) or "auto", function()
  for conn in listener:iter() do
    uring.spawn(pcall, echo, conn) -- one that resets harms only itself
  end
end))
