--- A multishot op as an iterator: each completion is one step of a loop.
--   for fd in uring.op.multishot_accept(socket) do ... end
-- The op goes on while the body runs; what comes meanwhile waits in a queue,
-- where a coroutine of its own puts it.  Where the kernel ends the op though
-- there is more to come (no buffers, CQ overflow), it is started again.  The
-- loop ends with the stream, raises where the op fails, and cancels the op
-- when it is left; descriptors that nobody took are closed.
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

local function finish(self, ...)
  self.done, self.failure = true, table.pack(...)
end

local function notify(self)
  if not self.waiter then return end
  loop.wake(self.waiter)
  self.waiter = nil
end

-- Takes the completions of one start of the op; false: it is over.
local function take(self, refuse, start, ...)
  local refused, id = start(...)
  if refused then return finish(self, refuse(self.row, refused)) end
  self.id = id
  local value, extra
  repeat
    value, extra = loop.park()
    if value == nil then
      if extra == errno.ENOBUFS then return true end
      return finish(self, core.fail(self.row.name, extra))
    elseif value == "" then
      return finish(self)
    end
    put(self, value, extra)
    notify(self)
  until extra & MORE == 0
  return true
end

local function pump(self, refuse, start, ...)
  while not self.closed and take(self, refuse, start, ...) do end
  self.done = true
end

local function next_value(self)
  while self.first > self.last do
    if self.done then
      if self.failure and self.failure[2] then error(self.failure[2], 0) end
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
  if not self.done and self.id then loop.post("cancel", self.id) end
  for place = self.first, self.last do
    if self.row.result == "fd" then core.close(self.values[place]) end
  end
end

--- Makes the function that starts a multishot row and iterates over it.
---@param row table of core.ops
---@param refuse fun(row: table, code: integer): nil, string, integer
---@return function
return function(row, refuse)
  local start = loop.starter(row.name)
  return function(...)
    loop.check_can_wait("uring.op." .. row.name)
    local self = setmetatable({
      row = row, values = {}, flags = {}, first = 1, last = 0,
    }, Multishot)
    local arguments = table.pack(...)
    loop.wake(coroutine.create(function()
      local ok, message = pcall(pump, self, refuse, start,
        table.unpack(arguments, 1, arguments.n))
      if not ok then finish(self, nil, message) end
      notify(self)
    end))
    return next_value, self, nil, self
  end
end
