--- A lease: what a pool has lent, until it is given back.

---@class uring.Lease
---@field value any what was lent; nil once it is back
local Lease = { __name = "uring.Lease" }
Lease.__index = Lease

--- Makes a lease.
---@param pool uring.Pool
---@param resource any
---@return uring.Lease
function Lease.new(pool, resource)
  return setmetatable({
    pool = pool, value = resource, is_open = true, is_tainted = false,
  }, Lease)
end

--- Says that what was lent is not to be used again: it is destroyed when the
-- lease ends.  For what an error may have left half done.
function Lease:taint()
  self.is_tainted = true
end

-- Streams say themselves that a write has gone wrong half-way.
local function is_good(self)
  local resource = self.value
  return not (self.is_tainted
    or type(resource) == "table" and rawget(resource, "tainted"))
end

local function finish(self, good)
  if not self.is_open then return end
  local resource = self.value
  self.is_open, self.value = false, nil
  self.pool:_give_back(resource, good)
end

--- Gives back what was lent, unless that was done since: it may be called
-- twice.
function Lease:release()
  finish(self, is_good(self))
end

function Lease:__close(problem)
  finish(self, problem == nil and is_good(self))
end

function Lease:__tostring()
  return ("%s (%s%s)"):format(Lease.__name,
    self.is_open and tostring(self.value) or "released",
    self.is_open and self.is_tainted and ", tainted" or "")
end

return Lease
