--- A TCP proxy: joins each client to a connection of its own elsewhere.
-- The bytes stay in the kernel (splice); each direction ends by itself.
-- run: lua5.4 examples/proxy.lua 127.0.0.1:7000 example.org:80
-- prints: listening on 127.0.0.1:7000, and what became of each client:
--   127.0.0.1:40022: 512 bytes there, 2048 back (splice)
local stream = require "uring.stream"
local uring = require "uring"

local PATIENCE = 5 -- seconds for the other side to accept

local function say(text)
  io.stdout:write(text, "\n")
  io.stdout:flush()
end

local function check(value, message)
  if value then return value end
  io.stderr:write("proxy: ", message, "\n")
  os.exit(1, true)
end

local function join(client, where)
  local name = tostring(client:peername())
  local server, problem = uring.connect(where, { timeout = PATIENCE })
  if not server then return say(name .. ": " .. problem) end
  local _server <close> = server
  local there, back, way = stream.pipe_both(client, server)
  if not there then return say(name .. ": " .. back) end
  say(("%s: %d bytes there, %d back (%s)"):format(name, there, back, way))
end

local function proxy(here, there)
  local listener = check(uring.listen(here))
  say("listening on " .. tostring(listener:sockname()))
  uring.spawn(function()
    check(uring.signal.wait("INT", "TERM"))
    os.exit(0, true)
  end)
  uring.serve(listener, function(client) join(client, there) end)
end

local here, there, more = ...
if not there or more then
  io.stderr:write("usage: lua5.4 examples/proxy.lua HERE THERE\n")
  os.exit(2)
end
check(pcall(uring.run, proxy, here, there))
