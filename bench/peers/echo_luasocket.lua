--- An echo server on LuaSocket's select; it cannot have 1024 descriptors.
local socket = require "socket"

local server = assert(socket.bind("127.0.0.1", 0, 4096))
local _, port = server:getsockname()
local reading, place = { server }, {}

local function accept()
  local conn = server:accept()
  if not conn then return end
  conn:settimeout(0)
  conn:setoption("tcp-nodelay", true)
  reading[#reading + 1] = conn
  place[conn] = #reading
end

local function finish(conn)
  local at, last = place[conn], reading[#reading]
  reading[at], place[last] = last, at
  reading[#reading], place[conn] = nil, nil
  conn:close()
end

-- What does not fit at once is waited for: LuaSocket has no other way.
local function send(conn, bytes)
  if conn:send(bytes) then return true end
  return false
end

local function echo(conn)
  local bytes, problem, partial = conn:receive(16384)
  bytes = bytes or partial
  if #bytes > 0 and not send(conn, bytes) then problem = "closed" end
  if problem and problem ~= "timeout" then finish(conn) end
end

print("listening on 127.0.0.1:" .. port)
io.stdout:flush()
while true do
  for _, conn in ipairs(socket.select(reading, nil)) do
    if conn == server then accept() else echo(conn) end
  end
end
