--- Lua's io library on uring: what reads and writes lets other tasks go on.
--   local io = require "uring.compat.io"
local argument = require "uring.compat.argument"
local bytes = require "uring.compat.io.bytes"
local core = require "uring.core"
local exit = require "uring.exit"
local file = require "uring.compat.io.file"
local loop = require "uring.loop"
local op = require "uring.op"

local C = core.consts

local FLAGS = {
  r = C.O_RDONLY, ["r+"] = C.O_RDWR,
  w = C.O_WRONLY | C.O_CREAT | C.O_TRUNC,
  ["w+"] = C.O_RDWR | C.O_CREAT | C.O_TRUNC,
  a = C.O_WRONLY | C.O_CREAT | C.O_APPEND,
  ["a+"] = C.O_RDWR | C.O_CREAT | C.O_APPEND,
}
local PERMISSIONS, PRIVATE = 438, 384 -- rw-rw-rw-, rw-------

local stock = {} -- io as Lua has it
for name, value in pairs(io) do stock[name] = value end

local compat = {}

-- Opening

local function open(path, mode)
  local flags = FLAGS[mode]
  local fd, _, code = op.openat(C.AT_FDCWD, path, flags, PERMISSIONS)
  if not fd then return core.fail(path, code) end
  local self = file.new(fd, 0)
  self.appends = flags & C.O_APPEND ~= 0
  self.is_readonly = mode == "r"
  return self
end

--- Opens a file.
---@param path string
---@param mode? string "r" (default), "w", "a", "r+", "w+", "a+", also with "b"
---@return uring.compat.File? file
---@return string? message
---@return integer? code
function compat.open(path, mode)
  path = argument.string("open", 1, path)
  if path:find("\0", 1, true) then
    argument.refuse("open", 1, "the path contains a zero byte")
  end
  mode = mode == nil and "r" or argument.string("open", 2, mode)
  local plain = mode:match("^([rwa]%+?)b?$")
  if not plain then argument.refuse("open", 2, "invalid mode") end
  return open(path, plain)
end

--- Opens a file that nobody else sees, and that ends with its handle.
---@return uring.compat.File? file
---@return string? message
---@return integer? code
function compat.tmpfile()
  local fd = op.openat(C.AT_FDCWD, "/tmp", C.O_TMPFILE | C.O_RDWR, PRIVATE)
  if not fd then return stock.tmpfile() end
  return file.new(fd, 0)
end

--- Whether a value is a file.
---@param ... any the value
---@return "file"|"closed file"|nil
function compat.type(...)
  if select("#", ...) == 0 then argument.refuse("type", 1, "value expected") end
  local value = ...
  if not file.is_ours(value) then return stock.type(value) end
  return value.is_closed and "closed file" or "file"
end

-- Programs

local PROCESS = "uring.process" -- a module that a program may do without

-- What a program has come to, as os.execute tells it.
local function tell_end(process)
  local code, _, signal = process:wait()
  if code then return code == 0 or nil, "exit", code end
  return nil, "signal", signal
end

local function open_program(process, command, mode)
  local side = mode == "r" and "stdout" or "stdin"
  local child, _, code = process.spawn({ "/bin/sh", "-c", command },
    { [side] = "pipe", kill_on_exit = false })
  if not child then return core.fail(command, code) end
  local self = file.new(child[side]:fileno(), bytes.KERNELS)
  self.is_readonly = mode == "r"
  self.finish = function()
    child[side]:close()
    return tell_end(child)
  end
  return self
end

--- Starts a program, to read what it writes, or to write what it reads.
---@param command string for the shell
---@param mode? "r"|"w" default "r"
---@return uring.compat.File|file*|nil file
---@return string? message
---@return integer? code
function compat.popen(command, mode)
  command, mode = argument.string("popen", 1, command), mode or "r"
  if mode ~= "r" and mode ~= "w" then
    argument.refuse("popen", 2, "invalid mode")
  end
  local ok, process = pcall(require, PROCESS)
  if not (ok and loop.is_running()) then return stock.popen(command, mode) end
  compat.stdout:flush()
  return open_program(process, command, mode)
end

-- The standard files

local function standard(fd, name)
  local self = file.new(fd, bytes.KERNELS)
  self.stock, self.buffering = stock[name], "no"
  compat[name] = self
  return self
end

standard(0, "stdin").is_readonly = true
-- what print has written comes first
standard(1, "stdout").before_write = function() stock.stdout:flush() end
standard(2, "stderr")

local defaults = { input = compat.stdin, output = compat.stdout }

-- The default file of a direction.
local function default(direction)
  local self = defaults[direction]
  if compat.type(self) == "closed file" then
    error(("default %s file is closed"):format(direction), 3)
  end
  return self
end

local function refuse_to_open(path, message, level)
  error(("cannot open file '%s' (%s)"):format(path, message:sub(#path + 3)),
    level + 1)
end

local function set_default(direction, mode, value)
  if value == nil then return defaults[direction] end
  if type(value) == "string" then
    local opened, message = open(value, mode)
    if not opened then refuse_to_open(value, message, 3) end
    value = opened
  elseif not compat.type(value) then
    argument.refuse_type(direction, 1, "FILE*", value, 1)
  end
  defaults[direction] = value
  return value
end

--- The file that io.read reads; sets it where one is given, or a path.
---@param value? string|table
---@return table file
function compat.input(value)
  return (set_default("input", "r", value))
end

--- The file that io.write writes; sets it where one is given, or a path.
---@param value? string|table
---@return table file
function compat.output(value)
  return (set_default("output", "w", value))
end

--- Reads from the default input.
---@param ... string|integer formats
---@return string|number|nil ... as of file:read
function compat.read(...)
  return default("input"):read(...)
end

--- Writes to the default output.
---@param ... string|number
---@return table? file
---@return string? message
---@return integer? code
function compat.write(...)
  return default("output"):write(...)
end

--- Writes what the default output has pending.
---@return boolean? true
---@return string? message
---@return integer? code
function compat.flush()
  return default("output"):flush()
end

--- Closes a file, or the default output.
---@param self? table
---@return boolean? true
---@return string? message
---@return integer|string|nil code
function compat.close(self)
  return (self or defaults.output):close()
end

--- Iterates over a file, which is closed at its end; or the default input.
---@param path? string
---@param ... string|integer formats
---@return function iterator
---@return nil
---@return nil
---@return table? file
function compat.lines(path, ...)
  if path == nil then return defaults.input:lines(...) end
  path = argument.string("lines", 1, path)
  local opened, message = open(path, "r")
  if not opened then refuse_to_open(path, message, 2) end
  return file.iterate(opened, true, ...), nil, nil, opened
end

-- In the place of Lua's

--- Replaces the functions of the global table io, and has os.exit write what
-- is pending.  Call it outside of a run.
---@return function undo puts back what was there
function compat.install()
  local before, undo_exit = {}, exit.call_before(file.flush_all)
  for name in pairs(stock) do
    before[name] = io[name]
    rawset(io, name, compat[name])
  end
  return function()
    for name, value in pairs(before) do rawset(io, name, value) end
    before = {}
    undo_exit()
  end
end

return compat
