--- Values of a task, which those that it spawns inherit.
--   uring.locals.request = 17
-- What a task sets later, those that it has spawned do not see.
local loop = require "uring.loop"
local traces = require "uring.traces"

local locals = {}

local function task_for(what)
  return loop.task() or error(what .. " needs uring.run", 3)
end

local function set(task, key, value)
  local changed = {}
  for name, old in pairs(task.locals or {}) do changed[name] = old end
  changed[key] = value
  task.locals, loop.current("uring.locals").has_locals = changed, true
end

--- The values of the running task: read and write its fields.
locals.proxy = setmetatable({}, {
  __name = "uring.locals",
  __index = function(_, key)
    local values = task_for("uring.locals").locals
    return values and values[key]
  end,
  __newindex = function(_, key, value)
    set(task_for("uring.locals"), key, value)
  end,
  __pairs = function()
    return pairs(task_for("uring.locals").locals or {})
  end,
})

local function restore(task, key, before, ok, ...)
  set(task, key, before)
  if ok then return ... end
  local problem = ...
  traces.set(problem, traces.of(problem))
  error(problem, 0)
end

--- Calls a function while a value is set.
---@param key any
---@param value any
---@param body function
---@param ... any its arguments
---@return any ... what it returns
function locals.with(key, value, body, ...)
  local task = task_for("uring.with_local")
  local before = task.locals and task.locals[key]
  set(task, key, value)
  return restore(task, key, before, xpcall(body, traces.keep, ...))
end

return locals
