--- A task fails while others wait, and while one is given a descriptor.
local core = require "uring.core"
local uring = require "uring"

local C, op = core.consts, uring.op

local after = require "spec.support.oom.after.run"

local listener = assert(core.socket(C.AF_INET, C.SOCK_STREAM))
assert(core.bind_socket(listener, assert(core.sockaddr("127.0.0.1", 0))))
assert(core.listen(listener))
local here = assert(core.getsockname(listener))
local client = assert(core.socket(C.AF_INET, C.SOCK_STREAM))
assert(uring.run(op.connect, client, here))
local open = 0 -- guards

local function close()
  open = open - 1
end

local function guard()
  local guarded = setmetatable({}, { __close = close })
  open = open + 1
  return guarded
end

local function wait()
  local _guard <close> = guard()
  uring.sleep(math.huge)
end

-- Closes what it accepts; allocates nothing once it has.
local function accept()
  local _guard <close> = guard()
  local fd, message = op.accept(listener)
  if fd then core.close(fd) end
  assert(fd, message)
end

local function main()
  local _guard <close> = guard()
  uring.spawn(wait)
  uring.spawn(accept)
  op.nop() -- completes in the same step as accept
  error("intended", 0)
end

function attempt()
  local ok, message = pcall(uring.run, main)
  assert(not ok)
  if not tostring(message):find "^intended" then error(message, 0) end
end

-- Where memory stays short, Lua may not even be able to call what closes.
function verify(_, lasting)
  after()
  core.close(listener)
  core.close(client)
  assert(lasting or open == 0, "a <close> variable was not closed")
end
