--- What a child process is to be: what a user gave becomes what the kernel
-- takes.
local Child = require "uring.child"
local core = require "uring.core"
local errno = require "uring.errno"
local fs = require "uring.fs"
local system = require "uring.system"

local SHELL = "/bin/sh"
local PATH = "/usr/local/bin:/usr/bin:/bin" -- where nothing says another
local NULL = -1 -- the child opens /dev/null
local NAMES = { "stdin", "stdout", "stderr" }

local OPTIONS = {
  stdin = "any", stdout = "any", stderr = "any", input = "string",
  cwd = "string", env = "table", env_add = "table", pgroup = "any",
  session = "boolean", kill_on_exit = "boolean", signal = "any",
  grace = "number", uid = "integer", gid = "integer",
}

---@class uring.Plan
local Plan = {}
Plan.__index = Plan

local function bad(what, name)
  error(("%s: bad option '%s'"):format(what, tostring(name)), 0)
end

local function is_kind(value, kind)
  return kind == "any" or type(value) == kind or math.type(value) == kind
end

-- Strings for the kernel end at their first zero.
local function is_text(value)
  return type(value) == "string" and not value:find("\0", 1, true)
end

local function check_argv(what, argv)
  if type(argv) == "string" then argv = { SHELL, "-c", argv } end
  local copy = {}
  for i, word in ipairs(type(argv) == "table" and argv or {}) do
    if math.type(word) then word = tostring(word) end
    copy[i] = is_text(word) and word or nil
  end
  if #copy == 0 or #copy ~= #argv then
    error(what .. ": bad argument 'argv' (a command, or a list of strings "
      .. "expected)", 0)
  end
  return copy
end

local function check_pgroup(options)
  local group = options.pgroup
  return group == nil or type(group) == "boolean"
    or math.type(group) == "integer" and group >= 0
end

local function check_options(what, options)
  if type(options) ~= "table" then
    error(what .. ": bad argument 'options' (table expected)", 0)
  end
  for name, value in pairs(options) do
    if not OPTIONS[name] or not is_kind(value, OPTIONS[name]) then
      bad(what, name)
    end
  end
  if options.cwd and not is_text(options.cwd) then bad(what, "cwd") end
  if not check_pgroup(options) then bad(what, "pgroup") end
  if options.input and options.stdin then bad(what, "input") end
  if options.signal and not Child.signal_number(options.signal) then
    error(("%s: bad option 'signal' (no signal '%s')"):format(what,
      tostring(options.signal)), 0)
  end
  local grace = options.grace or 0
  if grace < 0 or grace ~= grace then bad(what, "grace") end
end

-- The environment

local function check_variables(what, name, variables)
  for key, value in pairs(variables) do
    if not is_text(key) or key == "" or key:find("=", 1, true)
      or not (is_text(value) or math.type(value)
        or name == "env_add" and value == false) then
      bad(what, name)
    end
  end
end

local function sorted(variables)
  local list = {}
  for name, value in pairs(variables) do
    if value then list[#list + 1] = name .. "=" .. value end
  end
  table.sort(list)
  return list
end

-- nil: ours as it is.  The second is what it says of PATH.
local function environment(what, options)
  local env, more = options.env, options.env_add
  if not env and not more then return nil, os.getenv "PATH" end
  check_variables(what, "env", env or {})
  check_variables(what, "env_add", more or {})
  local variables = {}
  for name, value in pairs(env or system.environ()) do
    variables[name] = value
  end
  for name, value in pairs(more or {}) do variables[name] = value end
  return sorted(variables), variables.PATH or nil
end

-- Where the program may be, as execvp has it.
local function candidates(name, path)
  if name == "" or name:find("/", 1, true) then return { name } end
  local found = {}
  for folder in ((path or PATH) .. ":"):gmatch "([^:]*):" do
    found[#found + 1] = (folder == "" and "." or folder) .. "/" .. name
  end
  return found
end

-- Streams

local function fileno(value)
  if math.type(value) == "integer" then return value end
  return (value:fileno())
end

local function is_stream(value)
  if math.type(value) == "integer" then return value >= 0 end
  if type(value) ~= "table" and type(value) ~= "userdata" then return false end
  local ok, method = pcall(function() return value.fileno end)
  return ok and type(method) == "function"
end

local WORDS = { pipe = true, inherit = true, null = true }

local function check_stream(what, index, wish, options)
  local name = NAMES[index]
  if wish == nil or WORDS[wish] or is_stream(wish) then return wish end
  if name == "stdin" and type(wish) == "string" then return wish end
  if name == "stderr" and wish == "stdout" then return wish end
  bad(what, options.input == wish and "input" or name)
end

--- Checks what a user gave.  Raises, naming the function that was called.
---@param what string names it
---@param argv string|string[]
---@param options table
---@return uring.Plan
function Plan.new(what, argv, options)
  check_options(what, options)
  local name = type(argv) == "string" and argv or nil
  argv = check_argv(what, argv)
  name = name or argv[1]
  local env, path = environment(what, options)
  local group = options.pgroup
  if type(group) == "boolean" then group = group and 0 or nil end
  local self = setmetatable({
    name = name, wishes = {}, input = options.input or false,
    fds = { false, false, false }, -- the child's ends, which we close
    pipes = { false, false, false }, -- ours
    request = {
      argv = argv, paths = candidates(argv[1], path), env = env,
      cwd = options.cwd, pgroup = group, session = options.session,
      uid = options.uid, gid = options.gid,
    },
  }, Plan)
  for i, stream in ipairs(NAMES) do
    self.wishes[i] = check_stream(what, i, options[stream], options)
  end
  local fed = self.wishes[1]
  if type(fed) == "string" and not WORDS[fed] then self.input = fed end
  return self
end

-- Makes a pipe; the child has the end that we do not.
local function open_pipe(self, index)
  local from, to, code = system.pipe()
  if not from then return nil, to, code end
  local inner, outer = from, to
  if index > 1 then inner, outer = to, from end
  self.fds[index], self.pipes[index] = inner, outer
  return inner
end

local function open_one(self, index)
  local wish = self.wishes[index]
  if index == 1 and self.input then
    local fd, message, code = system.memfd(self.input)
    self.fds[1] = fd or false
    return fd, message, code
  end
  if wish == nil or wish == "inherit" then return index - 1 end
  if wish == "pipe" then return open_pipe(self, index) end
  if wish == "null" then return NULL end
  if wish == "stdout" then return self.request.stdout end
  local fd = fileno(wish)
  if fd then return fd end
  return nil, NAMES[index] .. ": closed", errno.ECLOSED
end

--- Opens what the child will read and write.
---@return boolean? true
---@return string? message
---@return integer? code
function Plan:open()
  for i, name in ipairs(NAMES) do
    local fd, message, code = open_one(self, i)
    if not fd then return nil, message, code end
    self.request[name] = fd
  end
  return true
end

--- Starts the program.
---@param child uring.Child
---@return boolean? true
---@return string? message
---@return integer? code
function Plan:start(child)
  local pid, step, code = system.spawn(self.request)
  if pid then
    child:own(pid, step)
    return true
  end
  local what = "spawn " .. self.name
  if step ~= "exec" then what = what .. ": " .. step end
  if step == "chdir" then what = what .. " " .. self.request.cwd end
  return core.fail(what, code)
end

--- Makes streams of our ends of the pipes.
---@param owner table gets them by the names of the standard streams
function Plan:give(owner)
  for i, name in ipairs(NAMES) do
    if self.pipes[i] then
      owner[name] = fs.from_fd(self.pipes[i], name .. " of " .. self.name)
      self.pipes[i] = false
    end
  end
end

--- Closes the child's ends, and ours that nobody has taken.
function Plan:close()
  for i = 1, #NAMES do
    if self.fds[i] then system.close(self.fds[i]) end
    if self.pipes[i] then system.close(self.pipes[i]) end
    self.fds[i], self.pipes[i] = false, false
  end
end

Plan.__close = Plan.close

return Plan
