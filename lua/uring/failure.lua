--- What is said of an op that has failed.
local core = require "uring.core"
local errno = require "uring.errno"

--- What an op returns that has failed, or could not be started.  The ring of
-- a run has SQEs of 64 bytes.
---@param row table of core.ops
---@param code integer why
---@return nil
---@return string message
---@return integer code
return function(row, code)
  if not row.wide or code == errno.ENOSYS then
    return core.fail_needing(row.name, row.since, code)
  end
  return nil, row.name .. ": needs an SQE of 128 bytes: see ring:get_sqe128",
    code
end
