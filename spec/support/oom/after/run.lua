--- What holds after uring.run, however that went: Lua and the process are as
-- they were, and it can be called again.
local core = require "uring.core"
local uring = require "uring"

local resume, wrap = coroutine.resume, coroutine.wrap

return function()
  collectgarbage() -- closes what was open when memory was short
  assert(coroutine.resume == resume, "coroutine.resume is still replaced")
  assert(coroutine.wrap == wrap, "coroutine.wrap is still replaced")
  local was_default = core.sigpipe "ignore"
  core.sigpipe "default"
  assert(was_default, "SIGPIPE is still ignored")
  assert(uring.run(uring.op.nop))
end
