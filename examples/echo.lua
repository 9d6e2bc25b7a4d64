--- An echo server: every byte that a client sends comes back to it.
-- run: lua5.4 examples/echo.lua [host:port]   then: nc 127.0.0.1 7000
-- prints: listening on 127.0.0.1:7000         Ctrl-C ends it
local uring = require "uring"

local function check(value, message)
  if value then return value end
  io.stderr:write("echo: ", message, "\n")
  os.exit(1, true)
end

local function echo(conn)
  local _conn <close> = conn
  for bytes in conn:chunks() do
    assert(conn:write(bytes))
  end
end

local function serve(where)
  local listener = check(uring.listen(where))
  print("listening on " .. tostring(listener:sockname()))
  io.stdout:flush()
  uring.spawn(function()
    check(uring.signal.wait("INT", "TERM"))
    os.exit(0, true)
  end)
  for conn in listener:iter() do
    uring.spawn(pcall, echo, conn) -- one that resets harms only itself
  end
end

check(pcall(uring.run, serve, arg[1] or "127.0.0.1:7000"))
