--- What tasks do with each other: wait in line, take turns, hand values over.
-- All of it is fair, first come first served; all may be cancelled wherever it
-- waits, without losing what others need; nothing polls or has a descriptor.
local Channel = require "uring.sync.channel"
local Condition = require "uring.sync.condition"
local Event = require "uring.sync.event"
local Limiter = require "uring.sync.limiter"
local Mutex = require "uring.sync.mutex"
local once = require "uring.sync.once"
local Pool = require "uring.sync.pool"
local Promise = require "uring.sync.promise"
local Semaphore = require "uring.sync.semaphore"

return {
  channel = Channel.new,
  condition = Condition.new,
  event = Event.new,
  limiter = Limiter.new,
  mutex = Mutex.new,
  once = once.new,
  pool = Pool.new,
  promise = Promise.new,
  select = require "uring.sync.select",
  semaphore = Semaphore.new,
}
