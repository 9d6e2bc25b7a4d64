--- Jobs of threads in a simulated run: what files in memory can do.
local core = require "uring.core"
local errno = require "uring.errno"
local making = require "uring.test.making"

local C = core.consts

local HEAD = "<I8 i8 I2 B" -- struct linux_dirent64, before the name
local ONE = string.pack("<i8", 1)

local KINDS = { dir = C.DT_DIR, file = C.DT_REG, socket = C.DT_SOCK }

local work = {}

local function names_of(node)
  local names = {}
  for name in pairs(node.entries) do names[#names + 1] = name end
  table.sort(names)
  return names
end

--- As getdents64(2).
---@param sim uring.test.Sim
---@param fd integer
---@param room integer bytes
---@return string|false block
---@return integer? code
function work.getdents(sim, fd, room)
  local object = sim.descriptors:get(fd, "getdents")
  if not object then return false, errno.EBADF end
  if object.kind ~= "dir" then return false, errno.ENOTDIR end
  object.names = object.names or names_of(object.node)
  local list, size = {}, 0
  while #object.names > 0 do
    local name = object.names[1]
    local length = string.packsize(HEAD) + #name + 1
    if size + length > room then break end
    size = size + length
    table.remove(object.names, 1)
    local node = object.node.entries[name]
    if node then
      list[#list + 1] = HEAD:pack(node.ino, 0, length,
        KINDS[node.kind] or C.DT_UNKNOWN) .. name .. "\0"
    end
  end
  return table.concat(list)
end

--- As fchmod(2).
---@param sim uring.test.Sim
---@param fd integer
---@param mode integer
---@return boolean true
---@return integer? code
function work.fchmod(sim, fd, mode)
  local object = sim.descriptors:get(fd, "fchmod")
  if not (object and object.node) then return false, errno.EBADF end
  object.node.mode = mode
  return true
end

--- As fchmodat(2), for paths from the working folder on.
---@param sim uring.test.Sim
---@param path string
---@param mode integer
---@return boolean true
---@return integer? code
function work.fchmodat(sim, _, path, mode)
  local node, code = sim.tree:find(nil, path)
  if not node then return false, code end
  node.mode = mode
  return true
end

--- As realpath(3): there are no links.
---@param sim uring.test.Sim
---@param path string
---@return string|false found
---@return integer? code
function work.realpath(sim, path)
  local node, code = sim.tree:find(nil, path)
  if not node then return false, code end
  local parts = {}
  for part in path:gmatch "[^/]+" do
    if part == ".." then
      table.remove(parts)
    elseif part ~= "." then
      parts[#parts + 1] = part
    end
  end
  return "/" .. table.concat(parts, "/")
end

local jobs = {}

--- Does a job at once.
---@param sim uring.test.Sim
---@param name string
---@param ... any
---@return any value
---@return string? message
---@return integer? code
function jobs.work(sim, name, ...)
  local value, code = jobs.find(name)(sim, ...)
  if not value then return core.fail(name, code) end
  sim:note("%s", name)
  return value
end

--- Finds what does a job, or raises.
---@param name string
---@return function
function jobs.find(name)
  return work[name]
    or error("uring.test does not simulate " .. tostring(name), 4)
end

local Tray = {}
Tray.__index = Tray

--- Makes a tray for a first job.
---@param sim uring.test.Sim
---@param name string of the job
---@return table? tray
---@return string? message
---@return integer? code
function jobs.tray(sim, name)
  jobs.find(name)
  local fd, code = making.eventfd(sim, 0, "tray")
  if not fd then return core.fail("tray", code) end
  return setmetatable({ sim = sim, fd = fd, done = {}, count = 0,
    counter = sim.descriptors:get(fd, "tray") }, Tray)
end

--- Does a job, which is done by the next tick.
---@param ... any as for jobs.work
---@return integer id
function Tray:start(...)
  self.count = self.count + 1
  self.done[#self.done + 1] = table.pack(self.count, jobs.work(self.sim, ...))
  self.counter:give(ONE, 1)
  return self.count
end

--- Takes a job out that is done.
---@return integer? id
---@return any ... what it says
function Tray:take()
  local first = table.remove(self.done, 1)
  if first then return table.unpack(first, 1, first.n) end
end

--- The eventfd.
---@return integer fd
function Tray:fileno()
  return self.fd
end

--- Closes it.
function Tray:close()
  self.sim.descriptors:close(self.fd, "tray")
end

Tray.__close = Tray.close

return jobs
