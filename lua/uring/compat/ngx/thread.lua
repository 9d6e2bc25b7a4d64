--- ngx.thread: tasks that say how they have ended.
local Event = require "uring.sync.event"
local log = require "uring.compat.ngx.log"
local loop = require "uring.loop"
local cancelled = require "uring.cancelled"
local context = require "uring.compat.ngx.context"
local structured = require "uring.structured"

---@class uring.ngx.Thread
local Thread = { __name = "uring.ngx.Thread" }
Thread.__index = Thread

local thread = {}

local function settle(self, ...)
  self.results = table.pack(...)
  for bell in pairs(self.bells) do bell:set() end
end

-- A failure is the waiter's; where nobody waits, it is logged.
local function main(self, body, ...)
  local results = table.pack(pcall(body, ...))
  local problem = results[2]
  if not results[1] and cancelled.is(problem) then
    settle(self, false, "killed")
    error(problem, 0)
  end
  if not results[1] and not next(self.bells) then
    log.say(log.ERR, 0, "lua user thread aborted: runtime error: ", problem)
  end
  settle(self, table.unpack(results, 1, results.n))
end

--- Starts a function as a task, which runs at once, until it waits.
---@param body function
---@param ... any its arguments
---@return uring.ngx.Thread
function thread.spawn(body, ...)
  if type(body) ~= "function" then
    error("bad argument #1 to 'spawn' (function expected, got " .. type(body)
      .. ")", 2)
  end
  loop.current "ngx.thread.spawn"
  local self = setmetatable({ results = false, bells = {}, is_taken = false },
    Thread)
  self.task = structured.spawn(main, self, body, ...)
  context.share(self.task)
  loop.pause()
  return self
end

local function check(what, place, value)
  if getmetatable(value) ~= Thread then
    error(("bad argument #%d to '%s' (thread expected)"):format(place, what), 3)
  end
end

local function take(self)
  if self.is_taken then return nil, "already waited or killed" end
  self.is_taken = true
  return table.unpack(self.results, 1, self.results.n)
end

local function first_ended(threads)
  for _, each in ipairs(threads) do
    if each.results then return each end
  end
end

local function await(threads)
  local bell = Event.new()
  local _guard <close> = setmetatable({}, {
    __close = function()
      for _, each in ipairs(threads) do each.bells[bell] = nil end
    end,
  })
  for _, each in ipairs(threads) do each.bells[bell] = true end
  bell:wait()
  return first_ended(threads)
end

--- Waits until the first of some threads has ended.
---@param ... uring.ngx.Thread
---@return boolean? ok
---@return any ... its results, or its error
function thread.wait(...)
  local threads = { ... }
  if #threads == 0 then
    error("at least one argument expected", 2)
  end
  for i, each in ipairs(threads) do check("wait", i, each) end
  return take(first_ended(threads) or await(threads))
end

--- Ends a thread where it waits.
---@param which uring.ngx.Thread
---@return boolean? true
---@return string? message "already terminated"
function thread.kill(which)
  check("kill", 1, which)
  if which.results then
    return nil, which.is_taken and "already waited or killed"
      or "already terminated"
  end
  which.results, which.is_taken = { n = 2, false, "killed" }, true
  which.task:cancel("ngx.thread.kill")
  return true
end

return thread
