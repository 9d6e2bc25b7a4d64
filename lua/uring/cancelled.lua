--- What is raised in a task that is to end: an object, not a string, so that
-- it can be told from every failure.
-- One is made for each time that something is cancelled, and is raised again
-- at every suspension point until that has ended; there it is absorbed.
local report = require "uring.report"

local Cancelled = { __name = "uring.Cancelled" }
Cancelled.__index = Cancelled

local cancelled = {}

--- What a reason says of itself, which may be an object of any kind.
---@param reason any
---@return string
function cancelled.text_of(reason)
  local ok, text = pcall(tostring, reason)
  return ok and text or "a " .. type(reason) .. " that cannot be shown"
end

--- Makes the cause that ends a scope or a task.
---@param what string names it, such as "scope crawl" or "task 7"
---@param reason? any
---@return uring.Cancelled
function cancelled.new(what, reason)
  return setmetatable({
    what = what, reason = reason == nil and "no reason given" or reason,
    is_over = false, -- what was cancelled has ended
    counts = false, -- how often each task was told
  }, Cancelled)
end

local WITHOUT_MEMORY = cancelled.new("a scope", "not enough memory")

--- The cause where there is no memory to make one.
---@return uring.Cancelled
function cancelled.without_memory()
  WITHOUT_MEMORY.is_over = false
  return WITHOUT_MEMORY
end

function Cancelled:__tostring()
  return ("uring: cancelled (%s: %s)"):format(self.what,
    cancelled.text_of(self.reason))
end

--- Whether an error is the cancellation of a task, and no failure.
---@param value any
---@return boolean
function cancelled.is(value)
  return getmetatable(value) == Cancelled
end

--- Whether an error says that something was cancelled for this cause: it is
-- the cause, or a string that a library has made of it.
---@param value any
---@param cause uring.Cancelled|false|nil
---@return boolean
function cancelled.means(value, cause)
  if not cause then return false end
  return rawequal(value, cause) or type(value) == "string"
    and value:find(tostring(cause), 1, true) ~= nil
end

-- Who catches it and goes on

local TOLD, TOO_MANY = 100, 10000 -- times that a task is told
local WEAK = { __mode = "k" }
local OURS = debug.getinfo(1, "S").source:match("^(.*)cancelled%.lua$")

-- Has every line of the program raise the cause, until that is over.  Our
-- own code goes on: it has to clean up behind the program.
local function raise_everywhere(cause, scheduler)
  local function hook()
    if cause.is_over then return debug.sethook() end
    local source = debug.getinfo(2, "S").source
    if source:sub(1, #OURS) ~= OURS then error(cause, 0) end
  end
  local thread = coroutine.running()
  while thread do
    debug.sethook(thread, hook, "l")
    thread = scheduler.outer[thread]
  end
end

-- How often the running task was told of it.
local function count(cause, scheduler)
  local counts = cause.counts or setmetatable({}, WEAK)
  local task = scheduler:task() or coroutine.running()
  local times = (counts[task] or 0) + 1
  cause.counts, counts[task] = counts, times
  return times
end

--- Raises a cause in the running coroutine.  A task that goes on all the same
-- is told of first, and then ended.
---@param cause uring.Cancelled
---@param scheduler uring.Scheduler
function cancelled.raise(cause, scheduler)
  local times = count(cause, scheduler)
  if times == TOLD then
    report.say(debug.traceback(tostring(cause)
      .. " was raised 100 times: something catches it and goes on", 2))
  elseif times >= TOO_MANY then
    raise_everywhere(cause, scheduler)
  end
  error(cause, 0)
end

return cancelled
