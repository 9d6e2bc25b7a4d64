--- A whole tree, copied.
local check = require "uring.fs.check"
local copy = require "uring.fs.copy"
local errno = require "uring.errno"
local attributes = require "uring.fs.attributes"
local folder = require "uring.fs.folder"
local names = require "uring.fs.names"
local offload = require "uring.offload"
local place = require "uring.fs.place"
local stat = require "uring.fs.stat"
local structured = require "uring.structured"

local OWNER = 448 -- rwx for whom it belongs to, while it is filled
local MAX = 16

local api = names.api

-- Makes a folder like another; its permissions come when it is full.
local function copy_folder(self, source, target)
  local found, message, code = stat.api.lstat(self.base, source)
  if not found then return nil, message, code end
  local done
  done, message, code = api.mkdir(self.base, target, found.perm | OWNER)
  if not done and not (code == errno.EEXIST and self.force) then
    return nil, message, code
  end
  table.insert(self.folders, { path = target, perm = found.perm })
  return true
end

local function copy_link(self, source, target)
  local leads_to, message, code = api.readlink(self.base, source)
  if not leads_to then return nil, message, code end
  local done
  done, message, code = api.symlink(self.base, leads_to, target)
  if code == errno.EEXIST and self.force then
    done, message, code = api.remove(self.base, target)
    if done then
      done, message, code = api.symlink(self.base, leads_to, target)
    end
  end
  return done, message, code
end

-- A FIFO, a socket, a device.
local function copy_node(self, source, target)
  local found, message, code = stat.api.lstat(self.base, source)
  if not found then return nil, message, code end
  local dirfd, name, _held <close> = place.enter(self.base, target)
  if not dirfd then return place.fail_at(target, name) end
  return place.about(target, offload.call("mknodat", dirfd, name, found.mode,
    found.rdev))
end

local function add_file(self, source, target)
  table.insert(self.files, { source, target })
  return true
end

local HOW = { directory = copy_folder, file = add_file, link = copy_link }

-- Makes all but the files, and notes these.
local function prepare(self, source, target)
  local failure
  local function fail(_, message, code)
    failure = failure or { message, code }
  end
  for path, kind in folder.api.walk(self.base, source, { on_error = fail }) do
    local rest = path:sub(#source + 1):gsub("^/+", "")
    local done, message, code = (HOW[kind] or copy_node)(self, path,
      target .. "/" .. rest)
    if not done then fail(nil, message, code) end
    if failure then break end
  end
  if failure then return nil, failure[1], failure[2] end
  return true
end

local function copy_files(self)
  local bytes, failure = 0, nil
  local options = { force = self.force, reflink = self.reflink }
  structured.map(self.files, function(each)
    if failure then return end
    local size, message, code = copy.file(self.base, each[1], each[2], options)
    bytes = bytes + (size or 0)
    if not size then failure = failure or { message, code } end
  end, { max = self.max })
  if failure then return nil, failure[1], failure[2] end
  return bytes
end

local function set_permissions(self)
  for i = #self.folders, 1, -1 do
    local each = self.folders[i]
    local found = stat.api.lstat(self.base, each.path)
    if found and found.perm ~= each.perm then
      local done, message, code = attributes.api.chmod(self.base, each.path,
        each.perm)
      if not done then return nil, message, code end
    end
  end
  return true
end

-- A copy of a folder inside of itself would have no end.
local function is_inside(base, source, target)
  local outer = api.realpath(base, source)
  local above = target:match "^(.*[^/])/+[^/]+/*$"
  local inner = outer and api.realpath(base, above or ".")
  return inner and (inner .. "/"):sub(1, #outer + 1) == outer .. "/"
end

local OPTIONS = { force = "boolean", reflink = "boolean", max = "number" }

local tree = { api = {} }

--- Copies a folder and all in it: permissions, symbolic links as they are.
---@param base table where the paths begin
---@param source string a folder
---@param target string which is made; with force it may be there
---@param options? table force and reflink as for fs.copy; max = 16 files at
--- once
---@return integer? bytes of all files
---@return string? message
---@return integer? code
function tree.api.copy_tree(base, source, target, options)
  check.path("copy_tree", source, "source")
  check.path("copy_tree", target, "target")
  options = check.options("copy_tree", options, OPTIONS)
  if options.max and (math.type(options.max) ~= "integer"
    or options.max < 1) then
    error("fs.copy_tree: bad option 'max' (1 or more expected)", 2)
  end
  local self = { base = base, files = {}, folders = {},
    force = options.force, reflink = options.reflink,
    max = options.max or MAX }
  if is_inside(base, source, target) then
    return nil, target .. ": is inside of " .. source, errno.EINVAL
  end
  local done, message, code = copy_folder(self, source, target)
  if not done then return nil, message, code end
  done, message, code = prepare(self, source, target)
  if not done then return nil, message, code end
  local bytes
  bytes, message, code = copy_files(self)
  if not bytes then return nil, message, code end
  done, message, code = set_permissions(self)
  if not done then return nil, message, code end
  return bytes
end

return tree
