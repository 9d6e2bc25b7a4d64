--- What holds after uring.run, however that went: Lua and the process are as
-- they were, and it can be called again.
local core = require "uring.core"
local uring = require "uring"

local stock = {}
for name, theirs in pairs(coroutine) do stock[name] = theirs end

return function()
  collectgarbage() -- closes what was open when memory was short
  for name, theirs in pairs(stock) do
    assert(coroutine[name] == theirs, "a function of coroutine is replaced")
  end
  local was_default = core.sigpipe "ignore"
  core.sigpipe "default"
  assert(was_default, "SIGPIPE is still ignored")
  assert(uring.run(uring.op.nop))
end
