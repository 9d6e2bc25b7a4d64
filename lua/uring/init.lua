--- Scriptable io_uring: tasks that wait in straight lines.
--   local uring = require "uring"
--   uring.run(function() ... end)
-- Inside run, every function here that waits lets other tasks go on.
local blocking = require "uring.blocking"
local buffers = require "uring.buffers"
local cancelled = require "uring.cancelled"
local core = require "uring.core"
local coroutines = require "uring.coroutines"
local errno = require "uring.errno"
local exit = require "uring.exit"
local fs = require "uring.fs"
local info = require "uring.info"
local locals = require "uring.locals"
local loop = require "uring.loop"
local net = require "uring.net"
local op = require "uring.op"
local process = require "uring.process"
local ready = require "uring.ready"
local Run = require "uring.runner"
local signal = require "uring.signal"
local stdio = require "uring.stdio"
local structured = require "uring.structured"
local system = require "uring.system"
local time = require "uring.time"
local tree = require "uring.tree"
local worker = require "uring.worker"

local uring = {
  all = structured.all,
  blocking = blocking.call,
  buf_ring = buffers.buf_ring,
  connect = net.connect,
  deadline = structured.deadline,
  errno = errno,
  exit = exit.exit,
  info = info,
  is_cancelled = cancelled.is,
  listen = net.listen,
  locals = locals.proxy,
  map = structured.map,
  op = op,
  open = fs.open,
  process = process,
  race = structured.race,
  read_file = fs.read_file,
  ring = buffers.ring,
  running = loop.is_running,
  scope = structured.scope,
  self = loop.task,
  serve = net.serve,
  shield = structured.shield,
  signal = signal,
  sleep = loop.sleep,
  spawn = structured.spawn,
  stderr = stdio.stderr,
  stdin = stdio.stdin,
  stdout = stdio.stdout,
  strerror = core.strerror,
  time = time,
  timeout = structured.timeout,
  wait_readable = ready.wait_readable,
  wait_writable = ready.wait_writable,
  with_local = locals.with,
  worker = worker,
  write_file = fs.write_file,
  yield = loop.pause,
}

--- For people who look for what hangs.
uring.debug = {}

--- What all tasks are doing, a line each.
---@return string
function uring.debug.tree()
  return tree.text(loop.current("uring.debug.tree"))
end

--- coroutine.close, resume and wrap as they are inside run.
uring.coroutine = coroutines.public

local ENTRIES = 256

local OPTIONS = {
  entries = "number", sigint = "string", watchdog = "number",
  gc_headroom = "number",
}
local SIGINT = { cancel = true, ignore = true, default = true }

local function check_options(options)
  if type(options) ~= "table" then
    error("run: bad argument 'options' (table expected)", 3)
  end
  for name, value in pairs(options) do
    if type(value) ~= OPTIONS[name]
      or name == "sigint" and not SIGINT[value]
      or name == "gc_headroom" and (value ~= value or value < 0) then
      error("run: bad option '" .. tostring(name) .. "'", 3)
    end
  end
end

--- Runs a function as the first task, until it and all that it spawned have
-- ended.  Raises the error of the first task that fails; the others are
-- cancelled then.  Ctrl-C cancels all, and raises; once more ends the
-- process.  Ctrl-\\ (SIGQUIT) prints what all tasks are doing.
---@param options? table entries = 256, the size of the ring; sigint =
--- "cancel", "ignore" or "default"; watchdog: seconds, a task that holds
--- the loop up for longer is named on standard error; gc_headroom: bytes of
--- garbage that may pile up before the collector goes through all that is
--- there, or 0 for the collector as it is; by default up to 16 MiB, while it
--- does nothing else, unless the program has set it
---@param main function
---@param ... any its arguments
---@return any ... what main returns
function uring.run(options, main, ...)
  if type(options) == "function" then
    return uring.run({}, options, main, ...)
  end
  if type(main) ~= "function" then
    error("run: bad argument 'main' (function expected)", 2)
  end
  if loop.is_running() then
    error("uring.run inside uring.run: use uring.spawn", 2)
  end
  check_options(options)
  local arguments, results = table.pack(...), { n = 0 }
  Run.run({
    entries = options.entries or ENTRIES, sigint = options.sigint,
    watchdog = options.watchdog, gc_headroom = options.gc_headroom,
  }, function()
    results = table.pack(main(table.unpack(arguments, 1, arguments.n)))
  end)
  return table.unpack(results, 1, results.n)
end

--- Starts a run inside another loop, which calls its method step whenever
-- the descriptor of pollfd is readable or the time of timeout is over.
---@param options? table as for uring.run; signals stay as they are, and so
--- does the collector
---@param main function
---@param ... any its arguments
---@return uring.Run
function uring.start(options, main, ...)
  if type(options) == "function" then
    return uring.start({}, options, main, ...)
  end
  if type(main) ~= "function" then
    error("start: bad argument 'main' (function expected)", 2)
  end
  check_options(options)
  local arguments = table.pack(...)
  return Run.new({ entries = options.entries or ENTRIES }, function()
    main(table.unpack(arguments, 1, arguments.n))
  end)
end

local function rethrow(ok, ...)
  if not ok and cancelled.is(...) then error(..., 0) end
  return ok, ...
end

--- As pcall, but lets cancellation pass.
---@param body function
---@param ... any its arguments
---@return boolean ok
---@return any ... results, or the error
function uring.pcall(body, ...)
  return rethrow(pcall(body, ...))
end

--- The time on the monotonic clock.
---@return number seconds
function uring.now()
  return system.now() / 1e9
end

--- The same time as an integer, from which nothing is rounded off.
---@return integer nanoseconds
function uring.nanos()
  return system.now()
end

return uring
