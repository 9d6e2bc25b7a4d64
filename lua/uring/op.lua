--- Every row of the opcode table as a function that waits for its result.
--   uring.op.<row>(...) --> value, flags | nil, message, code
-- The value is what the row says: true, a byte count, a descriptor, poll
-- events; where a BufRing was given to receive into, a string.  flags are
-- those of the CQE.  Wrong arguments raise.  A multishot row is an iterator
-- of value, flags.  docs/opcodes.md lists them all.
local core = require "uring.core"
local errno = require "uring.errno"
local loop = require "uring.loop"
local multishot = require "uring.multishot"

local function refuse(row, code)
  if code ~= errno.ENOSYS then return core.fail(row.name, code) end
  return nil, ("%s: needs Linux %s; this kernel does not have it")
    :format(row.name, row.since), code
end

---@class uring.op
local op = {}

for _, row in ipairs(core.ops) do
  local make = row.multishot and multishot or loop.awaitable
  op[row.name] = make(row, refuse)
end

return op
