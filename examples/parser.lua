--- A protocol parsed by a generator, which waits where bytes are missing.
-- run: lua5.4 examples/parser.lua              a client talks to the server
--      lua5.4 examples/parser.lua host:port    then: redis-cli -p PORT
-- prints: what the client gets, or listening on HOST:PORT
local uring = require "uring"

local read -- by the first letter of a line of RESP: what it announces

local function read_value(conn, line)
  return (read[line:sub(1, 1)] or error "no RESP")(conn, line:sub(2))
end

read = {
  ["+"] = function(_, text) return text end,
  ["-"] = function(_, text) return "(error) " .. text end,
  [":"] = function(_, digits) return math.tointeger(digits) end,
  ["$"] = function(conn, size)
    return size ~= "-1" and assert(conn:read(tonumber(size) + 2)):sub(1, -3)
  end,
  ["*"] = function(conn, count)
    local list = {}
    for i = 1, tonumber(count) do
      list[i] = read_value(conn, assert(conn:read()))
    end
    return list
  end,
}

local function parse(conn)
  return coroutine.wrap(function()
    for line in conn:lines() do coroutine.yield(read_value(conn, line)) end
  end)
end

local store = {}
local commands = {
  PING = function() return "+PONG" end,
  SET = function(key, value) return rawset(store, key, value) and "+OK" end,
  GET = function(key)
    local value = store[key]
    return value and ("$%d\r\n%s"):format(#value, value) or "$-1"
  end,
}

local function serve(conn)
  local _conn <close> = conn
  for message in parse(conn) do
    local command = commands[message[1]:upper()]
    local reply = command and command(table.unpack(message, 2))
    assert(conn:write(reply or "-ERR unknown command", "\r\n"))
  end
end

local function ask(where)
  local conn <close> = assert(uring.connect(where))
  assert(conn:write "*1\r\n$4\r\nPING\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$5\r\n")
  uring.sleep(0.01) -- in the middle of a message, for which the server waits
  assert(conn:write "b\r\nc!\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\n")
  assert(conn:write "*1\r\n$3\r\nBYE\r\n")
  assert(conn:shutdown "w")
  for answer in parse(conn) do print((answer:gsub("\r\n", "|"))) end
end

local function accept(listener)
  for conn in listener:iter() do uring.spawn(pcall, serve, conn) end
end

uring.run(function(where)
  local listener <close> = assert(uring.listen(where or "127.0.0.1:0"))
  if where then
    print("listening on " .. tostring(listener:sockname()))
    io.stdout:flush()
    return accept(listener)
  end
  uring.scope(function(sc)
    sc:daemon(accept, listener)
    ask(listener:sockname())
  end)
end, arg[1])
