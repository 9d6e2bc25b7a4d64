--- Being told of changes to files and folders: inotify(7).
local check = require "uring.fs.check"
local core = require "uring.core"
local errno = require "uring.errno"
local limits = require "uring.limits"
local loop = require "uring.loop"
local op = require "uring.op"
local place = require "uring.fs.place"
local Stream = require "uring.stream"
local system = require "uring.system"

local C = core.consts

local ROOM = 16384 -- bytes of one read
local HEAD = "<i4 I4 I4 I4" -- struct inotify_event, before the name

local KINDS = {
  access = C.IN_ACCESS, attrib = C.IN_ATTRIB, create = C.IN_CREATE,
  close_nowrite = C.IN_CLOSE_NOWRITE, close_write = C.IN_CLOSE_WRITE,
  delete = C.IN_DELETE, delete_self = C.IN_DELETE_SELF, modify = C.IN_MODIFY,
  move_self = C.IN_MOVE_SELF, moved_from = C.IN_MOVED_FROM,
  moved_to = C.IN_MOVED_TO, open = C.IN_OPEN,
}

-- What comes without being asked for.
local TOLD = {
  removed = C.IN_IGNORED, overflow = C.IN_Q_OVERFLOW, unmount = C.IN_UNMOUNT,
  dir = C.IN_ISDIR,
}

local GROUPS = {
  close = C.IN_CLOSE_NOWRITE | C.IN_CLOSE_WRITE,
  move = C.IN_MOVED_FROM | C.IN_MOVED_TO,
}

local ORDINARY = C.IN_CREATE | C.IN_MODIFY | C.IN_ATTRIB | C.IN_DELETE
  | C.IN_DELETE_SELF | C.IN_MOVE_SELF | GROUPS.move

---@class uring.Watch
local Watch = { __name = "uring.Watch" }

local function mask_of(what, kinds)
  if kinds == nil then return ORDINARY end
  if math.type(kinds) == "integer" and kinds > 0 and kinds <= 0xffffffff then
    return kinds
  elseif type(kinds) ~= "table" then
    error(what .. ": bad argument 'kinds' (table expected)", 3)
  end
  local mask = 0
  for _, kind in ipairs(kinds) do
    mask = mask | (KINDS[kind] or GROUPS[kind]
      or error(("%s: bad argument 'kinds' (no '%s')"):format(what,
        tostring(kind)), 3))
  end
  if mask == 0 then
    error(what .. ": bad argument 'kinds' (one or more expected)", 3)
  end
  return mask
end

local function add(self, path, mask)
  local base, held, _ = self.base, nil, nil
  local where = path
  if base.resolve ~= 0 then
    local message, code
    held, message, code = place.open_held(base, path, C.O_PATH)
    if not held then return nil, message, code end
    where = place.path_of(held.fd)
  end
  local _held <close> = held
  local number
  number, _, mask = system.inotify_add(self.fd, where, mask)
  if not number then return place.fail_at(path, mask) end
  if not self.paths[number] then self.count = self.count + 1 end
  self.paths[number], self.numbers[path] = path, number
  return true
end

--- Watches one more path.  One that is watched already, under whatever name,
-- is watched for these kinds from then on.
---@param path string
---@param kinds? string[]|integer as for fs.watch
---@return boolean? true
---@return string? message
---@return integer? code
function Watch:add(path, kinds)
  check.path("watch", path)
  local mask = mask_of("add", kinds)
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  return add(self, path, mask)
end

--- Watches a path no longer: an event "removed" is the last of it.
---@param path string as it was given
---@return boolean? true
---@return string? message
---@return integer? code
function Watch:remove(path)
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  local number = self.numbers[path]
  if not number then return place.fail_at(tostring(path), errno.ENOENT) end
  self.numbers[path] = nil
  return system.inotify_remove(self.fd, number)
end

local function kinds_of(mask)
  local kinds = {}
  for _, set in ipairs { KINDS, TOLD } do
    for kind, bit in pairs(set) do
      if mask & bit ~= 0 then kinds[kind] = true end
    end
  end
  return kinds
end

local function forget(self, number, path)
  self.paths[number] = nil
  self.count = self.count - 1
  if path and self.numbers[path] == number then self.numbers[path] = nil end
end

-- The first event of what was read.
local function unpack(self)
  local number, mask, cookie, size, at = HEAD:unpack(self.received, self.at)
  local watched = self.paths[number]
  local event = { mask = mask, kinds = kinds_of(mask), watched = watched,
    path = watched }
  if size > 0 then event.name = ("z"):unpack(self.received, at) end
  if event.name and watched then
    event.path = watched:gsub("/$", "") .. "/" .. event.name
  end
  if cookie ~= 0 then event.cookie = cookie end
  self.at = at + size
  if mask & C.IN_IGNORED ~= 0 and watched then
    forget(self, number, watched)
  end
  return event
end

local function fill(self)
  self.buffer = self.buffer or core.buffer(ROOM)
  self.is_reading = true
  local ok, count, message, code = pcall(op.read, self.fd, self.buffer)
  self.is_reading = false
  if not ok then error(count, 0) end
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  if not count then return nil, message, code end
  self.received, self.at = self.buffer:sub(1, count), 1
  return true
end

--- Waits for the next event.
---@return table? event kinds: a set of "create", "modify" ..., and "removed":
--- its path is not watched any longer, "overflow": some were lost, "unmount",
--- "dir": it is about a folder; mask: the same as a number; path; name: of
--- what is in a folder; watched: the path that was given; cookie: the same
--- number in both events of a rename.  nil where nothing is watched any more
---@return string? message
---@return integer? code
function Watch:read()
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  if self.is_reading then
    error("the watch is being read by another task", 2)
  end
  if self.at > #self.received then
    if self.count == 0 then return nil end
    if self.read_timeout and not loop.is_running() then
      return loop.block(Watch.read, self)
    end
    local limit <close> = self.read_timeout and limits.begin(self, "read")
    local done, message, code = fill(self)
    if not done then
      if limits.is_over(limit, code) then
        return nil, "timeout", errno.ETIMEDOUT
      end
      return nil, message, code
    end
  end
  return unpack(self)
end

--- Iterates over events, until the watch is closed or nothing is watched any
-- more.  Raises where that fails.
---@return function iterator of event
function Watch:iter()
  return function()
    local event, message, code = self:read()
    if event or not message or code == errno.ECLOSED then return event end
    error(message, 2)
  end
end

Stream.class(Watch)

local api = {}

--- Watches files and folders; of a folder what happens in it, but not in
-- those below it.
---@param base table where the paths begin
---@param paths string|string[]
---@param kinds? string[]|integer of "access", "attrib", "close" (both of
--- "close_write", "close_nowrite"), "create", "delete", "delete_self",
--- "modify", "move" (both of "moved_from", "moved_to"), "move_self", "open";
--- or a mask of IN_; by default what changes something
---@return uring.Watch? watch
---@return string? message
---@return integer? code
function api.watch(base, paths, kinds)
  if type(paths) == "string" then paths = { paths } end
  check.kind("watch", paths, "paths", "table")
  for _, path in ipairs(paths) do check.path("watch", path) end
  local mask = mask_of("fs.watch", kinds)
  local self = setmetatable({ fd = -1, is_closed = true, base = base,
    received = "", at = 1, count = 0, paths = {}, numbers = {} }, Watch)
  local fd, message, code = system.inotify()
  if not fd then return nil, message, code end
  Stream.own(self, fd)
  for _, path in ipairs(paths) do
    local done
    done, message, code = add(self, path, mask)
    if not done then
      self:close()
      return nil, message, code
    end
  end
  return self
end

return { api = api }
