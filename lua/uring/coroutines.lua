--- Coroutines of the user, as they are inside a run: their bodies may wait.
-- A library that calls coroutine.resume, wrap and close gets these, as long
-- as a loop runs.
local cancelled = require "uring.cancelled"
local loop = require "uring.loop"
local Scheduler = require "uring.scheduler"

local close, create = coroutine.close, coroutine.create
local isyieldable, resume = coroutine.isyieldable, coroutine.resume
local running, status = coroutine.running, coroutine.status
local yield = coroutine.yield

local IO = Scheduler.IO

local coroutines = {}

local current -- the scheduler that runs
-- What it has of these names.  Where no loop runs, every coroutine is in
-- 'outer': so one look tells whether one can be resumed at once.
local nested, outer, tasks
local NO_LOOP = setmetatable({}, { __index = function() return true end })
outer = NO_LOOP
-- The functions of coroutine that ours stand for.  The places are there
-- before a run: filling them needs no memory.
local stock = { close = false, resume = false, wrap = false }
local NAMES = { "close", "resume", "wrap" }

-- What happened to a generator that failed, by what it raised; and whether
-- that is just being raised in the one that has resumed it.
local failed = { value = nil, trace = false, on = false }

-- The scopes that a coroutine has left open cannot be waited for here: that
-- does the scope around them, but their tasks need not go on until then.
local function end_scopes(thread)
  local scope = current.own[thread]
  while scope do
    scope:cancel("its coroutine was closed")
    scope = scope.outer
  end
end

-- A coroutine waits where we cannot wait with it: it ends here.
local function refuse(thread)
  local scheduler = current
  local leaf = scheduler:innermost(thread)
  scheduler:interrupt { leaf }
  scheduler.waits[leaf] = nil
  while true do
    local around = scheduler.outer[leaf]
    if around then
      scheduler.outer[leaf], scheduler.inside[around] = nil, nil
    end
    close(leaf)
    end_scopes(leaf)
    if leaf == thread then break end
    leaf = around
  end
  return false, "cannot wait here: a coroutine waits that was resumed "
    .. "through a C function (table.sort, string.gsub, require, a __gc ...)"
end

-- Notes that one runs, inside another that is nested as well.
local function enter(thread, around)
  local place = #nested + 1
  nested[place] = around
  nested[1] = thread
  return place
end

-- It does not any more.
local function leave(place)
  nested[1] = nested[place]
  nested[place] = nil
end

local function pass_in(place, thread, ok, ...)
  if place then leave(place) else nested[1] = false end
  if (...) ~= IO then return ok, ... end
  if not isyieldable() then return refuse(thread) end
  local here = running()
  outer[thread], current.inside[here] = here, thread
  return yield(IO) -- we are resumed with what the inner one did
end

--- As coroutine.resume, but the coroutine may wait for I/O.
---@param thread thread
---@param ... any
---@return boolean ok
---@return any ... what it yields or returns, or the error
local function resume_inside(thread, ...)
  if not current then return resume(thread, ...) end
  if outer[thread] or tasks[thread] then
    if status(thread) ~= "suspended" then return resume(thread) end
    return false, "cannot resume a coroutine that waits for I/O"
  end
  local place = nested[1] and enter(thread, nested[1])
  nested[1] = thread
  return pass_in(place, thread, resume(thread, ...))
end
coroutines.resume = resume_inside

-- As stock coroutine.wrap: text gets the place of the caller before it.
local function unwrap(thread, ok, ...)
  if ok then return ... end
  if status(thread) == "dead" then close(thread) end
  local value = ...
  failed.on = rawequal(failed.value, value)
  if type(value) == "string" then
    local at = debug.getinfo(2, "Sl")
    if at and at.currentline > 0 then
      value = ("%s:%d: %s"):format(at.short_src, at.currentline, value)
    end
    if failed.on then failed.value = value end
  end
  error(value, 0)
end

local function keep_trace(value)
  if cancelled.is(value) then return value end
  local trace = debug.traceback(nil, 2)
  if failed.on and rawequal(failed.value, value) then
    trace = failed.trace .. "\n" .. trace
  end
  failed.value, failed.trace, failed.on = value, trace, false
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

-- What one has done that was resumed at once: most often, yielded a value.
local function give(thread, ok, ...)
  if ok and (...) ~= IO then
    nested[1] = false
    return ...
  end
  return unwrap(thread, pass_in(false, thread, ok, ...))
end

-- The same of one inside another that is nested.
local function give_deep(place, thread, ok, ...)
  if ok and (...) ~= IO then
    leave(place)
    return ...
  end
  return unwrap(thread, pass_in(place, thread, ok, ...))
end

--- As coroutine.wrap, but the coroutine may wait for I/O.
---@param body function
---@return function
function coroutines.wrap(body)
  if type(body) ~= "function" then
    error("bad argument #1 to 'wrap' (function expected)", 2)
  end
  local thread = create(run)
  return function(...)
    if body or outer[thread] then
      local first = body
      body = nil
      if not first then return unwrap(thread, resume_inside(thread, ...)) end
      return unwrap(thread, resume_inside(thread, first, ...))
    end
    local around = nested[1]
    if around then
      return give_deep(enter(thread, around), thread, resume(thread, ...))
    end
    nested[1] = thread
    return give(thread, resume(thread, ...))
  end
end

--- As coroutine.close, but a coroutine that waits for I/O cannot be closed.
---@param thread thread
---@return boolean ok
---@return any problem
function coroutines.close(thread)
  if not current then return close(thread) end
  if current.outer[thread] or current.tasks[thread] then
    error("cannot close a coroutine that waits for I/O", 2)
  end
  if current.own[thread] and status(thread) == "suspended" then
    end_scopes(thread)
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
  outer = scheduler and scheduler.outer or NO_LOOP
  if scheduler then nested, tasks = scheduler.nested, scheduler.tasks end
  failed.value, failed.trace, failed.on = nil, false, false
  for i = 1, #NAMES do -- no iterator: a call may need memory
    local name = NAMES[i]
    if scheduler then
      stock[name] = stock[name] or coroutine[name]
      coroutine[name] = coroutines.public[name]
    else
      coroutine[name], stock[name] = stock[name] or coroutine[name], false
    end
  end
end)

return coroutines
