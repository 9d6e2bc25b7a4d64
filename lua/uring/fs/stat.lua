--- What is known of a file: stat, lstat, exists.
-- Each op statx goes through a thread of the kernel's.  What is on this
-- machine is opened, and asked about by a call instead, which waits for
-- nothing then.
local cached = require "uring.fs.cached"
local check = require "uring.fs.check"
local core = require "uring.core"
local errno = require "uring.errno"
local loop = require "uring.loop"
local op = require "uring.op"
local place = require "uring.fs.place"
local system = require "uring.system"

local C = core.consts

local SIZE = 256 -- of struct statx
local MASK = C.STATX_BASIC_STATS | C.STATX_BTIME

-- File systems of which all that is open is in memory, see linux/magic.h.
local LOCAL = {
  [0xef53] = "ext4", [0x58465342] = "xfs", [0x9123683e] = "btrfs",
  [0x01021994] = "tmpfs", [0x794c7630] = "overlayfs", [0xf2f52010] = "f2fs",
  [0x73717368] = "squashfs", [0xe0f5e1e2] = "erofs", [0x2fc12fc1] = "zfs",
  [0xca451a4e] = "bcachefs", [0x858458f6] = "ramfs",
}

local stat = {}

local is_local = {} -- number of a mount -> whether it is one of these
local can_tell = true -- this kernel numbers mounts

local function learn(mount)
  is_local[mount] = LOCAL[system.mount_magic(mount)] ~= nil
  return is_local[mount]
end

-- What the kernel knows of an open file, where that is all there is to know.
local function at_once(fd)
  local found, mount = system.stat_known(fd)
  if not found then return nil end
  if not mount then
    can_tell = false
    return nil
  end
  local known = is_local[mount]
  if known == nil then known = learn(mount) end
  return known and found or nil
end

--- Asks about what a descriptor and a name lead to.
---@param dirfd integer
---@param name string "" with AT_EMPTY_PATH: the descriptor's own
---@param flags integer of AT_
---@return table? stat
---@return string? message
---@return integer? code
function stat.at(dirfd, name, flags)
  local buffer = core.buffer(SIZE)
  local done, message, code = op.statx(dirfd, name, flags, MASK, buffer)
  if not done then return nil, message, code end
  return core.stat_in(buffer)
end

--- Asks about an open file.
---@param fd integer
---@return table? stat
---@return string? message
---@return integer? code
function stat.of(fd)
  loop.check()
  local found = can_tell and at_once(fd)
  if not found then return stat.at(fd, "", C.AT_EMPTY_PATH) end
  cached.pass()
  return found
end

--- What the kernel knows of a file that was opened just now: needs no op.
---@param fd integer
---@return table? stat
---@return string? message
---@return integer? code
function stat.of_new(fd)
  local found = system.stat_known(fd)
  if found then return found end
  return stat.of(fd)
end

local function ask_by_name(base, path, follows)
  local dirfd, name, flags, _held <close> = place.reach(base, path, follows)
  if not dirfd then return place.fail_at(path, name) end
  return place.about(path, stat.at(dirfd, name, flags))
end

local NO_ROOM = { [errno.EMFILE] = true, [errno.ENFILE] = true }

local function ask(base, path, follows)
  if not can_tell then return ask_by_name(base, path, follows) end
  local held <close>, message, code = place.open_held(base, path,
    C.O_PATH | (follows and 0 or C.O_NOFOLLOW))
  if NO_ROOM[code] then return ask_by_name(base, path, follows) end
  if not held then return nil, message, code end
  return place.about(path, stat.of(held.fd))
end

stat.api = {}

--- Tells about what a path leads to.
---@param base table where it begins
---@param path string
---@return table? stat type ("file", "directory", "link", "fifo", "socket",
--- "char", "block"), mode, perm (the mode's lower 12 bits), size (bytes),
--- uid, gid, nlink, ino, dev, rdev, blocks (of 512 bytes), blksize, atime,
--- mtime, ctime, btime (seconds)
---@return string? message
---@return integer? code
function stat.api.stat(base, path)
  check.path("stat", path)
  return ask(base, path, true)
end

--- The same; of a symbolic link about itself.
---@param base table
---@param path string
---@return table? stat
---@return string? message
---@return integer? code
function stat.api.lstat(base, path)
  check.path("lstat", path)
  return ask(base, path, false)
end

--- Whether a path leads to something.
---@param base table
---@param path string
---@return boolean? exists nil where that cannot be told
---@return string? message
---@return integer? code
function stat.api.exists(base, path)
  check.path("exists", path)
  local found, message, code = ask(base, path, true)
  if found then return true end
  if code == errno.ENOENT or code == errno.ENOTDIR then return false end
  return nil, message, code
end

return stat
