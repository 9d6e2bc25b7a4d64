--- A multishot op as an iterator: each completion is one step of a loop.
--   for fd in uring.op.multishot_accept(socket) do ... end
-- The op goes on while the body runs; what comes meanwhile waits in a queue,
-- where a coroutine of its own puts it.  Where the queue gets long the op is
-- cancelled, and started again when the body has caught up; likewise where
-- the kernel ends it though there is more to come (no buffers, CQ overflow).
-- The loop ends with the stream, raises where the op fails, and cancels the
-- op when it is left: descriptors that nobody took are closed then, also
-- those in messages, and bytes that were received are dropped.
local core = require "uring.core"
local errno = require "uring.errno"
local loop = require "uring.loop"
local system = require "uring.system"
local unpack = require "uring.unpack"

local resume = coroutine.resume -- as it is outside of a run

local C = core.consts
local MORE = C.IORING_CQE_F_MORE
local HIGH_WATER = 65536 -- bytes in the queue
local VALUE_COST = 128 -- bytes that a value costs besides those it has

local Multishot = {}
Multishot.__index = Multishot

-- The place for the next value is there before it comes: keeping that needs
-- no memory, and so no descriptor is lost.
local function reserve(self)
  local place = self.last + 1
  self.values[place], self.flags[place] = false, 0
end

-- Whether the final completion of a stream or of datagrams is here: the
-- first ends, of the others one was empty.
local function is_over(self, value)
  if type(value) ~= "string" then return false end
  if self.message then
    local received = unpack.recvmsg(value, self.message)
    value = received and received.payload or ""
  end
  return value == "" and system.getsockopt(self.fd, C.SOL_SOCKET, C.SO_TYPE)
    ~= C.SOCK_DGRAM
end

local function cost(value)
  return VALUE_COST + (type(value) == "string" and #value or 0)
end

local function put(self, value, flags)
  local place = self.last + 1
  self.values[place], self.flags[place] = value, flags
  self.last = place
  self.queued = self.queued + cost(value)
end

local function problem_of(row, code)
  return (select(2, core.fail_op(row.number, code)))
end

local function notify(self)
  local waiter = self.waiter
  if not waiter then return end
  loop.wake(waiter)
  self.waiter = nil -- now: where that lacked memory it is told once more
end

--- Takes out who waits for the next completion.
function Multishot:leave()
  self.waiter = nil
end

--- What it is to wait for it.
---@return string
function Multishot:describe()
  return self.row.name
end

local function finish(self, problem)
  self.done, self.problem = true, problem
  notify(self)
end

local function restart(self)
  local refused, id = self.start_again()
  if refused then
    return finish(self, problem_of(self.row, refused))
  end
  self.id, self.live = id, true
  self.pausing, self.paused = false, false
  reserve(self)
end

-- The op shall end, but the loop goes on.  Where a completion comes all the
-- same, the kernel may have missed the cancel before.
local function pause(self)
  if not self.pausing and self.queued < self.high_water then return end
  self.pausing = loop.post("cancel", self.id)
end

-- What becomes of one completion.
local function take(self, value, extra, final)
  if final and is_over(self, value) then return finish(self) end
  local stopped = self.pausing and extra == errno.ECANCELED
  if value == nil and extra ~= errno.ENOBUFS and not stopped then
    return finish(self, problem_of(self.row, extra))
  end
  if value ~= nil then
    put(self, value, extra)
    notify(self)
  end
  if not final then
    reserve(self)
    pause(self)
  elseif self.row.result == "expired" then
    finish(self)
  elseif self.queued >= self.high_water // 2 then
    self.paused = true
  else
    restart(self)
  end
end

local function dispose(self, value)
  if not value then return end
  if self.keep then return self.keep(value) end
  if self.row.result == "fd" then system.close(value) end
  if self.row.result == "slot" then loop.post("close_direct", value) end
  if self.message then
    local received = unpack.recvmsg(value, self.message)
    local fds = unpack.rights(received and received.control or "")
    for _, fd in ipairs(fds) do system.close(fd) end
  end
end

-- What the coroutine of an op does, up to the final completion: even where
-- something fails here, what still comes has to be taken.
local function pump(self)
  while true do
    local value, extra = loop.park()
    local final = value == nil or extra & MORE == 0
    -- where there was no memory for a value, more may come
    if final then self.live = value == nil and extra == errno.ENOMEM end
    if self.closed then
      dispose(self, value)
      if final then return end
      loop.post("cancel", self.id) -- it was missed
    else
      local last = self.last
      local ok, problem = pcall(take, self, value, extra, final)
      if not ok then
        -- what has yielded two calls deep may make calls as deep: the loop
        -- ends first, then the rest is tried
        self.closed, self.done, self.problem = true, true, problem
        if self.waiter then loop.wake(self.waiter) end
        self.waiter = nil
        if self.last == last then dispose(self, value) end
        if not final then loop.post("cancel", self.id) end
      end
      if final and self.done then return end
    end
  end
end

local function next_value(self)
  loop.check()
  while self.first > self.last do
    if self.waiter then
      error(self.row.name .. ": another task waits for what comes next", 2)
    elseif self.done then
      if self.problem then error(self.problem, 2) end
      return nil
    end
    self.waiter = coroutine.running()
    loop.wait(self)
  end
  local first = self.first
  self.first = first + 1
  local value, flags = self.values[first], self.flags[first]
  self.values[first], self.flags[first] = nil, nil
  self.queued = self.queued - cost(value)
  if self.paused and self.queued < self.high_water // 2 then
    restart(self)
  end
  return value, flags
end

function Multishot:__close()
  self.closed, self.done = true, true
  if self.live then loop.post("cancel", self.id) end
  for place = self.first, self.last do dispose(self, self.values[place]) end
  notify(self) -- who waits for what comes next hears that it is over
end

local function new(row)
  local self = setmetatable({
    row = row, values = {}, flags = {}, first = 1, last = 0,
    pump = coroutine.create(pump), waiter = nil,
    id = false, live = false, -- the op, and whether it may be in flight
    closed = false, done = false, problem = false,
    start_again = false, fd = false, message = false,
    queued = 0, -- what the values in the queue cost
    high_water = HIGH_WATER, -- how much that may be
    keep = false, -- a function that gets what nobody took
    pausing = false, paused = false, -- told to end; ended, to go on later
  }, Multishot)
  reserve(self)
  -- from here on it waits, with all the stack that it needs
  local ok, problem = resume(self.pump, self)
  if not ok then error(problem, 0) end
  return self
end

--- Makes the function that starts a multishot row and iterates over it.
---@param row table of core.ops
---@return function
return function(row)
  return function(a, b, c, d, e)
    loop.check_can_wait("uring.op." .. row.name)
    local bound = loop.current("uring.op." .. row.name).bound
    local self, start_for = new(row), bound.start_for[row.name]
    self.fd = a
    if row.args[2].kind == "msgout" then self.message = b end
    function self.start_again() return start_for(self.pump, a, b, c, d, e) end
    local refused, id = start_for(self.pump, a, b, c, d, e)
    if refused then error(problem_of(row, refused), 2) end
    self.id, self.live = id, true
    return next_value, self, nil, self
  end
end
