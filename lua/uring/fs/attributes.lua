--- What belongs to a file beside its bytes: mode, owner, times; its size.
local check = require "uring.fs.check"
local core = require "uring.core"
local offload = require "uring.offload"
local op = require "uring.op"
local place = require "uring.fs.place"

local C = core.consts

local UNCHANGED = -1 -- as chown(2) has it
local NS = 1000000000

local NOFOLLOW = { nofollow = "boolean" }

local attributes = {}

--- Cuts an open file off, or extends it with zeros.
---@param fd integer
---@param size integer
---@return boolean? true
---@return string? message
---@return integer? code
function attributes.resize(fd, size)
  local done, message, code = op.ftruncate(fd, size)
  if done or not offload.is_lacking(code) then return done, message, code end
  return offload.call("ftruncate", fd, size) -- before Linux 6.9
end

local api = {}

--- Sets permissions.  A symbolic link is followed.
---@param base table where the path begins
---@param path string
---@param perm integer
---@return boolean? true
---@return string? message
---@return integer? code
function api.chmod(base, path, perm)
  check.path("chmod", path)
  perm = check.count("chmod", perm, "perm")
  local dirfd, name, _, held <close> = place.reach(base, path, true)
  if not dirfd then return place.fail_at(path, name) end
  if held then dirfd, name = C.AT_FDCWD, place.path_of(held.fd) end
  return place.about(path, offload.call("fchmodat", dirfd, name, perm))
end

--- Sets the owner.
---@param base table
---@param path string
---@param uid? integer nil: as it is
---@param gid? integer nil: as it is
---@param options? table nofollow: of a symbolic link itself
---@return boolean? true
---@return string? message
---@return integer? code
function api.chown(base, path, uid, gid, options)
  check.path("chown", path)
  uid = check.opt_count("chown", uid, "uid") or UNCHANGED
  gid = check.opt_count("chown", gid, "gid") or UNCHANGED
  options = check.options("chown", options, NOFOLLOW)
  local dirfd, name, flags, _held <close> =
    place.reach(base, path, not options.nofollow)
  if not dirfd then return place.fail_at(path, name) end
  return place.about(path, offload.call("fchownat", dirfd, name, uid, gid,
    flags))
end

-- A time as the kernel takes it: nil is now, false as it is.
local function timespec(time, name)
  if time == nil then return 0, C.UTIME_NOW end
  if time == false then return 0, C.UTIME_OMIT end
  if math.type(time) == "integer" then return time, 0 end
  if type(time) ~= "number" or time ~= time or math.abs(time) > 1e15 then
    error(("fs.utime: bad argument '%s' (seconds expected)"):format(name), 3)
  end
  local seconds = time // 1
  return math.tointeger(seconds), math.floor((time - seconds) * NS)
end

--- Sets the times of access and change.
---@param base table
---@param path string
---@param atime? number|false seconds since 1970; nil: now; false: as it is
---@param mtime? number|false the same
---@param options? table nofollow: of a symbolic link itself
---@return boolean? true
---@return string? message
---@return integer? code
function api.utime(base, path, atime, mtime, options)
  check.path("utime", path)
  local a, a_ns = timespec(atime, "atime")
  local m, m_ns = timespec(mtime, "mtime")
  options = check.options("utime", options, NOFOLLOW)
  local dirfd, name, flags, _held <close> =
    place.reach(base, path, not options.nofollow)
  if not dirfd then return place.fail_at(path, name) end
  return place.about(path, offload.call("utimensat", dirfd, name, a, a_ns, m,
    m_ns, flags))
end

--- Cuts a file off, or extends it with zeros.
---@param base table
---@param path string
---@param size integer bytes
---@return boolean? true
---@return string? message
---@return integer? code
function api.truncate(base, path, size)
  check.path("truncate", path)
  size = check.count("truncate", size, "size")
  local held <close>, message, code = place.open_held(base, path, C.O_WRONLY)
  if not held then return nil, message, code end
  return place.about(path, attributes.resize(held.fd, size))
end

attributes.api = api

return attributes
