--- What all tasks are doing, as text: for people who look for what hangs.
local Members = require "uring.members"
local system = require "uring.system"

-- Ours is what stands beside this file.
local HOME = debug.getinfo(1, "S").source:match("^.*/") or "@"

local tree = {}

-- The line of the program, not ours, where a coroutine is.
local function line_of(thread)
  for level = 0, 40 do
    local info = debug.getinfo(thread, level, "Sl")
    if not info then return nil end
    if info.currentline > 0 and info.source:sub(1, #HOME) ~= HOME then
      return info.short_src .. ":" .. info.currentline
    end
  end
end

-- The lines from a task's coroutine into the one that waits.
local function lines_of(scheduler, thread)
  local lines = {}
  while thread do
    lines[#lines + 1] = line_of(thread)
    thread = scheduler.inside[thread]
  end
  return table.concat(lines, " in ")
end

-- What a task waits for.
local function wait_of(scheduler, task, ops)
  local leaf = scheduler:innermost(task.thread)
  local place = scheduler.waits[leaf]
  if place then return place.describe and place:describe() or "waits" end
  local op = ops[leaf]
  if not op then return nil end
  if not op.fd then return op.name end
  local text, peer = ("%s fd %d"):format(op.name, op.fd), nil
  if op.fd >= 0 then peer = system.getpeername(op.fd) end
  return peer and ("%s (%s)"):format(text, tostring(peer)) or text
end

-- How long ago it was spawned, where that is worth a word.
local function age_of(task, now)
  local seconds = (now - task:born()) / 1e9
  return seconds >= 1 and (", %.1f s old"):format(seconds) or ""
end

local function describe(scheduler, task, ops, now)
  local words = { tostring(task) .. (now and age_of(task, now) or "") }
  local wait = wait_of(scheduler, task, ops)
  if wait then words[#words + 1] = ": " .. wait end
  local at = lines_of(scheduler, task.thread)
  if at ~= "" then words[#words + 1] = " at " .. at end
  return table.concat(words)
end

local function by_number(a, b)
  return a:id() < b:id()
end

-- The scopes that a task has opened, and those that nobody has.
local function inner_of(scope, task)
  local list = {}
  for _, inner in Members.each(scope.inner) do
    if inner.task == task then list[#list + 1] = inner end
  end
  return list
end

local function add_scope(lines, indent, scheduler, scope, ops, now)
  local implicit = scope.task and scope.task.implicit == scope
  if not implicit or scope.tasks.count > 0 then
    lines[#lines + 1] = indent .. tostring(scope)
    indent = indent .. "  "
  end
  for _, task in Members.each(scope.tasks) do
    lines[#lines + 1] = indent .. describe(scheduler, task, ops, now)
    for _, inner in ipairs(inner_of(scope, task)) do
      add_scope(lines, indent .. "  ", scheduler, inner, ops, now)
    end
  end
  for _, inner in ipairs(inner_of(scope, scope.task)) do
    add_scope(lines, indent, scheduler, inner, ops, now)
  end
end

-- What each coroutine waits for in the kernel.
local function ops_in_flight(scheduler)
  local ops = {}
  for _, op in ipairs(scheduler.bound.flights()) do ops[op.thread] = op end
  return ops
end

--- The task that a coroutine of it belongs to.
---@param scheduler uring.Scheduler
---@param thread thread
---@return uring.Task?
function tree.owner(scheduler, thread)
  while scheduler.outer[thread] do thread = scheduler.outer[thread] end
  return scheduler.tasks[thread]
end

--- What people call a task.
---@param task uring.Task
---@return string
function tree.name(task)
  return "task " .. task:id() .. (task.name and " " .. task.name or "")
end

--- Where a coroutine is, and those in it that wait, in words.
---@param scheduler uring.Scheduler
---@param thread thread
---@return string
function tree.place(scheduler, thread)
  -- one that has ended is not dead before its values are taken
  if coroutine.status(thread) == "dead" or not debug.getinfo(thread, 0) then
    return " at its end"
  end
  local lines = lines_of(scheduler, thread)
  return " at " .. (lines ~= "" and lines or "an unknown line")
end

--- All scopes and tasks, a line each, indented by what they are in.
---@param scheduler uring.Scheduler
---@return string
function tree.text(scheduler)
  local lines = {}
  add_scope(lines, "", scheduler, scheduler.root, ops_in_flight(scheduler),
    system.now())
  return table.concat(lines, "\n")
end

--- The tasks that wait for something, a line each.
---@param scheduler uring.Scheduler
---@return string
function tree.waits(scheduler)
  local ops, list, lines = ops_in_flight(scheduler), {}, {}
  for _, task in pairs(scheduler.tasks) do list[#list + 1] = task end
  table.sort(list, by_number)
  for _, task in ipairs(list) do
    lines[#lines + 1] = "  " .. describe(scheduler, task, ops)
  end
  return table.concat(lines, "\n")
end

return tree
