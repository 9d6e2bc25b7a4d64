--- The queries of one run on one channel, and who waits for their answers.
-- While queries are out, a coroutine that is no task polls the channel's
-- descriptor.  When nobody waits any more, it goes, and so does what is out:
-- an exchange leaves nothing in the ring.
local core = require "uring.core"
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
    thread = false, -- what polls
    is_closed = false,
  }, Exchange)
end

-- Polling

-- Hands the answers that have come to those who wait.
local function deliver(self)
  local channel = self.channel
  for query in channel.finished, channel do
    local wait = self.waiting[query]
    if wait then
      self.waiting[query] = nil
      loop.wake(wait.thread)
    end
  end
end

local function poll(self)
  local channel, thread = self.channel, running()
  local fd = channel:fileno()
  while self.thread == thread and fd do
    local mask, message = op.poll_add(fd, POLLIN)
    if self.thread ~= thread then return end
    if not mask then error(message, 0) end
    channel:process()
    deliver(self)
    fd = channel:fileno()
  end
end

local function wake_all(self, problem)
  for _, wait in pairs(self.waiting) do
    wait.problem = problem
    loop.wake(wait.thread)
  end
  self.waiting = {}
end

-- Nobody resumes a coroutine that has failed: those who wait are told.
local function drive(self)
  local ok, problem = pcall(poll, self)
  if self.thread ~= running() then return end
  self.thread = false
  if not ok then wake_all(self, problem) end
end

local function start_polling(self)
  if self.thread then return end
  self.thread = coroutine.create(function() drive(self) end)
  loop.ready(self.thread)
end

local function stop_polling(self)
  local thread, scheduler = self.thread, self.scheduler
  self.thread = false
  if not thread or not loop.live[scheduler] then return end
  pcall(scheduler.interrupt, scheduler, { thread })
  if scheduler ~= current then
    pcall(scheduler.ring.submit, scheduler.ring)
  end
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

-- What is still out then, nobody waits for.
local function rest(self)
  stop_polling(self)
  local channel = self.channel
  if channel:is_ours() then
    channel:cancel()
    deliver(self)
  end
  self:on_rest()
end

function Wait:__close()
  local exchange = self.exchange
  if self.query then exchange.waiting[self.query] = nil end
  local thread = exchange.line:pop()
  if thread and loop.live[exchange.scheduler] then return loop.wake(thread) end
  exchange.count = exchange.count - 1
  if exchange.count == 0 then rest(exchange) end
end

--- As a place to wait at: who is interrupted asks no more.
function Wait:leave()
  self.exchange.waiting[self.query] = nil
end

--- What it is to wait for it.
---@return string
function Wait:describe()
  return self.what
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
  if query:answer() then -- at once
    deliver(self)
    return query:answer()
  end
  self.waiting[query] = wait
  start_polling(self)
  if not loop.wait(wait) then return "TIMEOUT" end
  if wait.problem then error(wait.problem, 0) end
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
    problem = false,
  }, Wait)
  if not enter(self) then return "TIMEOUT" end
  local _wait <close> = wait
  return ask(self, wait, start)
end

--- Closes the channel: whoever waits is told "CLOSED".
function Exchange:close()
  self.is_closed = true
  stop_polling(self)
  self.channel:close()
  wake_all(self, false)
  local thread = self.line:pop()
  while thread do
    self.count = self.count + 1
    loop.wake(thread)
    thread = self.line:pop()
  end
end

return Exchange
