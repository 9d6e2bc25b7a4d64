--- Files and folders that are opened or made: open, tmpfile, tmpdir.
local check = require "uring.fs.check"
local core = require "uring.core"
local errno = require "uring.errno"
local File = require "uring.fs.file"
local mode = require "uring.fs.mode"
local names = require "uring.fs.names"
local place = require "uring.fs.place"
local Stream = require "uring.stream"

local PERM, PRIVATE, FOLDER = 438, 384, 448 -- rw-rw-rw-, rw-------, rwx------
local TRIES = 100 -- names that may be taken

local api = {}

--- Opens a file.
---@param base table where the path begins
---@param path string
---@param how? string|integer|string[] as io.open: "r" (default), "w", "a",
--- "r+", "w+", "a+", to which may be added "x": the file must be new; "d":
--- without the page cache, in whole blocks; "s": each write is on the device;
--- "t": a file without a name in the folder that is the path; "b" is
--- ignored.  Or the O_ flags as a number, or their names: { "rdwr", "creat" }
---@param perm? integer permissions of a new file, default 0666 less the umask
---@return uring.File? file
---@return string? message
---@return integer? code
function api.open(base, path, how, perm)
  check.path("open", path)
  perm = check.opt_count("open", perm, "perm") or PERM
  local flags = mode.flags_of(how or "r")
  local file = File.new(path, flags)
  local fd, message, code = place.open(base, path, flags, perm)
  if not fd then return place.fail(path, message, code) end
  return Stream.own(file, fd)
end

-- Where temporary things go.
local function folder_of(base)
  return base.resolve ~= 0 and "." or os.getenv "TMPDIR" or "/tmp"
end

local function random_name(base, folder)
  return ("%s/%s%08x%08x"):format(folder or folder_of(base), "uring.",
    math.random(0, 0xffffffff), math.random(0, 0xffffffff))
end

-- Where the file system knows no files without a name.
local function make_and_unlink(base, folder)
  for _ = 1, TRIES do
    local path = random_name(base, folder)
    local file, message, code = api.open(base, path, "w+x", PRIVATE)
    if file then
      place.surely(names.api.remove, base, path)
      return file
    end
    if code ~= errno.EEXIST then return nil, message, code end
  end
  return core.fail(folder, errno.EEXIST)
end

--- Opens a new file that has no name, to be written and read.
---@param base table
---@param folder? string where; default $TMPDIR or /tmp
---@return uring.File? file
---@return string? message
---@return integer? code
function api.tmpfile(base, folder)
  folder = folder or folder_of(base)
  check.path("tmpfile", folder, "folder")
  local file, message, code = api.open(base, folder, "w+t", PRIVATE)
  if code == errno.EOPNOTSUPP or code == errno.EISDIR then
    return make_and_unlink(base, folder)
  end
  return file, message, code
end

--- Makes a new folder that is nobody else's.  It is yours to remove.
---@param base table
---@param folder? string where; default $TMPDIR or /tmp
---@return string? path
---@return string? message
---@return integer? code
function api.tmpdir(base, folder)
  folder = folder or folder_of(base)
  check.path("tmpdir", folder, "folder")
  for _ = 1, TRIES do
    local path = random_name(base, folder)
    local done, message, code = names.api.mkdir(base, path, FOLDER)
    if done then return path end
    if code ~= errno.EEXIST then return place.fail(folder, message, code) end
  end
  return core.fail(folder, errno.EEXIST)
end

return { api = api }
