--- examples/echo.lua, but with views: no string is made of what comes.
local uring = require "uring"

local function echo(conn)
  local _conn <close> = conn
  for view in conn:chunks { view = true } do
    assert(conn:write(view))
  end
end

uring.run(function()
  local listener = assert(uring.listen "127.0.0.1:0")
  print("listening on " .. tostring(listener:sockname()))
  io.stdout:flush()
  for conn in listener:iter() do uring.spawn(pcall, echo, conn) end
end)
