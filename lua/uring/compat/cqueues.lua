--- Controllers of cqueues inside our loop, and ours inside theirs.
-- So lua-http, and whatever else is written for cqueues, runs beside tasks.
-- Inside a thread of cqueues no loop of ours runs: what waits there blocks,
-- as outside of uring.run, and coroutine.resume and wrap are stock; 'call'
-- does otherwise.  Ours would hand the wait to the scheduler past cqueues,
-- which would be resumed with what was never its own.
local core = require "uring.core"
local loop = require "uring.loop"
local ready = require "uring.ready"
local structured = require "uring.structured"
local system = require "uring.system"
local traces = require "uring.traces"

local LIBRARY = "cqueues" -- of others: it stands in no room
local cqueues = require(LIBRARY)
local condition = require(LIBRARY .. ".condition")

local compat = {}

local calls = setmetatable({}, { __mode = "k" }) -- controller -> its calls

local function check_controller(what, cq)
  if cqueues.type(cq) ~= "controller" then
    error(what .. ": bad argument 'cq' (a controller of cqueues expected)", 3)
  end
end

local function check_function(what, body)
  if type(body) ~= "function" then
    error(what .. ": bad argument 'body' (function expected)", 3)
  end
end

-- Driving

local function back_in(scheduler, ok, ...)
  loop.switch(scheduler)
  if not ok then error(..., 0) end
  return ...
end

local stock_step

-- Whoever steps a controller: where no loop runs, both libraries see one set
-- of coroutine functions.
local function step_aside(cq, timeout)
  if not loop.is_running() then return stock_step(cq, timeout) end
  if cqueues.running() then -- it would wait as a thread of cqueues does
    error("step: in a task of a run that is attached to a controller", 2)
  end
  return back_in(loop.switch(nil), pcall(stock_step, cq, timeout))
end

stock_step = cqueues.interpose("step", step_aside)

-- A thread of the controller has failed: it goes on without it.
local function fail(options, problem, code, thread, ...)
  local on_error = options.on_error
  if on_error then return on_error(problem, code, thread, ...) end
  if thread then traces.set(problem, debug.traceback(thread)) end
  error(problem == nil and "cqueues: error " .. tostring(code) or problem, 0)
end

local function judge(options, ok, ...)
  if not ok then fail(options, ...) end
end

-- Runs what the threads of a controller have asked for, each in a task.
local function serve(scope, waiting)
  for i = 1, #waiting do
    local each = waiting[i]
    waiting[i] = nil
    scope:spawn(function()
      local _told <close> = each -- also where it is cancelled
      each.results = table.pack(pcall(each.body))
    end)
  end
end

local function wait_for(cq)
  local seconds = cq:timeout()
  if seconds and seconds <= 0 then return loop.pause() end
  local ok, message, code = ready.wait_readable(cq:pollfd(), seconds)
  if not ok and message ~= "timeout" then
    error(("drive: %s (%s)"):format(message, code), 0)
  end
end

local function drive_in(scope, cq, options, waiting)
  judge(options, cq:step(0))
  serve(scope, waiting)
  while not cq:empty() do
    wait_for(cq)
    judge(options, cq:step(0))
    serve(scope, waiting)
  end
end

local function check_options(options)
  for name, value in pairs(options) do
    if name ~= "on_error" or type(value) ~= "function" then
      error("drive: bad option '" .. tostring(name) .. "'", 3)
    end
  end
end

local function drive_alone(cq, options)
  repeat
    judge(options, cq:loop())
  until cq:empty()
  return true
end

--- Runs the threads of a controller, among our tasks, until it has none.
-- Several can be driven at once, each in a task.  Where a thread fails, this
-- raises its error as it is; the controller can be driven on, as it can
-- where this was cancelled.  Outside of a run it is cq:loop().
---@param cq userdata
---@param options? table on_error: called with what cq:step tells of a thread
--- that has failed (error, code, thread, object, descriptor) instead
---@return boolean true
function compat.drive(cq, options)
  options = options or {}
  check_controller("drive", cq)
  check_options(options)
  if cqueues.running() then
    error("drive: a thread of cqueues runs: use its cq:step or cq:loop", 2)
  end
  if not loop.is_running() then return drive_alone(cq, options) end
  if system.now ~= core.now then
    error("drive: uring.test does not simulate cqueues", 2)
  end
  loop.check_can_wait("drive")
  local waiting = calls[cq] or {}
  calls[cq] = waiting
  structured.scope(function(scope) drive_in(scope, cq, options, waiting) end)
  return true
end

local function end_thread(guard)
  guard.cq:close()
  if guard.thread then pcall(coroutine.close, guard.thread) end
end

local Guard = { __close = end_thread }

--- Runs a function in a thread of cqueues, in a controller of its own, and
-- waits for it and all threads that it starts there.  Where the task is
-- cancelled, it is closed where it waits.
---@param body function
---@param ... any its arguments
---@return any ... what it returns; its error is raised as it is
function compat.wrap(body, ...)
  check_function("wrap", body)
  local cq, results = cqueues.new(), nil
  local guard <close> = setmetatable({ cq = cq, thread = false }, Guard)
  cq:wrap(function(...)
    guard.thread = coroutine.running()
    results = table.pack(body(...))
  end, ...)
  compat.drive(cq)
  return table.unpack(results, 1, results.n)
end

-- Calls from their side

local Call = { __close = function(self) self.over:signal() end }

local function finish(results)
  if not results then error("call: its task was cancelled", 3) end
  if not results[1] then error(results[2], 0) end
  return table.unpack(results, 2, results.n)
end

--- Calls a function in a task, from a thread of a controller that is being
-- driven: it may wait as our tasks do, while the threads of the controller
-- go on.  Elsewhere it just calls it.
---@param body function
---@param ... any its arguments
---@return any ... what it returns; its error is raised as it is
function compat.call(body, ...)
  check_function("call", body)
  local cq = cqueues.running()
  if not cq then return body(...) end
  local waiting = calls[cq] or error("call: nobody drives the controller", 2)
  local arguments = table.pack(...)
  local call = setmetatable({
    over = condition.new(), results = false,
    body = function()
      return body(table.unpack(arguments, 1, arguments.n))
    end,
  }, Call)
  waiting[#waiting + 1] = call
  call.over:wait()
  return finish(call.results)
end

--- Lets a run of ours go on inside a controller of theirs, as one of its
-- threads, which ends when the run has.  What fails in the run, the thread
-- raises.
---@param cq userdata
---@param run uring.Run of uring.start
---@return userdata cq
function compat.attach(cq, run)
  check_controller("attach", cq)
  if type(run) ~= "table" or type(run.pollfd) ~= "function" then
    error("attach: bad argument 'run' (uring.Run expected)", 2)
  end
  return cq:wrap(function()
    while run:step() do
      cqueues.poll(run)
      cq:cancel(run:pollfd()) -- the next step may close it
    end
  end)
end

return compat
