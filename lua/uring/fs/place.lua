--- Where paths begin, and whether they may lead out of there.
-- A place is {fd, resolve}: the working folder, to which nothing is confined,
-- or that of fs.root.  The kernel confines only what it opens (openat2), so
-- for all else the folder of a name, or the thing, is opened first.
local core = require "uring.core"
local descriptors = require "uring.descriptors"
local errno = require "uring.errno"
local loop = require "uring.loop"
local op = require "uring.op"
local structured = require "uring.structured"
local system = require "uring.system"

local C = core.consts

local TRIES = 16 -- where something was renamed on the way

local place = {
  HERE = { fd = C.AT_FDCWD, resolve = 0 },
  CONFINED = C.RESOLVE_BENEATH | C.RESOLVE_NO_MAGICLINKS,
}

-- Descriptors that are closed with the variable that has them.

---@class uring.fs.Held
local Held = {}
Held.__index = Held

--- Makes one that holds nothing yet.
---@return uring.fs.Held
function place.hold()
  return setmetatable({ fd = -1, uncached = 0 }, Held) -- see cached.lua
end

--- Closes it, and does not wait for that.
function Held:close()
  local fd = self.fd
  self.fd = -1
  if fd >= 0 then descriptors.close(fd) end
end

--- Gives the descriptor away.
---@return integer fd
function Held:release()
  local fd = self.fd
  self.fd = -1
  return fd
end

Held.__close = Held.close

function Held:__gc()
  if self.fd >= 0 then system.close(self.fd) end
end

-- Finding

--- Opens what a path leads to.
---@param base table a place
---@param path string
---@param flags integer
---@param perm? integer of a file that is made
---@return integer? fd
---@return string|integer? message
---@return integer? code
function place.open(base, path, flags, perm)
  if base.is_closed then return nil, "closed", errno.ECLOSED end
  if base.resolve == 0 then
    return op.openat(base.fd, path, flags, perm or 0)
  end
  local makes = flags & C.O_CREAT ~= 0
    or flags & C.O_TMPFILE == C.O_TMPFILE
  local how = { flags = flags, mode = makes and perm or 0,
    resolve = base.resolve }
  base.users = base.users + 1 -- see root.lua
  local _use <close> = base
  for _ = 1, TRIES do
    local fd, message, code = op.openat2(base.fd, path, how)
    if fd or code ~= errno.EAGAIN then return fd, message, code end
  end
  return core.fail("openat2", errno.EAGAIN)
end

--- Opens, with an owner from the start.
---@param base table
---@param path string
---@param flags integer
---@param perm? integer
---@return uring.fs.Held? held for a <close> variable
---@return string? message beginning with the path
---@return integer? code
function place.open_held(base, path, flags, perm)
  local held = place.hold()
  local fd, message, code = place.open(base, path, flags, perm)
  if not fd then return place.fail(path, message, code) end
  held.fd = fd
  return held
end

--- Finds the folder of a name that is to be made, removed or renamed.
---@param base table
---@param path string
---@return integer? dirfd
---@return string|integer name in it, or code
---@return uring.fs.Held? held of dirfd, for a <close> variable
function place.enter(base, path)
  if base.is_closed then return nil, errno.ECLOSED end
  if base.resolve == 0 then return base.fd, path end
  local folder, name = path:match "^(.-)([^/]+)/*$"
  if not folder then
    return nil, path == "" and errno.ENOENT or errno.EXDEV
  end
  if name == ".." then return nil, errno.EXDEV end
  if folder == "" then return base.fd, name end
  local held, _, code = place.open_held(base, folder,
    C.O_PATH | C.O_DIRECTORY)
  if not held then return nil, code end
  return held.fd, name, held
end

--- Finds a thing that is there, for the calls that know AT_EMPTY_PATH.
---@param base table
---@param path string
---@param follows boolean whether a symbolic link is what it leads to
---@return integer? dirfd
---@return string|integer name in it, or code
---@return integer? flags of AT_
---@return uring.fs.Held? held of dirfd, for a <close> variable
function place.reach(base, path, follows)
  if base.is_closed then return nil, errno.ECLOSED end
  if base.resolve == 0 then
    return base.fd, path, follows and 0 or C.AT_SYMLINK_NOFOLLOW
  end
  local held, _, code = place.open_held(base, path,
    C.O_PATH | (follows and 0 or C.O_NOFOLLOW))
  if not held then return nil, code end
  return held.fd, "", C.AT_EMPTY_PATH, held
end

--- A path by which the kernel finds what is open, wherever it is now.
---@param fd integer
---@return string path
function place.path_of(fd)
  return "/proc/self/fd/" .. fd
end

--- Does an op on a descriptor again where it is to be tried again.
---@param events integer of poll(2)
---@param start function of uring.op
---@param fd integer
---@param ... any
---@return any value
---@return string? message
---@return integer? code
function place.patiently(events, start, fd, ...)
  local value, message, code = start(fd, ...)
  while code == errno.EAGAIN or code == errno.EINTR do
    if code == errno.EAGAIN then op.poll_add(fd, events) end
    value, message, code = start(fd, ...)
  end
  return value, message, code
end

-- Failing

--- Tells what has failed about a path.
---@param path string
---@param message? string|integer
---@param code integer
---@return nil
---@return string message
---@return integer code
function place.fail(path, message, code)
  if code < 0 then return nil, message, code end
  return core.fail(path, code)
end

--- The same with the code alone.
---@param path string
---@param code integer
---@return nil
---@return string message
---@return integer code
function place.fail_at(path, code)
  if code == errno.ECLOSED then return nil, "closed", code end
  return core.fail(path, code)
end

--- Returns a result, or fails about a path.
---@param path string
---@param value any
---@param message? string
---@param code? integer
---@return any value
---@return string? message
---@return integer? code
function place.about(path, value, message, code)
  if value ~= nil then return value end
  return place.fail(path, message, code)
end

--- Calls what cleans up, also in a task that is to end.
---@param body function
---@param ... any its arguments
function place.surely(body, ...)
  if not loop.is_running() then return loop.block(body, ...) end
  if not coroutine.isyieldable() then return end
  return structured.shield(body, ...)
end

return place
