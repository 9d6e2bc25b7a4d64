--- What waits where no loop runs: uring.blocking does it, a room above the
-- loop, which is loaded when it is first needed.  So any module may be used
-- alone.
local BLOCKING = "uring.blocking"

---@class uring.outside
local outside = {}

--- Calls a function whose waits block the thread.
---@param ... any the function, and its arguments
---@return any ... what it returns
function outside.call(...)
  require(BLOCKING) -- it puts its own in the place of these two
  return outside.call(...)
end

--- Does a single op.
---@param ... any its row, the awaitable, and its arguments
---@return any value
---@return any extra
function outside.call_op(...)
  require(BLOCKING)
  return outside.call_op(...)
end

return outside
