--- Follows a file as tail -F does: also one that is cut off, or made anew.
-- run: lua5.4 examples/tail.lua FILE [BYTES]
-- prints: the last so many bytes (default 0), and what is added until Ctrl-C
local fs = require "uring.fs"
local uring = require "uring"

local path, keep = arg[1], math.tointeger(arg[2] or 0)
if not (path and keep) then
  io.stderr:write "usage: tail.lua FILE [BYTES]\n"
  os.exit(1)
end

local folder, name = path:match "^(.*/)([^/]*)$"
folder, name = folder or "./", name or path

local function say(text)
  io.stderr:write("tail: ", path, " ", text, "\n")
end

local function write(bytes)
  assert(uring.stdout:write(bytes))
end

-- Writes what was added since; from the beginning where it became shorter.
local function catch_up(file)
  local size = assert(file:size())
  if size < file:seek() then
    say "was cut off"
    file:seek "set"
  end
  for bytes in file:chunks() do write(bytes) end
end

-- The file that has the name now, if it is another than the one we have.
local function reopen(file)
  local now = fs.stat(path)
  local old = file and file:stat()
  if not now or old and old.ino == now.ino then return file end
  if file then
    catch_up(file)
    file:close()
    say "is another file now"
  end
  return (fs.open(path))
end

local function follow()
  local watch <close> = assert(fs.watch(folder, { "create", "modify", "move" }))
  local file = fs.open(path)
  if file and file:size() > keep then file:seek("end", -keep) end
  if file then catch_up(file) else say "is not there yet" end
  for event in watch:iter() do
    if event.name == name or event.kinds.overflow then
      file = reopen(file)
      if file then catch_up(file) end
    end
  end
end

local ok, problem = pcall(uring.run, follow)
if not ok then
  if tostring(problem):find "interrupted" then return end
  local reason = tostring(problem):match "^[^\n]*":gsub("^%S+:%d+: ", "")
  io.stderr:write("tail: ", reason, "\n")
  os.exit(1)
end
