--- A channel: each value that was sent is received once, in order, and what
-- was not sent stays with its sender, wherever one is cancelled.
local leaks = require "spec.support.leaks"
local sync = require "uring.sync"
local uring = require "uring"
local within = require "spec.support.within"

leaks.watch()

local EAGAIN, ECLOSED = uring.errno.EAGAIN, uring.errno.ECLOSED

local function outcome(method, channel, ...)
  return table.pack(channel[method](channel, ...))
end

-- Starts a task that notes what a method returns, or that it was cancelled.
local function start(notes, method, channel, ...)
  local task = uring.spawn(function(...)
    local result = table.pack(pcall(channel[method], channel, ...))
    table.insert(notes, result[1]
      and table.pack(table.unpack(result, 2, result.n)) or "cancelled")
  end, ...)
  uring.yield()
  return task
end

describe("a channel without places", function()
  local channel, sent, received

  before_each(function()
    channel, sent, received = sync.channel(), {}, {}
  end)

  it("makes a sender wait for a receiver", function()
    within.run(function()
      start(sent, "send", channel, "x")
      assert.same({}, sent)
      assert.equal(0, #channel)
      assert.equal("x", channel:recv())
      uring.yield()
      assert.same({ { n = 1, true } }, sent)
    end)
  end)

  it("makes a receiver wait for a sender", function()
    within.run(function()
      start(received, "recv", channel)
      assert.same({}, received)
      assert.is_true(channel:send("x"))
      uring.yield()
      assert.same({ { n = 1, "x" } }, received)
    end)
  end)

  it("serves senders and receivers in the order in which they came", function()
    within.run(function()
      for i = 1, 3 do start(sent, "send", channel, i) end
      for i = 1, 3 do assert.equal(i, channel:recv()) end
      uring.yield()
      for _ = 1, 3 do start(received, "recv", channel) end
      for i = 1, 3 do assert.is_true(channel:send(i)) end
      uring.yield()
      assert.same({ { n = 1, 1 }, { n = 1, 2 }, { n = 1, 3 } }, received)
      assert.equal(3, #sent)
    end)
  end)

  it("carries every value, also nil and false", function()
    within.run(function()
      local values = { false, 0, "", {}, print, uring.self(), 0.5 }
      for _, value in ipairs(values) do
        start(sent, "send", channel, value)
        assert.same({ n = 1, value }, outcome("recv", channel))
        start(received, "recv", channel)
        channel:send(value)
        uring.yield()
        assert.same({ n = 1, value }, received[#received])
      end
    end)
  end)

  it("tells a nil that was sent from the end", function()
    within.run(function()
      start(sent, "send", channel, nil)
      assert.same({ n = 2, nil, true }, outcome("recv", channel))
      start(received, "recv", channel)
      channel:send(nil)
      uring.yield()
      assert.same({ n = 2, nil, true }, received[1])
      channel:close()
      assert.same({ n = 1, nil }, outcome("recv", channel))
    end)
  end)

  it("is tried without waiting", function()
    within.run(function()
      local would_wait = { n = 3, nil, "would wait", EAGAIN }
      assert.same(would_wait, outcome("try_send", channel, "x"))
      assert.same(would_wait, outcome("try_recv", channel))
      start(sent, "send", channel, "a")
      assert.same(would_wait, outcome("try_send", channel, "x"))
      assert.same({ n = 1, "a" }, outcome("try_recv", channel))
      assert.same(would_wait, outcome("try_recv", channel))
      start(received, "recv", channel)
      assert.same({ n = 1, true }, outcome("try_send", channel, false))
      uring.yield()
      assert.same({ { n = 1, false } }, received)
    end)
  end)

  it("leaves the value with a sender that is cancelled", function()
    within.run(function()
      local task = start(sent, "send", channel, "lost")
      start(sent, "send", channel, "kept")
      task:cancel()
      assert.same({ n = 1, "kept" }, outcome("try_recv", channel))
      assert.is_nil(channel:try_recv())
      uring.yield()
      assert.same({ "cancelled", { n = 1, true } }, sent)
    end)
  end)

  it("has sent what was taken before its sender was cancelled", function()
    within.run(function()
      local task = start(sent, "send", channel, "x")
      assert.equal("x", channel:recv())
      task:cancel()
      uring.yield()
      assert.same({ { n = 1, true } }, sent)
    end)
  end)

  it("gives nothing to a receiver that is cancelled", function()
    within.run(function()
      local task = start(received, "recv", channel)
      start(received, "recv", channel)
      task:cancel()
      assert.is_true(channel:send("x"))
      uring.yield()
      assert.same({ "cancelled", { n = 1, "x" } }, received)
    end)
  end)

  it("gives a value to a receiver that is cancelled after that", function()
    within.run(function()
      local task = start(received, "recv", channel)
      assert.is_true(channel:send("x"))
      task:cancel()
      uring.yield()
      assert.same({ { n = 1, "x" } }, received)
    end)
  end)

  it("takes nothing of a task that is being cancelled, and gives it nothing",
    function()
      within.run(function()
        start(received, "recv", channel)
        local ended = {}
        for _, method in ipairs { "send", "recv" } do
          local task = uring.spawn(function()
            pcall(uring.sleep, 60)
            ended[method] = not pcall(channel[method], channel, "x")
          end)
          uring.yield()
          task:cancel()
          task:result()
        end
        assert.same({ send = true, recv = true }, ended)
        assert.same({}, received)
        channel:close()
      end)
    end)

  it("forgets those whose time is over", function()
    within.run(function()
      local too_late = { n = 3, nil, "timeout", uring.errno.ETIMEDOUT }
      assert.same(too_late,
        table.pack(uring.timeout(0.001, channel.send, channel, "x")))
      assert.same(too_late,
        table.pack(uring.timeout(0.001, channel.recv, channel)))
      assert.equal("uring.Channel (0 of 0)", tostring(channel))
    end)
  end)
end)

describe("a channel with places", function()
  it("keeps that many values, in order", function()
    local channel = sync.channel(3)
    for i = 1, 3 do assert.is_true(channel:try_send(i)) end -- without a run
    assert.equal(3, #channel)
    assert.same({ n = 3, nil, "would wait", EAGAIN },
      outcome("try_send", channel, 4))
    assert.equal(1, channel:try_recv())
    channel:try_send(4)
    for i = 2, 4 do assert.equal(i, channel:try_recv()) end
    assert.equal(0, #channel)
  end)

  it("goes round and round", function()
    local channel = sync.channel(3)
    local next_in, next_out = 1, 1
    for i = 1, 100 do
      for _ = 1, i % 4 do
        if channel:try_send(next_in) then next_in = next_in + 1 end
      end
      for _ = 1, i % 3 do
        local value = channel:try_recv()
        if value then
          assert.equal(next_out, value)
          next_out = next_out + 1
        end
      end
      assert.equal(next_in - next_out, #channel)
    end
    assert.is_true(next_out > 50)
  end)

  it("keeps nil and false", function()
    local channel = sync.channel(4)
    channel:try_send(nil)
    channel:try_send(false)
    channel:try_send(nil)
    assert.equal(3, #channel)
    assert.same({ n = 2, nil, true }, outcome("try_recv", channel))
    assert.same({ n = 1, false }, outcome("try_recv", channel))
    assert.same({ n = 2, nil, true }, outcome("try_recv", channel))
    assert.equal(0, #channel)
  end)

  it("makes senders wait while it is full, and takes their values in order",
    function()
      within.run(function()
        local channel, sent = sync.channel(1), {}
        for i = 1, 3 do start(sent, "send", channel, i) end
        assert.equal(1, #sent)
        for i = 1, 3 do
          assert.equal(i, channel:recv())
          assert.equal(i < 3 and 1 or 0, #channel)
        end
        uring.yield()
        assert.equal(3, #sent)
      end)
    end)

  it("does not take the value of a sender that has gone", function()
    within.run(function()
      local channel, sent = sync.channel(1), {}
      local tasks = {}
      for i = 1, 3 do tasks[i] = start(sent, "send", channel, i) end
      tasks[2]:cancel()
      assert.equal(1, channel:recv())
      assert.equal(3, channel:recv())
      assert.is_nil(channel:try_recv())
    end)
  end)

  it("passes by its places where a receiver waits", function()
    within.run(function()
      local channel, received = sync.channel(1), {}
      start(received, "recv", channel)
      channel:send("a")
      assert.equal(0, #channel)
      channel:send("b")
      assert.equal(1, #channel)
      uring.yield()
      assert.same({ { n = 1, "a" } }, received)
    end)
  end)

  it("may have as many as one likes, and takes room for what is there",
    function()
      local channel = sync.channel(math.maxinteger)
      for i = 1, 1000 do channel:try_send(i) end
      for i = 1, 1000 do assert.equal(i, channel:try_recv()) end
      assert.is_nil(channel:try_recv())
    end)

  it("refuses what is no number of places", function()
    for _, capacity in ipairs { -1, 0.5, "1", math.huge, {} } do
      local _, message = pcall(function() sync.channel(capacity) end)
      assert.matches("^spec/sync/channel_spec.lua:%d+: sync.channel: bad "
        .. "argument 'capacity' %(integer from 0 on expected, got .+%)$",
        message)
    end
    assert.equal(2, sync.channel(2.0).capacity)
  end)
end)

describe("a closed channel", function()
  it("takes no values", function()
    within.run(function()
      for capacity = 0, 1 do
        local channel = sync.channel(capacity)
        assert.is_false(channel:closed())
        assert.is_true(channel:close())
        assert.is_true(channel:closed())
        local closed = { n = 3, nil, "closed", ECLOSED }
        assert.same(closed, outcome("send", channel, "x"))
        assert.same(closed, outcome("try_send", channel, "x"))
        assert.is_true(channel:close("again"))
        assert.same({ n = 1, nil }, outcome("recv", channel))
      end
    end)
  end)

  it("gives what it keeps, and then a bare nil", function()
    within.run(function()
      local channel = sync.channel(2)
      channel:send("a")
      channel:send(nil)
      channel:close()
      assert.same({ n = 1, "a" }, outcome("recv", channel))
      assert.same({ n = 2, nil, true }, outcome("recv", channel))
      assert.same({ n = 1, nil }, outcome("recv", channel))
      assert.same({ n = 1, nil }, outcome("try_recv", channel))
    end)
  end)

  it("wakes all that wait; the values of senders were not sent", function()
    within.run(function()
      local channel, sent, received = sync.channel(), {}, {}
      start(received, "recv", channel)
      start(received, "recv", channel)
      channel:close()
      uring.yield()
      assert.same({ { n = 1, nil }, { n = 1, nil } }, received)
      channel = sync.channel(1)
      for i = 1, 3 do start(sent, "send", channel, i) end
      channel:close()
      uring.yield()
      local closed = { n = 3, nil, "closed", ECLOSED }
      assert.same({ { n = 1, true }, closed, closed }, sent)
      assert.equal(1, channel:recv())
      assert.same({ n = 1, nil }, outcome("recv", channel))
    end)
  end)

  it("gives the error that it was closed with, after the values", function()
    within.run(function()
      local channel, received, problem = sync.channel(1), {}, {}
      channel:send("a")
      channel:close(problem)
      channel:close("another")
      assert.same({ n = 1, "a" }, outcome("recv", channel))
      assert.same({ n = 2, nil, problem }, outcome("recv", channel))
      assert.same({ n = 2, nil, problem }, outcome("try_recv", channel))
      channel = sync.channel()
      start(received, "recv", channel)
      channel:close("broken")
      uring.yield()
      assert.same({ { n = 2, nil, "broken" } }, received)
      assert.same({ n = 3, nil, "closed", ECLOSED },
        outcome("send", channel, 1))
    end)
  end)

  it("is closed by the end of a <close> variable, with the error", function()
    within.run(function()
      local channel = sync.channel()
      do local _channel <close> = channel end
      assert.same({ n = 1, nil }, outcome("recv", channel))
      for value, problem in pairs { oops = "oops", [true] = "true" } do
        local failed = sync.channel()
        pcall(function()
          local _channel <close> = failed
          error(value, 0)
        end)
        assert.same({ n = 2, nil, problem }, outcome("recv", failed))
      end
    end)
  end)

  it("cannot be closed with a boolean, which would look like a value",
    function()
      for _, value in ipairs { true, false } do
        local _, message = pcall(function() sync.channel():close(value) end)
        assert.matches("^spec/sync/channel_spec.lua:%d+: channel:close: bad "
          .. "argument 'problem' %(no boolean expected, got boolean%)$",
          message)
      end
    end)
end)

describe("a channel in a loop", function()
  it("gives the values until it is closed", function()
    within.run(function()
      local channel, found = sync.channel(), {}
      uring.spawn(function()
        for i = 1, 3 do channel:send(i) end
        channel:send(false)
        channel:close()
      end)
      for value in channel:iter() do table.insert(found, value) end
      assert.same({ 1, 2, 3, false }, found)
    end)
  end)

  it("raises what it was closed with, after the values", function()
    within.run(function()
      local problem = {}
      local channel, found = sync.channel(2), {}
      channel:send(1)
      channel:close(problem)
      local ok, raised = pcall(function()
        for value in channel:iter() do table.insert(found, value) end
      end)
      assert.is_false(ok)
      assert.is_true(rawequal(problem, raised))
      assert.same({ 1 }, found)
    end)
  end)

  it("raises where a nil was sent", function()
    within.run(function()
      local channel = sync.channel(1)
      channel:send(nil)
      local _, message = pcall(function()
        for _ in channel:iter() do error("not reached") end
      end)
      assert.matches("channel:iter: received a nil; use channel:recv for those",
        message)
    end)
  end)
end)

describe("a channel", function()
  it("makes nobody wait outside of a run", function()
    for _, method in ipairs { "send", "recv" } do
      local channel = sync.channel(1)
      local _, message = pcall(function() channel[method](channel) end)
      assert.matches("^spec/sync/channel_spec.lua:%d+: channel:" .. method
        .. " needs uring.run$", message)
    end
  end)

  it("says what it is", function()
    within.run(function()
      local channel = sync.channel(1)
      assert.equal("uring.Channel (0 of 1)", tostring(channel))
      local task = start({}, "recv", channel)
      assert.equal("uring.Channel (0 of 1, 1 receiving)", tostring(channel))
      task:cancel()
      for i = 1, 3 do start({}, "send", channel, i) end
      assert.equal("uring.Channel (1 of 1, 2 sending)", tostring(channel))
      channel:close()
      assert.equal("uring.Channel (1 of 1, closed)", tostring(channel))
    end)
  end)
end)
