--- What happened in a simulated run, one line for each event.
-- Lines are only made when somebody asks: a run keeps the parts.
local Trace = {}
Trace.__index = Trace

local PARTS = 6 -- of an event: time, format, four arguments

--- Makes an empty trace.
---@return uring.test.Trace
function Trace.new()
  return setmetatable({ count = 0 }, Trace)
end

--- Adds an event.
---@param now integer nanoseconds
---@param format string for string.format, of at most four arguments
---@param a any
---@param b any
---@param c any
---@param d any
function Trace:add(now, format, a, b, c, d)
  local at = self.count
  self[at + 1], self[at + 2], self[at + 3] = now, format, a or false
  self[at + 4], self[at + 5], self[at + 6] = b or false, c or false, d or false
  self.count = at + PARTS
end

local function line(self, at)
  local now = self[at + 1]
  local text = self[at + 2]:format(self[at + 3], self[at + 4], self[at + 5],
    self[at + 6])
  return ("%d.%09d %s\n"):format(now // 1000000000, now % 1000000000, text)
end

--- Tells what happened.
---@param last? integer how many events, the last ones; default: all
---@return string lines
function Trace:text(last)
  local lines = {}
  local from = math.max(0, last and self.count - last * PARTS or 0)
  for at = from, self.count - 1, PARTS do
    lines[#lines + 1] = line(self, at)
  end
  return table.concat(lines)
end

return Trace
