--- Those who wait, first come first served; one may leave from anywhere.
-- A list whose links stand beside it: what waits may be a coroutine, or
-- whatever else is woken, and needs no place of its own for them.  Each
-- step costs the same, however many wait.  Needs nothing of a loop.

---@class uring.Queue
---@field first any who came first of those that wait; false: nobody
local Queue = { __name = "uring.Queue" }
Queue.__index = Queue

--- Makes an empty queue.
---@return uring.Queue
function Queue.new()
  return setmetatable({
    first = false, last = false, count = 0,
    before = {}, -- who waits -> the one before it; false for the first
    after = {}, -- who waits -> the one after it; nil for the last
    notes = {},
  }, Queue)
end

--- Lets someone wait behind all others.  Raises where it waits here already.
---@param waiter any but false and nil: a coroutine, or what can be woken
---@param note any what pop gives with it
function Queue:push(waiter, note)
  local before, last = self.before, self.last
  if before[waiter] ~= nil then
    error("queue:push: this one waits here already", 2)
  end
  if note ~= nil then self.notes[waiter] = note end
  before[waiter] = last
  if last then self.after[last] = waiter else self.first = waiter end
  self.last = waiter
  self.count = self.count + 1
end

--- Takes one out, wherever it stands.
---@param waiter any
---@return boolean waited false where it was not here
---@return any note what push was given with it
function Queue:remove(waiter)
  local before, after = self.before[waiter], self.after[waiter]
  if before == nil then return false end
  if before then self.after[before] = after else self.first = after or false end
  if after then self.before[after] = before else self.last = before end
  local note = self.notes[waiter]
  self.before[waiter], self.after[waiter] = nil, nil
  self.notes[waiter] = nil
  self.count = self.count - 1
  return true, note
end

--- Takes out the one that came first.
---@return any waiter nil where nobody waits
---@return any note what push was given with it
function Queue:pop()
  local first = self.first
  if not first then return nil end
  local second, note = self.after[first], self.notes[first]
  self.before[first] = nil
  if second then
    self.after[first], self.before[second], self.first = nil, false, second
  else
    self.first, self.last = false, false
  end
  if note ~= nil then self.notes[first] = nil end
  self.count = self.count - 1
  return first, note
end

--- Tells who came first, and leaves it there.
---@return any waiter nil where nobody waits
---@return any note what push was given with it
function Queue:peek()
  local first = self.first
  if not first then return nil end
  return first, self.notes[first]
end

--- Whether one waits here.
---@param waiter any
---@return boolean
function Queue:has(waiter)
  return self.before[waiter] ~= nil
end

function Queue:__len()
  return self.count
end

function Queue:__tostring()
  return ("%s (%d waiting)"):format(Queue.__name, self.count)
end

return Queue
