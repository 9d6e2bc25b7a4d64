--- One file, copied: shared where the file system can do that.
local attributes = require "uring.fs.attributes"
local cached = require "uring.fs.cached"
local check = require "uring.fs.check"
local core = require "uring.core"
local errno = require "uring.errno"
local offload = require "uring.offload"
local op = require "uring.op"
local place = require "uring.fs.place"
local spare = require "uring.fs.spare"
local stat = require "uring.fs.stat"

local C = core.consts

local HERE = -1 -- a file's own position
local CHUNK = 262144 -- bytes of one read
local RANGE = 1 << 26 -- bytes of one copy_file_range
local SMALL = 1 << 18 -- up to here a thread costs more than it saves

local copy = {}

local function write_all(to, buffer, count, at)
  local sent = 0
  while sent < count do
    local n, message, code = place.patiently(C.POLLOUT, op.write, to,
      buffer:slice(sent + 1, count), at + sent) -- see File:_transmit
    if not n then return nil, message, code end
    if n == 0 then return nil, "closed", errno.EPIPE end
    sent = sent + n
  end
  return true
end

-- What is in the page cache needs no op, nor does the end of a file that is
-- where it should be.
local function read(from, buffer, is_due)
  local at_once = cached.fill(from, buffer)
  if at_once and (at_once > 0 or is_due) then return at_once end
  return place.patiently(C.POLLIN, op.read, from.fd, buffer, HERE)
end

-- The rest of a file by reading and writing: also what knows no other way,
-- or had become longer.
local function pump(from, to, done, size, buffer)
  while true do
    local count, message, code = read(from, buffer, size > 0 and done == size)
    if not count then return nil, message, code end
    if count == 0 then return done end
    local sent
    sent, message, code = write_all(to, buffer, count, done)
    if not sent then return nil, message, code end
    done = done + count
  end
end

local function copy_small(from, to, size)
  local buffer = spare.take()
  local done, message, code = pump(from, to, 0, size, buffer)
  if done then spare.give(buffer) end
  return done, message, code
end

-- What means that there is no such way for these files.
local NO_WAY = {
  [errno.EXDEV] = true, [errno.EINVAL] = true, [errno.ENOSYS] = true,
  [errno.EOPNOTSUPP] = true, [errno.EPERM] = true, [errno.EBADF] = true,
  [errno.ETXTBSY] = true, [errno.ENOTTY] = true,
}

-- The kernel copies; how far it came.
local function copy_range(from, to, size)
  local done = 0
  while done < size do
    local count, message, code = offload.call("copy_file_range", from, to,
      HERE, HERE, math.min(size - done, RANGE))
    if not count then
      if NO_WAY[code] then break end
      return nil, message, code
    end
    if count == 0 then break end
    done = done + count
  end
  return done
end

local function copy_bytes(from, to, size, reflink)
  if reflink or reflink == nil and size > SMALL then
    local shared, message, code = offload.call("ficlone", from.fd, to)
    if shared then return size end
    if reflink or not NO_WAY[code] then return nil, message, code end
  end
  if size < spare.SIZE then return copy_small(from, to, size) end
  local done = 0
  if size > SMALL then
    local message, code
    done, message, code = copy_range(from.fd, to, size)
    if not done then return nil, message, code end
  end
  return pump(from, to, done, size, core.buffer(math.min(size + 1, CHUNK)))
end

-- What was begun, and goes with its variable unless it was kept.
local Partial = {}
Partial.__index = Partial

function Partial:__close()
  if self.dirfd then place.surely(op.unlinkat, self.dirfd, self.name, 0) end
end

local function is_same(a, b)
  return a.ino == b.ino and a.dev == b.dev
end

-- Empties what was there, and lets it have the permissions of the source.
local function prepare(fd, target, source)
  if target.size > 0 and target.type == "file" then
    local done, message, code = attributes.resize(fd, 0)
    if not done then return nil, message, code end
  end
  if target.perm == source.perm or target.type ~= "file" then return true end
  return offload.call("fchmod", fd, source.perm)
end

-- Copies from what is open to what was opened.
local function fill(source, from, target, held, options)
  local done, message, code = prepare(held.fd, target, source)
  if not done then return nil, message, code end
  local size
  size, message, code = copy_bytes(from, held.fd, source.size,
    options.reflink)
  if not size then return nil, message, code end
  done, message, code = op.close(held:release())
  return done and size, message, code
end

local function copy_to(source, from, base, path, options)
  local dirfd, name, _folder <close> = place.enter(base, path)
  if not dirfd then return place.fail_at(path, name) end
  local partial <close> = setmetatable({ dirfd = false, name = name },
    Partial)
  local held <close>, message, code = place.open_held(base, path, C.O_WRONLY
    | C.O_CREAT | (options.force and 0 or C.O_EXCL), source.perm & 511)
  if not held then return nil, message, code end
  partial.dirfd = not options.force and dirfd
  local found, size
  -- the size of what was there may be known better by a server
  local ask = options.force and stat.of or stat.of_new
  found, message, code = ask(held.fd)
  if not found then return place.fail(path, message, code) end
  if is_same(found, source) then
    return nil, path .. ": is the same file", errno.EINVAL
  end
  partial.dirfd = found.type == "file" and dirfd
  size, message, code = fill(source, from, found, held, options)
  if not size then return place.fail(path, message, code) end
  partial.dirfd = false
  return size
end

local COPY = { force = "boolean", reflink = "boolean" }

--- Copies a file, and its permissions.  The target is removed where it is
-- not complete.
---@param base table where the paths begin
---@param source string
---@param target string
---@param options? table force: replaces the content of what is there, else
--- that is EEXIST; reflink: true shares the bytes until one is changed, or
--- fails; false does not; by default it is tried
---@return integer? bytes
---@return string? message
---@return integer? code
function copy.file(base, source, target, options)
  check.path("copy", source, "source")
  check.path("copy", target, "target")
  options = check.options("copy", options, COPY)
  local from <close>, message, code = place.open_held(base, source, C.O_RDONLY)
  if not from then return nil, message, code end
  local found
  found, message, code = stat.of_new(from.fd)
  if not found then return place.fail(source, message, code) end
  if found.type == "directory" then
    return place.fail_at(source, errno.EISDIR)
  end
  return copy_to(found, from, base, target, options)
end

copy.api = { copy = copy.file }

return copy
