--- Names of files and folders: made, removed, changed, linked.
local check = require "uring.fs.check"
local core = require "uring.core"
local errno = require "uring.errno"
local offload = require "uring.offload"
local op = require "uring.op"
local place = require "uring.fs.place"
local stat = require "uring.fs.stat"

local C = core.consts

local ALL = 511 -- rwxrwxrwx
local DELETED = " (deleted)$"

local names = {}

--- Makes a folder.
---@param base table where the path begins
---@param path string
---@param perm? integer default 0777, less the umask
---@return boolean? true
---@return string? message
---@return integer? code
function names.mkdir(base, path, perm)
  check.path("mkdir", path)
  perm = check.opt_count("mkdir", perm, "perm") or ALL
  local dirfd, name, _held <close> = place.enter(base, path)
  if not dirfd then return place.fail_at(path, name) end
  return place.about(path, op.mkdirat(dirfd, name, perm))
end

-- What is there already is good where it is a folder.
local function accept(base, path, message, code)
  local there = stat.api.stat(base, path)
  if there and there.type == "directory" then return true end
  return nil, message, code
end

--- Makes a folder, and those above it that are lacking.
---@param base table
---@param path string
---@param perm? integer of those that are made, default 0777, less the umask
---@return boolean? true also where it is there already
---@return string? message
---@return integer? code
function names.makedirs(base, path, perm)
  check.path("makedirs", path)
  local done, message, code = names.mkdir(base, path, perm)
  if done then return true end
  if code ~= errno.ENOENT then return accept(base, path, message, code) end
  local above = path:match "^(.*[^/])/+[^/]+/*$"
  if not above then return nil, message, code end
  done, message, code = names.makedirs(base, above, perm)
  if not done then return nil, message, code end
  done, message, code = names.mkdir(base, path, perm)
  if done then return true end
  return accept(base, path, message, code)
end

local function unlink(base, path, flags)
  local dirfd, name, _held <close> = place.enter(base, path)
  if not dirfd then return place.fail_at(path, name) end
  return place.about(path, op.unlinkat(dirfd, name, flags))
end

--- Removes an empty folder.
---@param base table
---@param path string
---@return boolean? true
---@return string? message
---@return integer? code
function names.rmdir(base, path)
  check.path("rmdir", path)
  return unlink(base, path, C.AT_REMOVEDIR)
end

--- Removes a file, a link, or an empty folder, as os.remove does.
---@param base table
---@param path string
---@return boolean? true
---@return string? message
---@return integer? code
function names.remove(base, path)
  check.path("remove", path)
  local done, message, code = unlink(base, path, 0)
  if done then return true end
  if code ~= errno.EISDIR then return nil, message, code end
  return unlink(base, path, C.AT_REMOVEDIR)
end

local RENAME = { noreplace = "boolean", exchange = "boolean" }

--- Gives something another name, and replaces what had that.
---@param base table
---@param old string
---@param new string
---@param options? table noreplace: fails with EEXIST instead of replacing;
--- exchange: both are there afterwards, each with the other's name
---@return boolean? true
---@return string? message
---@return integer? code
function names.rename(base, old, new, options)
  check.path("rename", old, "old")
  check.path("rename", new, "new")
  options = check.options("rename", options, RENAME)
  local flags = (options.noreplace and C.RENAME_NOREPLACE or 0)
    | (options.exchange and C.RENAME_EXCHANGE or 0)
  local from, name, _held <close> = place.enter(base, old)
  if not from then return place.fail_at(old, name) end
  local to, new_name, _held_too <close> = place.enter(base, new)
  if not to then return place.fail_at(new, new_name) end
  return place.about(old, op.renameat(from, name, to, new_name, flags))
end

--- Gives a file one more name.  Of a symbolic link, to the link itself.
---@param base table
---@param old string
---@param new string
---@return boolean? true
---@return string? message
---@return integer? code
function names.link(base, old, new)
  check.path("link", old, "old")
  check.path("link", new, "new")
  local from, name, _held <close> = place.enter(base, old)
  if not from then return place.fail_at(old, name) end
  local to, new_name, _held_too <close> = place.enter(base, new)
  if not to then return place.fail_at(new, new_name) end
  return place.about(new, op.linkat(from, name, to, new_name))
end

--- Makes a symbolic link.
---@param base table
---@param target string where it leads: any text
---@param path string
---@return boolean? true
---@return string? message
---@return integer? code
function names.symlink(base, target, path)
  check.path("symlink", target, "target")
  check.path("symlink", path)
  local dirfd, name, _held <close> = place.enter(base, path)
  if not dirfd then return place.fail_at(path, name) end
  return place.about(path, op.symlinkat(target, dirfd, name))
end

--- Tells where a symbolic link leads.
---@param base table
---@param path string
---@return string? target
---@return string? message
---@return integer? code
function names.readlink(base, path)
  check.path("readlink", path)
  local dirfd, name, _held <close> = place.enter(base, path)
  if not dirfd then return place.fail_at(path, name) end
  return place.about(path, offload.call("readlinkat", dirfd, name))
end

-- Where a descriptor has led by now.
local function path_of(fd)
  return offload.call("readlinkat", C.AT_FDCWD, place.path_of(fd))
end

-- In a root: seen from there.
local function real_in_root(base, path)
  local held <close>, message, code = place.open_held(base, path, C.O_PATH)
  if not held then return nil, message, code end
  local top, found
  top, message, code = path_of(base.fd)
  if not top then return place.fail(path, message, code) end
  found, message, code = path_of(held.fd)
  if not found then return place.fail(path, message, code) end
  if found == top then return "." end
  if top ~= "/" then top = top .. "/" end
  if found:sub(1, #top) ~= top or found:find(DELETED) then
    return place.fail_at(path, errno.ENOENT)
  end
  return found:sub(#top + 1)
end

--- Finds the path of something without links, "." and "..".
---@param base table
---@param path string
---@return string? path absolute; of a root relative to it
---@return string? message
---@return integer? code
function names.realpath(base, path)
  check.path("realpath", path)
  if base.resolve ~= 0 then return real_in_root(base, path) end
  return place.about(path, offload.call("realpath", path))
end

return { api = names }
