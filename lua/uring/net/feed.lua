--- Descriptors of connections, several at a time: a multishot accept.
-- One accept after the other takes a connection in each turn of the loop,
-- while clients make many: the kernel's queue overflows.
-- Of several processes that wait at one socket the kernel wakes the first: a
-- single accept goes to the end of that line each time, a multishot one
-- never, and would get all.  So where listener.is_shared there is no feed.
local cancelled = require "uring.cancelled"
local op = require "uring.op"
local system = require "uring.system"

local isyieldable = coroutine.isyieldable

local HIGH_WATER = 8192 -- 64 connections, as multishot.lua counts

---@class uring.Feed
local Feed = { __name = "uring.Feed" }
Feed.__index = Feed

--- Makes a feed of a listener.  It begins when it is asked for the second
-- time: who takes one connection and no more should leave the others alone.
---@param listener uring.Listener
---@return uring.Feed
function Feed.new(listener)
  return setmetatable({
    listener = listener, step = false, source = false, is_asked = false,
  }, Feed)
end

-- What the feed has taken and nobody wants is for the next who accepts.
-- Once the op has started nothing here needs memory.
local function open(self)
  local listener = self.listener
  local function keep(fd)
    local ok, kept = pcall(listener._keep, listener, fd)
    if not ok or not kept then system.close(fd) end
  end
  local step, source = op.multishot_accept(listener.fd)
  source.high_water, source.keep = HIGH_WATER, keep
  self.step, self.source = step, source
  listener.waiting = listener.waiting + 1 -- its close ends the op
end

--- Takes the next descriptor.  Where that fails the feed begins anew next
-- time, and one accept tells why.  What came before the listener was closed
-- is given out yet: its clients have been accepted.
---@return integer? fd nil where there is none, or a feed is of no use
function Feed:next()
  local listener, is_first = self.listener, not self.is_asked
  self.is_asked = true
  local has_ended = listener.is_closed and not self.source
  if self.source and self.source.waiter then return nil end -- another task's
  if is_first or has_ended or listener.is_shared or listener.read_timeout
    or listener.accepted[1] or not isyieldable() then
    self:close()
    return nil
  end
  local ok, fd = true, nil
  if not self.source then ok, fd = pcall(open, self) end
  if ok then ok, fd = pcall(self.step, self.source) end
  if ok and fd then return fd end
  self:close()
  if cancelled.is(fd) then error(fd, 0) end
  return nil
end

--- Ends it.
function Feed:close()
  local source = self.source
  if not source then return end
  self.source = false
  self.listener.waiting = self.listener.waiting - 1
  source:__close()
end

Feed.__close = Feed.close

return Feed
