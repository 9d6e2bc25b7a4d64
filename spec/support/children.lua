--- The children of a process, and how they are, from /proc.
local lfs = require "lfs"
local process = require "spec.support.process"

local children = {}

local function read(pid)
  local file <close> = io.open(("/proc/%s/stat"):format(pid))
  return file and file:read "a" -- nil where it has gone meanwhile
end

local function parse(stat)
  local pid, state, parent = stat:match "^(%d+) %(.*%) (%a) (%d+)"
  return pid, state, parent
end

--- How a process is, in a letter of proc(5): "Z" has ended, and was not
-- waited for.
---@param pid integer|string
---@return string? state nil where there is none
function children.state(pid)
  local stat = read(pid)
  return stat and (select(2, parse(stat)))
end

--- Whether a process lives.
---@param pid integer|string
---@return boolean
function children.lives(pid)
  local state = children.state(pid)
  return state ~= nil and state ~= "Z"
end

--- The children of a process.
---@param pid integer|string
---@return table<string, string> states of each, by their pids
function children.of(pid)
  local set = {}
  for child in lfs.dir "/proc" do
    local stat = child:find "^%d" and read(child)
    local _, state, parent = parse(stat or "")
    if parent == tostring(pid) then set[child] = state end
  end
  return set
end

--- How many of ours have ended, and were not waited for.
---@return integer
function children.zombies()
  local count = 0
  for _, state in pairs(children.of(process.capture "echo $PPID")) do
    if state == "Z" then count = count + 1 end
  end
  return count
end

return children
