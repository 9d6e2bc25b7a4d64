--- A folder as the root of what can be reached: fs.root.
-- Its functions are those of uring.fs, for paths from there on.
local check = require "uring.fs.check"
local core = require "uring.core"
local descriptors = require "uring.descriptors"
local errno = require "uring.errno"
local place = require "uring.fs.place"
local system = require "uring.system"

local C = core.consts

local root = {}

-- The descriptor stays open while anything is under way that begins there:
-- the kernel looks it up late, and another file could have its number.
local function let_go(base)
  if base.users > 0 or not base.is_closed or base.fd < 0 then return end
  local fd = base.fd
  base.fd = -1
  descriptors.close(fd)
end

local Base = {}
Base.__index = Base

function Base:__close()
  self.users = self.users - 1
  let_go(self)
end

-- What goes on when a call is over, such as a walk, may have it longer than
-- the root does.
function Base:__gc()
  if self.fd >= 0 then system.close(self.fd) end
  self.fd = -1
end

--- Calls a function of a place.
---@param base table
---@param body function
---@param ... any its further arguments
---@return any ...
function root.call(base, body, ...)
  if base.is_closed then return nil, "closed", errno.ECLOSED end
  base.users = base.users + 1
  local _use <close> = base
  return body(base, ...)
end

---@class uring.fs.Root
local methods = {}

--- Closes it; what is under way ends as usual.
---@return boolean true
function methods.close(base)
  base.is_closed = true
  let_go(base)
  return true
end

--- Whether close was called.
---@return boolean
function methods.closed(base)
  return base.is_closed
end

--- Its descriptor, lent.
---@return integer? fd nil where it is closed
function methods.fileno(base)
  return not base.is_closed and base.fd or nil
end

local bases = setmetatable({}, { __mode = "k" })

local function close(self)
  methods.close(bases[self])
end

local function describe(self)
  local base = bases[self]
  return ("uring.fs.Root (%s)"):format(base.is_closed and "closed"
    or "fd " .. base.fd)
end

-- Makes a function of a root when it is first asked for.
local function find_in(find, base)
  return function(self, name)
    local method = methods[name]
    local made = method and function() return method(base) end or find(name)
    rawset(self, name, made)
    return made
  end
end

--- Opens a folder as the root of paths: nothing that is done there leads out
-- of it, by "..", absolute paths, symbolic links or what is in /proc: that
-- fails with EXDEV (magic links with ELOOP).
---@param bind fun(base: table): fun(name: string): function?
---@param base table
---@param path string
---@return uring.fs.Root? root with all functions of uring.fs, and close,
--- closed, fileno
---@return string? message
---@return integer? code
function root.open(bind, base, path)
  check.path("root", path)
  local self = {}
  local held <close>, message, code = place.open_held(base, path,
    C.O_PATH | C.O_DIRECTORY)
  if not held then return nil, message, code end
  local own = setmetatable({ fd = -1, resolve = place.CONFINED, users = 0,
    is_closed = false }, Base)
  bases[self] = own
  setmetatable(self, { __index = find_in(bind(own), own),
    __name = "uring.fs.Root", __close = close, __tostring = describe })
  own.fd = held:release()
  return self
end

return root
