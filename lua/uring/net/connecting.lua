--- Connecting: from a name or an address to a connection.
local address = require "uring.address"
local Conn = require "uring.net.conn"
local core = require "uring.core"
local errno = require "uring.errno"
local eyeballs = require "uring.net.eyeballs"
local loop = require "uring.loop"
local names = require "uring.net.names"
local op = require "uring.op"
local options = require "uring.net.options"
local Socket = require "uring.net.socket"
local structured = require "uring.structured"

local C = core.consts

local STAGGER = 0.25 -- seconds, as RFC 8305 has it
local FOREVER = 1e9 -- seconds, and more

local connecting = {}

--- The options of connect, and their types.
connecting.OPTIONS = {
  timeout = "number", nodelay = "boolean", local_addr = "address",
  family = "string", happy_eyeballs = "boolean|number",
  keepalive = "boolean|table", mark = "integer", bind_device = "string",
  fastopen = "boolean", resolver = "function",
}

local KEEPALIVE = {
  idle = "number", interval = "number", count = "integer",
}

local function check(given)
  given = options.check("connect", given, connecting.OPTIONS, 4)
  if type(given.keepalive) == "table" then
    options.check("connect: keepalive", given.keepalive, KEEPALIVE, 4)
  end
  local family = given.family
  if family and family ~= "inet" and family ~= "inet6" then
    error("connect: bad option 'family' (\"inet\" or \"inet6\" expected)", 3)
  end
  return given
end

local function settings_of(where, given)
  if where.family == "unix" then return {} end
  local keep = type(given.keepalive) == "table" and given.keepalive or {}
  return {
    { "nodelay", given.nodelay ~= false },
    { "keepalive", given.keepalive and true or nil },
    { "keepidle", keep.idle }, { "keepintvl", keep.interval },
    { "keepcnt", keep.count },
    { "mark", given.mark }, { "bindtodevice", given.bind_device },
    { "fastopen_connect", given.fastopen or nil },
    { "late_port", given.local_addr and true or nil },
  }
end

-- Connects a socket, which is closed where that fails or is cancelled.
local function finish(conn, peer, own)
  local ok, done, _, code = true, true, nil, nil
  if own then done, _, code = Socket.bind(conn.fd, own) end
  if done then ok, done, _, code = pcall(op.connect, conn.fd, peer) end
  if ok and done then return conn end
  conn:close()
  if not ok then error(done, 0) end
  return core.fail("connect " .. tostring(peer), code)
end

local function connect_to(peer, own, given)
  local conn, message, code = Socket.open(Conn.new(), peer, C.SOCK_STREAM,
    settings_of(peer, given))
  if conn then return finish(conn, peer, own) end
  return nil, ("connect %s: %s"):format(peer, message), code
end

-- Our own side, for the family of a peer; nil where none is wanted.
local function own_side(given)
  local where = given.local_addr
  if not where then return nil end
  if type(where) == "string" then
    local alone = core.sockaddr(where, 0) -- a host without a port
    if alone then return alone end
  end
  return names.first(where)
end

local function reachable(list, own)
  if not own then return list end
  local some = {}
  for _, peer in ipairs(list) do
    if peer.family == own.family then some[#some + 1] = peer end
  end
  return some
end

local function of_several(where, port, list, message, code)
  local reason = message:gsub("^connect ", "")
  if port then where = ("%s port %d"):format(where, port) end
  return nil, ("connect %s: none of %d addresses: %s"):format(where, #list,
    reason), code
end

local function establish(where, port, given)
  local own, message, code = own_side(given)
  if given.local_addr and not own then
    return nil, "connect: local_addr " .. message, code
  end
  local list
  list, message, code = names.find(where, port, given)
  if not list then return nil, "connect " .. message, code end
  list = reachable(list, own)
  if #list == 0 then
    return core.fail("connect " .. tostring(where), errno.EAFNOSUPPORT)
  end
  if #list == 1 then return connect_to(list[1], own, given) end
  local function attempt(peer) return connect_to(peer, own, given) end
  local stagger = given.happy_eyeballs
  if stagger == nil or stagger == true then stagger = STAGGER end
  local conn
  conn, message, code = eyeballs.connect(list, attempt, stagger or nil)
  if conn then return conn end
  return of_several(where, port, list, message, code)
end

local function connect(where, port, given)
  if not loop.is_running() then
    return loop.block(connect, where, port, given)
  end
  if not given.timeout or given.timeout >= FOREVER then
    return establish(where, port, given)
  end
  return structured.timeout(given.timeout, establish, where, port, given)
end

--- Connects, waiting until it has.
---@param where string|uring.Address as for listen, or a host: an address or a
--- name, of which each address is tried, see happy_eyeballs
---@param port? integer where 'where' is a host
---@param given? table timeout (seconds, for all of it), nodelay = true,
--- local_addr (of our side, with or without a port), family ("inet" or
--- "inet6"), happy_eyeballs = 0.25 (seconds until the next address is tried
--- as well; false: when the one before has failed), keepalive (true, or
--- {idle =, interval = seconds, count =}), mark, bind_device ("eth0"),
--- fastopen (the first bytes go with the request), resolver (function of a
--- host and {family, timeout, port}); may stand in the place of port
---@return uring.Conn? conn
---@return string? message "timeout" where that took too long
---@return integer? code
function connecting.connect(where, port, given)
  if type(port) == "table" then port, given = nil, port end
  address.check("connect", where, port)
  return connect(where, port, check(given))
end

return connecting
