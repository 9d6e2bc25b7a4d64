--- Bytes of a file that are in the page cache: taken without the ring, since
-- what an op costs is more than the copy of a block.  What has to come from a
-- device is left to an op.  Each call is a place where a task that is to end
-- ends, and where others may run.
local errno = require "uring.errno"
local loop = require "uring.loop"
local system = require "uring.system"

local isyieldable = coroutine.isyieldable
local check = loop.check

local TURN = 64 -- reads that need not wait, until others have their turn
local WEIGHT = 14 -- 16 KiB more are as good as a read
local MISS = 16 -- calls that do not ask, after one that found nothing

local NEVER = {
  [errno.EOPNOTSUPP] = true, [errno.ENOSYS] = true, [errno.ESPIPE] = true,
}

local cached = {}

local hits = 0 -- since others had their turn

local function give_way()
  if not isyieldable() then return end
  hits = 0
  loop.pause()
end

--- Another call has not waited: after some, others have their turn.
function cached.pass()
  hits = hits + 1
  if hits >= TURN then give_way() end
end

local function miss(self, code)
  if NEVER[code] then
    self.uncached = math.huge
  elseif code == errno.EAGAIN then
    self.uncached = MISS
  end
end

--- Makes a method that reads what is there at once, and calls another where
-- that is not all: one call less than a method that asks us.
---@param rest fun(self: table, count: any, offset: any, bytes: string): ...
--- what the method is given, unchecked, and what was there of it
---@return function method of self with fd, is_closed, and uncached: how many
--- calls do not ask; of a count of bytes, up to 16 KiB, and an offset
function cached.reader(rest)
  return function(self, count, offset)
    if self.uncached > 0 then
      self.uncached = self.uncached - 1
      return rest(self, count, offset, "")
    end
    check()
    hits = hits + 1
    if hits >= TURN then give_way() end
    if self.is_closed then return rest(self, count, offset, "") end
    local bytes, code = system.read_cached(self.fd, count, offset)
    if not bytes then miss(self, code) end
    if bytes and #bytes == count then return bytes end
    return rest(self, count, offset, bytes or "")
  end
end

--- Fills a Buffer with what is there at once.
---@param self table fd, is_closed, uncached
---@param buffer uring.Buffer
---@param offset? integer default: the file's own position, which moves
---@return integer? count fewer than have room, or none, where the rest is to
--- be had by an op
function cached.fill(self, buffer, offset)
  if self.uncached > 0 then
    self.uncached = self.uncached - 1
    return nil
  end
  check()
  hits = hits + 1
  if hits >= TURN then give_way() end
  if self.is_closed then return nil end
  local count, code
  if offset then
    count, code = system.fill_cached(self.fd, buffer, offset)
  else
    count, code = system.fill_cached(self.fd, buffer)
  end
  if not count then
    miss(self, code)
    return nil
  end
  hits = hits + (count >> WEIGHT)
  return count
end

return cached
