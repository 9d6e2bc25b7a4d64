--- Ops that claim a direction of a handle as long as they are in flight.
local core = require "uring.core"
local loop = require "uring.loop"
local out = require "uring.outside"

local claims = {}

local current -- the scheduler that runs
local start -- row's number -> the C function that does its op
local is_quiet = false -- whether nothing is to end

loop.on_switch(function(scheduler)
  current, start = scheduler, scheduler and scheduler.bound.claim
end)

loop.on_quiet(function(bound) is_quiet = bound ~= nil end)

--- Makes the function that tells how an op of a row has failed.  Before a
-- cancellation is raised it calls 'leave'.
---@param row table of core.ops
---@param leave? fun(handle: table)
---@return fun(handle: table, code: integer): nil, string, integer
function claims.failure(row, leave)
  local number = row.number
  return function(handle, code)
    if not is_quiet then loop.check_again(leave, handle) end
    return core.fail_op(number, code)
  end
end

--- Makes the function that does the op of a row on the descriptor of a
-- handle, whose field 'flag' is true meanwhile.
---@param row table of core.ops
---@param flag string
---@return fun(handle: table, a?, b?): any, any, integer?
function claims.awaitable(row, flag)
  local number, plain = row.number, loop.awaitable(row)
  local fail = claims.failure(row)
  return function(handle, a, b)
    if not is_quiet then
      if not current then return out.call_op(row, plain, handle.fd, a, b) end
      loop.check()
    end
    local value, extra = start[number](handle, flag, handle.fd, a, b)
    handle[flag] = false
    if value ~= nil then return value, extra end
    return fail(handle, extra)
  end
end

return claims
