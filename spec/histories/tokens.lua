--- Tasks that are cancelled and run out of time share what there is only so
-- much of.
--   no more than one holds a mutex, and it is free in the end
--   a semaphore has its permits back
--   what is sent into a channel is received once, or still in it
local sync = require "uring.sync"
local uring = require "uring"

local random = math.random
local PERMITS = 2

local function pause()
  if random(2) == 1 then uring.yield() else uring.sleep(random(3) / 1000) end
end

local uses = {}

function uses.mutex(shared)
  local _guard <close> = shared.mutex:lock()
  assert(not shared.inside, "two hold a mutex")
  shared.inside = true
  local _leave <close> = setmetatable({}, { __close = function()
    shared.inside = false
  end })
  pause()
end

function uses.semaphore(shared)
  local _guard <close> = shared.semaphore:acquire()
  shared.holders = shared.holders + 1
  local _leave <close> = setmetatable({}, { __close = function()
    shared.holders = shared.holders - 1
  end })
  assert(shared.holders <= PERMITS, "more permits than there are")
  pause()
end

function uses.send(shared)
  shared.number = shared.number + 1
  local value = shared.number
  shared.state[value] = "offered"
  local sent = shared.channel:send(value)
  if sent and shared.state[value] == "offered" then
    shared.state[value] = "sent"
  end
end

function uses.receive(shared)
  local value = shared.channel:recv()
  if value == nil then return end
  assert(shared.state[value] ~= "received", "a value came twice")
  shared.state[value] = "received"
end

local NAMES = { "mutex", "semaphore", "send", "receive" }

local function task(shared)
  for _ = 1, random(4) do
    local use = uses[NAMES[random(4)]]
    if random(3) == 1 then
      uring.timeout(random(3) / 1000, use, shared)
    else
      uring.timeout(0.05, use, shared)
    end
    pause()
  end
end

local function check(shared)
  assert(shared.mutex:try_lock(), "a mutex is held by nobody")
  assert(shared.semaphore:try_acquire(PERMITS), "a permit is lost")
  shared.channel:close()
  for value in shared.channel:iter() do
    assert(shared.state[value] ~= "received", "a value came twice")
    shared.state[value] = "received"
  end
  for value, state in pairs(shared.state) do
    assert(state ~= "sent", "value " .. value .. " was sent, and is lost")
  end
end

return {
  faults = { late = 0.5 },
  run = function()
    local shared = {
      mutex = sync.mutex(), semaphore = sync.semaphore(PERMITS),
      channel = sync.channel(random(0, 2)), number = 0, state = {},
      inside = false, holders = 0,
    }
    uring.scope(function(scope)
      local tasks = {}
      for i = 1, 6 do tasks[i] = scope:spawn(task, shared) end
      for _ = 1, random(4) do
        pause()
        tasks[random(6)]:cancel("chance")
      end
    end)
    check(shared)
  end,
}
