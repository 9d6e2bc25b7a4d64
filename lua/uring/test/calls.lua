--- The entries of uring.system for the time of a simulated run.
local core = require "uring.core"
local errno = require "uring.errno"
local Descriptors = require "uring.test.descriptors"
local jobs = require "uring.test.jobs"
local making = require "uring.test.making"
local Ring = require "uring.test.ring"
local signals = require "uring.test.signals"

local C = core.consts

local SOMAXCONN = 4096

local function check_integer(name, position, value)
  if math.type(value) ~= "integer" then
    error(("bad argument #%d to '%s' (number expected, got %s)"):format(
      position, name, type(value)), 3)
  end
end

-- Whether the function that called ours was called by the collector.
local function is_collecting()
  for level = 3, 4 do
    local caller = debug.getinfo(level, "n")
    if caller and caller.name == "__gc" then return true end
  end
  return false
end

-- The socket of a descriptor, or false and an errno.
local function socket_of(sim, name, fd)
  local object = sim.descriptors:get(fd, name)
  if not object then return false, errno.EBADF end
  if object.kind ~= "socket" then return false, errno.ENOTSOCK end
  return object
end

local calls = {}

-- Adds a call on a socket: 'call' tells a value, or false and an errno.
local function on_socket(name, integers, call)
  calls[name] = function(sim, fd, ...)
    check_integer(name, 1, fd)
    for i = 1, integers do check_integer(name, i + 1, (select(i, ...))) end
    local socket, code = socket_of(sim, name, fd)
    if not socket then return core.fail(name, code) end
    local value
    value, code = call(sim, socket, ...)
    if not value then return core.fail(name, code) end
    return value
  end
end

on_socket("listen", 0, function(sim, socket, backlog)
  return sim.network:listen(socket, backlog or SOMAXCONN)
end)

local function refuse_structure(name)
  error(name .. ": uring.test does not simulate options that are structures, "
    .. "but for SO_LINGER", 4)
end

local function is_linger(level, name)
  return level == C.SOL_SOCKET and name == C.SO_LINGER
end

on_socket("getsockopt", 2, function(_, socket, level, name, size)
  if is_linger(level, name) then return socket:linger(size or 4) end
  if size then refuse_structure("getsockopt") end
  return socket:option(level, name)
end)

on_socket("setsockopt", 2, function(_, socket, level, name, value)
  if is_linger(level, name) then return socket:set_linger(value) end
  if type(value) == "string" then refuse_structure("setsockopt") end
  check_integer("setsockopt", 4, value)
  return socket:set_option(level, name, value)
end)

on_socket("getsockname", 0, function(sim, socket)
  return sim.network.name_of(socket)
end)

on_socket("getpeername", 0, function(_, socket)
  return socket:peer_address() or false, errno.ENOTCONN
end)

on_socket("bind", 0, function(sim, socket, address)
  return sim.network:bind(socket, address)
end)

calls.bind_socket, calls.bind = calls.bind, nil

-- The file of a Unix socket; nil: there is none.
local function socket_file(sim, address)
  local path = address.family == "unix" and address.path or ""
  if path == "" or path:sub(1, 1) == "@" then return nil end
  local node = sim.tree:find(nil, path)
  return node and node.kind == "socket" and node or nil, path
end

--- Removes the file of a Unix socket that has gone.
---@param sim uring.test.Sim
---@param address uring.Address
---@return boolean removed
function calls.remove_stale(sim, address)
  local node, path = socket_file(sim, address)
  if not node or node.socket and not node.socket.is_released then
    return false
  end
  return (sim.tree:unlink(nil, path, false))
end

--- Remembers the file of a Unix socket.
---@param sim uring.test.Sim
---@param address uring.Address
---@return table? mark
function calls.mark_path(sim, address)
  return (socket_file(sim, address))
end

--- Removes it, if it is still that.
---@param sim uring.test.Sim
---@param address uring.Address
---@param mark table
---@return boolean removed
function calls.remove_marked(sim, address, mark)
  if is_collecting() then return false end
  local node, path = socket_file(sim, address)
  if not node or node ~= mark then return false end
  return (sim.tree:unlink(nil, path, false))
end

--- As close(2).  What is collected was never closed: that is a leak,
-- whenever it is found.
---@param sim uring.test.Sim
---@param fd integer
---@return boolean? done
---@return string? message
---@return integer? code
function calls.close(sim, fd)
  check_integer("close", 1, fd)
  if is_collecting() then
    if fd < Descriptors.FIRST and not sim.descriptors.open[fd] then
      core.close(fd) -- from before the run
    end
    return true
  end
  if sim.descriptors:close(fd, "close") then
    sim:note("close %d", fd)
    return true
  end
  return core.fail("close", errno.EBADF)
end

-- Adds a call that makes descriptors.
local function maker(name, prepare)
  calls[name] = function(sim, ...)
    local one, other = prepare(sim, ...)
    if not one then return core.fail(name, other) end
    sim:note("%s: %d", name, one)
    return one, other
  end
end

maker("pipe", function(sim) return making.pipe(sim, "pipe") end)

maker("socketpair", function(sim, kind)
  return making.socketpair(sim, kind or core.consts.SOCK_STREAM, "socketpair")
end)

maker("eventfd", function(sim, count)
  if count ~= nil then check_integer("eventfd", 1, count) end
  return making.eventfd(sim, count or 0, "eventfd")
end)

maker("socket", function(sim, domain, kind)
  check_integer("socket", 1, domain)
  check_integer("socket", 2, kind)
  local lacking = making.lacks_socket(kind)
  if lacking then error("uring.test does not simulate " .. lacking, 4) end
  local chance = sim.faults.emfile
  if chance > 0 and sim.random:chance(chance) then
    return false, errno.EMFILE
  end
  return making.socket(sim, domain, kind, "socket")
end)

maker("signalfd", function(sim, ...)
  local wanted = signals.check("signalfd", ...)
  for number in pairs(wanted) do sim.blocked[number] = true end
  return making.signalfd(sim, wanted, "signalfd")
end)

--- The time on the monotonic clock.
---@param sim uring.test.Sim
---@return integer nanoseconds
function calls.now(sim) return sim.now end

--- Looks at no descriptors: ops wait for them.
---@return nil
function calls.poll() end

--- Reads nothing: ops do.
---@return nil
---@return integer code
function calls.read_cached() return nil, errno.EOPNOTSUPP end

calls.fill_cached, calls.stat_known = calls.read_cached, calls.read_cached

--- Simulated pipes stay as they are.
---@return nil
function calls.widen() end

--- The time that a clock on the wall shows.
---@param sim uring.test.Sim
---@return integer nanoseconds since 1970
function calls.wall(sim)
  return sim:wall() * 1000000000 + sim.now % 1000000000
end

--- Opens a ring: that of the run, or of uring.blocking.
---@param sim uring.test.Sim
---@return table
function calls.open(sim)
  return Ring.new(sim)
end

--- Makes the scheduler's view of the ring.
---@param ring table
---@return table
function calls.bind(_, ring) return Ring.bind(ring) end

--- As lseek(2).
---@param sim uring.test.Sim
---@param fd integer
---@param offset integer
---@param whence integer
---@return integer? position
---@return string? message
---@return integer? code
function calls.lseek(sim, fd, offset, whence)
  local file = sim.descriptors:get(fd, "lseek")
  if not file then return core.fail("lseek", errno.EBADF) end
  if file.kind ~= "file" then return core.fail("lseek", errno.ESPIPE) end
  local position, code = file:seek(offset, whence)
  if not position then return core.fail("lseek", code) end
  return position
end

local WORDS = { channel = "the DNS", interface = "interfaces" }

for _, name in ipairs {
  "channel", "cpus", "environ", "epoll", "fork", "has_ring", "inotify",
  "inotify_add", "inotify_remove", "interface", "kill", "memfd", "pidfd",
  "reap", "spawn",
} do
  calls[name] = function()
    error("uring.test does not simulate " .. (WORDS[name] or name), 3)
  end
end

calls.tray, calls.work = jobs.tray, jobs.work
for name, call in pairs(signals.calls) do calls[name] = call end

return calls
