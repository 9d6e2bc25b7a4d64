--- An event: it is set or not, and tasks wait until it is.
local loop = require "uring.loop"
local Queue = require "uring.sync.queue"
local Waiter = require "uring.sync.waiter"
local words = require "uring.sync.words"

---@class uring.Event
---@field is_set boolean
local Event = { __name = "uring.Event" }
Event.__index = Event

--- Makes an event, which is not set.
---@return uring.Event
function Event.new()
  return setmetatable({ is_set = false, queue = Queue.new() }, Event)
end

--- Sets the event: all that wait go on, even where it is cleared before they
-- run.
function Event:set()
  self.is_set = true
  local waiter = self.queue:pop()
  while waiter do
    waiter:succeed(true)
    waiter = self.queue:pop()
  end
end

--- Clears the event: from now on one waits for it again.
function Event:clear()
  self.is_set = false
end

--- Waits until the event is set; not at all where it is.
---@return boolean true
function Event:wait()
  loop.check_can_wait("event:wait")
  if not self.is_set then
    assert(loop.wait(Waiter.new(self.queue, "", self)))
  end
  return true
end

function Event:__tostring()
  return ("%s (%s%s)"):format(Event.__name,
    self.is_set and "set" or "not set",
    words.waiting(self.queue))
end

-- For select

--- What a select does with { event }.
---@return table case
function Event._case()
  return Event.case
end

Event.case = {
  is_ready = function(event) return event.is_set end,
  take = function() return true end,
  enter = function(event, _, group)
    return Waiter.new(event.queue, "", event, nil, group)
  end,
  result = function() return true end,
}

return Event
