--- Waits for the first of several things: a select.
-- It tries them in order, and where none is ready waits in the queues of all.
-- Whoever comes first with what one of them waits for takes the others out
-- of their queues at once (waiter.lua): so just one happens, and the others
-- have lost nothing.
local errno = require "uring.errno"
local loop = require "uring.loop"
local system = require "uring.system"
local taskcase = require "uring.sync.taskcase"

local running = coroutine.running

local NS = 1000000000

---@class uring.Select
local Select = { __name = "uring.Select" }
Select.__index = Select

-- From the moment that its wait has ended: a timer that is due in the same
-- tick must not end it again.
local function stop_timer(self)
  if self.bucket then self.bucket:remove(self.place) end
  self.bucket = false
end

--- One of its waiters was woken: the others wait no longer.
---@param waiter uring.Waiter
function Select:won(waiter)
  for _, each in ipairs(self.waiters) do
    if each ~= waiter then each:leave() end
  end
  self.winner = waiter
  stop_timer(self)
end

--- As a place to wait at: takes its waiters out of their queues.
function Select:leave()
  for _, waiter in ipairs(self.waiters) do waiter:leave() end
  stop_timer(self)
end

--- Its time is over: the scheduler calls it.
function Select:expire()
  self:leave()
  loop.wake(self.thread)
end

--- What it is to wait for it.
---@return string
function Select:describe()
  local all = {}
  for i, waiter in ipairs(self.waiters) do all[i] = waiter:describe() end
  return "select of " .. table.concat(all, ", ")
end

-- What a case does, of which the house has channels, events and so on.
local function kind_of(i, case)
  if type(case) ~= "table" then
    error(("sync.select: bad case %d (table expected, got %s)"):format(i,
      type(case)), 3)
  end
  local object = case[1]
  if taskcase.is_task(object) then
    if object == loop.task() then
      error(("sync.select: bad case %d (a task cannot wait for its own end)")
        :format(i), 3)
    end
    return taskcase.case
  end
  if type(object) ~= "table" or not object._case then
    error(("sync.select: bad case %d (channel, event, promise or task "
      .. "expected, got %s)"):format(i, type(object)), 3)
  end
  local kind = object:_case(case[2])
  if kind then return kind end
  error(("sync.select: bad case %d ('recv' or 'send' expected)"):format(i), 3)
end

-- The last case.  Raises where there is what does not belong there.
local function check(cases)
  if type(cases) ~= "table" then
    error("sync.select: bad argument 'cases' (table expected)", 3)
  end
  local last = 0
  for key, value in pairs(cases) do
    if math.type(key) == "integer" and key > 0 then
      last = math.max(last, key)
    elseif key == "timeout" then
      if type(value) ~= "number" or value ~= value then
        error("sync.select: bad option 'timeout' (seconds expected)", 3)
      end
    elseif key ~= "default" then
      error(("sync.select: bad option '%s'"):format(tostring(key)), 3)
    end
  end
  if last == 0 and not (cases.timeout or cases.default) then
    error("sync.select: no case, and no timeout", 3)
  end
  return last
end

local function set_timer(self, seconds)
  if not seconds or seconds >= 1e9 then return end
  local at = system.now() + math.ceil(seconds * NS)
  self.bucket, self.place =
    loop.current("sync.select").timers:add(at, self)
end

local function wait(cases, kinds, last)
  local self <close> = setmetatable({
    thread = running(), waiters = {}, indices = {}, winner = false,
    bucket = false, place = false,
  }, Select)
  for i = 1, last do
    if kinds[i] then
      local waiter = kinds[i].enter(cases[i][1], cases[i], self)
      table.insert(self.waiters, waiter)
      self.indices[waiter] = i
    end
  end
  set_timer(self, cases.timeout)
  assert(loop.wait(self))
  return self
end

function Select:__close(problem)
  if problem ~= nil then self:leave() end
end

--- Waits until the first of several things can be done, and does that one; of
-- those that can be done at once, the first in the list.
--   { channel, "recv" }         gives what channel:recv returns
--   { channel, "send", value }  what channel:send returns
--   { event }                   true, once it is set
--   { task }, { promise }       what await returns; raises what it raises
--   false                       never happens
---@param cases table a list of those, and options: timeout, in seconds;
--- default = true, to return nil, "would wait", EAGAIN instead of waiting
---@return integer? index of the case; nil where none happened
---@return any ... what it gives; "timeout" or "would wait"
---@return integer? code ETIMEDOUT or EAGAIN
return function(cases)
  loop.check_can_wait("sync.select")
  local last, kinds = check(cases), {}
  for i = 1, last do
    local case = cases[i]
    kinds[i] = case ~= false and kind_of(i, case)
  end
  for i = 1, last do
    local case, kind = cases[i], kinds[i]
    if kind and kind.is_ready(case[1]) then
      return i, kind.take(case[1], case)
    end
  end
  if cases.default then return nil, "would wait", errno.EAGAIN end
  if not cases.timeout or cases.timeout > 0 then
    local ended = wait(cases, kinds, last)
    local winner = ended.winner
    if winner then
      local i = ended.indices[winner]
      return i, kinds[i].result(cases[i][1], winner)
    end
  end
  return nil, "timeout", errno.ETIMEDOUT
end
