--- SIGHUP to the parent of workers: others take over, and nobody notices.
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local server = require "spec.worker.server"
local uring = require "uring"
local within = require "spec.support.within"

local SOON = 8 -- seconds, more than anything here takes

leaks.watch()

-- Connects again and again until it is told to end, and counts.
local function visit(running)
  local visits = { count = 0, failed = 0, over = false, pids = {} }
  visits.task = uring.spawn(function()
    while not visits.over do
      local conn, message = uring.connect("127.0.0.1", running.port)
      local pid
      if conn then
        pid, message = server.ask(conn, "pid")
        conn:close()
      end
      visits.count = visits.count + 1
      if pid then
        visits.pids[pid] = true
      else
        visits.failed = visits.failed + 1
        visits.message = message or "the end of the stream"
      end
    end
  end)
  return visits
end

-- Waits until none of some processes lives.
local function await_gone(running, pids)
  process.await("the end of the old workers", function()
    local alive = server.workers(running)
    for pid in pairs(pids) do
      if alive[pid] then return false end
    end
    return true
  end, SOON)
end

describe("a hand-over", function()
  it("replaces all workers, and refuses and loses no connection", function()
    local running <close> = server.start(2)
    within.run(function()
      local first = server.await(running, 2)
      local visits = { visit(running), visit(running), visit(running) }
      for _, each in ipairs(visits) do
        process.await("visits", function() return each.count > 5 end)
      end
      for _ = 1, 3 do
        local before = server.await(running, 2)
        running:signal "HUP"
        await_gone(running, before)
      end
      local last = server.await(running, 2)
      for _, each in ipairs(visits) do
        local count = each.count
        process.await("more visits", function()
          return each.count > count + 10
        end)
        each.over = true
        each.task:await()
        assert.equal(0, each.failed, each.message)
        assert.is_true(each.count > 20)
        local seen_first, seen_last = false, false
        for pid in pairs(each.pids) do
          seen_first = seen_first or first[pid]
          seen_last = seen_last or last[pid]
        end
        assert.is_truthy(seen_first and seen_last)
      end
    end)
    running:signal "TERM"
    assert.equal("", running:wait(SOON).err)
  end)

  it("leaves the old ones time for what they have begun", function()
    local running <close> = server.start(1)
    within.run(function()
      local old <close> = server.connect(running)
      local pid = server.ask(old, "pid")
      running:signal "HUP"
      process.await("a new worker", function()
        return server.ask_once(running, "pid") ~= pid
      end)
      assert.equal("slept", server.ask(old, "sleep"))
      assert.equal("true", process.await("drain", function()
        local answer = server.ask(old, "draining")
        return answer == "true" and answer
      end))
      assert.equal(pid, server.ask(old, "pid"))
      old:close()
      await_gone(running, { [pid] = true })
      assert.equal(1, server.size(server.workers(running)))
    end)
  end)

  it("serves who came while the old one stopped to listen", function()
    local result = process.run { process.LUA, "-e", [[
      local uring = require "uring"
      local listener = assert(uring.worker.listen "127.0.0.1:0")
      local where = listener:sockname()
      uring.worker.run(1, function()
        local server = uring.spawn(function()
          for conn in listener:iter() do
            conn:write "served"
            conn:close()
          end
        end)
        uring.sleep(0.01) -- it waits
        local client = assert(uring.blocking(uring.connect, where))
        print(listener:close(), listener:closed(), listener:accept())
        print(client:settimeout(5):read())
        print(server:await())
        client:close()
      end)
    ]] }
    assert.same({ code = 0, err = "",
      out = "true\ttrue\tnil\tclosed\t-1\nserved\n\n" }, result)
  end)

  it("cuts what takes longer than the grace", function()
    local running <close> = server.start(1, "{ grace = 0.2 }")
    within.run(function()
      local old <close> = server.connect(running)
      local pid = server.ask(old, "pid")
      running:signal "HUP"
      assert.is_nil((old:read()))
      await_gone(running, { [pid] = true })
      assert.is_not_nil(server.ask_once(running, "pid"))
    end)
  end)

  it("waits until the new one is ready", function()
    local gate <close> = process.folder()
    local running <close> = server.start(1, "{ ready_after = 60 }", ([[
      function before()
        while not io.open(%q) do uring.sleep(0.01) end
      end
    ]]):format(gate "open"))
    os.execute("touch " .. gate "open")
    within.run(function()
      local pid = server.ask_once(running, "pid")
      os.remove(gate "open")
      running:signal "HUP"
      server.await(running, 2)
      for _ = 1, 10 do assert.equal(pid, server.ask_once(running, "pid")) end
      os.execute("touch " .. gate "open")
      await_gone(running, { [pid] = true })
      assert.is_not_nil(server.ask_once(running, "pid"))
    end)
  end)

  it("keeps the old ones where the new ones fail", function()
    local gate <close> = process.folder()
    local running <close> = server.start(1, "{ max_failures = 2 }", ([[
      function before()
        if io.open(%q) then error("bad config", 0) end
      end
    ]]):format(gate "bad"))
    within.run(function()
      local pid = server.ask_once(running, "pid")
      os.execute("touch " .. gate "bad")
      running:signal "HUP"
      process.await("a report", function()
        return running:errors():find("worker 1 failed 2 times in a row: bad "
          .. "config; the one before it goes on\n", 1, true)
      end)
      assert.equal(pid, server.ask_once(running, "pid"))
      os.remove(gate "bad")
      running:signal "HUP"
      await_gone(running, { [pid] = true })
      assert.is_not_nil(server.ask_once(running, "pid"))
    end)
  end)

  it("may begin again before it has ended", function()
    local gate <close> = process.folder()
    local running <close> = server.start(1, "{ ready_after = 60 }", ([[
      function before()
        while io.open(%q) do uring.sleep(0.01) end
      end
    ]]):format(gate "shut"))
    within.run(function()
      local pid = server.ask_once(running, "pid")
      os.execute("touch " .. gate "shut")
      running:signal "HUP"
      local middle = server.await(running, 2)
      middle[pid] = nil
      running:signal "HUP"
      process.await("a third", function()
        local set = server.workers(running)
        set[pid], set[next(middle)] = nil, nil
        return next(set)
      end)
      os.remove(gate "shut")
      await_gone(running, { [pid] = true, [next(middle)] = true })
      local last = server.ask_once(running, "pid")
      assert.is_nil(middle[last])
      assert.not_equal(pid, last)
    end)
  end)
end)
