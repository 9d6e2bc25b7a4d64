--- The descriptors of a simulated run: numbers for the things that are open.
-- They begin at a number that no real one has, the standard ones excepted,
-- so that one that gets away does no harm.
local errno = require "uring.errno"

local FIRST = 1000000
local LIMIT = 1024 -- as most systems have

local Descriptors = {}
Descriptors.__index = Descriptors

--- The least number of a simulated descriptor.
Descriptors.FIRST = FIRST

--- Makes an empty table of descriptors.
---@param sim uring.test.Sim
---@param limit? integer how many there can be
---@return uring.test.Descriptors
function Descriptors.new(sim, limit)
  return setmetatable({
    sim = sim, limit = limit or LIMIT, count = 0, -- but for the standard ones
    free = FIRST, last = FIRST - 1, -- least that is free, last that was used
    open = {}, made_by = {}, closed_by = {},
  }, Descriptors)
end

--- Whether there is room for some more.
---@param count integer
---@return boolean
function Descriptors:has_room(count)
  return self.count + count <= self.limit
end

--- Enters a thing under the least number that is free.
---@param object table
---@param maker string what has made it
---@param wanted? integer the number, where it must be that one
---@return integer? fd
---@return integer? code
function Descriptors:add(object, maker, wanted)
  if self.count >= self.limit then return nil, errno.EMFILE end
  local fd = wanted or self.free
  self.open[fd], self.made_by[fd] = object, maker
  object.references = object.references + 1
  self.count = self.count + 1
  if wanted then return fd end
  if fd > self.last then self.last = fd end
  local free = fd + 1
  while self.open[free] do free = free + 1 end
  self.free = free
  return fd
end

--- Finds what a descriptor stands for.
---@param fd integer
---@param user string who wants to know, for complaints
---@return table? object nil where it is not open
function Descriptors:get(fd, user)
  local object = self.open[fd]
  if object then return object end
  local closer = self.closed_by[fd]
  self.sim:complain("%s used descriptor %d, which %s", user, fd,
    closer and closer .. " had closed" or "was never open")
end

--- Lets go of a thing: the last one that does ends it.
---@param object table
function Descriptors.drop(object)
  object.references = object.references - 1
  if object.references == 0 and object.release then object:release() end
end

--- Closes a descriptor.
---@param fd integer
---@param closer string who does
---@return boolean whether it was open
function Descriptors:close(fd, closer)
  local object = self.open[fd]
  if not object then
    local before = self.closed_by[fd]
    self.sim:complain("%s closed descriptor %d, which %s", closer, fd,
      before and before .. " had closed" or "was never open")
    return false
  end
  self.open[fd], self.closed_by[fd] = nil, closer
  self.count = self.count - 1
  if fd < self.free and fd >= FIRST then self.free = fd end
  self.drop(object)
  return true
end

--- Lists what is open yet, but for the standard descriptors.
---@return table[] list {fd =, maker =}
function Descriptors:leaks()
  local list = {}
  for fd = FIRST, self.last do
    if self.open[fd] then
      list[#list + 1] = { fd = fd, maker = self.made_by[fd] }
    end
  end
  return list
end

return Descriptors
