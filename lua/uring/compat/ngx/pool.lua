--- Connections that wait for the next one to use them.
-- Pools belong to a run: what is idle in it at its end is closed.  An idle
-- connection has a task that waits for it to become readable: bytes that
-- nobody asked for, its end, or its time being over all close it.  Most are
-- used again at once, which is cheaper without: so that task begins a little
-- later.
local context = require "uring.compat.ngx.context"
local core = require "uring.core"
local errno = require "uring.errno"
local loop = require "uring.loop"
local op = require "uring.op"
local Queue = require "uring.sync.queue"
local ready = require "uring.ready"
local structured = require "uring.structured"
local Waiter = require "uring.sync.waiter"

local LATER = 0.01 -- seconds
local PEEK = core.consts.MSG_PEEK | core.consts.MSG_DONTWAIT

local peeked = core.buffer(1)

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
    is_minded = false, -- whether a task looks after those not yet watched
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

--- Whether a connection may be used again: nothing comes that nobody has
-- asked for.
---@param conn uring.Conn
---@return boolean
function Pool.is_quiet(conn)
  local _, _, code = op.recv(conn:fileno(), peeked, PEEK)
  return code == errno.EAGAIN
end

-- The idle one that was used last, of those that are quiet.
local function take_idle(self)
  local item = self.idle[#self.idle]
  while item do
    take_out(self, item)
    if item.thread then loop.interrupt(item.thread) end
    local ok, quiet = pcall(Pool.is_quiet, item.conn)
    if ok and quiet then return item end
    item.conn:close()
    self:leave()
    if not ok then error(quiet, 0) end
    item = self.idle[#self.idle]
  end
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
  local item = take_idle(self)
  if item then return item end
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
local function watch(self, item)
  if not item.is_idle then return end -- it was not for long
  item.thread = coroutine.running()
  local ok, problem = pcall(ready.wait_readable, item.conn, item.seconds)
  item.thread = false
  if item.is_idle then drop(self, item) end
  if not ok then error(problem, 0) end
end

local function begin_to_watch(self, item)
  item.is_watched = true
  context.home("ngx.socket.tcp"):daemon(watch, self, item)
end

local function list_unwatched(self)
  local found = {}
  for _, item in ipairs(self.idle) do
    if not item.is_watched then found[#found + 1] = item end
  end
  return found
end

-- Has those watched that are idle yet, until there are none.
local function mind(self)
  local items = list_unwatched(self)
  while items[1] do
    local ok, problem = pcall(loop.sleep, LATER)
    items = list_unwatched(self)
    for _, item in ipairs(items) do
      if ok then begin_to_watch(self, item) else drop(self, item) end
    end
    if not ok then
      self.is_minded = false
      error(problem, 0)
    end
  end
  self.is_minded = false
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
  item.is_idle, item.is_watched, item.thread = true, false, false
  item.seconds = seconds
  table.insert(self.idle, item)
  if seconds and seconds < LATER then
    begin_to_watch(self, item)
  elseif not self.is_minded then
    self.is_minded = true
    context.home("ngx.socket.tcp"):daemon(mind, self)
  end
end

return Pool
