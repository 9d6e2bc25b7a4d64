--- The loop that runs, and every way to wait for it.
-- The only file that yields: what a coroutine yields here is IO, and only
-- the scheduler resumes it then.
local core = require "uring.core"
local errno = require "uring.errno"
local Scheduler = require "uring.scheduler"

local close, create = coroutine.close, coroutine.create
local resume, running = coroutine.resume, coroutine.running
local yield = coroutine.yield

local BUFFER_GROUP = 0
local BUFFERS, BUFFER_SIZE = 256, 4096 -- in all, what an L2 cache holds
local NS = 1000000000

local IO = Scheduler.IO

local loop = {}

local current -- the scheduler that runs
-- The functions of coroutine that ours stand for.  The places are there
-- before a run: filling them needs no memory.
local stock = { close = false, resume = false, wrap = false }
local bound = {} -- {name, kind, set}: who wants to know what starts an op

--- The scheduler that runs, or an error that names what needs it.
---@param what string
---@return uring.Scheduler
function loop.current(what)
  return current or error(what .. " needs uring.run", 3)
end

--- Whether one runs.
---@return boolean
function loop.is_running()
  return current ~= nil
end

--- Makes a scheduler the one that runs.  Until loop.leave, coroutine.close,
-- resume and wrap are ours.
---@param scheduler uring.Scheduler
function loop.enter(scheduler)
  current = scheduler
  for name, ours in pairs(loop.coroutine) do
    stock[name] = coroutine[name]
    coroutine[name] = ours
  end
  for _, entry in ipairs(bound) do
    entry.set(scheduler.bound[entry.kind][entry.name])
  end
end

--- Undoes what loop.enter has done, all of it or only half.  Needs no memory.
function loop.leave()
  current = nil
  for name, theirs in pairs(stock) do
    coroutine[name] = theirs or coroutine[name]
    stock[name] = false
  end
  for _, entry in ipairs(bound) do entry.set(entry.outside) end
end

-- Ops

--- Calls 'set' with the C function that starts the ops of a row, whenever
-- that changes; while no loop runs, with one that raises.
---@param name string the row
---@param kind "start"|"start_for" for the running coroutine, or another
---@param set fun(start: function)
function loop.on_bind(name, kind, set)
  local function outside()
    error("uring.op." .. name .. " needs uring.run", 3)
  end
  bound[#bound + 1] = { name = name, kind = kind, set = set,
    outside = outside }
  set(current and current.bound[kind][name] or outside)
end

-- The ring of a run has SQEs of 64 bytes.
local function refuse(row, code)
  if not row.wide or code == errno.ENOSYS then
    return core.fail_needing(row.name, row.since, code)
  end
  return nil, row.name .. ": needs an SQE of 128 bytes: see ring:get_sqe128",
    code
end

--- Makes the function that starts the op of a row and waits for it.
---@param row table of core.ops
---@return function awaitable
function loop.awaitable(row)
  local name, since, start = row.name, row.since, nil
  loop.on_bind(name, "start", function(function_of) start = function_of end)
  return function(a, b, c, d, e, f) -- no row has more
    local refused = start(a, b, c, d, e, f)
    if refused then return refuse(row, refused) end
    local value, extra = yield(IO)
    if value ~= nil then return value, extra end
    return core.fail_needing(name, since, extra)
  end
end

--- Starts an op that nobody waits for.
---@param name string the row
---@param ... any its arguments
---@return boolean started false where no loop runs, or it could not
function loop.post(name, ...)
  return current ~= nil and current.bound.start_for[name](nil, ...) == nil
end

--- Makes a buffer ring that the ops of this run may receive into: give it
-- to uring.op.recv, read or recv_multishot in the place of a Buffer.
---@param options table bgid (from 1 on), entries (a power of two), size
---@return uring.BufRing? buffers
---@return string? message
---@return integer? code
function loop.buf_ring(options)
  return loop.current("uring.buf_ring").ring:buf_ring(options)
end

--- The ring of this run: for its register calls, whose buffers, files and
-- the like uring.op uses then, and for what it tells about itself.
---@return uring.Ring
function loop.ring()
  return loop.current("uring.ring").ring
end

--- The buffer ring from which sockets receive.
---@return uring.BufRing? buffers nil where this kernel has none
---@return integer size of one buffer, in bytes
function loop.receive_buffers()
  if not current then return nil, BUFFER_SIZE end
  if current.buffers == nil then
    current.buffers = current.ring:buf_ring {
      bgid = BUFFER_GROUP, entries = BUFFERS, size = BUFFER_SIZE,
    } or false
  end
  return current.buffers or nil, BUFFER_SIZE
end

-- Other waits

--- Raises where the running code cannot wait for I/O.
---@param what string names what wants to
function loop.check_can_wait(what)
  if not current then error(what .. " needs uring.run", 3) end
  if not coroutine.isyieldable() then
    error(what .. ": cannot wait here: not inside a task, or called through "
      .. "a C function (table.sort, string.gsub, require, a __gc ...)", 3)
  end
end

--- Waits until an op of the coroutine completes, or wake names it.
---@return any value of the op, nil where it failed
---@return integer? extra the CQE's flags, or the errno
function loop.park()
  return yield(IO)
end

--- Lets a parked coroutine run in the next tick.
---@param thread thread
function loop.wake(thread)
  current.ready[#current.ready + 1] = thread
end

--- Lets the other tasks run that are ready.
function loop.pause()
  loop.check_can_wait("uring.yield")
  loop.wake((running()))
  yield(IO)
end

--- Waits for some time.
---@param seconds number 0 or less only lets others run; math.huge never ends
function loop.sleep(seconds)
  loop.check_can_wait("uring.sleep")
  if type(seconds) ~= "number" or seconds ~= seconds then
    error("sleep: bad argument 'seconds' (number expected)", 2)
  end
  if seconds <= 0 then return loop.pause() end
  if seconds < 1e9 then
    local at = core.now() + math.ceil(seconds * NS)
    current.timers:add(at, (running()))
  end
  yield(IO)
end

-- Coroutines of the user

local function pass_in(thread, ok, first, ...)
  if first ~= IO then return ok, first, ... end
  current.outer[thread] = running()
  return yield(IO) -- we are resumed with what the inner one did
end

--- As coroutine.resume, but the coroutine may wait for I/O.
---@param thread thread
---@param ... any
---@return boolean ok
---@return any ... what it yields or returns, or the error
function loop.resume(thread, ...)
  if current and current.outer[thread] then
    return false, "cannot resume a coroutine that waits for I/O"
  end
  return pass_in(thread, resume(thread, ...))
end

local function unwrap(thread, ok, ...)
  if ok then return ... end
  local message = ...
  if coroutine.status(thread) == "dead" then close(thread) end
  error(message, 2)
end

--- As coroutine.wrap, but the coroutine may wait for I/O.
---@param body function
---@return function
function loop.wrap(body)
  local thread = create(body)
  return function(...)
    return unwrap(thread, loop.resume(thread, ...))
  end
end

--- As coroutine.close, but a coroutine that waits for I/O cannot be closed.
---@param thread thread
---@return boolean ok
---@return any problem
function loop.close(thread)
  if current and current.outer[thread] then
    error("cannot close a coroutine that waits for I/O", 2)
  end
  return close(thread)
end

--- For programs that name what they use: the three, wherever they run.
loop.coroutine = {
  close = loop.close, resume = loop.resume, wrap = loop.wrap,
}

return loop
