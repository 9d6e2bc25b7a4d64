--- Channels in random histories: what is sent is received once, in order, by
-- send and recv and by select, wherever senders and receivers are cancelled.
local histories = require "spec.sync.histories"
local leaks = require "spec.support.leaks"
local sync = require "uring.sync"

leaks.watch()

-- What became of each value, checked as it happens.
local function new_ledger()
  local ledger = { sent = {}, received = {}, last = {} }

  function ledger.send(channel, sender, serial)
    ledger.sent[sender .. ":" .. serial] = channel
  end

  function ledger.receive(channel, value, receiver)
    assert(value, "nothing was received, though nobody has closed it")
    assert(not ledger.received[value], "received twice: " .. value)
    ledger.received[value] = channel
    local sender, serial = value:match "^(%d+):(%d+)$"
    local last = ledger.last[channel] or {}
    ledger.last[channel] = last
    -- One that was woken with a value notes it when it runs, maybe after
    -- another that came later and did not wait: so it is each one's own order.
    local way = sender .. " to " .. receiver
    assert(not last[way] or last[way] < tonumber(serial),
      "received out of order: " .. value)
    last[way] = tonumber(serial)
  end

  function ledger.check(channels)
    for _, channel in ipairs(channels) do
      local value = channel:try_recv()
      while value do
        ledger.receive(channel, value, "the end")
        value = channel:try_recv()
      end
      assert(#channel.senders == 0 and #channel.receivers == 0,
        "nobody is left, and somebody waits at " .. tostring(channel))
    end
    for value, channel in pairs(ledger.sent) do
      assert(ledger.received[value], "lost: " .. value)
      assert(ledger.received[value] == channel, "received elsewhere: " .. value)
    end
    for value in pairs(ledger.received) do
      assert(ledger.sent[value], "received, and not sent: " .. value)
    end
  end

  return ledger
end

local function give_up(tasks, random)
  for _ = 1, 5 do histories.pause(random) end
  for _, task in ipairs(tasks) do task:cancel("the end") end
end

describe("a channel", function()
  for _, capacity in ipairs { 0, 1, 5 } do
    it(("with %d places loses and doubles nothing, in any history")
      :format(capacity), function()
        histories.each(function(random)
          local channel, ledger = sync.channel(capacity), new_ledger()
          local serials = 0
          local function step(number)
            if number % 2 == 0 then
              local value = channel:recv()
              return ledger.receive(channel, value, number)
            end
            serials = serials + 1
            local serial = serials
            if channel:send(number .. ":" .. serial) then
              ledger.send(channel, number, serial)
            end
          end
          return step, function() ledger.check { channel } end,
            function(tasks) give_up(tasks, random) end
        end)
      end)
  end

  it("and a select lose and double nothing, in any history", function()
    histories.each(function(random)
      local channels = { sync.channel(), sync.channel(1), sync.channel(3) }
      local event, ledger, serials = sync.event(), new_ledger(), 0
      local function some_case(number)
        local channel = channels[random(#channels)]
        if random(2) == 1 then return { channel, "recv" } end
        serials = serials + 1
        return { channel, "send", number .. ":" .. serials,
          serial = serials }
      end
      local function some_cases(number)
        local cases = { { event } }
        for _ = 1, random(4) do table.insert(cases, some_case(number)) end
        if random(4) == 1 then cases.timeout = random(20) / 10000 end
        cases.default = random(8) == 1
        return cases
      end
      local function step(number)
        if random(20) == 1 then
          event:set()
          return event:clear()
        end
        local cases = some_cases(number)
        local i, result = sync.select(cases)
        local case = cases[i]
        if not i or not case[2] then return end
        if case[2] == "recv" then
          ledger.receive(case[1], result, number)
        else
          ledger.send(case[1], number, case.serial)
        end
      end
      return step, function()
        ledger.check(channels)
        assert(#event.queue == 0, "nobody is left, and somebody waits")
      end, function(tasks) give_up(tasks, random) end
    end)
  end)
end)
