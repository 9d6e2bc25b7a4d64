--- The queries of one run on one channel, and who waits for their answers.
-- One of those who wait leads: it polls the channel's descriptor for all.
-- When it has its own answer, or asks no more, another one leads.  So nothing
-- is in the ring that nobody waits for.
local core = require "uring.core"
local errno = require "uring.errno"
local loop = require "uring.loop"
local op = require "uring.op"
local Queue = require "uring.sync.queue"

local POLLIN = core.consts.POLLIN
local MOST = 64 -- queries at once: more would be more than sockets hold

local running = coroutine.running

local current -- the scheduler that runs

loop.on_switch(function(scheduler) current = scheduler end)

---@class uring.dns.Exchange
---@field channel userdata uring.cares.Channel
local Exchange = {}
Exchange.__index = Exchange

-- A wait for one answer: also the place where its coroutine waits.
local Wait = {}
Wait.__index = Wait

--- Makes an exchange for the run that runs.
---@param channel userdata
---@param on_rest fun(self: uring.dns.Exchange) called when nobody waits
---@return uring.dns.Exchange
function Exchange.new(channel, on_rest)
  return setmetatable({
    channel = channel, on_rest = on_rest, scheduler = current,
    waiting = {}, -- query -> Wait
    count = 0, -- of those that ask, but for
    line = Queue.new(), -- coroutines that are about to
    leader = false, -- a Wait
    is_closed = false,
  }, Exchange)
end

local function wake(wait)
  if not wait.is_waiting then return false end
  wait.is_waiting = false
  loop.wake(wait.thread)
  return true
end

-- Hands the answers that have come to those who wait.
local function deliver(self)
  local channel = self.channel
  for query in channel.finished, channel do
    local wait = self.waiting[query]
    self.waiting[query] = nil
    if wait then wake(wait) end
  end
end

-- Waits for one's own answer, and works for all until then.
local function lead(self, wait)
  local channel, query = self.channel, wait.query
  self.leader = wait
  while not query:answer() do
    local mask, _, code = op.poll_add(channel:fileno(), POLLIN)
    if self.is_closed then break end
    if not mask then
      return code == errno.ECANCELED and "TIMEOUT" or code
    end
    channel:process()
    deliver(self)
  end
  return query:answer()
end

local function await(self, wait)
  local query = wait.query
  self.waiting[query] = wait
  while not query:answer() do
    if not self.leader then return lead(self, wait) end
    wait.is_waiting = true
    if not loop.wait(wait) then return "TIMEOUT" end
  end
  return query:answer()
end

--- As a place to wait at: who is interrupted asks no more.
function Wait:leave()
  self.is_waiting = false
end

--- What it is to wait for it.
---@return string
function Wait:describe()
  return self.what
end

-- Whoever wakes without an answer leads.
local function find_leader(self)
  self.leader = false
  for _, wait in pairs(self.waiting) do
    if wake(wait) then return end
  end
end

-- What is still out then, nobody waits for.
local function rest(self)
  local channel = self.channel
  if channel:is_ours() then
    channel:cancel()
    deliver(self)
  end
  self:on_rest()
end

function Wait:__close()
  local exchange = self.exchange
  local is_live = loop.live[exchange.scheduler]
  if self.query then exchange.waiting[self.query] = nil end
  if exchange.leader == self and is_live then find_leader(exchange) end
  local thread = exchange.line:pop()
  if thread and is_live then return loop.wake(thread) end
  exchange.count = exchange.count - 1
  if exchange.count == 0 then rest(exchange) end
end

-- Asking

local function enter(self)
  if self.count < MOST then
    self.count = self.count + 1
    return true
  end
  self.line:push(running(), true)
  return loop.wait(self) -- who leaves hands its place over
end

--- As a place to wait at: takes a coroutine out of the line.
---@param thread thread
function Exchange:leave(thread)
  self.line:remove(thread)
end

--- What it is to wait for it.
---@return string
function Exchange.describe()
  return "dns: " .. MOST .. " queries are out"
end

local function ask(self, wait, start)
  loop.check()
  if self.is_closed then return "CLOSED" end
  local query, code = start(self.channel)
  if not query then return code end
  wait.query = query
  if not query:answer() then return await(self, wait) end
  deliver(self)
  return query:answer()
end

--- Asks, and waits for the answer.
---@param what string says what for: "resolve example.com"
---@param start fun(channel: userdata): userdata?, integer? starts the query
---@return string|integer status "SUCCESS", what went wrong, or an errno
---@return string|string[]|nil answer the server's bytes, or hosts
---@return integer? ttl of hosts
function Exchange:ask(what, start)
  local wait = setmetatable({
    exchange = self, what = what, thread = running(), query = false,
    is_waiting = false,
  }, Wait)
  if not enter(self) then return "TIMEOUT" end
  local _wait <close> = wait
  return ask(self, wait, start)
end

-- What polls a descriptor that is about to be closed.
local function stop_polling(self)
  local leader, scheduler = self.leader, self.scheduler
  if not leader or not loop.live[scheduler] then return end
  pcall(scheduler.interrupt, scheduler, { leader.thread })
  if scheduler ~= current then
    pcall(scheduler.ring.submit, scheduler.ring)
  end
end

--- Closes the channel: whoever waits is told "CLOSED".
function Exchange:close()
  self.is_closed = true
  stop_polling(self)
  self.channel:close()
  for _, wait in pairs(self.waiting) do wake(wait) end
  local thread = self.line:pop()
  while thread do
    self.count = self.count + 1
    loop.wake(thread)
    thread = self.line:pop()
  end
end

return Exchange
