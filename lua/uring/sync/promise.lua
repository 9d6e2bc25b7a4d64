--- A promise: results, or an error, that somebody will have later.
local loop = require "uring.loop"
local Queue = require "uring.sync.queue"
local Waiter = require "uring.sync.waiter"
local words = require "uring.sync.words"

---@class uring.Promise
---@field outcome "pending"|"resolved"|"rejected"
local Promise = { __name = "uring.Promise" }
Promise.__index = Promise

--- Makes a promise.
---@return uring.Promise
function Promise.new()
  return setmetatable({
    outcome = "pending", results = false, queue = Queue.new(),
  }, Promise)
end

local function settle(self, outcome, ...)
  if self.outcome ~= "pending" then return false end
  self.results = table.pack(...)
  self.outcome = outcome
  local waiter = self.queue:pop()
  while waiter do
    waiter:succeed()
    waiter = self.queue:pop()
  end
  return true
end

--- Gives the results to all that await the promise, now or later.
---@param ... any
---@return boolean settled false, and nothing has changed, where it was before
function Promise:resolve(...)
  return settle(self, "resolved", ...)
end

--- Lets all that await the promise raise an error, now or later.
---@param problem any raised as it is
---@return boolean settled false, and nothing has changed, where it was before
function Promise:reject(problem)
  return settle(self, "rejected", problem)
end

local function unpack_outcome(self)
  local results = self.results
  if self.outcome == "rejected" then error(results[1], 0) end
  return table.unpack(results, 1, results.n)
end

--- Waits until the promise is settled; not at all where it is.  Raises what
-- it was rejected with, as it is.
---@return any ... what it was resolved with
function Promise:await()
  loop.check_can_wait("promise:await")
  if self.outcome == "pending" then
    assert(loop.wait(Waiter.new(self.queue, "", self)))
  end
  return unpack_outcome(self)
end

function Promise:__tostring()
  return ("%s (%s%s)"):format(Promise.__name, self.outcome,
    words.waiting(self.queue))
end

-- For select

--- What a select does with { promise }.
---@return table case
function Promise._case()
  return Promise.case
end

Promise.case = {
  is_ready = function(promise) return promise.outcome ~= "pending" end,
  take = unpack_outcome,
  enter = function(promise, _, group)
    return Waiter.new(promise.queue, "", promise, nil, group)
  end,
  result = function(promise) return unpack_outcome(promise) end,
}

return Promise
