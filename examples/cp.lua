--- Copies a file, or a folder and all in it, many files at once.
-- run: lua5.4 examples/cp.lua [-f] SOURCE TARGET
-- prints: how many bytes, files and folders; -f replaces what is there
local fs = require "uring.fs"
local uring = require "uring"

local AT_ONCE = 32

local function fail(message)
  io.stderr:write("cp: ", message, "\n")
  os.exit(1, true)
end

local function check(value, message)
  if not value then error(message, 0) end
  return value
end

-- Folders and links at once, files afterwards.
local function prepare(source, target, force)
  local files, folders = {}, 1
  check(fs.makedirs(target))
  for path, kind in fs.walk(source) do
    local to = target .. path:sub(#source + 1)
    if kind == "directory" then
      check(fs.makedirs(to))
      folders = folders + 1
    elseif kind == "link" then
      if force and fs.lstat(to) then check(fs.remove(to)) end
      check(fs.symlink(check(fs.readlink(path)), to))
    elseif kind == "file" then
      table.insert(files, { path, to })
    end
  end
  return files, folders
end

local function copy_tree(source, target, force)
  local files, folders = prepare(source, target, force)
  local bytes = 0
  uring.map(files, function(each)
    local size = check(fs.copy(each[1], each[2], { force = force }))
    bytes = bytes + size
  end, { max = AT_ONCE })
  return bytes, #files, folders
end

local function main(source, target, force)
  local bytes, files, folders
  if check(fs.stat(source)).type == "directory" then
    source, target = source:gsub("(.)/+$", "%1"), target:gsub("(.)/+$", "%1")
    bytes, files, folders = copy_tree(source, target, force)
  else
    bytes, files, folders = check(fs.copy(source, target,
      { force = force })), 1, 0
  end
  print(("%d bytes in %d files and %d folders"):format(bytes, files, folders))
end

local force = arg[1] == "-f"
if force then table.remove(arg, 1) end
if #arg ~= 2 then fail "usage: cp.lua [-f] SOURCE TARGET" end
local ok, problem = pcall(uring.run, main, arg[1], arg[2], force)
if not ok then fail(tostring(problem):match "^[^\n]*") end
