--- A run and the process that it is in: Ctrl-C and SIGQUIT, as stock Lua's
-- interpreter gets them; deadlocks, the watchdog, and the tree of tasks.
-- What happens at os.exit is in run_exit_spec.lua.
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local uring = require "uring"

leaks.watch()

local SIGINT, SIGQUIT = 2, 3

local PRELUDE = [[
local uring = require "uring"
local function say(...) print(...) io.stdout:flush() end
local function cleaner(name)
  return setmetatable({}, { __close = function()
    uring.shield(function()
      uring.sleep(0.001)
      say("cleaned up: " .. name)
    end)
  end })
end
]]

-- Starts a script whose signals are as at a terminal, or as 'signals' says.
local function start(script, signals)
  return process.start { "env", signals or "--default-signal=INT,QUIT",
    process.LUA, "-e", PRELUDE .. script }
end

local function lines(text)
  local list = {}
  for line in text:gmatch "[^\n]+" do list[#list + 1] = line end
  table.sort(list)
  return list
end

-- Runs a script that says "ready", sends it signals then, until it ends.
local function signalled(script, ...)
  local child <close> = start(script)
  child:expect "ready\n"
  for _, name in ipairs { ... } do child:signal(name) end
  return child:wait()
end

describe("Ctrl-C", function()
  it("cancels all tasks, which clean up, and is raised", function()
    local result = signalled([[
      print(pcall(uring.run, function()
        for i = 1, 2 do
          uring.spawn(function()
            local _guard <close> = cleaner("task " .. i)
            uring.sleep(60)
          end)
        end
        local _guard <close> = cleaner "main"
        uring.yield()
        say "ready"
        uring.sleep(60)
      end))
    ]], "INT")
    assert.same({ "cleaned up: main", "cleaned up: task 1",
      "cleaned up: task 2", "false\tinterrupted!", "ready" },
      lines(result.out))
    assert.same({ 0, "" }, { result.code, result.err })
  end)

  it("ends a program that catches nothing with a message", function()
    local result = signalled([[
      uring.run(function()
        say "ready"
        uring.sleep(60)
      end)
    ]], "INT")
    assert.equal(1, result.code)
    assert.matches("^[^\n]*lua5.4: interrupted!\n", result.err)
  end)

  it("is raised though a task has caught the cancellation", function()
    local result = signalled([[
      print(pcall(uring.run, function()
        say "ready"
        pcall(uring.sleep, 60)
        return "fine"
      end))
    ]], "INT")
    assert.equal("ready\nfalse\tinterrupted!\n", result.out)
  end)

  it("ends what waits for an op, too", function()
    local result = signalled([[
      print(pcall(uring.run, function()
        local listener <close> = uring.listen "127.0.0.1:0"
        uring.spawn(function()
          local conn <close> = uring.connect(listener:sockname())
          print(pcall(conn.read_some, conn))
        end)
        local conn <close> = listener:accept()
        say "ready"
        listener:accept()
      end))
    ]], "INT")
    assert.equal("ready\nfalse\turing: cancelled (scope run: interrupted)\n"
      .. "false\tinterrupted!\n", result.out)
  end)
end)

describe("a second Ctrl-C", function()
  it("ends the process, and shows what it did not wait for", function()
    local child <close> = start [[
      uring.run(function()
        uring.self().name = "stubborn"
        local _guard <close> = setmetatable({}, { __close = function()
          uring.shield(function()
            say "cleaning up"
            uring.sleep(60)
          end)
        end })
        say "ready"
        uring.sleep(60)
      end)
    ]]
    child:expect "ready\n"
    child:signal "INT"
    child:expect "cleaning up\n"
    child:signal "INT"
    local result = child:wait()
    assert.equal(SIGINT, result.signal)
    assert.matches("^uring: scope run %(1 task, cancelled%)\n"
      .. "  task 1 stubborn %(waiting%): sleep at ", result.err)
  end)

  it("ends a program where a task holds the loop", function()
    local child <close> = start [[
      uring.run(function()
        say "ready"
        while true do end
      end)
    ]]
    child:expect "ready\n"
    process.await("its end", function()
      if not child:is_alive() then return true end
      child:signal "INT"
    end)
    assert.same({ signal = SIGINT, out = "ready\n",
      err = "uring: interrupted, and a task holds the loop\n" }, child:wait())
  end)

  it("may be that of another run", function()
    local child <close> = start [[
      for round = 1, 3 do
        print(pcall(uring.run, function()
          say("ready " .. round)
          uring.sleep(60)
        end))
      end
    ]]
    for round = 1, 3 do
      child:expect("ready " .. round .. "\n")
      child:signal "INT"
    end
    local result = child:wait()
    assert.equal(0, result.code)
    assert.equal(3, select(2, result.out:gsub("false\tinterrupted!\n", "")))
  end)
end)

describe("Ctrl-C that comes", function()
  it("when the last task has run already is raised", function()
    -- popen leaves signals alone; os.execute has them ignored
    local result = process.run { "env", "--default-signal=INT", process.LUA,
      "-e", PRELUDE .. [[
        print(pcall(uring.run, function()
          io.popen("kill -INT $PPID"):close()
          return "fine"
        end))
        print(pcall(uring.run, function() return "fine" end))
      ]] }
    assert.same({ code = 0, out = "false\tinterrupted!\ntrue\tfine\n",
      err = "" }, result)
  end)

  it("after a run is the interpreter's again", function()
    for _, body in ipairs { "function() end", "error",
      "function() uring.blocking(uring.sleep, 0.001) end" } do
      local result = signalled(("pcall(uring.run, %s)"):format(body) .. [[
        say "ready"
        while true do end
      ]], "INT")
      assert.equal(1, result.code)
      assert.matches("lua5.4: .*interrupted!\n", result.err)
    end
  end)

  it("in a call that blocks the thread concerns the run around it",
    function()
      local result = signalled([[
        print(pcall(uring.run, function()
          uring.spawn(function()
            local _guard <close> = cleaner "another"
            uring.sleep(60)
          end)
          uring.yield()
          pcall(uring.blocking, function()
            local _guard <close> = cleaner "inside"
            say "ready"
            uring.sleep(60)
          end)
          uring.yield()
          say "never"
        end))
        print(uring.blocking(function() return uring.yield() or "as new" end))
      ]], "INT")
      assert.equal("ready\ncleaned up: inside\ncleaned up: another\n"
        .. "false\tinterrupted!\nas new\n", result.out)
    end)
end)

local function ignores(mask, number)
  return tonumber(mask, 16) & 1 << number - 1 ~= 0
end

describe("SIGINT", function()
  local WAITS = [[
    say "ready"
    uring.signal.wait "USR1"
    os.execute "grep SigIgn: /proc/self/status"
  ]]

  it("is ignored by \"ignore\", but not in children", function()
    local result = signalled("uring.run({ sigint = 'ignore' }, function() "
      .. WAITS .. " end)", "INT", "INT", "USR1")
    assert.same({ 0, "" }, { result.code, result.err })
    assert.is_false(ignores(result.out:match "SigIgn:%s*(%x+)", SIGINT))
  end)

  it("is the interpreter's with \"default\"", function()
    local result = signalled([[
      uring.run({ sigint = "default" }, function()
        say "ready"
        uring.sleep(60)
      end)
    ]], "INT")
    assert.equal(1, result.code)
    assert.matches("interrupted!", result.err)
  end)

  it("refuses other words", function()
    for _, word in ipairs { "", "Cancel", "SIGINT" } do
      assert.error_matches(function()
        uring.run({ sigint = word }, function() end)
      end, "run: bad option 'sigint'")
    end
  end)
end)

describe("SIGQUIT", function()
  it("prints what all tasks do, and the program goes on", function()
    local child <close> = start [[
      uring.run(function()
        uring.self().name = "main"
        uring.spawn(uring.sleep, 60).name = "sleeper"
        uring.spawn(function()
          for _ = 1, 2 do
            uring.signal.wait "USR1"
            say "going on"
          end
          os.exit(7)
        end)
        uring.yield()
        say "ready"
      end)
    ]]
    child:expect "ready\n"
    for round = 1, 2 do
      child:signal "QUIT"
      process.await("the tree", function()
        local _, count = child:errors():gsub("sleeper %(waiting%): sleep", "")
        return count == round
      end)
      child:signal "USR1"
      child:expect(("going on\n"):rep(round))
    end
    local result = child:wait()
    assert.equal(7, result.code)
    assert.matches("^uring: scope run %(1 task%)\n  task 1 main %(waiting%)",
      result.err)
    assert.matches("task %d+ %(waiting%): read fd %d+ at ", result.err)
  end)

  it("stays ignored where it was", function() -- so would SIGINT, but
    -- for the interpreter, which catches it before a script begins
    local child <close> = start([[
      uring.run(function()
        say "ready"
        uring.signal.wait "USR1"
        io.write(io.open "/proc/self/status":read "a")
      end)
    ]], "--ignore-signal=QUIT")
    child:expect "ready\n"
    child:signal "QUIT"
    child:signal "USR1"
    local result = child:wait()
    assert.same({ 0, "" }, { result.code, result.err })
    assert.is_true(ignores(result.out:match "SigIgn:%s*(%x+)", SIGQUIT))
  end)

  it("disturbs no call of the io library", function()
    local result = signalled([[
      uring.run(function()
        local slow = io.popen "sleep 0.3; echo hello"
        say "ready"
        print(slow:read())
        slow:close()
      end)
    ]], "QUIT")
    assert.equal("ready\nhello\n", result.out)
  end)
end)

describe("a deadlock", function()
  it("names who waits for what", function()
    local _, message = pcall(uring.run, function()
      local first, second
      first = uring.spawn(function() second:await() end)
      second = uring.spawn(function() first:await() end)
      first.name, second.name = "hen", "egg"
    end)
    assert.matches("^deadlock: 3 tasks are waiting, and nothing is in flight "
      .. "that could wake one:\n", message)
    assert.matches("\n  task %d+ hen %(waiting%): the end of task %d+ egg "
      .. "%(waiting%) at spec/run_spec.lua:%d+", message)
    assert.matches("\n  task %d+ egg %(waiting%): the end of task %d+ hen "
      .. "%(waiting%) at spec/run_spec.lua:%d+", message)
  end)

  it("lets the tasks clean up", function()
    local cleaned = 0
    local function wait_for_each_other()
      local first, second
      local function wait(other)
        local _guard <close> = setmetatable({}, { __close = function()
          uring.sleep(0) -- raises: it is being cancelled
        end })
        local _count <close> = setmetatable({}, { __close = function()
          uring.shield(uring.sleep, 0.001)
          cleaned = cleaned + 1
        end })
        other():await()
      end
      first = uring.spawn(wait, function() return second end)
      second = uring.spawn(wait, function() return first end)
    end
    assert.error_matches(function() uring.run(wait_for_each_other) end,
      "^deadlock: 3 tasks")
    assert.equal(2, cleaned)
  end)

  it("in what cannot be cancelled ends the run, too", function()
    local closed = false
    local ok, message = pcall(uring.run, function()
      local task
      task = uring.spawn(function()
        local _guard <close> = setmetatable({}, { __close = function()
          closed = true
        end })
        uring.shield(function() uring.spawn(function() task:await() end) end)
      end)
    end)
    assert.is_false(ok)
    assert.matches("^deadlock: ", message)
    assert.is_true(closed)
  end)

end)

describe("the watchdog", function()
  local HOG = [[
    local function hold()
      local enough = uring.now() + 0.3
      while uring.now() < enough do end
    end
    uring.run({ watchdog = 0.2 }, function()
      uring.spawn(function() uring.sleep(0.1) end).name = "innocent"
  ]]

  local function reports(script)
    return process.run { process.LUA, "-e", PRELUDE .. HOG .. script }.err
  end

  it("names a task that holds the loop, and where it waits then", function()
    assert.matches("^uring: task %d+ hog held the loop for "
      .. "%d+%.%d+ s; it is now at %(command line%):%d+\n$", reports [[
        uring.self().name = "hog"
        hold()
        uring.sleep(0.001)
      end)]])
  end)

  it("names a task that holds the loop, and has ended", function()
    assert.matches("^uring: task %d+ hog held the loop for "
      .. "%d+%.%d+ s; it is now at its end\n$", reports [[
        uring.spawn(hold).name = "hog"
      end)]])
  end)

  it("looks into generators", function()
    assert.matches("^uring: task %d+ hog held the loop for "
      .. "%d+%.%d+ s; it is now at %(command line%):%d+ in "
      .. "%(command line%):%d+\n$", reports [[
        uring.self().name = "hog"
        for _ in coroutine.wrap(function()
          uring.sleep(0.001)
          hold()
          uring.sleep(0.001)
        end) do end
      end)]])
  end)

  it("is silent otherwise, and after the run", function()
    assert.equal("", reports [[
      end)
      uring.run({ watchdog = 5 }, function()
        hold()
        uring.sleep(0.01)
      end)
      uring.run(hold)]])
  end)
end)

describe("the tree of tasks", function()
  it("shows scopes, names, states, ops and lines", function()
    local text
    uring.run(function()
      local listener <close> = assert(uring.listen "127.0.0.1:0")
      uring.self().name = "main"
      uring.scope({ name = "crawl" }, function(scope)
        local first = scope:spawn(function() listener:accept() end)
        local second = scope:spawn(function()
          for _ in coroutine.wrap(function() uring.sleep(60) end) do end
        end)
        first.name = "acceptor"
        assert.is_true(first:id() < second:id()) -- by which they are sorted
        uring.yield()
        scope:spawn(function() end).name = "fresh"
        text = uring.debug.tree()
        scope:cancel()
      end)
    end)
    text = text:gsub("fd %d+", "fd N"):gsub("task %d+", "task N")
      :gsub("spec/run_spec.lua:%d+", "LINE"):gsub("scope %d+", "scope N")
    assert.equal([[
scope run (1 task)
  task N main (running) at LINE
    scope crawl (3 tasks)
      task N acceptor (waiting): accept fd N at LINE
      task N (waiting): sleep at LINE in LINE
      task N fresh (new)]], text)
  end)

  it("shows how old a task is, from a second on", function()
    local text
    uring.run(function()
      local old = uring.spawn(uring.sleep, 60)
      old.name, old[2] = "old", old:born() - 2000000000
      local young = uring.spawn(uring.sleep, 60)
      young.name = "young"
      uring.yield()
      text = uring.debug.tree()
      old:cancel()
      young:cancel()
    end)
    assert.matches("task 2 old %(waiting%), 2%.%d s old: sleep", text)
    assert.matches("task 3 young %(waiting%): sleep", text)
  end)

  it("shows whom a connection waits for", function()
    local text, where
    uring.run(function()
      local listener <close> = assert(uring.listen "127.0.0.1:0")
      local conn <close> = assert(uring.connect(listener:sockname()))
      local other <close> = assert(listener:accept())
      where = tostring(other:sockname())
      local task = uring.spawn(conn.read, conn)
      uring.yield()
      text = uring.debug.tree()
      task:cancel()
    end)
    assert.matches("task %d+ %(waiting%): recv fd %d+ %(" .. where .. "%)",
      text)
  end)

  it("is that of a run", function()
    assert.error_matches(uring.debug.tree, "uring.debug.tree needs uring.run")
  end)
end)
