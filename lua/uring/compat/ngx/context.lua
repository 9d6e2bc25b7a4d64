--- ngx.ctx: a table of each task, which the threads that it spawns share.
local loop = require "uring.loop"

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

return context
