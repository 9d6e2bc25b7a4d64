--- An echo server on copas, a coroutine for each connection.
-- Debian installs copas for Lua 5.1 and 5.2; it runs in 5.4 as well.
package.path = package.path .. ";/usr/share/lua/5.1/?.lua"
local copas = require "copas"
local socket = require "socket"

local server = assert(socket.bind("127.0.0.1", 0, 4096))
local _, port = server:getsockname()

copas.addserver(server, function(conn)
  conn:setoption("tcp-nodelay", true)
  while true do
    local bytes, problem, partial = copas.receivePartial(conn, 16384)
    bytes = bytes or partial
    if #bytes > 0 and not copas.send(conn, bytes) then break end
    if problem and problem ~= "timeout" then break end
  end
  conn:close()
end)
print("listening on 127.0.0.1:" .. port)
io.stdout:flush()
copas.loop()
