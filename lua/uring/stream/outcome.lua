--- What calls make of what comes: functions to call in a tail position, so
-- that they take nothing of the stack of who waits.
local outcome = {}

--- As it is: "" at the end.
---@param ... any
---@return any ...
function outcome.as_it_is(...)
  return ...
end

--- As read_some has it: nil at the end.
---@param bytes string|uring.Buffer|nil "" at the end
---@param message? string
---@param code? integer
---@return string|uring.Buffer|nil
---@return string? message
---@return integer? code
function outcome.nil_at_end(bytes, message, code)
  if bytes == "" then return nil end
  if bytes then return bytes end
  return nil, message, code
end

--- As an iterator has it: it raises where a read has failed.
---@param bytes string|uring.Buffer|nil "" at the end
---@param message? string
---@return string|uring.Buffer|nil
function outcome.chunk(bytes, message)
  if bytes == "" then return nil end
  if not bytes and message then error(message, 2) end
  return bytes
end

return outcome
