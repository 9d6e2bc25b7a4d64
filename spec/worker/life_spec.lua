--- worker.run: workers that serve, die, are started again, and end.
local children = require "spec.support.children"
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local server = require "spec.worker.server"
local uring = require "uring"
local within = require "spec.support.within"

local SOON = 8 -- seconds, more than anything here takes

leaks.watch()

-- Runs a script; what it writes, and how it ends.
local function run(script)
  return process.run { process.LUA, "-e", [[
    local uring = require "uring"
    local worker = uring.worker
  ]] .. script }
end

describe("workers", function()
  it("serve from several processes, each with its number", function()
    local running <close> = server.start(3)
    within.run(function()
      local pids = server.await(running, 3)
      local seen = {}
      process.await("all workers", function()
        local conn <close> = server.connect(running)
        local pid = server.ask(conn, "pid")
        assert.is_truthy(pids[pid])
        seen[tonumber(server.ask(conn, "index"))] = pid
        return #seen >= 1 and server.size(seen) >= 2
      end)
    end)
    running:signal "TERM"
    assert.same({ code = 0, err = "",
      out = ("port %d\nover\ttrue\ttrue\n"):format(running.port) },
      running:wait(SOON))
  end)

  it("share the connections, also those of a quiet time", function()
    local running <close> = server.start(2)
    within.run(function()
      local seen = {}
      process.await("both", function()
        seen[server.ask_once(running, "index")] = true
        return server.size(seen) == 2
      end)
      local counts, conns = { 0, 0 }, {}
      for i = 1, 20 do
        conns[i] = server.connect(running)
        local index = tonumber(server.ask(conns[i], "index"))
        counts[index] = counts[index] + 1
      end
      for _, conn in ipairs(conns) do conn:close() end
      assert.is_true(math.min(table.unpack(counts)) >= 4,
        table.concat(counts, " and "))
    end)
  end)

  it("whose functions have returned are not started again", function()
    local ended = run [[
      print(worker.run(2, function(index)
        uring.sleep(index / 20)
        io.write(index, "\n")
      end))
    ]]
    ended.out = ended.out:gsub("^2\n1\n", "1\n2\n") -- on a busy machine
    assert.same({ code = 0, err = "", out = "1\n2\ntrue\n" }, ended)
  end)

  it("do not write again what their parent had not written yet", function()
    assert.same({ code = 0, err = "", out = "once\nx\nx\ntwice\n" }, run [[
      io.write "once\n"
      worker.run(2, function() io.write "x\n" end)
      io.write "twice\n"
    ]])
  end)

  it("never return into their parent's code", function()
    assert.same({ code = 0, err = "", out = "x\nclosed\nend\n" }, run [[
      do
        local _guard <close> = setmetatable({}, {
          __close = function() print "closed" end })
        pcall(worker.run, 1, function() print "x" end)
      end
      print "end"
    ]])
  end)

  it("have random numbers of their own", function()
    local result = run [[
      math.randomseed(5)
      worker.run(4, function() print(math.random(1 << 60)) end)
    ]]
    local seen = {}
    for number in result.out:gmatch "%d+" do seen[number] = true end
    assert.equal(4, server.size(seen))
  end)

  it("are as many as there are processors, where that is wanted", function()
    local count = tonumber(process.capture "nproc")
    local script = [[worker.run("auto", function() print "x" end)]]
    assert.equal(("x\n"):rep(count), run(script).out)
    assert.equal("x\n", process.run { "taskset", "-c", "0", process.LUA, "-e",
      [[require "uring".worker.run("auto", function() print "x" end)]] }.out)
  end)

  it("may follow what has used a ring outside of a run", function()
    assert.same({ code = 0, err = "", out = "Name\nx\nName\n" }, run [[
      local function look()
        local file <close> = assert(uring.open "/proc/self/status")
        print(file:read(4))
      end
      look()
      worker.run(1, function() print "x" end)
      look()
    ]])
  end)

  it("have no descriptors of each other", function()
    local result = run [[
      local function count()
        -- popen has closed the other end by then
        local list <close> = io.popen "sleep 0.1; ls -l /proc/$PPID/fd"
        local text = list:read "a"
        local _, pipes = text:gsub("pipe:", "")
        local _, signals = text:gsub("signalfd", "")
        local _, pidfds = text:gsub("pidfd", "")
        return pipes, signals, pidfds
      end
      local before = count()
      worker.run(3, function(index)
        uring.sleep(index / 20)
        local pipes, signals, pidfds = count()
        print(pipes - before, signals, pidfds)
      end)
      print(count() - before)
    ]]
    assert.equal(("1\t1\t0\n"):rep(3) .. "0\n", result.out)
  end)
end)

describe("a worker that dies", function()
  it("harms no connection of the others, and is replaced", function()
    local running <close> = server.start(2)
    within.run(function()
      server.await(running, 2)
      local here, there = server.connect(running), nil
      local pid = server.ask(here, "pid")
      process.await("a connection of the other", function()
        there = server.connect(running)
        if server.ask(there, "pid") ~= pid then return true end
        there:close()
      end)
      os.execute("kill -KILL " .. pid)
      assert.is_nil((here:read()))
      assert.is_not_nil(server.ask(there, "pid"))
      local pids = server.await(running, 2)
      assert.is_nil(pids[pid])
      for _ = 1, 20 do assert.is_not_nil(server.ask_once(running, "pid")) end
      assert.is_not_nil(server.ask(there, "pid"))
      here:close()
      there:close()
    end)
    assert.matches("uring: worker %d %(pid %d+%) ended by KILL; the next one "
      .. "starts now\n", running:errors())
  end)

  it("says what its error was", function()
    local running <close> = server.start(1)
    within.run(function()
      assert.is_nil(server.ask_once(running, "fail"))
      process.await("another", function()
        return server.ask_once(running, "index") == "1"
      end)
    end)
    assert.matches("uring: worker 1: on purpose\n", running:errors())
    assert.matches("%) on purpose; the next one starts now\n",
      running:errors())
  end)

  it("too often ends all, with the error", function()
    local running <close> = server.start(2, "{ max_failures = 3 }", [[
      function before(index)
        if index == 2 then error("no luck", 0) end
      end
    ]])
    local start = uring.now()
    local result = running:wait(SOON)
    assert.equal(0, result.code)
    assert.matches("over\tfalse\tworker.run: worker 2 failed 3 times in a row: "
      .. "no luck", result.out)
    assert.matches("the next one starts now\n.*in 0.1 s\n", result.err)
    assert.is_true(uring.now() - start >= 0.1)
  end)

  it("starts again without a pause where it had lived for a while", function()
    local running <close> = server.start(1,
      "{ max_failures = 2, settle = 0 }")
    within.run(function()
      for _ = 1, 3 do
        local conn <close> = server.connect(running)
        assert.is_nil(server.ask(conn, "exit"))
      end
      assert.equal("1", server.ask_once(running, "index"))
    end)
    local _, times = running:errors():gsub("exited with 3; the next one "
      .. "starts now", "")
    assert.equal(3, times)
  end)
end)

-- Some user that has no other processes, and may load our modules.
local function user()
  local uid = 40000 + tonumber(process.capture "echo $$") % 20000
  return process.can_become(uid) and uid
end

describe("a worker that cannot be started again", function()
  it("is tried later, and the others go on", function()
    local uid = process.capture "command -v prlimit" ~= "" and user()
    if not uid then pending "needs root, prlimit and readable modules" end
    local running <close> = server.start(2, "{ backoff = 0.1 }", nil, uid)
    local function limit(processes)
      local become = "setpriv --reuid %d --regid %d --clear-groups "
      assert(os.execute((become .. "prlimit --pid %d --nproc=%d:")
        :format(uid, uid, running.pid, processes)))
    end
    within.run(function()
      local pids = server.await(running, 2)
      limit(1)
      os.execute("kill -KILL " .. next(pids))
      process.await("two tries", function()
        local _, tries = running:errors():gsub("worker %d cannot be started: "
          .. "fork: Resource temporarily unavailable; the next try is in 0.1 s",
          "")
        return tries >= 2
      end)
      assert.equal(1, server.size(server.workers(running)))
      assert.is_not_nil(server.ask_once(running, "pid"))
      limit(100)
      server.await(running, 2)
    end)
    running:signal "TERM"
    assert.equal(0, running:wait(SOON).code)
  end)
end)

describe("workers that are to end", function()
  for _, name in ipairs { "TERM", "INT" } do
    it("finish what they have begun, at SIG" .. name, function()
      local running <close> = server.start(2)
      within.run(function()
        local conn <close> = server.connect(running)
        assert(conn:write "sleep\n")
        assert.is_not_nil(server.ask_once(running, "index"))
        running:signal(name)
        assert.equal("slept", conn:read())
        assert.equal("true", server.ask(conn, "draining"))
        assert.equal(uring.errno.ECONNREFUSED,
          (select(3, uring.connect("127.0.0.1", running.port))))
        conn:close()
        assert.same({ code = 0, err = "",
          out = ("port %d\nover\ttrue\ttrue\n"):format(running.port) },
          running:wait(SOON))
      end)
    end)
  end

  it("are cancelled when their grace is over", function()
    local running <close> = server.start(1, "{ grace = 0.2 }")
    within.run(function()
      local conn <close> = server.connect(running)
      assert.equal("1", server.ask(conn, "index"))
      running:signal "TERM"
      assert.is_nil((conn:read()))
      assert.equal(0, running:wait(SOON).code)
    end)
  end)

  it("are killed where they do not even hear it", function()
    local running <close> = server.start(1, "{ grace = 0.1 }")
    within.run(function()
      local conn <close> = server.connect(running)
      assert(conn:write "spin\n")
      local pid = next(server.await(running, 1))
      process.await("a busy worker", function()
        return children.state(pid) == "R"
      end)
      running:signal "TERM"
      assert.equal(0, running:wait(SOON).code)
      assert.is_false(children.lives(pid))
    end)
  end)

  it("are killed at once where they are told again", function()
    local running <close> = server.start(1, "{ grace = 60 }")
    within.run(function()
      local conn <close> = server.connect(running)
      assert.equal("1", server.ask(conn, "index"))
      running:signal "TERM"
      assert.equal("true", process.await("drain", function()
        local answer = server.ask(conn, "draining")
        return answer == "true" and answer
      end))
      running:signal "TERM"
      assert.equal(0, running:wait(SOON).code)
      assert.is_nil((conn:read()))
    end)
  end)

  it("end with their parent", function()
    local running <close> = server.start(2)
    local pids = server.await(running, 2)
    os.execute("kill -KILL " .. running.pid)
    for pid in pairs(pids) do
      process.await("its end", function() return not children.lives(pid) end)
    end
  end)

  it("that neither listen nor ask are cancelled at once", function()
    local running <close> = process.lua { "-e", [[
      require "uring".worker.run(1, function()
        print "ready"
        io.stdout:flush()
        local _guard <close> = setmetatable({}, {
          __close = function() print "closed" end })
        require "uring".sleep(60)
      end)
    ]] }
    running:expect "ready"
    running:signal "TERM"
    assert.same({ code = 0, err = "", out = "ready\nclosed\n" },
      running:wait(SOON))
  end)

  it("may wait for that", function()
    local running <close> = process.lua { "-e", [[
      local worker = require "uring".worker
      worker.run(1, function()
        worker.ready()
        print("ready", worker.index(), worker.draining())
        io.stdout:flush()
        worker.wait_drain()
        print("end", worker.draining())
      end)
    ]] }
    running:expect "ready"
    running:signal "TERM"
    assert.same({ code = 0, err = "",
      out = "ready\t1\tfalse\nend\ttrue\n" }, running:wait(SOON))
  end)
end)
