--- Open files and folders of a simulated run.
local core = require "uring.core"
local errno = require "uring.errno"

local C = core.consts

local O_ACCMODE = 3
local HERE = -1 -- the file's own position

local File = { kind = "file" }
File.__index = File

--- Opens a file.
---@param sim uring.test.Sim
---@param node table of the tree
---@param flags integer O_ flags
---@return table
function File.new(sim, node, flags)
  local access = flags & O_ACCMODE
  return setmetatable({
    sim = sim, node = node, references = 0, position = 0,
    reads = access ~= C.O_WRONLY, writes = access ~= 0,
    appends = flags & C.O_APPEND ~= 0, kind = node.kind,
    is_path = flags & C.O_PATH ~= 0,
  }, File)
end

-- What was written at the end is only put together when somebody reads.
local function flatten(node)
  if #node.added > 0 then
    node.data = node.data .. table.concat(node.added)
    node.added = {}
  end
  return node.data
end

File.flatten = flatten

--- Makes a file longer, with zeros, or shorter.
---@param sim uring.test.Sim
---@param node table
---@param size integer
function File.resize(sim, node, size)
  local data = flatten(node)
  node.data = size <= #data and data:sub(1, size)
    or data .. ("\0"):rep(size - #data)
  sim.tree.used = sim.tree.used + size - node.size
  node.size, node.mtime = size, sim.now
end

-- How much of so many bytes the disk takes.
local function fit(self, at, count)
  local disk = self.sim.disk
  local grows = math.max(0, at + count - self.node.size)
  local room = math.max(0, disk - self.sim.tree.used)
  return count - math.max(0, grows - room)
end

local function put(self, at, bytes)
  local sim, node = self.sim, self.node
  if at == node.size then
    node.added[#node.added + 1] = bytes
    node.size = at + #bytes
    sim.tree.used = sim.tree.used + #bytes
  else
    if at > node.size then File.resize(sim, node, at) end
    local data, last = flatten(node), at + #bytes
    node.data = data:sub(1, at) .. bytes .. data:sub(last + 1)
    sim.tree.used = sim.tree.used + #node.data - node.size
    node.size = #node.data
  end
  node.mtime = sim.now
end

--- Reads.
---@param max integer
---@param offset integer -1: at its own position
---@return string|false bytes
---@return integer? code
function File:take(max, offset)
  if self.is_path then return false, errno.EBADF end
  if self.kind == "dir" then return false, errno.EISDIR end
  if not self.reads then return false, errno.EBADF end
  local at = offset == HERE and self.position or offset
  local bytes = flatten(self.node):sub(at + 1, at + max)
  if offset == HERE then self.position = at + #bytes end
  return bytes
end

--- Writes.
---@param bytes string
---@param from integer the first of them that is written
---@param offset integer -1: at its own position
---@return integer|false count
---@return integer? code
function File:give(bytes, from, offset)
  if not self.writes or self.is_path then return false, errno.EBADF end
  local at = offset == HERE and self.position or offset
  if self.appends then at = self.node.size end
  local wanted = #bytes - from + 1
  local count = fit(self, at, wanted)
  if count <= 0 and wanted > 0 then return false, errno.ENOSPC end
  put(self, at, bytes:sub(from, from + count - 1))
  if offset == HERE then self.position = at + count end
  return count
end

--- How much can be written: any amount.
---@return integer|false
---@return integer? code
function File:room()
  if not self.writes then return false, errno.EBADF end
  return math.maxinteger
end

--- Sets its position, as lseek(2).
---@param offset integer
---@param whence integer
---@return integer|false position
---@return integer? code
function File:seek(offset, whence)
  local from = 0
  if whence == C.SEEK_CUR then from = self.position end
  if whence == C.SEEK_END then from = self.node.size end
  if from + offset < 0 then return false, errno.EINVAL end
  self.position = from + offset
  return self.position
end

--- Tells for what it is ready: always.
---@return integer events of poll(2)
function File.events()
  return C.POLLIN | C.POLLOUT
end

return File
