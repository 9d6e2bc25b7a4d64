--- Bytes on their way: what was put in is taken out in pieces of any size.
local Queue = {}
Queue.__index = Queue

--- Makes an empty queue.
---@return uring.test.Queue
function Queue.new()
  return setmetatable({ size = 0, first = 1, last = 0, at = 1 }, Queue)
end

--- Adds bytes at the end.
---@param bytes string
function Queue:put(bytes)
  if bytes == "" then return end
  self.last = self.last + 1
  self[self.last] = bytes
  self.size = self.size + #bytes
end

local function take_some(self, max)
  local bytes, at = self[self.first], self.at
  if #bytes - at >= max then
    self.at = at + max
    return bytes:sub(at, at + max - 1)
  end
  self[self.first] = nil
  self.first, self.at = self.first + 1, 1
  return at == 1 and bytes or bytes:sub(at)
end

--- Takes bytes from the front.
---@param max integer
---@return string bytes fewer only where there are no more
function Queue:take(max)
  local pieces, left = {}, max
  while left > 0 and self.first <= self.last do
    local piece = take_some(self, left)
    pieces[#pieces + 1] = piece
    left = left - #piece
  end
  self.size = self.size - (max - left)
  return #pieces == 1 and pieces[1] or table.concat(pieces)
end

--- Tells what is at the front, and leaves it there.
---@param max integer
---@return string bytes
function Queue:peek(max)
  local bytes = table.concat(self, "", self.first, self.last)
  return bytes:sub(self.at, self.at + max - 1)
end

return Queue
