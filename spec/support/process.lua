--- Programs seen from outside: started, watched, and always ended.
--   local server <close> = process.start { "lua5.4", "examples/echo.lua" }
-- io.popen's shell tells its pid and then becomes the program, so that the
-- pid is the program's from the start, and no other's until close has taken
-- its status.  Each is the leader of a session of its own, which close kills
-- whole; where the specs are killed, it is killed with them.
local loop = require "uring.loop"
local system = require "system" -- which busted uses
local uring = require "uring"

local STEP = 0.001 -- seconds between the first two looks at a condition
local STEP_MAX = 0.01 -- and between later ones
local PATIENCE = 30 -- seconds, where nothing else is said
local TICKS = 100 -- of /proc/PID/stat in a second, on every Linux

local process = {}

---@class Process
local Process = {}
Process.__index = Process

--- A word for the shell.
function process.quote(word)
  return "'" .. tostring(word):gsub("'", "'\\''") .. "'"
end

local function words(list)
  local quoted = {}
  for i, word in ipairs(list) do quoted[i] = process.quote(word) end
  return table.concat(quoted, " ")
end

local function contents(path)
  local file <close> = io.open(path, "rb")
  return file and file:read("a")
end

--- What a shell command writes, without the last end of line.
function process.capture(command)
  local handle <close> = assert(io.popen(command))
  return (handle:read("a"):gsub("\n$", ""))
end

local HERE = process.capture("pwd")

-- The search path with the folders that this process means.
local function absolute(path)
  return (path:gsub("[^;]+", function(template)
    if template:find("^/") then return template end
    return HERE .. "/" .. template
  end))
end

--- The interpreter that runs the children.
process.LUA = os.getenv "LUA" or "lua5.4"

--- Waits until a condition holds; returns what it returns.
---@param what string what is waited for
---@param condition function
---@param seconds? number
function process.await(what, condition, seconds)
  local deadline = uring.now() + (seconds or PATIENCE)
  local step = STEP
  while true do
    local value = condition()
    if value then return value end
    if uring.now() > deadline then error("waited in vain: " .. what, 2) end
    if loop.is_running() then
      uring.sleep(step)
    else
      system.sleep(step)
    end
    step = math.min(STEP_MAX, 1.5 * step)
  end
end

--- Begins a command of the shell that shall not know that these specs run by
-- "make", and in which build.
process.AFRESH = "env -u LD_PRELOAD -u MAKEFLAGS -u BUILD -u CC -u CFLAGS "
  .. "-u LDFLAGS "

-- They hang with the library of the address sanitizer in them.
local UNTOUCHED = { curl = true, ab = true, initdb = true, postgres = true }

local function environment(program, more)
  local lines = {
    "export LUA_PATH_5_4=" .. process.quote(absolute(package.path)),
    "export LUA_CPATH_5_4=" .. process.quote(absolute(package.cpath)),
    "export LC_ALL=C", UNTOUCHED[program:match "[^/]*$"] and "unset LD_PRELOAD",
  }
  for name, value in pairs(more) do
    lines[#lines + 1] = ("export %s=%s"):format(name, process.quote(value))
  end
  return lines
end

local dies_with_us -- what setpriv is told, where it can do that

-- What becomes the program: a leader, perhaps another user, with limits.
-- These come last, since the shell's redirections need descriptors.
local function become(uid, limits)
  if not dies_with_us then
    local option = " --pdeathsig KILL"
    local able = os.execute("setpriv" .. option .. " true 2>/dev/null")
    dies_with_us = able and option or ""
  end
  local options = dies_with_us
  if uid then
    options = ("%s --reuid %d --regid %d --clear-groups"):format(options, uid,
      uid)
  end
  return "setsid " .. (options ~= "" and "setpriv" .. options or "")
    .. (limits and " sh -c 'ulimit '" .. process.quote(limits)
      .. "' && exec \"$@\"' sh" or "")
end

--- Starts a program.
---@param command table words, and: stdin = path (/dev/null), limits = what
--- ulimit is given ("-n 64"), env = {NAME = value}, uid = another user's
---@return Process a <close> variable, please
function process.start(command)
  local self = {
    name = table.concat(command, " "),
    out = os.tmpname(), err = os.tmpname(), -- what it writes, as files
  }
  local lines = environment(command[1], command.env or {})
  lines[#lines + 1] = "echo $$"
  lines[#lines + 1] = ("exec %s %s <%s >%s 2>%s"):format(
    become(command.uid, command.limits), words(command),
    process.quote(command.stdin or "/dev/null"), process.quote(self.out),
    process.quote(self.err))
  self.handle = assert(io.popen(table.concat(lines, "\n")))
  self.pid = self.handle:read("n")
  -- from here on collected before the handle, which would wait for its end
  return setmetatable(self, Process)
end

--- Starts the interpreter, with the modules of this process.
---@param command table as for start, without the first word
---@return Process
function process.lua(command)
  table.insert(command, 1, process.LUA)
  return process.start(command)
end

--- Starts a program and waits until it ends.
---@param command table as for start
---@return table result {code = or signal =, out = bytes, err = bytes}
function process.run(command)
  local running <close> = process.start(command)
  return running:wait()
end

--- Whether we may run programs as another user, who can load the modules.
---@param uid integer
function process.can_become(uid)
  return process.run {
    process.LUA, "-e", "require 'uring'", uid = uid,
  }.code == 0
end

--- Runs a shell script; words follow as "$@".
---@param script string
---@param ... string
---@return table result as of run
function process.shell(script, ...)
  return process.run { "sh", "-c", script, "sh", ... }
end

--- A new folder.
---@param parent? string
---@return table folder a <close> variable, please; folder "name" is a path
function process.folder(parent)
  local path = process.capture(("mktemp -d %s/spec.XXXXXX"):format(
    parent or os.getenv "TMPDIR" or "/tmp"))
  return setmetatable({}, {
    __call = function(_, name) return path .. "/" .. name end,
    __close = function() os.execute("rm -rf " .. process.quote(path)) end,
  })
end

--- What it has written to standard output until now.
function Process:output()
  return contents(self.out)
end

--- What it has written to standard error until now.
function Process:errors()
  return contents(self.err)
end

local function fields(self)
  local line = contents(("/proc/%d/stat"):format(self.pid))
  local values = {}
  for value in line:match("^.*%) (.*)$"):gmatch("%S+") do
    values[#values + 1] = value -- from the third of proc(5) on
  end
  return values
end

--- How it is, in a letter of proc(5): "S" sleeps, "T" is stopped, "Z" has
-- ended.
function Process:state()
  return self.ended and "Z" or fields(self)[1]
end

--- Whether it has not ended yet.
function Process:is_alive()
  return self:state() ~= "Z"
end

--- Waits until its output has a match; returns the first capture.
---@param pattern string
---@return string
function Process:expect(pattern)
  local found = process.await(self.name .. ": " .. pattern, function()
    return self:output():match(pattern) or not self:is_alive() and self
  end)
  if found ~= self then return found end
  error(("%s ended, and had not written %s: %s"):format(self.name, pattern,
    self:errors()), 2)
end

--- Sends a signal: "TERM", "STOP".
function Process:signal(name)
  assert(os.execute(("kill -%s %d"):format(name, self.pid)))
end

--- Stops it and lets it continue, until it waits again or has ended.
function Process:interrupt()
  self:signal "STOP"
  process.await(self.name .. ": a stop", function()
    return self:state():match "[TZ]"
  end)
  self:signal "CONT"
  process.await(self.name .. ": going on", function()
    return self:state():match "[SZ]"
  end)
end

-- Kills what is left of it, and all that it started, and takes its status.
-- Until then its pid and that of its session are no other's.
local function reap(self)
  os.execute(("kill -KILL -%d %d 2>/dev/null"):format(self.pid, self.pid))
  self.ended = true
  return self.handle:close()
end

--- Waits until it has ended.
---@param seconds? number
---@return table result {code = or signal =, out = bytes, err = bytes}
function Process:wait(seconds)
  process.await(self.name .. " should end", function()
    return not self:is_alive()
  end, seconds)
  local _, how, number = reap(self)
  return {
    code = how == "exit" and number or nil,
    signal = how == "signal" and number or nil,
    out = self:output(), err = self:errors(),
  }
end

--- The processor time that it has had, in seconds.
function Process:cpu()
  local values = fields(self)
  return (values[12] + values[13]) / TICKS
end

--- The memory that it occupies, in bytes.
function Process:resident()
  local status = contents(("/proc/%d/status"):format(self.pid))
  return 1024 * status:match("VmRSS:%s*(%d+) kB")
end

--- Ends it, and all that it started; once more is nothing.
function Process:close()
  if not self.ended then reap(self) end
  os.remove(self.out)
  os.remove(self.err)
end

Process.__close = Process.close
Process.__gc = Process.close

return process
