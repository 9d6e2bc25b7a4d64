--- Scriptable io_uring: tasks that wait in straight lines.
--   local uring = require "uring"
--   uring.run(function() ... end)
-- Inside run, every function here that waits lets other tasks go on.
local cancelled = require "uring.cancelled"
local core = require "uring.core"
local coroutines = require "uring.coroutines"
local errno = require "uring.errno"
local fs = require "uring.fs"
local info = require "uring.info"
local locals = require "uring.locals"
local loop = require "uring.loop"
local net = require "uring.net"
local op = require "uring.op"
local Scheduler = require "uring.scheduler"
local Scope = require "uring.nursery"
local setup = require "uring.setup"
local signal = require "uring.signal"
local stdio = require "uring.stdio"
local structured = require "uring.structured"

local uring = {
  all = structured.all,
  buf_ring = loop.buf_ring,
  connect = net.connect,
  deadline = structured.deadline,
  errno = errno,
  info = info,
  is_cancelled = cancelled.is,
  listen = net.listen,
  locals = locals.proxy,
  map = structured.map,
  op = op,
  open = fs.open,
  race = structured.race,
  ring = loop.ring,
  running = loop.is_running,
  scope = structured.scope,
  self = loop.task,
  shield = structured.shield,
  signal = signal,
  sleep = loop.sleep,
  spawn = structured.spawn,
  stderr = stdio.stderr,
  stdin = stdio.stdin,
  stdout = stdio.stdout,
  strerror = core.strerror,
  timeout = structured.timeout,
  with_local = locals.with,
  yield = loop.pause,
}

--- coroutine.close, resume and wrap as they are inside run.
uring.coroutine = coroutines.public

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
  local bound
  bound, message = core.bind(ring)
  if not bound then error(message, 0) end
  return Scheduler.new(ring, bound)
end

-- A program whose reader has gone ends as any other does, quietly.
local function raise_failure(root)
  local value = root.problem
  if type(value) == "string" then
    if value:sub(-#stdio.BROKEN) == stdio.BROKEN then core.sigpipe("die") end
    if root.trace then value = value .. "\n" .. root.trace end
  end
  error(value, 0)
end

-- Nothing could ever wake a task: the first time they may clean up.
local function report_deadlock(scheduler)
  local report = ("deadlock: %d task%s waiting, and nothing is in flight "
    .. "that could wake one"):format(scheduler.live,
    scheduler.live == 1 and " is" or "s are")
  if scheduler.root.own_cause then error(report, 0) end
  scheduler.root:fail(report)
end

local function drive(scheduler, body)
  local was_default
  local ok, problem = pcall(function()
    loop.enter(scheduler)
    was_default = core.sigpipe("ignore") -- writes say EPIPE instead
    scheduler.root = Scope.new(false, false, false, { name = "run" })
    scheduler.root:spawn(body)
    scheduler:drive(report_deadlock)
  end)
  loop.leave()
  if was_default then core.sigpipe("default") end
  scheduler:close()
  if not ok then error(problem, 0) end
  if scheduler.root.failed then raise_failure(scheduler.root) end
end

--- Runs a function as the first task, until it and all that it spawned have
-- ended.  Raises the error of the first task that fails; the others are
-- cancelled then.
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
  local arguments, results = table.pack(...), { n = 0 }
  drive(open_scheduler(options.entries or ENTRIES), function()
    results = table.pack(main(table.unpack(arguments, 1, arguments.n)))
  end)
  return table.unpack(results, 1, results.n)
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
  return core.now() / 1e9
end

return uring
