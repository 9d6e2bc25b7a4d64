--- Rows of a simulated ring that work on files and their names.
local core = require "uring.core"
local errno = require "uring.errno"
local File = require "uring.test.file"

local C = core.consts
local O_ACCMODE = 3
local SAFE = C.O_CREAT | C.O_EXCL

local rows = {}

-- Where a relative path of an op begins.
local function folder_of(object)
  if not object then return nil end
  if object.kind ~= "dir" then return nil, errno.ENOTDIR end
  return object.node
end

-- Opening

local function find_or_make(sim, from, path, flags, mode)
  if flags & C.O_CREAT ~= 0 and path:sub(-1) == "/" then
    local folder, code = sim.tree:locate(from, path)
    return nil, folder and errno.EISDIR or code
  end
  local node, code = sim.tree:find(from, path)
  if node and flags & SAFE == SAFE then return nil, errno.EEXIST end
  if node or code ~= errno.ENOENT or flags & C.O_CREAT == 0 then
    return node, code
  end
  return sim.tree:make(from, path, "file", mode)
end

-- Why a thing cannot be opened so.
local function objection(node, flags)
  local is_dir = node.kind == "dir"
  if is_dir and (flags & O_ACCMODE ~= 0 or flags & C.O_CREAT ~= 0) then
    return errno.EISDIR
  elseif not is_dir and flags & C.O_DIRECTORY ~= 0 then
    return errno.ENOTDIR
  elseif node.kind == "socket" then
    return errno.ENXIO
  end
end

local function open(sim, op, flags, mode)
  local from, code = folder_of(op.object)
  if code then return false, code end
  if not sim.descriptors:has_room(1) then return false, errno.EMFILE end
  if flags & C.O_TMPFILE == C.O_TMPFILE then return false, errno.EOPNOTSUPP end
  local node
  node, code = find_or_make(sim, from, op[2], flags, mode)
  if not node then return false, code end
  code = objection(node, flags)
  if code then return false, code end
  if flags & C.O_TRUNC ~= 0 and node.kind == "file"
    and flags & O_ACCMODE ~= 0 then
    File.resize(sim, node, 0)
  end
  return sim.descriptors:add(File.new(sim, node, flags), tostring(op))
end

rows.openat = { dirfd = 1, path = 2, shows = 2, makes_fd = true,
  attempt = function(sim, op) return open(sim, op, op[3], op[4]) end }

rows.openat2 = { dirfd = 1, path = 2, shows = 2, makes_fd = true,
  lacks = function(op)
    return op[3].resolve ~= 0 and "openat2 with 'resolve'" or nil
  end,
  attempt = function(sim, op)
    return open(sim, op, op[3].flags, op[3].mode)
  end }

-- Names

rows.mkdirat = { dirfd = 1, path = 2, shows = 2, attempt = function(sim, op)
  local from, code = folder_of(op.object)
  if code then return false, code end
  local node
  node, code = sim.tree:make(from, op[2], "dir", op[3])
  if not node then return false, code end
  return true
end }

rows.unlinkat = { dirfd = 1, path = 2, shows = 2, attempt = function(sim, op)
  local from, code = folder_of(op.object)
  if code then return false, code end
  return sim.tree:unlink(from, op[2], op[3] & C.AT_REMOVEDIR ~= 0)
end }

local function rename(sim, op)
  local from, code = folder_of(op.object)
  if code then return false, code end
  local to
  to, code = folder_of(op.other)
  if code then return false, code end
  local how = "replace"
  if op[5] == C.RENAME_NOREPLACE then
    how = "keep"
  elseif op[5] == C.RENAME_EXCHANGE then
    how = "exchange"
  elseif op[5] ~= 0 then
    return false, errno.EINVAL
  end
  return sim.tree:rename(from, op[2], to, op[4], how)
end

rows.renameat = { dirfd = 1, path = 2, other_dirfd = 3, other_path = 4,
  shows = 2, attempt = rename }

-- Content

-- Adds to a row that it is about a file.
local function of_file(attempt)
  return { fd = 1, shows = 1, attempt = function(sim, op)
    if op.object.kind ~= "file" then return false, errno.EINVAL end
    return attempt(sim, op, op.object)
  end }
end

rows.ftruncate = of_file(function(sim, op, file)
  if not file.writes then return false, errno.EINVAL end
  File.resize(sim, file.node, op[2])
  return true
end)

rows.fallocate = of_file(function(sim, op, file)
  if not file.writes then return false, errno.EBADF end
  if op[2] ~= 0 and op[2] ~= C.FALLOC_FL_KEEP_SIZE then
    return false, errno.EOPNOTSUPP
  end
  local size = op[3] + op[4]
  if op[4] == 0 then return false, errno.EINVAL end
  if size - file.node.size > sim.disk - sim.tree.used then
    return false, errno.ENOSPC
  end
  if op[2] == 0 and size > file.node.size then
    File.resize(sim, file.node, size)
  end
  return true
end)

rows.fadvise = of_file(function() return true end)
rows.sync_file_range = rows.fadvise

rows.fsync = { fd = 1, shows = 1, attempt = function(_, op)
  local kind = op.object.kind
  if kind ~= "file" and kind ~= "dir" then return false, errno.EINVAL end
  return true
end }

-- Asking

local FORMATS = {
  file = C.S_IFREG, dir = C.S_IFDIR, socket = C.S_IFSOCK, pipe = C.S_IFIFO,
}

local STATX = "<I4 I4 I8 I4 I4 I4 I2 xx I8 I8 I8 I8"
  .. ("i8 I4 xxxx"):rep(4) .. "I4 I4 I4 I4"
local BLOCK = 4096
local NS = 1000000000

local function stat(sim, node, kind)
  local seconds = sim:wall(node.mtime)
  local s, ns = seconds, node.mtime % NS
  local is_dir = kind == "dir"
  return STATX:pack(C.STATX_BASIC_STATS, BLOCK, 0, is_dir and 2 or node.links,
    0, 0, (FORMATS[kind] or 0) | node.mode & 4095, node.ino,
    is_dir and BLOCK or node.size, (node.size + 511) // 512, 0,
    s, ns, s, ns, s, ns, s, ns, 0, 0, 0, 1)
end

local NAMELESS = { mtime = 0, links = 1, mode = 384, ino = 0, size = 0 }

rows.statx = { dirfd = 1, path = 2, shows = 2, attempt = function(sim, op)
  local node, code, kind
  if op[2] == "" and op[3] & C.AT_EMPTY_PATH ~= 0 and op.object then
    node, kind = op.object.node or NAMELESS, op.object.kind
  else
    local from
    from, code = folder_of(op.object)
    if code then return false, code end
    node, code = sim.tree:find(from, op[2])
    if not node then return false, code end
    kind = node.kind
  end
  op[5]:set(1, stat(sim, node, kind))
  return true
end }

return rows
