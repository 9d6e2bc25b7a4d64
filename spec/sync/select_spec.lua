--- A select: just one of several things happens, the first that can; the
-- others have lost nothing.
local histories = require "spec.sync.histories"
local leaks = require "spec.support.leaks"
local sync = require "uring.sync"
local uring = require "uring"
local within = require "spec.support.within"

leaks.watch()

local ETIMEDOUT = uring.errno.ETIMEDOUT

local function select_of(cases)
  return table.pack(sync.select(cases))
end

-- Starts a task that selects, and notes what it gets.
local function start(notes, cases)
  local task = uring.spawn(function()
    local result = table.pack(pcall(sync.select, cases))
    table.insert(notes, result[1]
      and table.pack(table.unpack(result, 2, result.n)) or result[2])
  end)
  uring.yield()
  return task
end

describe("a select of what is ready", function()
  it("takes the first in the list, and nothing of the others", function()
    within.run(function()
      local a, b = sync.channel(1), sync.channel(1)
      local event, promise = sync.event(), sync.promise()
      a:send("x")
      event:set()
      promise:resolve(1, nil)
      assert.same({ n = 2, 1, true }, select_of { { b, "send", "y" },
        { a, "recv" }, { event } })
      assert.equal(1, #a)
      assert.same({ n = 2, 2, "x" }, select_of { { b, "send", "z" },
        { a, "recv" }, { event } })
      assert.same({ n = 2, 1, true }, select_of { { event }, { b, "recv" } })
      assert.equal(1, #b)
      assert.same({ n = 3, 2, 1, nil },
        select_of { { a, "recv" }, { promise } })
      assert.same({ n = 2, 1, "y" }, select_of { { b, "recv" }, { promise } })
    end)
  end)

  it("lets nobody else run", function()
    within.run(function()
      local event, ran = sync.event(), false
      event:set()
      uring.spawn(function() ran = true end)
      sync.select { { event } }
      assert.is_false(ran)
    end)
  end)

  it("serves those that wait at a channel", function()
    within.run(function()
      local channel, got = sync.channel(), nil
      uring.spawn(function() got = channel:recv() end)
      uring.spawn(function() channel:send("from a sender") end)
      uring.yield()
      uring.yield()
      assert.equal("from a sender", got)
      uring.spawn(function() got = channel:recv() end)
      uring.yield()
      assert.same({ n = 2, 1, true }, select_of { { channel, "send", nil } })
      uring.yield()
      assert.is_nil(got)
      uring.spawn(function() channel:send(nil) end)
      uring.yield()
      assert.same({ n = 3, 1, nil, true }, select_of { { channel, "recv" } })
    end)
  end)

  it("gives what a closed channel gives", function()
    within.run(function()
      local channel = sync.channel()
      channel:close("broken")
      assert.same({ n = 3, 1, nil, "broken" },
        select_of { { channel, "recv" } })
      assert.same({ n = 4, 1, nil, "closed", uring.errno.ECLOSED },
        select_of { { channel, "send", 1 } })
      channel = sync.channel()
      channel:close()
      assert.same({ n = 2, 1, nil }, select_of { { channel, "recv" } })
    end)
  end)

  it("gives the results of a task, and raises its error", function()
    within.run(function()
      uring.scope(function(scope)
        local event, problem = sync.event(), {}
        local done = scope:spawn(function() return 1, nil end)
        local failed = scope:async(error, problem)
        uring.yield()
        assert.same({ n = 3, 2, 1, nil }, select_of { { event }, { done } })
        assert.same({ n = 2, false, problem },
          table.pack(pcall(sync.select, { { event }, { failed } })))
      end)
    end)
  end)

  it("raises what a promise was rejected with", function()
    within.run(function()
      local promise, problem = sync.promise(), {}
      promise:reject(problem)
      local ok, raised = pcall(sync.select, { { promise } })
      assert.is_false(ok)
      assert.is_true(rawequal(problem, raised))
    end)
  end)
end)

describe("a select that waits", function()
  it("is woken by the first of all", function()
    within.run(function()
      local a, b = sync.channel(), sync.channel(1)
      b:send("full")
      local event, promise = sync.event(), sync.promise()
      local go = sync.event()
      local task = uring.spawn(function()
        go:wait()
        return "done", nil
      end)
      local cases = { { a, "recv" }, { b, "send", "x" }, { event },
        { promise }, { task } }
      local notes = {}
      for _ = 1, 5 do start(notes, cases) end
      a:send(false)
      uring.yield()
      assert.equal("full", b:recv())
      uring.yield()
      assert.same({ { n = 2, 1, false }, { n = 2, 2, true } }, notes)
      go:set()
      histories.settle()
      for i = 3, 5 do assert.same({ n = 3, 5, "done", nil }, notes[i]) end
      assert.equal("x", b:recv())
      assert.equal("uring.Channel (0 of 0)", tostring(a))
      assert.equal("uring.Channel (0 of 1)", tostring(b))
      assert.equal("uring.Event (not set)", tostring(event))
      assert.equal("uring.Promise (pending)", tostring(promise))
    end)
  end)

  it("is woken by an event, and by a promise", function()
    within.run(function()
      local event, promise, notes = sync.event(), sync.promise(), {}
      start(notes, { { event }, { promise } })
      event:set()
      uring.yield()
      event:clear()
      start(notes, { { event }, { promise } })
      promise:resolve("x", nil)
      uring.yield()
      assert.same({ { n = 2, 1, true }, { n = 3, 2, "x", nil } }, notes)
    end)
  end)

  it("raises what a promise is rejected with, and a task fails with", function()
    within.run(function()
      uring.scope(function(scope)
        local event, promise, notes = sync.event(), sync.promise(), {}
        local task = scope:async(function()
          uring.yield()
          error("broken", 0)
        end)
        start(notes, { { event }, { task } })
        start(notes, { { event }, { promise } })
        promise:reject("rejected")
        histories.settle()
        table.sort(notes)
        assert.same({ "broken", "rejected" }, notes)
      end)
    end)
  end)

  it("is woken by the end of a channel", function()
    within.run(function()
      local a, b, notes = sync.channel(), sync.channel(), {}
      start(notes, { { a, "recv" }, { b, "send", 1 } })
      start(notes, { { b, "send", 1 }, { a, "recv" } })
      a:close("broken")
      start(notes, { { sync.channel(), "recv" }, { b, "send", 1 } })
      b:close()
      uring.yield()
      assert.same({ { n = 3, 1, nil, "broken" }, { n = 3, 2, nil, "broken" },
        { n = 4, 2, nil, "closed", uring.errno.ECLOSED } }, notes)
    end)
  end)

  it("happens once, though all its cases come in the same tick", function()
    within.run(function()
      local a, b = sync.channel(), sync.channel()
      local event, notes = sync.event(), {}
      start(notes, { { a, "recv" }, { b, "recv" }, { event } })
      assert.is_true(a:try_send("a"))
      assert.is_nil(b:try_send("b"))
      event:set()
      uring.yield()
      assert.same({ { n = 2, 1, "a" } }, notes)
    end)
  end)

  it("happens once, though a task ends in the same tick", function()
    within.run(function()
      local channel, notes = sync.channel(), {}
      local go = sync.event()
      local task = uring.spawn(function()
        go:wait()
        channel:try_send("x")
        return "task"
      end)
      uring.yield()
      start(notes, { { task }, { channel, "recv" } })
      go:set()
      histories.settle()
      assert.same({ { n = 2, 2, "x" } }, notes)
      start(notes, { { task }, { channel, "recv" } })
      assert.same({ n = 2, 1, "task" }, notes[2])
    end)
  end)

  it("happens once, though a task has ended before in the same tick", function()
    within.run(function()
      local channel, go, notes = sync.channel(), sync.event(), {}
      local task = uring.spawn(function() go:wait() end)
      local sent
      uring.spawn(function()
        go:wait()
        sent = channel:try_send("x")
      end)
      uring.yield()
      local selecting = uring.spawn(function()
        table.insert(notes, select_of { { channel, "recv" }, { task } })
        local before = uring.now()
        uring.sleep(0.003)
        assert.is_true(uring.now() - before >= 0.003) -- not woken again
      end)
      uring.yield()
      go:set()
      selecting:await()
      assert.same({ sent and { n = 2, 1, "x" } or { n = 1, 2 } }, notes)
    end)
  end)

  it("waits at a channel for both its ends, but not for itself", function()
    within.run(function()
      local channel, notes = sync.channel(), {}
      local both = { { channel, "send", "mine" }, { channel, "recv" } }
      start(notes, both)
      assert.same({}, notes)
      assert.is_true(channel:try_send("yours"))
      assert.is_nil(channel:try_recv())
      uring.yield()
      assert.same({ { n = 2, 2, "yours" } }, notes)
      start(notes, both)
      assert.equal("mine", channel:try_recv())
      assert.is_nil(channel:try_send("x"))
      uring.yield()
      assert.same({ n = 2, 1, true }, notes[2])
      start(notes, both)
      start(notes, both) -- meets the other
      uring.yield()
      assert.same({ n = 2, 1, true }, notes[3])
      assert.same({ n = 2, 2, "mine" }, notes[4])
    end)
  end)

  it("keeps its place in line among those that wait for one thing", function()
    within.run(function()
      local channel, notes = sync.channel(), {}
      local event = sync.event()
      uring.spawn(function() table.insert(notes, (channel:recv())) end)
      uring.yield()
      start(notes, { { event }, { channel, "recv" } })
      uring.spawn(function() table.insert(notes, (channel:recv())) end)
      uring.yield()
      for i = 1, 3 do assert.is_true(channel:try_send(i)) end
      uring.yield()
      assert.same({ 1, { n = 2, 2, 2 }, 3 }, notes)
    end)
  end)

  it("may hold the same thing twice", function()
    within.run(function()
      local channel, notes = sync.channel(), {}
      start(notes, { { channel, "recv" }, { channel, "recv" } })
      assert.equal("uring.Channel (0 of 0, 2 receiving)", tostring(channel))
      channel:send("x")
      assert.is_nil(channel:try_send("y"))
      uring.yield()
      assert.same({ { n = 2, 1, "x" } }, notes)
    end)
  end)

  it("leaves all lines when it is cancelled", function()
    within.run(function()
      local a, b = sync.channel(), sync.channel()
      local event, promise = sync.event(), sync.promise()
      local other = uring.spawn(event.wait, event)
      local task = uring.spawn(sync.select, { { a, "recv" },
        { b, "send", "lost" }, { event }, { promise }, { other } })
      uring.yield()
      task:cancel()
      assert.equal("uring.Channel (0 of 0)", tostring(a))
      assert.is_nil(a:try_send("x"))
      assert.is_nil(b:try_recv())
      event:set()
      promise:resolve()
      assert.is_false(task:result())
      assert.equal("cancelled", task:status())
    end)
  end)

  it("has happened where it is cancelled after that", function()
    within.run(function()
      local channel, notes = sync.channel(), {}
      local event = sync.event()
      local task = start(notes, { { event }, { channel, "recv" } })
      assert.is_true(channel:try_send("x"))
      task:cancel()
      uring.yield()
      assert.same({ { n = 2, 2, "x" } }, notes)
    end)
  end)

  it("is as if it had not been where the task is cancelled before", function()
    within.run(function()
      local event, ended = sync.event(), false
      event:set()
      local task = uring.spawn(function()
        pcall(uring.sleep, 60)
        ended = not pcall(sync.select, { { event } })
      end)
      uring.yield()
      task:cancel()
      task:result()
      assert.is_true(ended)
    end)
  end)
end)

describe("a select with a time limit", function()
  it("ends when it is over, and has lost nothing", function()
    within.run(function()
      local channel, event = sync.channel(), sync.event()
      local before = uring.now()
      assert.same({ n = 3, nil, "timeout", ETIMEDOUT },
        select_of { { channel, "send", "x" }, { event }, timeout = 0.01 })
      assert.is_true(uring.now() - before >= 0.01)
      assert.is_nil(channel:try_recv())
      assert.equal("uring.Event (not set)", tostring(event))
    end)
  end)

  it("does what is ready, even where there is no time", function()
    within.run(function()
      local event = sync.event()
      for _, seconds in ipairs { 0, -1 } do
        assert.same({ n = 3, nil, "timeout", ETIMEDOUT },
          select_of { { event }, timeout = seconds })
      end
      event:set()
      assert.same({ n = 2, 1, true }, select_of { { event }, timeout = 0 })
    end)
  end)

  it("may have all the time there is", function()
    within.run(function()
      local event, notes = sync.event(), {}
      start(notes, { { event }, timeout = math.huge })
      event:set()
      uring.yield()
      assert.same({ { n = 2, 1, true } }, notes)
    end)
  end)

  it("is not ended again by a time limit that comes too late", function()
    within.run(function()
      local channel, notes = sync.channel(), {}
      local task = uring.spawn(function()
        table.insert(notes, select_of { { channel, "recv" }, timeout = 0.05 })
        uring.timeout(0.1, function()
          table.insert(notes, select_of { { channel, "recv" } })
        end)
      end)
      uring.yield()
      channel:send("x")
      task:await()
      assert.same({ { n = 2, 1, "x" } }, notes)
    end)
  end)

  it("ends once, though its task's time is over in the same tick", function()
    within.run(function()
      local channel = sync.channel()
      for _ = 1, 10 do
        local at, tasks = uring.now() + 0.002, {}
        for _, early in ipairs { true, false } do
          tasks[#tasks + 1] = uring.spawn(function()
            local left = at - uring.now()
            uring.timeout(early and left or left + 0.0001, function()
              sync.select { { channel, "recv" }, timeout = left }
            end)
            local before = uring.now()
            uring.sleep(0.003)
            assert.is_true(uring.now() - before >= 0.003) -- not woken again
          end)
        end
        for _, task in ipairs(tasks) do task:await() end
      end
    end)
  end)
end)

describe("a select", function()
  it("does not wait where it is told so", function()
    within.run(function()
      local channel = sync.channel(1)
      local would_wait = { n = 3, nil, "would wait", uring.errno.EAGAIN }
      assert.same(would_wait, select_of { { channel, "recv" }, default = true })
      assert.same(would_wait, select_of { default = true })
      channel:send("x")
      assert.same({ n = 2, 1, "x" },
        select_of { { channel, "recv" }, default = true })
    end)
  end)

  it("passes over cases that are false", function()
    within.run(function()
      local event, notes = sync.event(), {}
      start(notes, { false, { event }, false })
      event:set()
      uring.yield()
      assert.same({ { n = 2, 2, true } }, notes)
      assert.same({ n = 2, 2, true }, select_of { false, { event } })
    end)
  end)

  it("refuses what it does not know", function()
    within.run(function()
      local channel = sync.channel()
      for message, cases in pairs {
        ["no case, and no timeout"] = {},
        ["bad case 1 (table expected, got userdata)"] = { io.stdout },
        ["bad case 2 (table expected, got nil)"] = { false, nil, false },
        ["bad case 1 ('recv' or 'send' expected)"] = { { channel, "receive" } },
        ["bad case 2 ('recv' or 'send' expected)"] = { false, { channel } },
        ["bad case 1 (channel, event, promise or task expected, got nil)"] =
          { {} },
        ["bad case 1 (channel, event, promise or task expected, got table)"] =
          { { sync.mutex() } },
        ["bad case 1 (a task cannot wait for its own end)"] =
          { { uring.self() } },
        ["bad option 'timeout' (seconds expected)"] =
          { { channel, "recv" }, timeout = "1" },
        ["bad option 'time'"] = { { channel, "recv" }, time = 1 },
        ["bad option '0'"] = { [0] = { channel, "recv" } },
      } do
        local _, raised = pcall(function() sync.select(cases) end)
        assert.equal("sync.select: " .. message,
          raised:match("^spec/sync/select_spec.lua:%d+: (.*)$"))
      end
      local _, raised = pcall(function() sync.select() end)
      assert.matches("^spec/sync/select_spec.lua:%d+: sync.select: bad "
        .. "argument 'cases' %(table expected%)$", raised)
      assert.equal("uring.Channel (0 of 0)", tostring(channel))
    end)
    local _, raised = pcall(function() sync.select {} end)
    assert.matches("sync.select needs uring.run", raised)
  end)
end)
