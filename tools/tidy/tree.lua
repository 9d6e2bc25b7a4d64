--- The text files of a source tree, as they are and as code alone.

local mask = require "tools.tidy.mask"

local Tree = {}
Tree.__index = Tree
Tree.__name = "tidy.Tree"

-- What a view of a file hides.
local views = {
  text = {},
  code = { comment = true },
  bare = { comment = true, string = true },
}

local function quoted(word)
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

-- Every file but the products in build/ and what lies in dot folders.  In a
-- linked worktree .git is a file.
local function find(root)
  local skip = "-path ./build -o -name .git -o -type d -name '.?*'"
  local command = "cd %s && find . \\( %s \\) -prune -o -type f -print"
  command = command:format(quoted(root), skip)
  local pipe <close> = assert(io.popen(command))
  local paths = {}
  for path in pipe:lines() do paths[#paths + 1] = path:sub(3) end
  if not pipe:close() then return nil, "cannot read " .. root end
  table.sort(paths)
  return paths
end

local function contents(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

local function split(text)
  local lines = {}
  if text:find "[^\n]$" then text = text .. "\n" end
  for line in text:gmatch "([^\n]*)\n" do lines[#lines + 1] = line end
  return lines
end

local function any(patterns, path)
  for _, pattern in ipairs(patterns or {}) do
    if path:find(pattern) then return true end
  end
  return false
end

--- Reads the tree under root; a file with a zero byte is not text.
---
---@param root string
---@return tidy.Tree? tree
---@return string? message
function Tree.open(root)
  local paths, message = find(root)
  if not paths then return nil, message end
  local self = setmetatable({ texts = {}, order = {}, cache = {} }, Tree)
  for _, path in ipairs(paths) do
    local text = contents(root .. "/" .. path)
    if not text:find("\0", 1, true) then
      self.texts[path] = text
      self.order[#self.order + 1] = path
    end
  end
  return self
end

--- The name Lua gives to the file of a module.
---
---@param path string such as "lua/uring/init.lua"
---@return string name such as "uring"
function Tree.module(path)
  local name = path:gsub("^lua/", ""):gsub("%.lua$", ""):gsub("/init$", "")
  return (name:gsub("/", "."))
end

--- How many text files there are.
---
---@return integer
function Tree:count()
  return #self.order
end

--- Walks the paths that match, in alphabetical order.
---
---@param pattern string
---@param except? string[] patterns of paths to leave out
---@return fun(): string?
function Tree:paths(pattern, except)
  local i = 0
  return function()
    local path
    repeat
      i = i + 1
      path = self.order[i]
    until not path or path:find(pattern) and not any(except, path)
    return path
  end
end

--- The text of a file.
---
---@param path string
---@param view? "text"|"code"|"bare" all, no comments, nor strings
---@return string? text nil when there is no such file
function Tree:text(path, view)
  local text = self.texts[path]
  return text and mask(path, text, views[view or "text"])
end

--- The lines of a file, without their newlines.
---
---@param path string
---@param view? "text"|"code"|"bare"
---@return string[]
function Tree:lines(path, view)
  local key = (view or "text") .. ":" .. path
  self.cache[key] = self.cache[key] or split(self:text(path, view))
  return self.cache[key]
end

--- Walks the lines of the files that match: path, line number, line.
---
---@param view "text"|"code"|"bare"
---@param pattern string
---@param except? string[]
---@return fun(): string?, integer?, string?
function Tree:each_line(view, pattern, except)
  return coroutine.wrap(function()
    for path in self:paths(pattern, except) do
      for number, line in ipairs(self:lines(path, view)) do
        coroutine.yield(path, number, line)
      end
    end
  end)
end

return Tree
