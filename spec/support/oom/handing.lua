--- What is handed over from task to task is free in the end, whoever failed.
local sync = require "uring.sync"
local uring = require "uring"

local after = require "spec.support.oom.after.run"

local mutex, limiter = sync.mutex(), sync.limiter(1)
local semaphore = sync.semaphore(2)
local pool = sync.pool(function() return {} end, { max = 1 })

local function work()
  mutex:with(uring.yield)
  limiter:with(uring.yield)
  local _guard <close> = semaphore:acquire(2)
  local _lease <close> = pool:get()
  uring.yield()
end

function attempt()
  uring.run(function()
    for _ = 1, 3 do uring.spawn(work) end
  end)
end

local function expect(text, object)
  assert(tostring(object) == text, tostring(object))
end

function verify(ok, lasting)
  after()
  if lasting and not ok then return end
  expect("uring.Mutex (free)", mutex)
  expect("uring.Limiter (0 of 1 held)", limiter)
  expect("uring.Semaphore (2 tokens)", semaphore)
  assert(pool.used == 0, tostring(pool))
end
