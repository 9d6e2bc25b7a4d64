--- An op of a simulated ring, from its submission to its final completion.
-- Its row says what it does (see rows.lua): 'attempt' does it and tells the
-- value and the CQE's flags; false and an errno where it fails; nothing
-- where it has to wait.  'submit' is what happens the moment that it is
-- submitted, and may tell the same.
local core = require "uring.core"
local errno = require "uring.errno"
local faults = require "uring.test.faults"

local AT_FDCWD = core.consts.AT_FDCWD
local MORE = core.consts.IORING_CQE_F_MORE
local US, MS = 1000, 1000000

local Flight = {}
Flight.__index = Flight

--- Names the op for traces and complaints: "#7 recv".
---@return string
function Flight:__tostring()
  return ("#%d %s"):format(self.id, self.name)
end

-- How long something takes that is not waited for.
local function delay(sim)
  local random, slow = sim.random, sim.faults.slow
  if slow > 0 and random:chance(slow) then return random:below(1000 * MS) end
  local kind = random:below(16)
  if kind < 8 then return 0 end
  if kind < 15 then return random:below(200 * US) end
  return random:below(5 * MS)
end

--- Settles what the op will say.  Nothing can change that any more.
---@param sim uring.test.Sim
---@param value any nil or false: it fails
---@param extra? integer flags or errno
function Flight:settle(sim, value, extra)
  if value == false then value = nil end
  self.done, self.value, self.extra = true, value, extra or 0
  self.at = sim.now + delay(sim)
end

local function resolve(sim, op, fd)
  local object = sim.descriptors:get(fd, tostring(op))
  if object then object.references = object.references + 1 end
  return object or false
end

local function is_relative(path) return path:sub(1, 1) ~= "/" end

-- A folder only matters where the path begins there.
local function resolve_folder(sim, op, fd, path)
  if fd == AT_FDCWD or not is_relative(path) then return false, true end
  local object = resolve(sim, op, fd)
  return object, object ~= false
end

-- What the descriptors stand for now is what the op works on.
local function resolve_all(sim, op)
  local handler, ok = op.handler, true
  if handler.fd then
    op.object = resolve(sim, op, op[handler.fd])
    ok = op.object
  elseif handler.dirfd then
    op.object, ok = resolve_folder(sim, op, op[handler.dirfd],
      op[handler.path])
  end
  if ok and handler.other_fd then
    op.other = resolve(sim, op, op[handler.other_fd])
    ok = op.other
  elseif ok and handler.other_dirfd then
    op.other, ok = resolve_folder(sim, op, op[handler.other_dirfd],
      op[handler.other_path])
  end
  return ok
end

--- The kernel takes the op.
---@param sim uring.test.Sim
function Flight:submit(sim)
  if not resolve_all(sim, self) then
    return self:settle(sim, false, errno.EBADF)
  end
  self.at = sim.now + delay(sim)
  local code = faults.draw(sim, self)
  if code then
    sim:note("#%d fails", self.id)
    return self:settle(sim, false, code)
  end
  local short = sim.faults.short
  self.is_short = short > 0 and sim.random:chance(short)
  if not self.handler.submit then return end
  local value, extra = self.handler.submit(sim, self)
  if value ~= nil then self:settle(sim, value, extra) end
end

-- It has to wait until there are news of what it works on.
local function sleep(self)
  if not self.handler.sleeps then return end
  local news = self.object.news
  self.news, self.seen = news, news and news.count
end

--- Tries to do what the op is for.
---@param sim uring.test.Sim
---@return boolean? whether there is a completion to be posted
function Flight:attempt(sim)
  if self.done then return true end
  local value, extra = self.handler.attempt(sim, self)
  if value == nil then return sleep(self) end
  if value == false then value = nil end
  self.value, self.extra = value, extra or 0
  if self.extra & MORE ~= 0 and value ~= nil then
    local overflow = sim.faults.overflow
    if overflow > 0 and sim.random:chance(overflow) then
      self.extra = self.extra & ~MORE
      sim:note("#%d finds no room for its completion", self.id)
      self.done = true
    end
    return true
  end
  self.done = true
  if sim.random:below(8) == 0 then -- the result is there, but not seen yet
    self.at = sim.now + delay(sim)
    return self.at <= sim.now
  end
  return true
end

--- Somebody wants the op to end.
---@param sim uring.test.Sim
---@return integer code what to tell him: 0, or an errno
function Flight:cancel(sim)
  if self.done then return errno.ENOENT end
  local late = sim.faults.late
  if not self.handler.goes_on and self.at <= sim.now
    and sim.random:below(2) == 0 then
    self:attempt(sim) -- perhaps it was just about to succeed
  end
  if self.done then
    return errno.ENOENT
  elseif late > 0 and not self.dying and sim.random:chance(late) then
    self.dying = sim.now + sim.random:below(50 * MS)
    return errno.EALREADY
  elseif self.dying then
    return errno.EALREADY
  end
  self:end_early(sim, errno.ECANCELED)
  return 0
end

--- Ends the op before it is done: with what it has done so far, if anything.
---@param sim uring.test.Sim
---@param code integer
function Flight:end_early(sim, code)
  if self.sent and self.sent > 0 then return self:settle(sim, self.sent, 0) end
  self:settle(sim, false, code)
end

--- Lets go of what the op has used.
---@param sim uring.test.Sim
function Flight:land(sim)
  if self.object then sim.descriptors.drop(self.object) end
  if self.other then sim.descriptors.drop(self.other) end
end

return Flight
