--- What a task of ngx belongs to: ngx.ctx, a table that the threads which it
-- spawns share; and the run, whose end concerns pools and timers.
local loop = require "uring.loop"
local Scope = require "uring.scope"

local context = {}

local tables = setmetatable({}, { __mode = "k" }) -- task -> its table
local outside = {} -- for all that is called outside of a run

--- The table of the running task.
---@return table
function context.get()
  local task = loop.task()
  if not task then return outside end
  local mine = tables[task]
  if not mine then
    mine = {}
    tables[task] = mine
  end
  return mine
end

--- Sets the table of the running task.
---@param values table
function context.set(values)
  if type(values) ~= "table" then
    error("ngx.ctx: table expected, got " .. type(values), 3)
  end
  local task = loop.task()
  if task then tables[task] = values else outside = values end
end

--- Gives another task the table of the running one.
---@param task uring.Task
function context.share(task)
  tables[task] = context.get()
end

--- The scope of all that is in the run: its daemons end when main and all
-- that it has spawned have.
---@param what string names who needs a run
---@return uring.Scope
function context.home(what)
  local root = loop.current(what).root
  local scope = Scope.innermost()
  while scope.parent and scope.parent ~= root do scope = scope.parent end
  return scope
end

return context
