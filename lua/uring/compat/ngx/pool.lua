--- Connections that wait for the next one to use them.
-- Pools belong to a run: what is idle in it at its end is closed.  An idle
-- connection has a task that waits for it to become readable: bytes that
-- nobody asked for, its end, or its time being over all close it.
local context = require "uring.compat.ngx.context"
local loop = require "uring.loop"
local Queue = require "uring.sync.queue"
local ready = require "uring.ready"
local structured = require "uring.structured"
local Waiter = require "uring.sync.waiter"

local runs = setmetatable({}, { __mode = "k" }) -- scope -> its pools

---@class uring.ngx.Pool
local Pool = { __name = "uring.ngx.Pool" }
Pool.__index = Pool

local function pools_here()
  local home = context.home "ngx.socket.tcp"
  local pools = runs[home]
  if not pools then
    pools = {}
    runs[home] = pools
  end
  return pools
end

--- Finds a pool by its name.
---@param name string
---@return uring.ngx.Pool? pool nil where there is none; also outside of a run
function Pool.find(name)
  return loop.is_running() and pools_here()[name] or nil
end

--- Makes a pool.
---@param name string
---@param size integer so many connections may be idle
---@param backlog? integer so many may wait for one; nil: as many connections
--- as are wanted
---@return uring.ngx.Pool
function Pool.new(name, size, backlog)
  local pool = setmetatable({
    name = name, size = size, backlog = backlog or false,
    connections = 0, -- those in use, the idle ones, and who waits for one
    idle = {}, -- the one that was used last is last
    line = Queue.new(),
  }, Pool)
  pools_here()[name] = pool
  return pool
end

--- What it is to wait for it.
---@return string
function Pool:__tostring()
  return ("pool %s (%d connections, %d idle)"):format(self.name,
    self.connections, #self.idle)
end

local function take_out(self, item)
  for place = #self.idle, 1, -1 do
    if self.idle[place] == item then table.remove(self.idle, place) end
  end
  item.is_idle = false
end

local function wait_in_line(self)
  local waiter = Waiter.new(self.line, "a connection of ", self)
  loop.wait(waiter)
  return waiter.value
end

-- Whoever waits was counted already; it may not wait for ever.
local function wait_for_one(self, seconds)
  local ok, item, message = pcall(structured.timeout, seconds, wait_in_line,
    self)
  if ok and item then return item end
  self.connections = self.connections - 1
  if not ok then error(item, 0) end
  return nil, message
end

--- Asks for a connection.  Where there are as many as the pool may have, this
-- waits for one.
---@param seconds number that it may wait
---@return table|true|nil item what put was given, or true: make a new one
---@return string? message
function Pool:get(seconds)
  local item = self.idle[#self.idle]
  if item then
    take_out(self, item)
    if item.thread then loop.interrupt(item.thread) end
    return item
  end
  local backlog, size = self.backlog, self.size
  if not backlog or self.connections < size then
    self.connections = self.connections + 1
    return true
  elseif self.connections >= size + backlog then
    return nil, "too many waiting connect operations"
  end
  self.connections = self.connections + 1
  return wait_for_one(self, seconds)
end

--- One of its connections is there no more: the next may make one.
function Pool:leave()
  self.connections = self.connections - 1
  local waiter = self.line:pop()
  if waiter then waiter:succeed(true) end
end

local function drop(self, item)
  take_out(self, item)
  item.conn:close()
  self:leave()
end

-- What ends the wait of an idle connection, but that it is used again, ends
-- the connection.
local function watch(self, item, seconds)
  if not item.is_idle then return end -- it was not for long
  item.thread = coroutine.running()
  local ok, problem = pcall(ready.wait_readable, item.conn, seconds)
  item.thread = false
  if item.is_idle then drop(self, item) end
  if not ok then error(problem, 0) end
end

--- Takes a connection back, to be used again.
---@param item table with the field conn
---@param seconds? number that it may be idle; nil: for ever
function Pool:put(item, seconds)
  local waiter = self.line:pop()
  if waiter then
    self.connections = self.connections - 1 -- one has waited, one was used
    return waiter:succeed(item)
  end
  if #self.idle >= self.size then drop(self, self.idle[1]) end
  item.is_idle, item.thread = true, false
  table.insert(self.idle, item)
  context.home("ngx.socket.tcp"):daemon(watch, self, item, seconds)
end

return Pool
