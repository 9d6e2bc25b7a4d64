--- Child processes: started, fed, read, waited for, ended.
local Child = require "uring.child"
local loop = require "uring.loop"
local Plan = require "uring.process.plan"
local run = require "uring.process.run"
local Scope = require "uring.nursery"
local structured = require "uring.structured"

local GRACE = 2 -- seconds
local STEP = 0.02 -- seconds between two looks at a process group
local STREAMS = { "stdin", "stdout", "stderr" }

local process = {}

---@class uring.Process
---@field pid integer
---@field stdin uring.Stream? what we write to
---@field stdout uring.Stream? what we read from
---@field stderr uring.Stream?
local Process = { __name = "uring.Process" }
Process.__index = Process

-- Ending it

local function is_left(self)
  return self.leads and self.child:kill(0, true) ~= nil
end

-- Returns true once it has ended, and its group with it.
local function wait_for_all(self)
  self.child:wait()
  while is_left(self) do loop.sleep(STEP) end
  return true
end

local function stop(self)
  local child = self.child
  child:kill(self.signal, self.leads)
  if not structured.timeout(self.grace, wait_for_all, self) then
    child:kill("KILL", self.leads)
    child:wait()
  end
end

local function stop_anywhere(self)
  if loop.is_running() and coroutine.isyieldable() then
    return structured.shield(stop, self)
  end
  return loop.block(stop, self)
end

-- Where it cannot wait any more, it does not ask either.
local function stop_surely(self)
  local child = self.child
  if child:look() and not is_left(self) then return end
  local ok, problem = pcall(stop_anywhere, self)
  if ok and child.ended then return end
  child:kill("KILL", self.leads)
  child:leave()
  if not ok then error(problem, 0) end
end

-- Ends it with the scope in which it was started.
local function guard(self)
  local scope = Scope.innermost()
  if scope.max then scope.max = scope.max + 1 end -- it takes nobody's place
  local task = scope:daemon(function()
    local _guard <close> = setmetatable({}, { __close = function()
      if scope.max then scope.max = scope.max - 1 end
      stop_surely(self)
      self.child:leave()
    end })
    wait_for_all(self)
  end)
  task.name = "guard of " .. self.name
end

-- The handle

local function new(plan, options)
  local leads = options.session or options.pgroup == true
    or options.pgroup == 0
  return setmetatable({
    name = plan.name, leads = leads or nil, is_closed = false,
    child = Child.new(leads), pid = 0,
    kill_on_exit = options.kill_on_exit ~= false,
    signal = options.signal or "TERM", grace = options.grace or GRACE,
  }, Process)
end

local function spawn(what, argv, options)
  local plan <close> = Plan.new(what, argv, options)
  local self = new(plan, options)
  local ok, message, code = plan:open()
  if not ok then
    return nil, ("spawn %s: %s"):format(plan.name, message), code
  end
  if self.kill_on_exit and loop.is_running() then guard(self) end
  ok, message, code = plan:start(self.child)
  if not ok then return nil, message, code end
  self.pid = self.child.pid
  plan:give(self)
  return self
end

-- What pcall has; called last, it blames who has called the function.
local function give(ok, ...)
  if ok then return ... end
  local problem = ...
  error(problem, type(problem) == "string" and 2 or 0)
end

--- Starts a program.  It has the descriptors 0, 1 and 2 alone, all signals
-- act in it as they do by default, but for those that are ignored here.
---@param argv string|string[] its name and arguments; or a command for
--- /bin/sh.  A name without a slash is looked for in the PATH of the child
---@param options? table stdin, stdout, stderr = "inherit" (default), "pipe"
--- (the process has a stream of that name), "null", a stream or a descriptor;
--- stdin also any other string, which it reads then; stderr also "stdout";
--- input = the string that it reads, whichever; cwd = folder; env = table of
--- the whole environment; env_add = table of what is added, false takes out;
--- pgroup = true (leads a new process group) or a number; session = true;
--- uid, gid = numbers; kill_on_exit = true: the end of the innermost scope
--- ends it, by signal = "TERM", and after grace = 2 seconds by KILL
---@return uring.Process? process
---@return string? message "spawn nope: No such file or directory"
---@return integer? code
function process.spawn(argv, options)
  if loop.is_running() then loop.check() end
  return give(pcall(spawn, "spawn", argv, options or {}))
end

--- Waits until it has ended.  Several tasks may, and again later.
---@return integer? code its exit status; nil where a signal has ended it
---@return string? signal name of that: "KILL"; or a message
---@return integer? number of the signal, or code of the message
function Process:wait()
  return self.child:wait()
end

--- Sends it a signal.  One that has ended gets none, nor does a stranger
-- that has its pid now.
---@param signal? string|integer name as in kill(1), default "TERM"
---@param group? boolean to all of the process group that it leads
---@return boolean? true
---@return string? message
---@return integer? code ESRCH where it has ended
function Process:kill(signal, group)
  signal = Child.check_signal("kill", signal or "TERM", 2)
  if group and not self.leads then
    error("kill: bad argument 'group' (it leads none: see pgroup)", 2)
  end
  return self.child:kill(signal, group)
end

--- Closes the pipes, and ends the process, waiting until it has; where
-- kill_on_exit is false it lives on.  Once more is nothing.
---@return boolean true
function Process:close()
  if self.is_closed then return true end
  self.is_closed = true
  for _, name in ipairs(STREAMS) do
    if self[name] then self[name]:__close() end
  end
  if self.kill_on_exit then stop_surely(self) end
  self.child:leave()
  return true
end

Process.__close = Process.close

--- Whether close was called.
---@return boolean
function Process:closed()
  return self.is_closed
end

--- The pidfd, lent: readable once the process has ended.
---@return integer? fd nil where it has been waited for, or is closed
function Process:fileno()
  return self.child.pidfd or nil
end

function Process:__tostring()
  local child = self.child
  local state = self.is_closed and "closed" or "running"
  if child.code then
    state = "exited with " .. child.code
  elseif child.signo then
    state = "ended by " .. Child.signal_name(child.signo)
  end
  return ("%s (%s, pid %d, %s)"):format(Process.__name, self.name, self.pid,
    state)
end

-- Running it to its end

local RUN_OPTIONS = { limit = "number", timeout = "number" }

local function split_options(options)
  local own, rest = {}, { stdin = "null", stdout = "pipe", stderr = "pipe" }
  if type(options) ~= "table" then return own, options end
  if options.input then rest.stdin = nil end
  for name, value in pairs(options) do
    local kind = RUN_OPTIONS[name]
    if kind and (type(value) ~= kind or value ~= value or value < 0)
      or name == "stdin" and value == "pipe" then
      error(("run: bad option '%s'"):format(name), 3)
    end
    if kind then own[name] = value else rest[name] = value end
  end
  return own, rest
end

--- Runs a program to its end, and takes what it writes.  Feeds and reads all
-- at once; where others have its pipes yet when it has ended, they are not
-- waited for.
---@param argv string|string[] as for spawn
---@param options? table as for spawn, where stdin = "null", stdout = "pipe",
--- stderr = "pipe"; limit = 16 MiB: bytes of each that it may write; timeout =
--- seconds that it may take: then it is ended
---@return table? result {code = or signal =, stdout = bytes, stderr = bytes}
---@return string? message "spawn nope: No such file or directory", "timeout"
---@return integer? code ETIMEDOUT, ELIMIT: see below
---@return table? partial result where it was ended
function process.run(argv, options)
  local own, rest = split_options(options or {})
  local function start() return spawn("run", argv, rest) end
  if not loop.is_running() then
    return give(pcall(loop.block, run, start, own))
  end
  loop.check_can_wait("process.run")
  return give(pcall(run, start, own))
end

return process
