--- Where nothing can wake anyone, the report names what each task waits for.
local leaks = require "spec.support.leaks"
local sync = require "uring.sync"
local uring = require "uring"

leaks.watch()

-- What the report says of the tasks that a body spawns.
local function report_of(body)
  local ok, message = pcall(uring.run, body)
  assert.is_false(ok)
  assert.matches("^deadlock: ", message)
  return message
end

-- A name stands for its task, which is "task 7 reader".
local function assert_waits(expected, message)
  for name, place in pairs(expected) do
    local pattern = ("\n  task %%d+ %s %%(waiting%%): ([^\n]*) at "
      .. "spec/sync/deadlock_spec.lua:%%d+"):format(name)
    local found = message:match(pattern)
    assert.equal(place, found and found:gsub("task %d+ ", ""), message)
  end
end

local function spawn(name, body, ...)
  local task = uring.spawn(body, ...)
  task.name = name
  return task
end

describe("a deadlock", function()
  it("of two tasks and two mutexes says who holds what", function()
    local function take(first, second)
      local _first <close> = first:lock()
      uring.yield()
      local _second <close> = second:lock()
    end
    assert_waits({ one = "mutex held by two", two = "mutex held by one" },
      report_of(function()
        local a, b = sync.mutex(), sync.mutex()
        spawn("one", take, a, b)
        spawn("two", take, b, a)
      end))
  end)

  it("names whatever one waits for", function()
    local message = report_of(function()
      local mutex, limiter = sync.mutex(), sync.limiter(1)
      local event, promise = sync.event(), sync.promise()
      local condition = sync.condition(mutex)
      local pool = sync.pool(function() return "thing" end, { max = 1 })
      local once = sync.once(function() event:wait() end)
      local semaphore = sync.semaphore(1)
      spawn("holder", function()
        limiter:acquire()
        pool:get()
        event:wait()
      end)
      spawn("caller", function() once() end)
      uring.yield()
      spawn("a", function() semaphore:acquire(2) end)
      spawn("b", function()
        mutex:lock()
        condition:wait()
      end)
      spawn("c", function() sync.channel(1):recv() end)
      spawn("d", function() sync.channel():send("x") end)
      spawn("e", function() promise:await() end)
      spawn("f", function() limiter:acquire() end)
      spawn("g", function() pool:get() end)
      spawn("h", function() once() end)
      spawn("i", function()
        sync.select { { sync.channel(), "send", 1 }, { event } }
      end)
      uring.yield()
    end)
    assert_waits({
      holder = "uring.Event (not set, 3 waiting)",
      caller = "uring.Event (not set, 3 waiting)",
      a = "semaphore with 1 token, the first in line wants 2",
      b = "condition, for somebody to notify",
      c = "receive from uring.Channel (0 of 1, 1 receiving)",
      d = "send to uring.Channel (0 of 0, 1 sending)",
      e = "uring.Promise (pending, 1 waiting)",
      f = "limiter held by holder",
      g = "pool, all 1 lent",
      h = "once, which runs in caller",
      i = "select of send to uring.Channel (0 of 0, 1 sending), "
        .. "uring.Event (not set, 3 waiting)",
    }, message)
  end)

  it("lets tasks clean up: what they wait for is free after that", function()
    local mutex = sync.mutex()
    local channel, event = sync.channel(), sync.event()
    report_of(function()
      mutex:lock()
      for _ = 1, 3 do uring.spawn(mutex.with, mutex, print) end
      uring.spawn(channel.recv, channel)
      uring.spawn(channel.send, sync.channel(), "x")
      local _unlock <close> = setmetatable({}, { __close = function()
        mutex:unlock()
      end })
      event:wait()
    end)
    assert.equal("uring.Mutex (free)", tostring(mutex))
    assert.equal("uring.Channel (0 of 0)", tostring(channel))
    assert.equal("uring.Event (not set)", tostring(event))
  end)
end)
