--- LuaSocket's module "socket", on uring: inside a run what waits lets other
-- tasks go on, outside it blocks.
--   package.loaded.socket = require "uring.compat.socket"
local argument = require "uring.compat.argument"
local except = require "uring.compat.socket.except"
local loop = require "uring.loop"
local names = require "uring.compat.socket.names"
local pipes = require "uring.compat.socket.pipes"
local select = require "uring.compat.socket.select"
local system = require "uring.system"
local tcp = require "uring.compat.socket.tcp"
local udp = require "uring.compat.socket.udp"
local unix = require "uring.compat.socket.unix"

local socket = {
  _VERSION = "LuaSocket 3.0.0",
  _SETSIZE = 1 << 20, -- what select takes; ours knows no limit
  _DATAGRAMSIZE = udp.DATAGRAM,
  _SOCKETINVALID = -1,
  BLOCKSIZE = pipes.BLOCKSIZE,
  choose = pipes.choose,
  connect = tcp.connect,
  dns = names.dns,
  newtry = except.newtry,
  protect = except.protect,
  select = select,
  sink = pipes.sink,
  sinkt = pipes.sinkt,
  skip = pipes.skip,
  source = pipes.source,
  sourcet = pipes.sourcet,
  tcp = tcp.tcp,
  tcp4 = tcp.tcp4,
  tcp6 = tcp.tcp6,
  try = except.newtry(),
  udp = udp.udp,
  udp4 = udp.udp4,
  udp6 = udp.udp6,
  unix = unix.module,
}

--- Connects over IPv4.
---@param host string
---@param port number|string
---@param own_host? string
---@param own_port? number|string
---@return table? client
---@return string? problem
function socket.connect4(host, port, own_host, own_port)
  return socket.connect(host, port, own_host, own_port, "inet")
end

--- Connects over IPv6.
---@param host string
---@param port number|string
---@param own_host? string
---@param own_port? number|string
---@return table? client
---@return string? problem
function socket.connect6(host, port, own_host, own_port)
  return socket.connect(host, port, own_host, own_port, "inet6")
end

local function listen(where, port, backlog)
  local make = where.family == "inet" and socket.tcp4 or socket.tcp6
  local server, problem = make()
  if not server then return nil, problem, true end
  server:setoption("reuseaddr", true)
  local ok
  ok, problem = server:bind(where.addr, port)
  if ok then ok, problem = server:listen(backlog) end
  if ok then return server end
  server:close()
  return nil, problem
end

--- Makes a server of an address of this machine.
---@param host string "*": any of IPv4
---@param port number|string 0: one that is free
---@param backlog? number default 32
---@return table? server
---@return string? problem
function socket.bind(host, port, backlog)
  if host == "*" then host = "0.0.0.0" end
  local list, problem = socket.dns.getaddrinfo(host)
  if not list then return nil, problem end
  problem = "no info on address"
  for _, where in ipairs(list) do
    local server, is_final
    server, problem, is_final = listen(where, port, backlog)
    if server then return server end
    if is_final then break end
  end
  return nil, problem
end

-- Until a clock of the kernel is there that knows fractions.
local base = os.time() - system.now() / 1e9

--- What a clock on the wall shows.
---@return number seconds since 1970
function socket.gettime()
  if system.wall then return system.wall() / 1e9 end
  return base + system.now() / 1e9
end

--- Waits for some time.
---@param seconds number 0 or less only lets others run
function socket.sleep(seconds)
  seconds = argument.number("sleep", 1, seconds)
  loop.sleep(seconds)
end

return socket
