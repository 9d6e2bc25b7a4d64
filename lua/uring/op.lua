--- Every row of the opcode table as a function that waits for its result.
--   uring.op.<row>(...) --> value, flags | nil, message, code
-- The value is what the row says: true, a byte count, a descriptor, poll
-- events; where a BufRing was given to receive into, a string.  flags are
-- those of the CQE.  Wrong arguments raise.  Where this kernel is too old for
-- a row, the message says which one it needs.  A multishot row is an iterator
-- of value, flags.  docs/opcodes.md lists them all.
local core = require "uring.core"
local loop = require "uring.loop"
local multishot = require "uring.multishot"

---@class uring.op
local op = {}

for _, row in ipairs(core.ops) do
  local make = row.multishot and multishot or loop.awaitable
  op[row.name] = make(row)
end

return op
