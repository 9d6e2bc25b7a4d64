--- Connections: listen, connect, accept, read, write, close.
local uring = require "uring"

local LONG = ("x"):rep(5000) -- fills a buffer of the loop, and a bit

verify = require "spec.support.oom.after.run"

local function echo(listener)
  for conn in listener:iter() do
    local _conn <close> = conn
    for line in conn:lines() do assert(conn:write(line, "\n")) end
    assert(conn:shutdown("w"))
    listener:close()
  end
end

function attempt()
  uring.run(function()
    local listener <close> = assert(uring.listen("127.0.0.1:0"))
    uring.spawn(echo, listener)
    local conn <close> = assert(uring.connect(tostring(listener:sockname())))
    assert(conn:peername() and tostring(conn))
    for _, text in ipairs { "hello", LONG, LONG } do
      assert(conn:write(text, "\n"))
      local answer, message = conn:read()
      assert(answer == text, message)
    end
    assert(conn:shutdown("w"))
    local rest, message = conn:read("a")
    assert(rest == "", message)
  end)
end
