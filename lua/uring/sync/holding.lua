--- Holding: what a mutex and a limiter have in common.
-- A task holds one token at most, for which it has a guard.  Tokens are
-- handed over: whoever gives one back makes the task that waited longest its
-- holder, before that runs, so that nobody comes between.
--
-- Each is an object with a queue, Guard, of what its guards are, HELD, which
-- names what is held, and these methods, of which the last two need no memory:
--   _guard_of(task)    the guard of the token that the task holds
--   _is_free()         whether there is a token for one who comes now
--   _expect(guard)     its task is about to wait for a token
--   _give(guard)       its task holds a token from now on
--   _take_back(guard)  and from now on it does not
local errno = require "uring.errno"
local loop = require "uring.loop"
local turn = require "uring.sync.turn"
local words = require "uring.sync.words"

local holding = {}

local function new_guard(self, what)
  local task = loop.task()
  if not task then error(what .. " needs uring.run", 3) end
  if self:_guard_of(task) then
    error(("%s: %s holds %s already"):format(what, words.of(task), self.HELD),
      3)
  end
  return setmetatable({ owner = self, task = task }, self.Guard)
end

--- Takes a token, waiting for one.
---@param self table
---@param what string the method that does it, to which this is a tail call
---@return table guard
function holding.acquire(self, what)
  loop.check_can_wait(what)
  local guard = new_guard(self, what)
  if self:_is_free() then
    self:_give(guard)
  else
    self:_expect(guard)
    turn.wait(self, self.queue, guard)
  end
  return guard
end

--- Takes a token if that needs no waiting.
---@param self table
---@param what string the method that does it, to which this is a tail call
---@return table? guard
---@return string? message "would wait"
---@return integer? code EAGAIN
function holding.try_acquire(self, what)
  local guard = new_guard(self, what)
  if not self:_is_free() then return nil, "would wait", errno.EAGAIN end
  self:_give(guard)
  return guard
end

--- Gives the token of a guard back, if it has one.
---@param guard table
function holding.release(guard)
  local self = guard.owner
  if self:_guard_of(guard.task) ~= guard then return end
  self:_take_back(guard)
  local thread, following = self.queue:pop()
  if not thread then return end
  self:_give(following)
  loop.wake(thread)
end

--- Whether a guard has a token.
---@param guard table
---@return boolean
function holding.has(guard)
  return guard.owner:_guard_of(guard.task) == guard
end

return holding
