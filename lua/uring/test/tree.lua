--- The files of a simulated run: names and what they stand for.
local errno = require "uring.errno"

local NAME_MAX = 255

local Tree = {}
Tree.__index = Tree

local function node(tree, kind, mode)
  tree.made = tree.made + 1
  return {
    kind = kind, ino = tree.made, mode = mode, links = 1, mtime = tree.sim.now,
    data = "", added = {}, size = 0, -- of a file: see file.lua
    entries = kind == "dir" and {} or nil, count = 0, -- of a folder
  }
end

local function parts_of(path)
  local parts = {}
  for part in path:gmatch "[^/]+" do
    if part ~= "." then parts[#parts + 1] = part end
  end
  return parts
end

local function step(tree, place, part)
  if place.kind ~= "dir" then return nil, errno.ENOTDIR end
  if part == ".." then return place.parent or tree.root end
  if #part > NAME_MAX then return nil, errno.ENAMETOOLONG end
  local found = place.entries[part]
  if not found then return nil, errno.ENOENT end
  return found
end

local function walk(tree, from, parts, count)
  local place = from
  for i = 1, count do
    local below, code = step(tree, place, parts[i])
    if not below then return nil, code end
    place = below
  end
  return place
end

local function start(tree, from, path)
  return path:sub(1, 1) == "/" and tree.root or from or tree.root
end

--- Finds what a path leads to.
---@param from table? the folder where it begins; nil: the working folder, /
---@param path string
---@return table? node
---@return integer? code
function Tree:find(from, path)
  if path == "" then return nil, errno.ENOENT end
  local parts = parts_of(path)
  local found, code = walk(self, start(self, from, path), parts, #parts)
  if found and path:sub(-1) == "/" and found.kind ~= "dir" then
    return nil, errno.ENOTDIR
  end
  return found, code
end

--- Finds the folder that has a name, or may have.
---@param from table?
---@param path string
---@return table? folder
---@return string|integer name or errno
function Tree:locate(from, path)
  if path == "" then return nil, errno.ENOENT end
  local parts = parts_of(path)
  local name = table.remove(parts)
  if not name or name == ".." then return nil, errno.EEXIST end
  local folder, code = walk(self, start(self, from, path), parts, #parts)
  if not folder then return nil, code end
  if folder.kind ~= "dir" then return nil, errno.ENOTDIR end
  if #name > NAME_MAX then return nil, errno.ENAMETOOLONG end
  return folder, name
end

--- Gives something a name.
---@param folder table
---@param name string
---@param what table
function Tree:put(folder, name, what)
  folder.entries[name], folder.count = what, folder.count + 1
  folder.mtime = self.sim.now
  if what.kind == "dir" then what.parent = folder end
end

--- Takes a name away.
---@param folder table
---@param name string
function Tree:take(folder, name)
  folder.entries[name], folder.count = nil, folder.count - 1
  folder.mtime = self.sim.now
end

--- Makes something new.
---@param from table?
---@param path string
---@param kind "file"|"dir"|"socket"
---@param mode? integer
---@return table? node
---@return integer? code
function Tree:make(from, path, kind, mode)
  local folder, name = self:locate(from, path)
  if not folder then return nil, name end
  if folder.entries[name] then return nil, errno.EEXIST end
  if path:sub(-1) == "/" and kind ~= "dir" then
    return nil, kind == "file" and errno.EISDIR or errno.ENOENT
  end
  local made = node(self, kind, mode or 420)
  self:put(folder, name, made)
  return made
end

--- Takes a name away, as unlinkat(2).
---@param from table?
---@param path string
---@param is_folder boolean whether that is to go
---@return boolean done
---@return integer? code
function Tree:unlink(from, path, is_folder)
  local folder, name = self:locate(from, path)
  if not folder then
    if name == errno.EEXIST then
      name = is_folder and errno.EBUSY or errno.EISDIR
    end
    return false, name
  end
  local what = folder.entries[name]
  if not what then return false, errno.ENOENT end
  if is_folder and what.kind ~= "dir" then return false, errno.ENOTDIR end
  if is_folder and what.count > 0 then return false, errno.ENOTEMPTY end
  if not is_folder and what.kind == "dir" then return false, errno.EISDIR end
  if not is_folder and path:sub(-1) == "/" then return false, errno.ENOTDIR end
  what.links = what.links - 1
  self:take(folder, name)
  return true
end

local function is_inside(place, folder)
  while place do
    if place == folder then return true end
    place = place.parent
  end
  return false
end

-- Why one thing cannot take the place of another.
local function objection(what, target, new_folder)
  if what.kind == "dir" and is_inside(new_folder, what) then
    return errno.EINVAL
  end
  if not target then return nil end
  if what.kind == "dir" and target.kind ~= "dir" then return errno.ENOTDIR end
  if what.kind ~= "dir" and target.kind == "dir" then return errno.EISDIR end
  if target.kind == "dir" and target.count > 0 then return errno.ENOTEMPTY end
end

--- Renames, as renameat2(2).
---@param old_from table?
---@param old string
---@param new_from table?
---@param new string
---@param how "replace"|"keep"|"exchange"
---@return boolean done
---@return integer? code
function Tree:rename(old_from, old, new_from, new, how)
  local folder, name = self:locate(old_from, old)
  if not folder then
    return false, name == errno.EEXIST and errno.EBUSY or name
  end
  local new_folder, new_name = self:locate(new_from, new)
  if not new_folder then
    return false, new_name == errno.EEXIST and errno.EBUSY or new_name
  end
  local what, target = folder.entries[name], new_folder.entries[new_name]
  if not what then return false, errno.ENOENT end
  if how == "exchange" then
    if not target then return false, errno.ENOENT end
    self:take(folder, name)
    self:take(new_folder, new_name)
    self:put(folder, name, target)
    self:put(new_folder, new_name, what)
    return true
  end
  if target and how == "keep" then return false, errno.EEXIST end
  if what == target then return true end
  local code = objection(what, target, new_folder)
  if code then return false, code end
  if target then
    target.links = target.links - 1
    self:take(new_folder, new_name)
  end
  self:take(folder, name)
  self:put(new_folder, new_name, what)
  return true
end

-- Makes a path's folders, and what it leads to.
local function plant(tree, path, content)
  local place = tree.root
  local parts = parts_of(path)
  local is_folder = path:sub(-1) == "/"
  for i, part in ipairs(parts) do
    local below = place.entries[part]
    if not below then
      local is_dir = i < #parts or is_folder
      below = node(tree, is_dir and "dir" or "file", is_dir and 493 or 420)
      tree:put(place, part, below)
    end
    place = below
  end
  if not is_folder then place.data, place.size = content, #content end
end

--- Makes a tree of files.
---@param sim uring.test.Sim
---@param files? table<string, string> path -> content; "a/b/" is a folder
---@return uring.test.Tree
function Tree.new(sim, files)
  local self = setmetatable({ sim = sim, made = 1, used = 0 }, Tree)
  self.root = node(self, "dir", 493)
  plant(self, "/tmp/", "")
  local paths = {}
  for path in pairs(files or {}) do paths[#paths + 1] = path end
  table.sort(paths)
  for _, path in ipairs(paths) do
    plant(self, path, files[path])
    self.used = self.used + #files[path]
  end
  return self
end

return Tree
