--- A proxy: two tasks for each connection, one for each direction.
-- usage: lua5.4 bench/servers/proxy.lua BACKEND_PORT
--        [views|both|splice|buffer]
-- views: no string is made of what comes; the others: by pipe_both.
local stream = require "uring.stream"
local uring = require "uring"

local BACKEND, HOW = "127.0.0.1:" .. arg[1], arg[2]
local VIEW = HOW == "views"
local BY = {
  both = {}, splice = { way = "splice" }, buffer = { way = "buffer" },
}

local function pump(from, to)
  for bytes in from:chunks { view = VIEW } do
    assert(to:write(bytes))
  end
  to:shutdown "w"
end

local function serve(client)
  local _client <close> = client
  local backend <close> = assert(uring.connect(BACKEND))
  if BY[HOW] then return assert(stream.pipe_both(client, backend, BY[HOW])) end
  uring.all {
    function() pump(client, backend) end,
    function() pump(backend, client) end,
  }
end

uring.run(function()
  local listener = assert(uring.listen "127.0.0.1:0")
  print("listening on " .. tostring(listener:sockname()))
  io.stdout:flush()
  for conn in listener:iter() do uring.spawn(pcall, serve, conn) end
end)
