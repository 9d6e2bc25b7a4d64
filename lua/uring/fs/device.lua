--- What a File does beside bytes and position: sync, room, advice, locks.
local check = require "uring.fs.check"
local core = require "uring.core"
local errno = require "uring.errno"
local File = require "uring.fs.positional"
local loop = require "uring.loop"
local offload = require "uring.offload"
local op = require "uring.op"
local stat = require "uring.fs.stat"

local C = core.consts

local FIRST, LONGEST = 0.001, 0.05 -- seconds between two tries of a lock

local ALLOCATE = {
  collapse = C.FALLOC_FL_COLLAPSE_RANGE,
  insert = C.FALLOC_FL_INSERT_RANGE, keep_size = C.FALLOC_FL_KEEP_SIZE,
  punch_hole = C.FALLOC_FL_PUNCH_HOLE | C.FALLOC_FL_KEEP_SIZE,
  unshare = C.FALLOC_FL_UNSHARE_RANGE, zero = C.FALLOC_FL_ZERO_RANGE,
}

local ADVICE = {
  dontneed = C.POSIX_FADV_DONTNEED, noreuse = C.POSIX_FADV_NOREUSE,
  normal = C.POSIX_FADV_NORMAL, random = C.POSIX_FADV_RANDOM,
  sequential = C.POSIX_FADV_SEQUENTIAL, willneed = C.POSIX_FADV_WILLNEED,
}

local function check_name(what, name, value, set)
  return set[value] or error(("%s: bad argument '%s' (no '%s')"):format(what,
    name, tostring(value)), 3)
end

local function ask(self)
  return stat.of(self.fd)
end

--- Tells about the file, as fs.stat does.
---@return table? stat
---@return string? message
---@return integer? code
function File:stat()
  return File.using(self, ask)
end

--- Tells how large the file is.
---@return integer? bytes
---@return string? message
---@return integer? code
function File:size()
  local found, message, code = File.using(self, ask)
  if not found then return nil, message, code end
  return found.size
end

local function sync(self, flags)
  return op.fsync(self.fd, flags)
end

--- Waits until what was written is on its device.
---@param data_only? boolean without times and the like
---@return boolean? true
---@return string? message
---@return integer? code
function File:sync(data_only)
  return File.using(self, sync, data_only and C.IORING_FSYNC_DATASYNC or 0)
end

local function allocate(self, how, offset, length)
  return op.fallocate(self.fd, how, offset, length)
end

--- Gives a part of the file room on its device, or takes it away.
---@param offset integer bytes
---@param length integer bytes
---@param how? string "keep_size", "punch_hole", "zero", "collapse", "insert",
--- "unshare"; nil: the file is extended where it is shorter
---@return boolean? true
---@return string? message
---@return integer? code
function File:allocate(offset, length, how)
  offset = check.count_of_file("allocate", "offset", offset)
  length = check.count_of_file("allocate", "length", length)
  local mode = how and check_name("allocate", "how", how, ALLOCATE) or 0
  return File.using(self, allocate, mode, offset, length)
end

local function advise(self, advice, offset, length)
  return op.fadvise(self.fd, offset, length, advice)
end

--- Tells the kernel how a part of the file will be used.
---@param how string "normal", "sequential", "random", "willneed",
--- "dontneed", "noreuse"
---@param offset? integer default 0
---@param length? integer default 0: to the end
---@return boolean? true
---@return string? message
---@return integer? code
function File:advise(how, offset, length)
  local advice = check_name("advise", "how", how, ADVICE)
  offset = check.count_of_file("advise", "offset", offset or 0)
  length = check.count_of_file("advise", "length", length or 0)
  return File.using(self, advise, advice, offset, length)
end

-- A thread that waited for a lock could not be called back: so it is asked
-- for again and again.
local function lock(self, operation, is_patient)
  local pause = FIRST
  while true do
    local done, message, code = offload.call("flock", self.fd, operation)
    if done or code ~= errno.EAGAIN then return done, message, code end
    if not is_patient then return nil, "would wait", code end
    loop.sleep(pause)
    if self.is_closed then return nil end
    pause = math.min(2 * pause, LONGEST)
  end
end

local LOCKS = { sh = C.LOCK_SH, ex = C.LOCK_EX }

--- Locks the file against others that lock it: flock(2).  The lock is the
-- file's, goes with it, and is between processes as well as within one.
---@param how "sh"|"ex" several may have it, or one
---@param nb? boolean does not wait: nil, "would wait", EAGAIN
---@return boolean? true
---@return string? message
---@return integer? code
function File:lock(how, nb)
  local operation = check_name("lock", "how", how, LOCKS)
  local done, message, code = File.using(self, lock, operation, not nb)
  if done then return true end
  return nil, code == errno.EAGAIN and "would wait" or message, code
end

--- Lets go of the lock.
---@return boolean? true
---@return string? message
---@return integer? code
function File:unlock()
  return File.using(self, lock, C.LOCK_UN, false)
end

return File
