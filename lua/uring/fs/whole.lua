--- Whole files, read and written by one call.
local cached = require "uring.fs.cached"
local check = require "uring.fs.check"
local core = require "uring.core"
local errno = require "uring.errno"
local offload = require "uring.offload"
local op = require "uring.op"
local place = require "uring.fs.place"
local spare = require "uring.fs.spare"
local stat = require "uring.fs.stat"
local system = require "uring.system"

local C = core.consts

local CHUNK, LARGE = spare.SIZE, 1048576
local HERE = -1 -- the file's own position
local PERM = 438 -- rw-rw-rw-
local TRIES = 100 -- names of temporary files that may be taken

local whole = {}

-- Reading

-- What is in the page cache needs no op.  That nothing is left is told by one.
local function read(held, buffer)
  local at_once = cached.fill(held, buffer)
  if at_once and at_once > 0 then return at_once end
  return place.patiently(C.POLLIN, op.read, held.fd, buffer, HERE)
end

local function too_long(path)
  return nil, path .. ": too long", errno.ELIMIT
end

-- What follows a first piece that filled its buffer, up to the end.
local function read_rest(held, first, limit)
  local pieces, size, buffer = { first }, #first, core.buffer(LARGE)
  while size <= limit do
    local count, message, code = read(held, buffer)
    if not count then return nil, message, code end
    if count == 0 then break end
    size = size + count
    pieces[#pieces + 1] = buffer:sub(1, count)
  end
  return table.concat(pieces)
end

-- Whether a first piece is all.  Where a file does not know its size, as in
-- /proc, its end is where nothing comes.
local function is_all(fd, count)
  if count == 0 then return true end
  local size = system.lseek(fd, 0, C.SEEK_END)
  if size == count then return true end
  if size then system.lseek(fd, count, C.SEEK_SET) end
  return false
end

local function read_into(held, buffer)
  local size = 0
  while size < CHUNK do
    local rest = size == 0 and buffer or buffer:slice(size + 1, CHUNK)
    local count, message, code = read(held, rest)
    if not count then return nil, message, code end
    size = size + count
    if count == 0 or size == count and is_all(held.fd, count) then break end
  end
  return size
end

local function read_all(held, limit)
  local buffer = spare.take()
  local size, message, code = read_into(held, buffer)
  if not size then return nil, message, code end
  local bytes = buffer:sub(1, size)
  spare.give(buffer)
  if size < CHUNK then return bytes end
  return read_rest(held, bytes, limit)
end

--- Reads a whole file, also one that does not know its size, as in /proc.
---@param base table where the path begins
---@param path string
---@param limit? integer bytes; of a longer file: nil, "path: too long",
--- ELIMIT
---@return string? bytes
---@return string? message
---@return integer? code
function whole.read_file(base, path, limit)
  check.path("read_file", path)
  limit = check.opt_count("read_file", limit, "limit") or math.maxinteger
  local held <close>, message, code = place.open_held(base, path, C.O_RDONLY)
  if not held then return nil, message, code end
  local bytes
  bytes, message, code = read_all(held, limit)
  if not bytes then return place.fail(path, message, code) end
  if #bytes > limit then return too_long(path) end
  return bytes
end

-- Writing

-- At places that are told: see File:_transmit for why.  What appends does so
-- anyhow.
local function write_all(fd, data)
  local sent, size = 0, #data
  while sent < size do
    local rest = sent == 0 and data or core.slice(data, sent + 1)
    local count, message, code = place.patiently(C.POLLOUT, op.write,
      fd, rest, sent)
    if not count then return nil, message, code end
    if count == 0 then return nil, "closed", errno.EPIPE end
    sent = sent + count
  end
  return true
end

local function write_and_sync(fd, data, sync)
  local done, message, code = write_all(fd, data)
  if not done or not sync then return done, message, code end
  return op.fsync(fd)
end

-- Some file systems tell only then that a write has failed.
local function close(held)
  return op.close(held:release())
end

local function write_plain(base, path, data, options)
  local flags = C.O_WRONLY | C.O_CREAT
    | (options.append and C.O_APPEND or C.O_TRUNC)
  local held <close>, message, code = place.open_held(base, path, flags,
    options.perm or PERM)
  if not held then return nil, message, code end
  local done
  done, message, code = write_and_sync(held.fd, data, options.sync)
  if not done then return place.fail(path, message, code) end
  return place.about(path, close(held))
end

--- Makes a new file beside a path, under a name that nobody has.
---@param dirfd integer
---@param name string of what it will be
---@param perm integer
---@return string? temporary its name
---@return integer fd_or_code
function whole.make_beside(dirfd, name, perm)
  local folder, last = name:match "^(.-)([^/]+)/*$"
  for _ = 1, TRIES do
    local temporary = ("%s.%s.%08x"):format(folder, last:sub(1, 200),
      math.random(0, 0xffffffff))
    local fd, _, code = op.openat(dirfd, temporary,
      C.O_WRONLY | C.O_CREAT | C.O_EXCL | C.O_NOFOLLOW, perm)
    if fd then return temporary, fd end
    if code ~= errno.EEXIST then return nil, code end
  end
  return nil, errno.EEXIST
end

-- A temporary file, which goes with its variable unless it was kept.
local Temporary = {}
Temporary.__index = Temporary

function Temporary:__close()
  if self.name then
    place.surely(op.unlinkat, self.dirfd, self.name, 0)
    self.name = false
  end
end

local function sync_folder(dirfd, name)
  local folder = name:match "^(.*/)[^/]*$" or "."
  local held = place.hold()
  local fd, message, code = op.openat(dirfd, folder,
    C.O_RDONLY | C.O_DIRECTORY)
  if not fd then return nil, message, code end
  held.fd = fd
  local _held <close> = held
  return op.fsync(fd)
end

-- The permissions that it shall have exactly, or nil: those of a new file.
local function wanted_perm(dirfd, name, perm)
  if perm then return nil end
  local old = stat.at(dirfd, name, 0)
  return old and old.type == "file" and old.perm or nil
end

local function fill(held, data, exactly, sync)
  local done, message, code = true, nil, nil
  if exactly then
    done, message, code = offload.call("fchmod", held.fd, exactly)
  end
  if done then
    done, message, code = write_and_sync(held.fd, data, sync)
  end
  if not done then return nil, message, code end
  return close(held)
end

local function write_atomic(base, path, data, options)
  if path:match "/$" or path == "" then
    return place.fail_at(path, path == "" and errno.ENOENT or errno.EISDIR)
  end
  local dirfd, name, _held <close> = place.enter(base, path)
  if not dirfd then return place.fail_at(path, name) end
  local exactly = wanted_perm(dirfd, name, options.perm)
  local made <close> = setmetatable({ dirfd = dirfd, name = false },
    Temporary)
  local held <close> = place.hold()
  local code
  made.name, code = whole.make_beside(dirfd, name, options.perm or PERM)
  if not made.name then return place.fail_at(path, code) end
  held.fd = code
  local done, message
  done, message, code = fill(held, data, exactly, options.sync)
  if done then
    done, message, code = op.renameat(dirfd, made.name, dirfd, name, 0)
  end
  if not done then return place.fail(path, message, code) end
  made.name = false
  if not options.sync then return true end
  return place.about(path, sync_folder(dirfd, name))
end

local WRITE = {
  append = "boolean", atomic = "boolean", perm = "number", sync = "boolean",
}

--- Writes a whole file.
---@param base table
---@param path string
---@param data string|number|uring.Buffer
---@param options? table append: at the end of what is there; atomic: whoever
--- opens the file sees the old content or the new one (a symbolic link is
--- replaced itself); sync: waits until it is on the device; perm of a new
--- file, default 0666 less the umask
---@return boolean? true
---@return string? message
---@return integer? code
function whole.write_file(base, path, data, options)
  check.path("write_file", path)
  if type(data) == "number" then data = tostring(data) end
  if type(data) ~= "userdata" then
    check.kind("write_file", data, "data", "string")
  end
  options = check.options("write_file", options, WRITE)
  check.opt_count("write_file", options.perm, "perm")
  if not options.atomic then return write_plain(base, path, data, options) end
  if options.append then
    error("fs.write_file: bad option 'append' (not with 'atomic')", 2)
  end
  return write_atomic(base, path, data, options)
end

whole.api = {
  read_file = whole.read_file, write_file = whole.write_file,
}

return whole
