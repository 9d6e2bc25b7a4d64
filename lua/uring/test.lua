--- Tests programs without a kernel: time, sockets and files are simulated,
-- and everything that a kernel may decide is decided by a seed.
--   local test = require "uring.test"
--   test.seeds(1, 1000, { faults = true }, function() ... end)
-- The same seed gives the same run.  docs/test.md has the rest.
local core = require "uring.core"
local File = require "uring.test.file"
local loop = require "uring.loop"
local Sim = require "uring.test.sim"
local swap = require "uring.test.swap"
local uring = require "uring"
local verdict = require "uring.test.verdict"

local test = {}

local last -- the run that is, or was

local OPTIONS = {
  seed = "integer", entries = "integer", descriptors = "integer",
  disk = "integer", faults = "table or true", files = "table",
  stdin = "string", strict = "boolean",
  sigint = "way", watchdog = "number", gc_headroom = "number", -- as of run
}

local SIGINT = { cancel = true, ignore = true, default = true }

local function is(value, expected)
  if expected == "integer" then return math.type(value) == "integer" end
  if expected == "table or true" then
    return type(value) == "table" or type(value) == "boolean"
  end
  if expected == "way" then return SIGINT[value] or false end
  return type(value) == expected
end

local function check(options, body)
  if loop.is_running() then error("test.run inside uring.run", 3) end
  if type(options) ~= "table" then
    error("test.run: bad argument 'options' (table expected)", 3)
  elseif type(body) ~= "function" then
    error("test.run: bad argument 'body' (function expected)", 3)
  end
  for name, value in pairs(options) do
    if not OPTIONS[name] or not is(value, OPTIONS[name]) then
      error(("test.run: bad option '%s'"):format(tostring(name)), 3)
    end
  end
end

local function seed_of(options)
  return options.seed or math.tointeger(os.getenv "URING_SEED") or 1
end

local function settings(options, seed)
  local copy = {}
  for name, value in pairs(options) do copy[name] = value end
  copy.seed = seed
  return copy
end

local function simulate(options, body, ...)
  local sim = Sim.new(options)
  last = sim
  local results = table.pack(swap.call(sim, uring.run, {
    entries = options.entries, sigint = options.sigint,
    watchdog = options.watchdog, gc_headroom = options.gc_headroom,
  }, body, ...))
  if not results[1] then error(verdict.of_failure(sim, results[2]), 0) end
  local problem = verdict.of_success(sim)
  if problem then error(problem, 0) end
  return table.unpack(results, 2, results.n)
end

--- Runs a function as uring.run does, in a simulation.  Raises what it
-- raises, and where it has misused descriptors or left some open.
---@param options table seed = 1, faults, files, stdin, entries, descriptors,
--- disk, strict: see docs/test.md; sigint, watchdog: as for uring.run
---@param body function
---@param ... any its arguments
---@return any ... what it returns
function test.run(options, body, ...)
  if type(options) == "function" then
    return test.run({}, options, body, ...)
  end
  check(options, body)
  return simulate(settings(options, seed_of(options)), body, ...)
end

--- Runs a function once for each seed.  The first that fails raises, with
-- the seed, the end of the trace, and how to see it again.
---@param from integer the first seed
---@param to integer the last one
---@param options table as for test.run
---@param body function is called with the seed
function test.seeds(from, to, options, body)
  check(options, body)
  local only = math.tointeger(os.getenv "URING_SEED")
  if only then from, to = only, only end
  for seed = from, to do
    local ok, problem = pcall(simulate, settings(options, seed), body, seed)
    if not ok then
      error(verdict.of_seed(last, problem), 0)
    end
  end
end

local function run_of(what)
  return last or error(what .. ": nothing was run yet", 3)
end

--- Tells what happened in the last run, or until now in this one.
---@param count? integer how many events, the last ones; default: all
---@return string lines
function test.trace(count)
  return run_of("test.trace").trace:text(count)
end

--- Tells what was written to a standard stream.
---@param fd? integer 1 (default) or 2
---@return string
function test.output(fd)
  return table.concat(run_of("test.output").standard[fd or 1].output)
end

local function add_files(list, path, node)
  for name, what in pairs(node.entries) do
    if what.kind == "dir" then
      add_files(list, path .. name .. "/", what)
    elseif what.kind == "file" then
      list[path .. name] = File.flatten(what)
    end
  end
end

--- Tells which files there are, and what is in them.
---@return table<string, string> files path -> content
function test.files()
  local list = {}
  add_files(list, "/", run_of("test.files").tree.root)
  return list
end

--- Sends a signal to the program.  It is lost where nobody waits for it.
---@param name string "INT"
function test.signal(name)
  local sim = run_of("test.signal")
  for number = 1, 64 do
    if core.signal_name(number) == name then
      sim:note("signal %s", name)
      if sim.blocked[number] then
        sim.signals[number] = true
      elseif sim.caught[number] then
        table.insert(sim.interrupts, number)
      end
      return
    end
  end
  error("test.signal: no signal '" .. tostring(name) .. "'", 2)
end

return test
