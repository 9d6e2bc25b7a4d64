--- Buffers for whole files that are small, kept when nobody uses them.
local core = require "uring.core"

local MOST = 32 -- that are kept

local spare = {
  SIZE = 16384, -- bytes of each
}

local kept = {}

--- Takes one.  What is in it is of no meaning.
---@return uring.Buffer
function spare.take()
  return table.remove(kept) or core.buffer(spare.SIZE)
end

--- Gives one back that no op uses any more.
---@param buffer uring.Buffer
function spare.give(buffer)
  if #kept < MOST then kept[#kept + 1] = buffer end
end

return spare
