--- A function that is called once, however many ask for it.
local loop = require "uring.loop"
local Queue = require "uring.sync.queue"
local words = require "uring.sync.words"

local running = coroutine.running

-- As a place to wait at: what the function that once returns knows.
local Once = {}
Once.__index = Once

-- It has failed: the one that waited longest tries again.
local function hand_over(self)
  self.holder = false
  local thread, task = self.queue:pop()
  if not thread then return end
  self.holder = task
  loop.wake(thread)
end

local function finish(self, ...)
  self.results = table.pack(...)
  self.holder, self.body = false, nil
  local thread = self.queue:pop()
  while thread do
    loop.wake(thread)
    thread = self.queue:pop()
  end
end

-- What it is worth while it runs: if it ends in an error, another's turn.
local Attempt = {}

function Attempt:__close()
  if not self.once.results then hand_over(self.once) end
end

local function attempt(self, ...)
  local _attempt <close> = setmetatable({ once = self }, Attempt)
  finish(self, self.body(...))
end

local function call(self, ...)
  if not self.results then
    loop.check_can_wait("once")
    local task = loop.task()
    if self.holder and self.holder == task then
      error("once: the function called itself", 2)
    end
    if self.holder then
      self.queue:push(running(), task)
      assert(loop.wait(self))
    else
      self.holder = task
    end
    if not self.results then attempt(self, ...) end
  end
  return table.unpack(self.results, 1, self.results.n)
end

--- Takes a coroutine out of the line.
---@param thread thread
function Once:leave(thread)
  self.queue:remove(thread)
end

--- What it is to wait for it.
---@return string
function Once:describe()
  return "once, which runs in " .. words.of(self.holder)
end

local once = {}

--- Makes a function that calls another at most once with success: who calls it
-- while another's call is under way waits for that.  A call that fails or is
-- cancelled concerns only its caller; the next in line calls the function
-- then, with its own arguments.
---@param body function
---@return fun(...): ... once returns what the call that succeeded returned
function once.new(body)
  if type(body) ~= "function" then
    words.bad_argument("sync.once", "body", "function", body)
  end
  local self = setmetatable({
    body = body, queue = Queue.new(), results = false,
    holder = false, -- the task that calls it at this time
  }, Once)
  return function(...) return call(self, ...) end
end

return once
