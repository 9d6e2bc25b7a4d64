--- Concurrency in blocks: scope, timeout, shield, all, race, map.
local loop = require "uring.loop"
local Scope = require "uring.nursery"
local system = require "uring.system"
local traces = require "uring.traces"

local ceil = math.ceil
local isyieldable = coroutine.isyieldable
local check, keep = loop.check, traces.keep
-- Methods that are called plainly are not looked up by the function that is
-- __index of scopes.
local end_at, open_scope, vanish = Scope.end_at, Scope.open, Scope.vanish
local innermost, spawn = Scope.innermost, Scope.spawn

local structured = {}

local current -- the scheduler that runs

loop.on_switch(function(scheduler) current = scheduler end)

local OPTIONS = {
  name = "string", timeout = "number", deadline = "number", max = "number",
  shield = "boolean", on_error = "function",
}

local function check_options(what, options)
  if type(options) ~= "table" then
    error(what .. ": bad argument 'options' (table expected)", 3)
  end
  for name, value in pairs(options) do
    if type(value) ~= OPTIONS[name] or value ~= value then
      error(("%s: bad option '%s'"):format(what, tostring(name)), 3)
    end
  end
  if options.max and options.max < 1 then
    error(what .. ": bad option 'max' (1 or more expected)", 3)
  end
end

local function check_body(what, body)
  if type(body) ~= "function" then
    error(what .. ": bad argument 'body' (function expected)", 3)
  end
end

-- Times that are sooner than the other, or both are nil.
local function sooner(a, b)
  if a and b then return math.min(a, b) end
  return a or b
end

local function open(what, options, due, now)
  if not (isyieldable() and current) then loop.check_place(what, 4) end
  if not (options and options.shield) then check() end
  local scope = open_scope(options)
  if due then end_at(scope, due, now) end
  return scope
end

local function due_in(seconds, now)
  return seconds and seconds < 1e9 and now + ceil(seconds * 1e9) or nil
end

local function due_at(deadline)
  return deadline and deadline < 1e9 and ceil(deadline * 1e9) or nil
end

local function give(ok, ...)
  if ok then return ... end
  error(..., 0)
end

local PLAIN, SHIELDED = false, { shield = true }

--- Runs a block that ends when its body and all its tasks have ended.
---@param options? table name, timeout (seconds), deadline (uring.now), max
--- (tasks at once), shield (boolean), on_error (function of an error)
---@param body fun(scope: uring.Scope, ...): ...
---@param ... any further arguments
---@return any ... what body returns; nil, "timeout", ETIMEDOUT where its time
--- was over; nil, "cancelled: reason", ECANCELED where scope:cancel was called
function structured.scope(options, body, ...)
  if type(options) == "function" then
    local scope = open("uring.scope", PLAIN)
    return give(Scope.join(scope,
      xpcall(options, keep, scope, body, ...)))
  end
  check_options("scope", options)
  check_body("scope", body)
  local now = system.now()
  local due = sooner(due_in(options.timeout, now), due_at(options.deadline))
  local scope = open("uring.scope", options, due, now)
  return give(Scope.join(scope, xpcall(body, keep, scope, ...)))
end

local function check_limit(what, seconds, body)
  if type(seconds) ~= "number" or seconds ~= seconds then
    error(what .. ": bad argument 'seconds' (number expected)", 3)
  end
  if type(body) ~= "function" then
    error(what .. ": bad argument 'body' (function expected)", 3)
  end
end

local function leave(scope, ok, ...)
  if ok and vanish(scope) then return ... end
  return give(Scope.join(scope, ok, ...))
end

-- Nobody but us gets to know of this scope.
local function run_in(what, options, due, now, body, ...)
  local scope = open(what, options, due, now)
  return leave(scope, xpcall(body, keep, ...))
end

--- Calls a function, for so long at most.
---@param seconds number
---@param body function
---@param ... any its arguments
---@return any ... what it returns, or nil, "timeout", ETIMEDOUT
function structured.timeout(seconds, body, ...)
  check_limit("timeout", seconds, body)
  local now = system.now()
  return run_in("uring.timeout", PLAIN, due_in(seconds, now), now, body, ...)
end

--- Calls a function, until then at most.
---@param at number seconds of uring.now
---@param body function
---@param ... any its arguments
---@return any ... what it returns, or nil, "timeout", ETIMEDOUT
function structured.deadline(at, body, ...)
  check_limit("deadline", at, body)
  return run_in("uring.deadline", PLAIN, due_at(at), system.now(), body, ...)
end

--- Calls a function that what is outside does not cancel: for clean-up.
---@param max? number seconds that it may take
---@param body function
---@param ... any its arguments
---@return any ... what it returns, or nil, "timeout", ETIMEDOUT
function structured.shield(max, body, ...)
  if type(max) == "function" then
    return structured.shield(math.huge, max, body, ...)
  end
  check_limit("shield", max, body)
  local now = system.now()
  return run_in("uring.shield", SHIELDED, due_in(max, now), now, body, ...)
end

--- Starts a task in the innermost scope of the running code.  It first runs
-- when the one that calls waits.
---@param body function
---@param ... any its arguments
---@return uring.Task
function structured.spawn(body, ...)
  if not current then
    check_body("spawn", body)
    loop.current("uring.spawn")
  end
  return spawn(innermost(), body, ...)
end

-- Several at once

local function check_functions(what, list, each)
  if type(list) ~= "table" then
    error(what .. ": bad argument 'functions' (table expected)", 3)
  end
  for _, body in each(list) do
    if type(body) ~= "function" then
      error(what .. ": bad argument 'functions' (functions expected)", 3)
    end
  end
end

--- Runs functions concurrently.  The first error cancels the others, and is
-- raised.
---@param functions function[]
---@return any[] results the first of each
function structured.all(functions)
  check_functions("all", functions, ipairs)
  return structured.scope(function(scope)
    local results = {}
    for i, body in ipairs(functions) do
      scope:spawn(function() results[i] = body() end)
    end
    return results -- by then they are
  end)
end

local function close(value)
  return value:close()
end

local function dispose(values)
  for i = 1, values.n do
    local kind = type(values[i])
    if kind == "table" or kind == "userdata" then pcall(close, values[i]) end
  end
end

-- The scope of a race has ended, as pcall has it.
local function decide(race, ok, ...)
  local values = race.values
  if ok and values then
    return race.winner, table.unpack(values, 1, values.n)
  end
  if values then dispose(values) end
  if not ok then error(..., 0) end
  error("race: each of the functions was cancelled", 2)
end

local ORDER = { number = 1, string = 2 }

local function goes_before(a, b)
  local kind, other = ORDER[type(a)] or 3, ORDER[type(b)] or 3
  if kind ~= other then return kind < other end
  return kind < 3 and a < b
end

-- In the same order in every process, as far as keys have one.
local function sorted_keys(set)
  local keys = {}
  for key in pairs(set) do keys[#keys + 1] = key end
  table.sort(keys, goes_before)
  return keys
end

--- Runs functions concurrently until the first has ended; the others are
-- cancelled.  What those return all the same is closed, where it can be.
---@param functions table<any, function>
---@return any key of the first
---@return any ... what it returns
function structured.race(functions)
  check_functions("race", functions, pairs)
  if next(functions) == nil then
    error("race: bad argument 'functions' (one or more expected)", 2)
  end
  local race = { winner = nil, values = false }
  local function start(scope)
    for _, key in ipairs(sorted_keys(functions)) do
      local body = functions[key]
      scope:spawn(function()
        local values = table.pack(body())
        if race.values then return dispose(values) end
        race.winner, race.values = key, values
        scope:cancel("another has won")
      end)
    end
  end
  return decide(race, pcall(structured.scope, start))
end

--- Calls a function for each of a list, so many at once.
---@param list any[]
---@param body fun(value: any, index: integer): any
---@param options? table max = 16
---@return any[] results the first of each, in the order of the list
function structured.map(list, body, options)
  if type(list) ~= "table" then
    error("map: bad argument 'list' (table expected)", 2)
  end
  check_body("map", body)
  local max = options and options.max or 16
  return structured.scope({ max = max }, function(scope)
    local results = {}
    for i, value in ipairs(list) do
      scope:spawn(function() results[i] = body(value, i) end)
    end
    return results -- by then they are
  end)
end

return structured
