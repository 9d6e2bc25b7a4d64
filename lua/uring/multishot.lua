--- A multishot op as an iterator: each completion is one step of a loop.
--   for fd in uring.op.multishot_accept(socket) do ... end
-- The op goes on while the body runs; what comes meanwhile waits in a queue,
-- where a coroutine of its own puts it.  Where the kernel ends the op though
-- there is more to come (no buffers, CQ overflow), it is started again.  The
-- loop ends with the stream, raises where the op fails, and cancels the op
-- when it is left: descriptors that nobody took are closed then, and bytes
-- that were received are dropped.
local core = require "uring.core"
local errno = require "uring.errno"
local loop = require "uring.loop"

local MORE = core.consts.IORING_CQE_F_MORE

local Multishot = {}
Multishot.__index = Multishot

local function put(self, value, flags)
  if self.closed then
    if self.row.result == "fd" then core.close(value) end
    return
  end
  self.last = self.last + 1
  self.values[self.last], self.flags[self.last] = value, flags
end

local function notify(self)
  if not self.waiter then return end
  loop.wake(self.waiter)
  self.waiter = nil
end

-- Takes the completions of one start of the op, the first of them given.
-- Says whether there may be more to come; if not, perhaps why.
local function take(self, value, extra)
  while value ~= nil and value ~= "" do
    put(self, value, extra)
    notify(self)
    if extra & MORE == 0 then return true end
    value, extra = loop.park()
  end
  if value == "" then return false end
  if extra == errno.ENOBUFS then return true end
  return false, (select(2, core.fail(self.row.name, extra)))
end

-- What the coroutine of an op does, from its first completion on.
local function pump(self, value, extra)
  while true do
    local more, problem = take(self, value, extra)
    if not more or self.closed then return problem end
    local refused, id = self.start_again()
    if refused then return (select(2, core.fail(self.row.name, refused))) end
    self.id = id
    value, extra = loop.park()
  end
end

local function next_value(self)
  while self.first > self.last do
    if self.done then
      if self.problem then error(self.problem, 2) end
      return nil
    end
    self.waiter = coroutine.running()
    loop.park()
  end
  local first = self.first
  self.first = first + 1
  local value, flags = self.values[first], self.flags[first]
  self.values[first], self.flags[first] = nil, nil
  return value, flags
end

function Multishot:__close()
  self.closed = true
  if not self.done then loop.post("cancel", self.id) end
  for place = self.first, self.last do
    if self.row.result == "fd" then core.close(self.values[place]) end
  end
end

local function new(row)
  local self = setmetatable({
    row = row, values = {}, flags = {}, first = 1, last = 0,
  }, Multishot)
  self.pump = coroutine.create(function(value, extra)
    local ok, problem = pcall(pump, self, value, extra)
    self.done, self.problem = true, problem
    if not ok then self.problem = tostring(problem) end
    notify(self)
  end)
  return self
end

--- Makes the function that starts a multishot row and iterates over it.
---@param row table of core.ops
---@param refuse fun(row: table, code: integer): nil, string, integer
---@return function
return function(row, refuse)
  local start_for
  loop.on_bind(row.name, "start_for", function(start) start_for = start end)
  return function(a, b, c, d, e)
    loop.check_can_wait("uring.op." .. row.name)
    local self = new(row)
    local refused, id = start_for(self.pump, a, b, c, d, e)
    if refused then error((select(2, refuse(row, refused))), 2) end
    self.id = id
    function self.start_again() return start_for(self.pump, a, b, c, d, e) end
    return next_value, self, nil, self
  end
end
