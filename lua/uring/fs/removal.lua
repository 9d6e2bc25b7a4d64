--- A whole tree, removed.
-- Every folder is opened by its name in the one above it, and never through
-- a symbolic link: whoever replaces a folder by a link meanwhile cannot make
-- us remove what that leads to.
local check = require "uring.fs.check"
local core = require "uring.core"
local errno = require "uring.errno"
local folder = require "uring.fs.folder"
local op = require "uring.op"
local place = require "uring.fs.place"
local structured = require "uring.structured"

local C = core.consts

local TRIES = 8 -- where others go on filling a folder
local AT_ONCE = { max = 8 }

local OPEN = folder.OPEN | C.O_NOFOLLOW

local clear

-- Removes a folder and all in it.  What is gone already is as well.
local function remove_folder(dirfd, name)
  for _ = 1, TRIES do
    local done, message, code = clear(dirfd, name)
    if not done then return nil, message, code end
    done, message, code = op.unlinkat(dirfd, name, C.AT_REMOVEDIR)
    if done or code == errno.ENOENT then return true end
    if code ~= errno.ENOTEMPTY then return nil, message, code end
  end
  return core.fail(name, errno.ENOTEMPTY)
end

-- Removes something; where it is a folder, what is in it first.
local function remove_entry(dirfd, name, kind)
  if kind ~= "directory" then
    local gone, why, number = op.unlinkat(dirfd, name, 0)
    if gone or number == errno.ENOENT then return true end
    if number ~= errno.EISDIR then return nil, why, number end
  end
  local done, message, code = remove_folder(dirfd, name)
  if code ~= errno.ENOTDIR and code ~= errno.ELOOP then
    return done, message, code
  end
  done, message, code = op.unlinkat(dirfd, name, 0) -- it has become another
  if code == errno.ENOENT then return true end
  return done, message, code
end

-- Empties a folder: files several at once, then the folders.
function clear(dirfd, name)
  local held = place.hold()
  local fd, message, code = op.openat(dirfd, name, OPEN)
  if not fd then
    if code == errno.ENOENT then return true end
    return nil, message, code
  end
  held.fd = fd
  local _held <close> = held
  local entries
  entries, message, code = folder.read_all(fd)
  if not entries then return nil, message, code end
  local files, folders, failure = {}, {}, nil
  for _, entry in ipairs(entries) do
    table.insert(entry.type == "directory" and folders or files, entry)
  end
  structured.map(files, function(entry)
    if failure then return end
    local done, why, number = remove_entry(fd, entry.name, entry.type)
    if not done then failure = { why, number } end
  end, AT_ONCE)
  for _, entry in ipairs(folders) do
    if failure then break end
    local done, why, number = remove_entry(fd, entry.name, entry.type)
    if not done then failure = { why, number } end
  end
  if failure then return nil, failure[1], failure[2] end
  return true
end

-- The kernel does not remove these folders, but would tell only when all in
-- them has gone.
local function refusal(path)
  local last = path:match "([^/]+)/*$"
  if last == "." or last == ".." then return errno.EINVAL end
  return not last and path ~= "" and errno.EBUSY or nil
end

local removal = { api = {} }

--- Removes something and, if it is a folder, all that is in it.  Symbolic
-- links are removed, and never followed.  Of ".", ".." and "/" it removes
-- nothing.
---@param base table where the path begins
---@param path string
---@return boolean? true
---@return string? message
---@return integer? code
function removal.api.remove_tree(base, path)
  check.path("remove_tree", path)
  local dirfd, name, _held <close> = place.enter(base, path)
  if not dirfd then return place.fail_at(path, name) end
  local refused = refusal(name)
  if refused then return core.fail(path, refused) end
  local done, message, code = op.unlinkat(dirfd, name, 0)
  if code == errno.EISDIR then
    done, message, code = remove_folder(dirfd, name)
  end
  return place.about(path, done, message, code)
end

return removal
