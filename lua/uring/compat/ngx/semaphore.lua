--- The module ngx.semaphore.
local loop = require "uring.loop"
local Semaphore = require "uring.sync.semaphore"
local structured = require "uring.structured"

---@class uring.ngx.Semaphore
local Sema = { __name = "uring.ngx.Semaphore" }
Sema.__index = Sema

local semaphore = {}

local function count_of(what, value, least)
  local count = math.tointeger(tonumber(value))
  if count and count >= least then return count end
  error(("bad argument to '%s' (a number >= %d expected)"):format(what, least),
    3)
end

--- Makes a semaphore.
---@param count? integer its resources at first; default 0
---@return uring.ngx.Semaphore
function semaphore.new(count)
  count = count_of("new", count or 0, 0)
  return setmetatable({ tokens = Semaphore.new(count) }, Sema)
end

--- Puts resources there.
---@param count? integer default 1
---@return boolean true
function Sema:post(count)
  self.tokens:release(count_of("post", count or 1, 1))
  return true
end

--- Takes one, waiting for it.  Outside of a run nobody could post: there it
-- does not wait.
---@param timeout number seconds
---@return boolean? true
---@return string? message "timeout"
function Sema:wait(timeout)
  timeout = tonumber(timeout)
  if not (timeout and timeout >= 0) then
    error("bad argument to 'wait' (a number >= 0 expected)", 2)
  end
  if self.tokens:try_acquire() then return true end
  if timeout == 0 or not loop.is_running() then return nil, "timeout" end
  local guard, message = structured.timeout(timeout, self.tokens.acquire,
    self.tokens)
  if guard then return true end
  return nil, message
end

--- How many resources are there; where some wait for one, how many, negative.
---@return integer
function Sema:count()
  return self.tokens.tokens - #self.tokens.queue
end

return semaphore
