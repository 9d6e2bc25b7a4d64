--- What is known of a file: stat, lstat, exists.
local check = require "uring.fs.check"
local core = require "uring.core"
local errno = require "uring.errno"
local op = require "uring.op"
local place = require "uring.fs.place"
local system = require "uring.system"
local unpack = require "uring.unpack"

local C = core.consts

local SIZE = 256 -- of struct statx
local MASK = C.STATX_BASIC_STATS | C.STATX_BTIME
local PERM = 4095 -- the bits that chmod sets

local TYPES = {
  [C.S_IFREG] = "file", [C.S_IFDIR] = "directory", [C.S_IFLNK] = "link",
  [C.S_IFIFO] = "fifo", [C.S_IFSOCK] = "socket", [C.S_IFCHR] = "char",
  [C.S_IFBLK] = "block",
}

local stat = {}

-- As makedev(3) puts it together.
local function device(parts)
  local major, minor = parts[1], parts[2]
  return (major & 0xfffff000) << 32 | (major & 0xfff) << 8
    | (minor & 0xffffff00) << 12 | minor & 0xff
end

local function to_table(buffer)
  local s = unpack.statx(buffer)
  s.type = TYPES[s.mode & C.S_IFMT] or "unknown"
  s.perm = s.mode & PERM
  s.dev, s.rdev = device(s.dev), device(s.rdev)
  return s
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
  return to_table(buffer)
end

--- Asks about an open file.
---@param fd integer
---@return table? stat
---@return string? message
---@return integer? code
function stat.of(fd)
  return stat.at(fd, "", C.AT_EMPTY_PATH)
end

--- What the kernel knows of a file that was opened just now: needs no op.
---@param fd integer
---@return table? stat type, mode, perm, size, ino, dev
---@return string? message
---@return integer? code
function stat.of_new(fd)
  local mode, size, ino, dev = system.status(fd)
  if not mode then return stat.of(fd) end
  return { mode = mode, type = TYPES[mode & C.S_IFMT] or "unknown",
    perm = mode & PERM, size = size, ino = ino, dev = dev }
end

local function ask(base, path, follows)
  local dirfd, name, flags, _held <close> = place.reach(base, path, follows)
  if not dirfd then return place.fail_at(path, name) end
  return place.about(path, stat.at(dirfd, name, flags))
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
