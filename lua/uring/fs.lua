--- Files and folders.  Everything waits, and lets other tasks run meanwhile;
-- outside of uring.run it blocks the thread.
--   fs.open, fs.read_file, fs.copy, fs.walk, fs.watch, fs.root ...
local attributes = require "uring.fs.attributes"
local copy = require "uring.fs.copy"
local copytree = require "uring.fs.copytree"
local File = require "uring.fs.device"
local folder = require "uring.fs.folder"
local loop = require "uring.loop"
local names = require "uring.fs.names"
local opening = require "uring.fs.opening"
local place = require "uring.fs.place"
local removal = require "uring.fs.removal"
local root = require "uring.fs.root"
local stat = require "uring.fs.stat"
local Stream = require "uring.stream"
local watch = require "uring.fs.watch"
local whole = require "uring.fs.whole"

local api = {}

for _, room in ipairs { attributes, copy, copytree, folder, names, opening,
  removal, stat, watch, whole } do
  for name, implementation in pairs(room.api) do api[name] = implementation end
end

-- These need no run: they do single ops, or wait only later.
local AT_ONCE = {
  exists = true, lstat = true, open = true, stat = true, watch = true,
}

-- A function without the place where its paths begin.
local function without_place(base, name)
  local implementation = api[name]
  if AT_ONCE[name] and base.resolve == 0 then
    return function(...) return implementation(base, ...) end
  end
  return function(...)
    if not loop.is_running() then
      return loop.block(implementation, base, ...)
    end
    return implementation(base, ...)
  end
end

local function bind(base)
  return function(name)
    local implementation = api[name]
    if not implementation then return nil end
    return function(...)
      if not loop.is_running() then
        return loop.block(root.call, base, implementation, ...)
      end
      return root.call(base, implementation, ...)
    end
  end
end

--- Opens a folder as the root of paths: see fs/root.lua.
---@param base table where the path begins
---@param path string
---@return uring.fs.Root? root
---@return string? message
---@return integer? code
function api.root(base, path)
  return root.open(bind, base, path)
end

local fs = {}

for name in pairs(api) do fs[name] = without_place(place.HERE, name) end

--- Makes a File of a descriptor, which it owns from then on.
---@param fd integer
---@param name? string for messages
---@return uring.File
function fs.from_fd(fd, name)
  if math.type(fd) ~= "integer" or fd < 0 then
    error("fs.from_fd: bad argument 'fd' (descriptor expected)", 2)
  end
  return Stream.own(File.new(name), fd)
end

return fs
