--- A pool: things that are costly to make, and used by one task at a time.
-- Who holds a lease has a place in the pool, and what was made for it: a place
-- is handed over as a mutex is, what lies idle is taken by whoever comes next.
local errno = require "uring.errno"
local loop = require "uring.loop"
local Lease = require "uring.sync.lease"
local Queue = require "uring.sync.queue"
local system = require "uring.system"
local turn = require "uring.sync.turn"
local words = require "uring.sync.words"

local MAX = 16 -- places, where the program does not say

---@class uring.Pool
---@field max integer how many there are at most
---@field used integer how many are lent at this time
local Pool = { __name = "uring.Pool" }
Pool.__index = Pool

local OPTIONS = {
  max = "number", idle = "number", check = "function", close = "function",
}

local function check_options(options)
  for name, value in pairs(options) do
    if type(value) ~= OPTIONS[name] then
      error(("sync.pool: bad option '%s'"):format(tostring(name)), 3)
    end
  end
end

local function seconds(idle)
  if idle >= 0 then return idle end -- and not NaN
  error("sync.pool: bad option 'idle' (seconds expected)", 3)
end

local function close_it(resource)
  local kind = type(resource)
  if (kind == "table" or kind == "userdata") and resource.close then
    resource:close()
  end
end

--- Makes a pool, which is empty.
---@param create fun(): any makes one, or returns nil, message, code
---@param options? table max = 16, how many there are at most, lent or idle;
--- idle = math.huge, for how many seconds one may lie unused; check, a function
--- that says whether one that lay idle is still fit for use; close, a function
--- that ends one (by default its method close, if it has one)
---@return uring.Pool
function Pool.new(create, options)
  if type(create) ~= "function" then
    words.bad_argument("sync.pool", "create", "function", create)
  end
  options = options == nil and {} or options
  if type(options) ~= "table" then
    words.bad_argument("sync.pool", "options", "table", options)
  end
  check_options(options)
  return setmetatable({
    create = create,
    max = words.integer("sync.pool", "max", options.max or MAX, 1),
    idle = seconds(options.idle or math.huge),
    check = options.check, close_one = options.close or close_it,
    used = 0, -- places that are taken
    -- what is idle: first came back longest ago, last is lent next
    resources = {}, since = {}, first = 1, last = 0,
    queue = Queue.new(), -- coroutines, which want a place
    is_closed = false,
  }, Pool)
end

-- What lies idle

local function take_out(self, at)
  local resource = self.resources[at]
  self.resources[at], self.since[at] = nil, nil
  return resource
end

local function put_idle(self, resource)
  local last = self.last + 1
  self.resources[last], self.since[last] = resource, system.now()
  self.last = last
end

local function take_idle(self)
  if self.last < self.first then return nil end
  self.last = self.last - 1
  return take_out(self, self.last + 1)
end

-- Ends one.  It is gone then, whatever its function raises.
local function destroy(self, resource)
  return pcall(self.close_one, resource)
end

local function drop_expired(self)
  if self.idle == math.huge then return end
  local oldest = system.now() - self.idle * 1e9
  while self.first <= self.last and self.since[self.first] < oldest do
    self.first = self.first + 1
    destroy(self, take_out(self, self.first - 1))
  end
end

-- Places

local function hand_over(self)
  local thread, place = self.queue:pop()
  place.is_there = true
  loop.wake(thread)
end

local function free_place(self)
  if #self.queue > 0 then return hand_over(self) end
  self.used = self.used - 1
end

local function is_fit(self, resource)
  if not self.check then return true end
  local ok, fit = pcall(self.check, resource)
  if ok and fit then return true end
  destroy(self, resource)
  if not ok then error(fit, 0) end
  return false
end

-- One that lay idle and is still fit, or a new one.
local function obtain(self)
  drop_expired(self)
  local resource = take_idle(self)
  while resource ~= nil do
    if is_fit(self, resource) then return resource end
    resource = take_idle(self)
  end
  return self.create()
end

-- A place that has nothing in it yet.
local Place = {}

function Place:__close()
  if not self.is_there then return end
  self.is_there = false
  free_place(self.pool)
end

--- Lends one: one that lies idle, or a new one, waiting while there are as
-- many as there may be.  Raises what the functions of the pool raise.
---@return uring.Lease? lease its field value is the thing; ends with a <close>
--- variable, and destroys the thing where that ends in an error
---@return any message what create returned beside nil; "closed"
---@return any code
function Pool:get()
  loop.check_can_wait("pool:get")
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  local free = setmetatable({ pool = self, is_there = false }, Place)
  if self.used < self.max then
    self.used, free.is_there = self.used + 1, true
  else
    turn.wait(self, self.queue, free)
  end
  local place <close> = free
  if self.is_closed then return nil, "closed", errno.ECLOSED end
  local resource, message, code = obtain(self)
  if resource == nil then return nil, message, code end
  local lease = Lease.new(self, resource)
  place.is_there = false -- it is the lease's
  return lease
end

local function judge(lease, ...)
  local first, message = ...
  if first == nil and message ~= nil then lease:taint() end
  return ...
end

--- Calls a function with one that the pool lends.  Where that raises, is
-- cancelled or returns nil and a message, the thing is destroyed.
---@param body fun(resource: any, ...): ...
---@param ... any further arguments
---@return any ... what it returns, or nil, message, code as get has it
function Pool:with(body, ...)
  local lease <close>, message, code = self:get()
  if not lease then return nil, message, code end
  return judge(lease, body(lease.value, ...))
end

--- A lease has ended, and gives back what it had: the lease calls it.
---@param resource any
---@param is_good boolean whether it may be used again
function Pool:_give_back(resource, is_good)
  if not is_good or self.is_closed
    or not pcall(put_idle, self, resource) then -- for want of memory
    destroy(self, resource)
  end
  pcall(drop_expired, self)
  free_place(self)
end

--- Closes the pool: what is idle is closed now, what is lent when it comes
-- back; whoever waits in get is told nil, "closed".  Once more is nothing.
-- Raises the first error of the pool's close function, after all are closed.
function Pool:close()
  if self.is_closed then return end
  self.is_closed = true
  -- a place beyond the last for each: they see that it is closed
  self.used = self.used + #self.queue
  for _ = 1, #self.queue do hand_over(self) end
  local failed, problem = false, nil
  local resource = take_idle(self)
  while resource ~= nil do
    local ok, raised = destroy(self, resource)
    if not ok and not failed then failed, problem = true, raised end
    resource = take_idle(self)
  end
  if failed then error(problem, 0) end
end

Pool.__close = Pool.close

--- As a place to wait at: takes a coroutine out of the line.
---@param thread thread
function Pool:leave(thread)
  self.queue:remove(thread)
end

--- What it is to wait for it.
---@return string
function Pool:describe()
  return ("pool, all %d lent"):format(self.max)
end

function Pool:__tostring()
  return ("%s (%d of %d lent, %d idle%s%s)"):format(Pool.__name, self.used,
    self.max, self.last - self.first + 1, words.waiting(self.queue),
    self.is_closed and ", closed" or "")
end

return Pool
