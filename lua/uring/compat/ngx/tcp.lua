--- Cosockets: ngx.socket.tcp on our connections.
-- Every failure but that a read took too long closes the connection.
local core = require "uring.core"
local loop = require "uring.loop"
local net = require "uring.net"
local place = require "uring.compat.ngx.place"
local Pool = require "uring.compat.ngx.pool"
local Receive = require "uring.compat.ngx.receive"
local system = require "uring.system"
local words = require "uring.compat.ngx.words"

local C = core.consts

local POOL_SIZE = 30 -- lua_socket_pool_size
local IDLE = 60 -- seconds: lua_socket_keepalive_timeout

---@class uring.ngx.TCP
local TCP = { __name = "uring.ngx.TCP" }
TCP.__index = TCP

for name, method in pairs(Receive) do TCP[name] = method end

--- Makes a cosocket that is not connected.
---@param conn? uring.Conn that it uses from now on, and owns
---@return uring.ngx.TCP
function TCP.new(conn)
  return setmetatable({
    conn = conn or false, buffer = "", at = 1, pool = false, reused = 0,
    pool_name = false,
    connect_timeout = place.TIMEOUT, send_timeout = place.TIMEOUT,
    read_timeout = place.TIMEOUT,
    is_connecting = false, is_reading = false, is_writing = false,
    is_suspect = false, -- a call did not get what it waited for
  }, TCP)
end

local function busy(self)
  if self.is_connecting then return "socket busy connecting" end
  if self.is_reading then return "socket busy reading" end
  if self.is_writing then return "socket busy writing" end
end

-- Forgets the connection; what it was.
local function part(self)
  local conn, pool = self.conn, self.pool
  self.conn, self.pool, self.buffer, self.at = false, false, "", 1
  self.is_suspect = false
  return conn, pool
end

--- Closes the connection, whoever uses it.
function TCP:_drop()
  local conn, pool = part(self)
  conn:close()
  if pool then pool:leave() end
end

-- Connecting

local function option(options, name, least)
  local value = options[name]
  if value == nil then return nil end
  local count = math.tointeger(tonumber(value))
  if count and count >= least then return count end
  error(('connect: bad "%s" option value: %s'):format(name, tostring(value)),
    4)
end

local function pool_for(name, options)
  local size = option(options, "pool_size", 1)
  local backlog = option(options, "backlog", 0)
  if not loop.is_running() then return nil end
  local pool = Pool.find(name)
  if pool or not (size or backlog) then return pool end
  return Pool.new(name, size or POOL_SIZE, backlog)
end

local function open(self, where, port)
  local conn, message, code = net.connect(where, port,
    { timeout = self.connect_timeout })
  if not conn then
    return nil, place.unresolved(where, code) or words.failure(message, code)
  end
  self.conn, self.reused = conn, 0
  return 1
end

-- One of the pool, or a new one.
local function obtain(self, where, port)
  local pool = self.pool
  if not pool then return open(self, where, port) end
  local item, problem = pool:get(self.connect_timeout)
  if not item then return nil, problem end
  if item ~= true then
    self.conn, self.reused = item.conn, item.reused + 1
    return 1
  end
  local leaving <close> = setmetatable({ is_needed = true }, {
    __close = function(leaving) if leaving.is_needed then pool:leave() end end,
  })
  local done
  done, problem = open(self, where, port)
  leaving.is_needed = not done
  return done, problem
end

--- Connects, or takes a connection that setkeepalive has put aside.
---@param host string an address, a name, or "unix:/path"
---@param port? integer
---@param options? table pool (name), pool_size, backlog
---@return integer? 1
---@return string? message
function TCP:connect(host, port, options)
  local where, name, number = place.parse("connect", host, port)
  if not where then return nil, name end
  if not number then options = port end
  options = options or {}
  if type(options) ~= "table" then
    error("connect: bad options (table expected, got " .. type(options)
      .. ")", 2)
  end
  local problem = busy(self)
  if problem then return nil, problem end
  if self.conn then self:_drop() end
  self.pool_name = options.pool and tostring(options.pool) or name
  self.pool = pool_for(self.pool_name, options)
  self.is_connecting = true
  local ok, done, message = pcall(obtain, self, where, number)
  self.is_connecting = false
  if not (ok and done) then self.pool = false end
  if not ok then error(done, 0) end
  return done, message
end

--- There is no TLS: nil, "not supported".
function TCP:sslhandshake()
  if not self.conn then return nil, "closed" end
  return nil, "not supported"
end

-- Sending

--- Sends all of a string, number, boolean, nil, or nested lists of them.
---@param data any
---@return integer? bytes
---@return string? message
function TCP:send(data)
  local bytes = words.text("send", data)
  local conn = self.conn
  if not conn then return nil, "closed" end
  if self.is_writing then return nil, "socket busy writing" end
  conn:settimeout(self.send_timeout, "write")
  self.is_writing = true
  local ok, done, message, code = pcall(conn.write, conn, bytes)
  self.is_writing = false
  if not ok then
    if self.conn == conn then self:_drop() end -- a part may have gone
    error(done, 0)
  end
  if done then return #bytes end
  if self.conn == conn then self:_drop() end
  return nil, words.failure(message, code)
end

-- Ending

--- Closes the connection.
---@return integer? 1
---@return string? message
function TCP:close()
  if not self.conn then return nil, "closed" end
  local problem = busy(self)
  if problem then return nil, problem end
  self:_drop()
  return 1
end

TCP.__close = function(self) if self.conn then self:_drop() end end

-- The connection closes itself; its place is the next one's.
TCP.__gc = function(self) if self.pool then self.pool:leave() end end

local function check_idle(seconds, size)
  if seconds and seconds < 0 then
    error("setkeepalive: bad timeout value", 3)
  elseif size and size < 1 then
    error('setkeepalive: bad "pool_size" option value: ' .. size, 3)
  end
end

local function refusal(self)
  if not self.conn then return "closed" end
  if busy(self) then return busy(self) end
  if self.at <= #self.buffer then return "unread data in buffer" end
  if self.is_suspect then return "invalid connection" end
  if loop.is_running() and not Pool.is_quiet(self.conn) then
    self:_drop()
    return "connection in dubious state"
  end
end

--- Puts the connection aside, for the next connect to the same place; for
-- this cosocket it is closed.  Outside of a run it is closed for all.
---@param timeout? number milliseconds that it may be idle; 0: for ever
---@param size? integer of the pool, where this is its first connection
---@return integer? 1
---@return string? message
function TCP:setkeepalive(timeout, size)
  timeout, size = tonumber(timeout), math.tointeger(tonumber(size))
  check_idle(timeout, size)
  local problem = refusal(self)
  if problem then return nil, problem end
  if not loop.is_running() or not self.pool_name then
    self:_drop()
    return 1
  end
  local seconds = timeout and timeout / 1000 or IDLE
  local item = { conn = self.conn, reused = self.reused }
  local _, pool = part(self)
  if not pool then
    pool = Pool.find(self.pool_name)
      or Pool.new(self.pool_name, size or POOL_SIZE)
    pool.connections = pool.connections + 1
  end
  pool:put(item, seconds > 0 and seconds or nil)
  return 1
end

--- How often the connection was used before.
---@return integer? count 0: it is new
---@return string? message
function TCP:getreusedtimes()
  if not self.conn then return nil, "closed" end
  return self.reused
end

--- Limits how long each call may wait.
---@param timeout number? milliseconds; nil or 0: 60 seconds
function TCP:settimeout(timeout)
  local seconds = place.seconds("settimeout", timeout)
  self.connect_timeout, self.send_timeout = seconds, seconds
  self.read_timeout = seconds
end

--- The same, each on its own.
---@param connect number? milliseconds, as the others
---@param send number?
---@param read number?
function TCP:settimeouts(connect, send, read)
  self.connect_timeout = place.seconds("settimeouts", connect)
  self.send_timeout = place.seconds("settimeouts", send)
  self.read_timeout = place.seconds("settimeouts", read)
end

local OPTIONS = {
  keepalive = { C.SOL_SOCKET, C.SO_KEEPALIVE },
  reuseaddr = { C.SOL_SOCKET, C.SO_REUSEADDR },
  ["tcp-nodelay"] = { C.IPPROTO_TCP, C.TCP_NODELAY },
  sndbuf = { C.SOL_SOCKET, C.SO_SNDBUF },
  rcvbuf = { C.SOL_SOCKET, C.SO_RCVBUF },
}

--- Sets an option of the socket: "keepalive", "reuseaddr", "tcp-nodelay",
-- "sndbuf", "rcvbuf".
---@param name string
---@param value boolean|integer
---@return boolean? true
---@return string? message
function TCP:setoption(name, value)
  if not self.conn then return nil, "closed" end
  local known = OPTIONS[name]
  if not known then return nil, "unsupported option " .. tostring(name) end
  local number = value == true and 1 or value == false and 0
    or math.tointeger(tonumber(value))
  if not number then
    error("bad argument #3 to 'setoption' (number expected, got "
      .. type(value) .. ")", 2)
  end
  local ok, message, code = system.setsockopt(self.conn:fileno(), known[1],
    known[2], number)
  if not ok then return nil, words.failure(message, code) end
  return true
end

function TCP:__tostring()
  return ("%s (%s)"):format(TCP.__name, self.conn and tostring(self.conn)
    or "closed")
end

return TCP
