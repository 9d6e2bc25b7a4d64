--- The two echo servers seen from outside, and clients for them.
local process = require "spec.support.process"
local uring = require "uring"
local within = require "spec.support.within"

local peer = {}

--- Each server: how it calls itself, and its argument for a port.
peer.SERVERS = {
  { name = "echo", file = "examples/echo.lua", where = "127.0.0.1:%s" },
  { name = "raw_echo", file = "examples/raw_echo.lua", where = "%s" },
}

--- Starts a server on a port that it finds; it has the field 'port' then.
---@param server table one of SERVERS
---@param options? table as for process.start
---@return Process a <close> variable, please
function peer.serve(server, options)
  local command = { server.file, server.where:format(0) }
  for name, value in pairs(options or {}) do command[name] = value end
  local running = process.lua(command)
  local _guard <close> = setmetatable({}, {
    __close = function() if not running.port then running:close() end end,
  })
  local port = running:expect "^listening on 127%.0%.0%.1:(%d+)\n"
  running.port = tonumber(port)
  return running
end

--- Runs clients: a main task that may not take for ever.
peer.run = within.run

--- Calls body(1) to body(count) at once, until all have returned.
---@param count integer
---@param body function
function peer.each(count, body)
  local left = count
  for i = 1, count do
    uring.spawn(function()
      body(i)
      left = left - 1
    end)
  end
  process.await("all clients", function() return left == 0 end)
end

--- Connects to a server.
---@param server Process
---@return uring.Conn
function peer.connect(server)
  return assert(uring.connect("127.0.0.1", server.port))
end

--- Connects to a server so many times at once.
---@param server Process
---@param count integer
---@return table conns a <close> variable, please
function peer.crowd(server, count)
  local conns = setmetatable({}, {
    __close = function(conns)
      for _, conn in ipairs(conns) do conn:close() end
    end,
  })
  peer.each(count, function(i) conns[i] = peer.connect(server) end)
  return conns
end

--- Sends bytes and takes as many back.
---@return string? bytes nil where the connection has ended
function peer.exchange(conn, bytes)
  return conn:write(bytes) and conn:read(#bytes)
end

--- Whether a new client is served.
---@param server Process
function peer.is_served(server)
  local conn <close> = peer.connect(server)
  return peer.exchange(conn, "are you there?") == "are you there?"
end

local made = {} -- count -> bytes

--- Bytes without a short period.
---@param count integer
---@return string
function peer.bytes(count)
  if made[count] then return made[count] end
  local words, state = {}, count
  for i = 1, (count + 7) // 8 do
    state = state * 6364136223846793005 + 1442695040888963407
    words[i] = string.pack("<i8", state ~ (state >> 29))
  end
  made[count] = table.concat(words):sub(1, count)
  return made[count]
end

--- Waits until a count stands still for some seconds; returns it.
---@param seconds number
---@param count function
---@return integer
function peer.settled(seconds, count)
  local last, since = count(), uring.now()
  return process.await("standstill", function()
    local now = count()
    if now ~= last then last, since = now, uring.now() end
    return uring.now() - since > seconds and now
  end)
end

--- Sends a block so many times over, then ends its direction; takes what
-- comes back meanwhile, to the end.
---@param conn uring.Conn
---@param block string
---@param times integer
---@param late? boolean takes nothing before nothing more can be sent
---@return integer? count of the bytes that came back
---@return string? message where they are others than those sent
function peer.repeat_block(conn, block, times, late)
  local sent = 0
  uring.spawn(function()
    for i = 1, times do
      assert(conn:write(block))
      sent = i
    end
    assert(conn:shutdown("w"))
  end)
  if late then
    assert(peer.settled(0.2, function() return sent end) < times)
  end
  local twice, count = block .. block, 0
  for bytes in conn:chunks() do
    local at = count % #block + 1
    assert(#bytes <= #block)
    if twice:sub(at, at + #bytes - 1) ~= bytes then
      return nil, "others came back after byte " .. count
    end
    count = count + #bytes
  end
  return count
end

--- Starts to send all that a connection takes, which nobody reads from,
-- until it is closed.
---@param conn uring.Conn
---@param total integer bytes at most
---@param progress table its field 'sent' counts the bytes
function peer.flood(conn, total, progress)
  local block = ("never read "):rep(6000)
  uring.spawn(function()
    for _ = 1, total // #block do
      if not conn:write(block) then return end
      progress.sent = progress.sent + #block
    end
  end)
end

return peer
