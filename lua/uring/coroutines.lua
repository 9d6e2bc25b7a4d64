--- Coroutines of the user, as they are inside a run: their bodies may wait.
-- A library that calls coroutine.resume, wrap and close gets these, as long
-- as a loop runs.
local loop = require "uring.loop"
local Scheduler = require "uring.scheduler"

local close, create = coroutine.close, coroutine.create
local resume, running = coroutine.resume, coroutine.running
local status, yield = coroutine.status, coroutine.yield

local IO = Scheduler.IO

local coroutines = {}

local current -- the scheduler that runs
-- The functions of coroutine that ours stand for.  The places are there
-- before a run: filling them needs no memory.
local stock = { close = false, resume = false, wrap = false }

-- What happened to a generator that failed, by what it raised.
local failed = { value = nil, trace = false }

local function pass_in(thread, ok, first, ...)
  current.depth = current.depth - 1
  if first ~= IO then return ok, first, ... end
  local here = running()
  current.outer[thread], current.inside[here] = here, thread
  return yield(IO) -- we are resumed with what the inner one did
end

--- As coroutine.resume, but the coroutine may wait for I/O.
---@param thread thread
---@param ... any
---@return boolean ok
---@return any ... what it yields or returns, or the error
function coroutines.resume(thread, ...)
  local scheduler = current
  if not scheduler then return resume(thread, ...) end
  if scheduler.outer[thread] then
    return false, "cannot resume a coroutine that waits for I/O"
  end
  local depth = scheduler.depth + 1
  scheduler.depth, scheduler.nested[depth] = depth, thread
  return pass_in(thread, resume(thread, ...))
end

local function unwrap(thread, ok, ...)
  if ok then return ... end
  if status(thread) == "dead" then close(thread) end
  local message = ...
  error(message, 2)
end

local function keep_trace(value)
  failed.value, failed.trace = value, debug.traceback(nil, 2)
  return value
end

local function finish(ok, ...)
  if ok then return ... end
  local value = ...
  error(value, 0)
end

-- Where a body fails, its <close> variables run in its coroutine, and may
-- wait: they could not once it is dead.
local function run(body, ...)
  return finish(xpcall(body, keep_trace, ...))
end

--- As coroutine.wrap, but the coroutine may wait for I/O.
---@param body function
---@return function
function coroutines.wrap(body)
  if type(body) ~= "function" then
    error("bad argument #1 to 'wrap' (function expected)", 2)
  end
  local thread, first = create(run), true
  return function(...)
    if not first then return unwrap(thread, coroutines.resume(thread, ...)) end
    first = false
    return unwrap(thread, coroutines.resume(thread, body, ...))
  end
end

--- As coroutine.close, but a coroutine that waits for I/O cannot be closed.
---@param thread thread
---@return boolean ok
---@return any problem
function coroutines.close(thread)
  if current and current.outer[thread] then
    error("cannot close a coroutine that waits for I/O", 2)
  end
  return close(thread)
end

--- Where in a generator a value was raised that has come out of it.
---@param value any
---@return string? trace
function coroutines.trace_of(value)
  return rawequal(failed.value, value) and failed.trace or nil
end

--- For programs that name what they use: the three, wherever they run.
coroutines.public = {
  close = coroutines.close, resume = coroutines.resume, wrap = coroutines.wrap,
}

loop.on_switch(function(scheduler)
  current = scheduler
  failed.value, failed.trace = nil, false
  for name, ours in pairs(coroutines.public) do
    if scheduler then
      stock[name] = stock[name] or coroutine[name]
      coroutine[name] = ours
    else
      coroutine[name], stock[name] = stock[name] or coroutine[name], false
    end
  end
end)

return coroutines
