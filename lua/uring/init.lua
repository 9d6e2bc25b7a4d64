--- Scriptable io_uring: tasks that wait in straight lines.
--   local uring = require "uring"
--   uring.run(function() ... end)
-- Inside run, every function here that waits lets other tasks go on.
local core = require "uring.core"
local errno = require "uring.errno"
local fs = require "uring.fs"
local info = require "uring.info"
local loop = require "uring.loop"
local net = require "uring.net"
local op = require "uring.op"
local Scheduler = require "uring.scheduler"
local setup = require "uring.setup"
local signal = require "uring.signal"
local stdio = require "uring.stdio"

local uring = {
  buf_ring = loop.buf_ring,
  connect = net.connect,
  errno = errno,
  info = info,
  listen = net.listen,
  op = op,
  open = fs.open,
  ring = loop.ring,
  signal = signal,
  sleep = loop.sleep,
  stderr = stdio.stderr,
  stdin = stdio.stdin,
  stdout = stdio.stdout,
  strerror = core.strerror,
  yield = loop.pause,
}

--- coroutine.close, resume and wrap as they are inside run.
uring.coroutine = loop.coroutine

local ENTRIES = 256

local OPTIONS = { entries = "number" }

local function check_options(options)
  if type(options) ~= "table" then
    error("run: bad argument 'options' (table expected)", 3)
  end
  for name, value in pairs(options) do
    if type(value) ~= OPTIONS[name] then
      error("run: bad option '" .. tostring(name) .. "'", 3)
    end
  end
end

local function open_scheduler(entries)
  local ring, message = setup.for_loop(entries)
  if not ring then error(message, 0) end
  local scheduler
  scheduler, message = Scheduler.new(ring)
  if not scheduler then error(message, 0) end
  return scheduler
end

-- A program whose reader has gone ends as any other does, quietly.
local function raise_failure(failure)
  local value = failure.value
  if type(value) == "string" then
    if value:sub(-#stdio.BROKEN) == stdio.BROKEN then core.sigpipe("die") end
    value = value .. "\n" .. failure.traceback
  end
  error(value, 0)
end

local function drive(scheduler, body)
  local was_default
  local ok, problem = pcall(function()
    loop.enter(scheduler)
    was_default = core.sigpipe("ignore") -- writes say EPIPE instead
    scheduler:spawn(body)
    scheduler:drive()
  end)
  loop.leave()
  if was_default then core.sigpipe("default") end
  scheduler:close()
  if not ok then error(problem, 0) end
  if scheduler.failure then raise_failure(scheduler.failure) end
end

--- Runs a function as the first task, until it and all that it spawned have
-- ended.  Raises the error of the first task that fails; the others are
-- closed then.
---@param options? table entries = 256, the size of the ring
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
  local arguments, results = table.pack(...), nil
  drive(open_scheduler(options.entries or ENTRIES), function()
    results = table.pack(main(table.unpack(arguments, 1, arguments.n)))
  end)
  return table.unpack(results, 1, results.n)
end

--- Starts a task beside the one that calls.  It first runs when that waits.
---@param body function
---@param ... any its arguments
---@return uring.Task
function uring.spawn(body, ...)
  if type(body) ~= "function" then
    error("spawn: bad argument 'body' (function expected)", 2)
  end
  return loop.current("uring.spawn"):spawn(body, ...)
end

--- The time on the monotonic clock.
---@return number seconds
function uring.now()
  return core.now() / 1e9
end

return uring
