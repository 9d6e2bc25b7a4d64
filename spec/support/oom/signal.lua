--- Signals: waited for while they come.
local core = require "uring.core"
local uring = require "uring"

local after = require "spec.support.oom.after.run"

local function blocked()
  local file <close> = assert(io.open "/proc/self/status")
  return file:read("a"):match "SigBlk:%s*(%x+)"
end

local blocked_before = blocked()

function attempt()
  local name, info
  uring.run(function()
    uring.spawn(os.execute, "kill -WINCH $PPID")
    name, info = uring.signal.wait("WINCH")
  end)
  assert(name == "WINCH", info)
end

function verify(_, lasting)
  collectgarbage() -- lets go of what was held when memory was short
  local blocked_after = blocked()
  core.unblock "WINCH"
  after()
  assert(lasting or blocked_after == blocked_before,
    "a signal is still blocked")
end
