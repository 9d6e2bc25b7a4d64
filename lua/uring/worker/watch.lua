--- What the parent of workers waits for, in a run that ends when something
-- has happened; it is dealt with when the ring is closed again.
local core = require "uring.core"
local loop = require "uring.loop"
local member = require "uring.worker.member"
local op = require "uring.op"
local Run = require "uring.runner"
local structured = require "uring.structured"
local system = require "uring.system"

local ENTRIES = 32
local TEXT_SIZE = 4096 -- bytes of an error message
local NS = 1000000000

local watch = {}

local function next_time(self)
  local due = math.huge
  for _, each in ipairs(self.members) do
    if each.kill_at then due = math.min(due, each.kill_at) end
    if not each.is_ready then due = math.min(due, each.ready_at) end
  end
  for _, slot in ipairs(self.slots) do
    local waits = slot.wants_fresh or not slot.current
    if waits and not slot.is_done and not self.stopping then
      due = math.min(due, slot.due)
    end
  end
  return due
end

-- Reads what a worker tells, until it has all been told.
local function listen_to(each)
  local buffer = core.buffer(TEXT_SIZE)
  local count = op.read(each.pipe, buffer, -1)
  if not count or count == 0 then
    system.close(each.pipe)
    each.pipe = false
    return loop.sleep(math.huge)
  end
  each.text = each.text .. buffer:sub(1, count)
  return function(self)
    if member.understand(each.text) then self:is_ready(each) end
  end
end

local function wait_for_news(self, news)
  structured.scope(function(scope)
    local function on(wait)
      scope:spawn(function()
        local act = wait()
        if act then table.insert(news, act) end
        scope:cancel("there is news")
      end)
    end
    on(function()
      local name = self.signals:next()
      return name == "HUP" and self.hand_over or self.stop
    end)
    for _, each in ipairs(self.members) do
      if each.pipe then on(function() return listen_to(each) end) end
      on(function()
        each.child:wait()
        return function() self:ended(each) end
      end)
    end
    on(function() loop.sleep(next_time(self) - system.now() / NS) end)
  end)
end

--- Waits until something has happened to a crew, and calls its methods for
-- that: ended, is_ready, hand_over, stop.  Its times are its own business.
---@param crew uring.Crew
function watch.wait(crew)
  local news = {}
  Run.run({ entries = ENTRIES, sigint = "default" }, function()
    wait_for_news(crew, news)
  end)
  for _, act in ipairs(news) do act(crew) end
end

return watch
