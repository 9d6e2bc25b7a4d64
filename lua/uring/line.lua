--- Where those wait who want to spawn one more task than a scope may have.
local loop = require "uring.loop"

local running = coroutine.running

local Line = {}
Line.__index = Line

--- Takes out who no longer waits.
---@param thread thread
function Line:leave(thread)
  for i, each in ipairs(self) do
    if each == thread then return table.remove(self, i) end
  end
end

--- What it is to wait for it.
---@return string
function Line:describe()
  return "room in " .. self.scope:title()
end

--- Waits until there is room for one more task.  Who is woken has a promise
-- that nobody else takes it.
---@param scope uring.Scope
function Line.wait(scope)
  while scope.tasks.count + scope.promised >= scope.max and not scope.is_over do
    loop.check_can_wait("scope:spawn")
    scope.line = scope.line or setmetatable({ scope = scope }, Line)
    table.insert(scope.line, (running()))
    if loop.wait(scope.line) then
      scope.promised = scope.promised - 1
      return
    end
  end
end

return Line
