--- What is in a folder: dir, list, walk.
local check = require "uring.fs.check"
local core = require "uring.core"
local errno = require "uring.errno"
local offload = require "uring.offload"
local place = require "uring.fs.place"
local stat = require "uring.fs.stat"

local C = core.consts

local BLOCK = 32768 -- bytes that are asked for at once
local HEAD = "<I8 i8 I2 B" -- struct linux_dirent64, before the name

local TYPES = {
  [C.DT_REG] = "file", [C.DT_DIR] = "directory", [C.DT_LNK] = "link",
  [C.DT_FIFO] = "fifo", [C.DT_SOCK] = "socket", [C.DT_CHR] = "char",
  [C.DT_BLK] = "block",
}

local OPEN = C.O_RDONLY | C.O_DIRECTORY

local folder = {}

local function unpack(block, entries)
  local at = 1
  while at <= #block do
    local _, _, size, kind, name_at = HEAD:unpack(block, at)
    local name = ("z"):unpack(block, name_at)
    if name ~= "." and name ~= ".." then
      entries[#entries + 1] = { name = name, type = TYPES[kind] or "unknown" }
    end
    at = at + size
  end
  return entries
end

-- Some file systems do not say of what type an entry is.
local function complete(fd, entry)
  if entry.type == "unknown" then
    local found = stat.at(fd, entry.name, C.AT_SYMLINK_NOFOLLOW)
    entry.type = found and found.type or "unknown"
  end
  return entry
end

--- Reads some entries of an open folder.
---@param fd integer
---@return table[]? entries {name, type}, ...; none at its end
---@return string? message
---@return integer? code
function folder.read(fd)
  local entries = {}
  while #entries == 0 do -- a block of "." and ".." alone is not the end
    local block, message, code = offload.call("getdents", fd, BLOCK)
    if not block then return nil, message, code end
    if block == "" then break end
    unpack(block, entries)
  end
  for _, entry in ipairs(entries) do complete(fd, entry) end
  return entries
end

--- Reads all entries of an open folder.
---@param fd integer
---@return table[]? entries {name, type}, ...
---@return string? message
---@return integer? code
function folder.read_all(fd)
  local all = {}
  while true do
    local entries, message, code = folder.read(fd)
    if not entries then return nil, message, code end
    if #entries == 0 then return all end
    table.move(entries, 1, #entries, #all + 1, all)
  end
end

local api = {}

--- Iterates over the entries of a folder, in no order.  Raises where that
-- fails.
---@param base table where the path begins
---@param path string
---@return function iterator of name, type ("file", "directory", "link" ...)
function api.dir(base, path)
  check.path("dir", path)
  local held, message = place.open_held(base, path, OPEN)
  if not held then error(message, 0) end
  local entries, at = {}, 0
  return function()
    if held.fd < 0 then return nil end
    if at == #entries then
      local code
      entries, message, code = folder.read(held.fd)
      if not entries then
        error(select(2, place.fail(path, message, code)), 0)
      end
      at = 0
    end
    at = at + 1
    local entry = entries[at]
    if entry then return entry.name, entry.type end
    held:close()
  end, nil, nil, held
end

local function entries_of(base, path, flags)
  local held <close>, message, code = place.open_held(base, path,
    OPEN | (flags or 0))
  if not held then return nil, message, code end
  return place.about(path, folder.read_all(held.fd))
end

--- Lists a folder.
---@param base table
---@param path string
---@return string[]? names sorted by their bytes
---@return string? message
---@return integer? code
function api.list(base, path)
  check.path("list", path)
  local entries, message, code = entries_of(base, path)
  if not entries then return nil, message, code end
  local names = {}
  for i, entry in ipairs(entries) do names[i] = entry.name end
  table.sort(names)
  return names
end

local WALK = { max_depth = "number", on_error = "function" }

-- What was there when its folder was read, and is no more.
local GONE = {
  [errno.ENOENT] = true, [errno.ENOTDIR] = true, [errno.ELOOP] = true,
}

local function by_name(a, b)
  return a.name < b.name
end

-- Goes into a folder: what is in it comes next.
local function descend(self, path, depth, flags)
  local entries, message, code = entries_of(self.base, path, flags)
  if not entries then
    if depth > 1 and GONE[code] then return end
    if not self.on_error then error(message, 0) end
    return self.on_error(path, message, code)
  end
  table.sort(entries, by_name)
  local prefix = path:sub(-1) == "/" and path or path .. "/"
  self[#self + 1] = { entries = entries, at = 0, prefix = prefix,
    depth = depth }
end

local function advance(self)
  if self.into then
    local into = self.into
    self.into = false
    descend(self, into.path, into.depth, C.O_NOFOLLOW)
  end
  while #self > 0 do
    local level = self[#self]
    level.at = level.at + 1
    local entry = level.entries[level.at]
    if entry then
      local path = level.prefix .. entry.name
      if entry.type == "directory" and level.depth < self.max_depth then
        self.into = { path = path, depth = level.depth + 1 }
      end
      return path, entry.type, level.depth
    end
    self[#self] = nil
  end
end

--- Iterates over all that is below a folder, each folder before what is in
-- it, sorted.  Symbolic links are told of and not followed.  What comes or
-- goes meanwhile may be told of or not.  Raises where a folder cannot be
-- read.
---@param base table
---@param path string
---@param options? table max_depth: 1 is what is in the folder itself;
--- on_error: function(path, message, code), called instead of raising
---@return function iterator of path, type, depth (1, 2 ...)
function api.walk(base, path, options)
  check.path("walk", path)
  options = check.options("walk", options, WALK)
  local self = { base = base, into = false, on_error = options.on_error,
    max_depth = options.max_depth or math.huge }
  if self.max_depth >= 1 then descend(self, path, 1, 0) end
  return advance, self
end

folder.api, folder.OPEN = api, OPEN

return folder
