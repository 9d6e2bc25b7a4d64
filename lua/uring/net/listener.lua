--- Listeners: where connections come from.
local address = require "uring.address"
local Conn = require "uring.net.conn"
local core = require "uring.core"
local errno = require "uring.errno"
local Feed = require "uring.net.feed"
local limits = require "uring.limits"
local loop = require "uring.loop"
local names = require "uring.net.names"
local op = require "uring.op"
local options = require "uring.net.options"
local Socket = require "uring.net.socket"
local Stream = require "uring.stream"
local system = require "uring.system"

local C = core.consts

local PATIENCE = 0.05 -- seconds until descriptors may be free again
local REST = 1000000000 -- nanoseconds between two collections for them
local FASTOPEN, DEFER = 256, 1 -- connections; seconds: where true is given

---@class uring.Listener
local Listener = { __name = "uring.Listener" }

--- Makes a listener that is closed: Stream.own gives it its descriptor.
---@return uring.Listener
function Listener.new()
  return setmetatable({
    fd = -1, is_closed = true, waiting = 0,
    is_shared = false, -- with other processes, which accept as well
    is_leaving = false, -- closed when the last of those who wait has looked
    accepted = {}, -- descriptors that came to a feed, and nobody took
    acceptors = {}, -- who waits in accept: {thread =, is_told =}
    on_full = false, -- called where there are no descriptors
    collect_at = 0, -- nanoseconds: not before
  }, Listener)
end

-- Has the first of those who wait look again.
local function tell(self)
  local first = self.acceptors[1]
  if not first or not loop.is_running() then return end
  first.is_told = true
  loop.interrupt(first.thread)
end

-- What came to a feed after its end is for one who waits.
local function pass_on(self)
  if self.accepted[1] then tell(self) end
end

--- Takes a descriptor that a feed had no use for.
---@param fd integer
---@return boolean taken false where the listener is closed
function Listener:_keep(fd)
  if self.is_closed then return false end
  table.insert(self.accepted, fd)
  pass_on(self)
  return true
end

local function withdraw(self, acceptor)
  for i, each in ipairs(self.acceptors) do
    if each == acceptor then table.remove(self.acceptors, i) end
  end
end

-- Of all who wait the kernel wakes one for a connection.  Where that one does
-- not wait any more, somebody else has to look: another of ours (see wait),
-- or, where those are in other processes, it has to look itself.
local function take_late(fd)
  while next(system.poll({ fd }, { C.POLLIN }) or {}) do
    local alarm <close> = limits.within(0) -- another may be faster
    local late, _, code = op.accept(fd)
    if late or not limits.is_over(alarm, code) then return late end
  end
end

local function accept(self)
  local fd, message, code = op.accept(self.fd)
  if fd or not self.is_shared then return fd, message, code end
  return take_late(self.fd), message, code
end

local function close_fd(fd)
  if not loop.post("close", fd) then system.close(fd) end
end

-- Waits for a connection, in the line of those who do.
local function wait(self, alarm)
  local acceptor = { thread = coroutine.running(), is_told = false }
  table.insert(self.acceptors, acceptor)
  self.waiting = self.waiting + 1
  local ok, fd, message, code = pcall(accept, self)
  self.waiting = self.waiting - 1
  if self.is_leaving and self.waiting == 0 then close_fd(self.fd) end
  withdraw(self, acceptor)
  local is_told = acceptor.is_told and code == errno.ECANCELED
  if is_told then
    fd = table.remove(self.accepted, 1)
  elseif not (ok and fd) and not self.is_closed then
    tell(self)
  end
  pass_on(self)
  if not ok then error(fd, 0) end
  if is_told and not fd and not self.is_closed
    and not limits.is_over(alarm, code) then
    return wait(self, alarm) -- another was faster
  end
  return fd, message, code
end

--- Takes the next connection, waiting for it.
---@return uring.Conn? conn
---@return string? message "closed" where the listener was; "timeout"
---@return integer? code
function Listener:accept()
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  if limits.need_loop(self.read_timeout) then
    return loop.block(Listener.accept, self)
  end
  local conn = Conn.new()
  if self.accepted[1] then
    return Stream.own(conn, table.remove(self.accepted, 1))
  end
  local alarm <close> = self.read_timeout and limits.begin(self, "read")
  local fd, message, code = wait(self, alarm)
  if fd then return Stream.own(conn, fd) end
  return limits.failure(self, alarm, message, code)
end

-- Errors of the connection that was to be, not of the listener: accept(2).
local PASSING = {}
for name in ("ECONNABORTED EPROTO ENETDOWN ENOPROTOOPT EHOSTDOWN ENONET "
  .. "EHOSTUNREACH EOPNOTSUPP ENETUNREACH EPERM EINTR"):gmatch("%u+") do
  PASSING[errno[name]] = true
end

-- There is no room for one more connection, for now.
local CAPACITY = {
  [errno.EMFILE] = true, [errno.ENFILE] = true,
  [errno.ENOBUFS] = true, [errno.ENOMEM] = true,
}

-- What someone has forgotten may hold descriptors; looking for it takes long
-- where there is much memory, so not each time.
local function wait_for_room(self, message)
  local now = system.now()
  if now >= self.collect_at then
    self.collect_at = now + REST
    collectgarbage()
  end
  if self.on_full then self.on_full(message) end
  loop.sleep(PATIENCE)
end

--- Iterates over the connections that come, until the listener is closed:
-- for a 'for' loop, whose end leaves to others what it did not take.  Where
-- descriptors have run out it waits until there are some again: connections
-- stay in the kernel's queue.  Raises where accepting fails for good.
---@return function iterator
function Listener:iter()
  local feed <const> = Feed.new(self)
  local function next_conn()
    while true do
      local own = Conn.new()
      local fd = feed:next()
      if fd then return Stream.own(own, fd) end
      local conn, message, code = self:accept()
      if conn or code == errno.ECLOSED then return conn end
      if CAPACITY[code] then
        wait_for_room(self, message)
      elseif not PASSING[code] then
        error(message, 2)
      end
    end
  end
  return next_conn, nil, nil, feed
end

--- Closes what nobody took.
function Listener:_release()
  local accepted = self.accepted
  self.accepted = {}
  for _, fd in ipairs(accepted) do system.close(fd) end
  Socket.release(self)
end

Socket.class(Listener)

local close = Listener.close

-- Who waits looks once more before the socket is closed.
local function leave(self)
  self:_release()
  self.is_closed, self.is_leaving = true, true
  limits.forget(self)
  for _, acceptor in ipairs(self.acceptors) do
    loop.interrupt(acceptor.thread)
  end
end

--- Closes it: who waits in accept gets nil, "closed".  Once more is nothing.
---@return boolean true
function Listener:close()
  if self.is_closed or not self.is_shared or self.waiting == 0
    or not loop.is_running() then
    return close(self)
  end
  leave(self)
  return true
end

Listener.__close = Listener.close

--- The options of listen, and their types.
Listener.OPTIONS = {
  backlog = "integer", reuseaddr = "boolean", reuseport = "boolean",
  v6only = "boolean", nodelay = "boolean", mode = "integer",
  fastopen = "boolean|integer", defer_accept = "boolean|number",
}

-- An option that may be true, which is then a good number.
local function number_of(value, good)
  if value == true then return good end
  return value or nil
end

local function settings_of(where, given)
  if where.family == "unix" then return {} end
  local settings = {
    { "reuseaddr", given.reuseaddr ~= false },
    { "reuseport", given.reuseport },
    { "nodelay", given.nodelay ~= false }, -- is inherited
    { "fastopen", number_of(given.fastopen, FASTOPEN) },
    { "defer_accept", number_of(given.defer_accept, DEFER) },
  }
  if where.family == "inet6" then
    settings[6] = { "v6only", given.v6only or false }
  end
  return settings
end

local function bind_and_listen(self, where, given)
  local done, message, code = Socket.bind(self.fd, where, given.mode)
  if not done then return nil, message, code end
  Socket.claim(self, where)
  return system.listen(self.fd, given.backlog)
end

local function listen_on(where, given)
  local self = Listener.new()
  local opened, message, code = Socket.open(self, where, C.SOCK_STREAM,
    settings_of(where, given))
  if not opened then
    return nil, ("listen %s: %s"):format(where, message), code
  end
  local done, _, reason = bind_and_listen(self, where, given)
  if done then return self end
  self:close()
  return core.fail("listen " .. tostring(where), reason)
end

local NO_IPV6 = {
  [errno.EAFNOSUPPORT] = true, [errno.EADDRNOTAVAIL] = true,
}

--- Listens for connections.
---@param where string|integer|uring.Address "127.0.0.1:7000", "[::1]:0",
--- ":80" or 80 (all addresses, IPv4 and IPv6), "unix:/path", "unix:@abstract"
---@param given? table backlog = 4096 connections, reuseaddr = true,
--- reuseport = false, v6only = false, nodelay = true, mode (permissions of a
--- Unix socket's file), fastopen (true, or how many at once), defer_accept
--- (true, or seconds: a connection comes with its first bytes)
---@return uring.Listener? listener
---@return string? message
---@return integer? code
function Listener.listen(where, given)
  given = options.check("listen", given, Listener.OPTIONS)
  if math.type(where) == "integer" then where = ":" .. where end
  address.check("listen", where)
  local place, message, code = names.first(where)
  if not place then return nil, "listen " .. message, code end
  local self
  self, message, code = listen_on(place, given)
  if NO_IPV6[code] and address.without_ipv6(place) then
    return listen_on(address.without_ipv6(place), given)
  end
  return self, message, code
end

return Listener
