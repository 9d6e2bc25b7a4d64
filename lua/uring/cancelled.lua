--- What is raised in a task that is to end: an object, not a string, so that
-- it can be told from every failure.
-- One is made for each time that something is cancelled, and is raised again
-- at every suspension point until that has ended; there it is absorbed.
local Cancelled = { __name = "uring.Cancelled" }
Cancelled.__index = Cancelled

local cancelled = {}

--- Makes the cause that ends a scope or a task.
---@param what string names it, such as "scope crawl" or "task 7"
---@param reason? any
---@return uring.Cancelled
function cancelled.new(what, reason)
  return setmetatable({
    what = what, reason = reason == nil and "no reason given" or reason,
    is_over = false, -- what was cancelled has ended
    raised = 0, -- how often
  }, Cancelled)
end

function Cancelled:__tostring()
  return ("uring: cancelled (%s: %s)"):format(self.what, tostring(self.reason))
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

return cancelled
