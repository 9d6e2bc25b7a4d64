--- What a select does with a task: it waits for its end.
local loop = require "uring.loop"
local Task = require "uring.task"

local create = coroutine.create

local taskcase = {}

-- Stands among the waiters of a task, which are coroutines: one that runs
-- once, when the task has ended.
local Watcher = {}
Watcher.__index = Watcher

local function notice(self)
  if self.has_left then return end
  self.group:won(self)
  loop.wake(self.group.thread)
end

--- Takes it out: the task's end is of no interest any more.
function Watcher:leave()
  self.has_left = true
  if self.task.waiters then self.task:leave(self.thread) end
end

--- What it is to wait for it.
---@return string
function Watcher:describe()
  return self.task:describe()
end

--- Whether a select can wait for it as a task.
---@param object any
---@return boolean
function taskcase.is_task(object)
  return getmetatable(object) == Task
end

local function await(task)
  return task:await()
end

taskcase.case = {
  is_ready = function(task) return task.outcome end,
  take = await,
  enter = function(task, _, group)
    local self = setmetatable({
      task = task, group = group, thread = false, has_left = false,
    }, Watcher)
    self.thread = create(function() notice(self) end)
    task.waiters = task.waiters or {}
    table.insert(task.waiters, self.thread)
    return self
  end,
  result = await,
}

return taskcase
