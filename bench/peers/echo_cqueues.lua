--- An echo server on cqueues, a coroutine for each connection.
local cqueues = require "cqueues"
local socket = require "cqueues.socket"

local queue = cqueues.new()

local function echo(conn)
  conn:setmode("b", "bn")
  conn:setvbuf("full", 16384)
  conn:onerror(function(_, _, code) return code end)
  while true do
    local bytes = conn:read(-16384)
    if not bytes or not conn:write(bytes) then break end
  end
  conn:close()
end

queue:wrap(function()
  local server = assert(socket.listen { host = "127.0.0.1", port = 0,
    nodelay = true })
  assert(server:listen())
  local _, _, port = server:localname()
  print("listening on 127.0.0.1:" .. port)
  io.stdout:flush()
  for conn in server:clients() do queue:wrap(echo, conn) end
end)
assert(queue:loop())
