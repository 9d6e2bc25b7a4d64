--- How child processes end: by themselves, by a signal, with their scope.
local blocking = require "uring.blocking"
local children = require "spec.support.children"
local leaks = require "spec.support.leaks"
local low = require "uring.ring"
local outside = require "spec.support.process"
local quiet = require "spec.support.quiet"
local rows = require "spec.support.rows"
local uring = require "uring"

local C = low.consts
local errno, process = uring.errno, uring.process

local SOON = 5 -- seconds, much less than what the children would take

leaks.watch()

-- Whether there is a process, or what is left of one.
local function exists(pid)
  return children.state(pid) ~= nil
end

-- A shell that has told that it is ready, after some commands.
local function shell(commands, options)
  options = options or {}
  options.stdout, options.stdin = "pipe", "pipe"
  local child = assert(process.spawn(
    commands .. "\necho ready\nwhile :; do sleep 0.01; done", options))
  assert.equal("ready", child.stdout:read())
  return child
end

local function sleeper(options)
  return assert(process.spawn({ "sleep", "60" }, options))
end

describe("waiting for a process", function()
  it("serves several tasks, and those that come later", function()
    quiet.run(function()
      local child, got = sleeper(), {}
      for i = 1, 3 do
        uring.spawn(function() got[i] = { child:wait() } end)
      end
      uring.yield()
      assert.is_true(child:kill "USR1")
      assert.same({ nil, "USR1", 10 }, { child:wait() })
      while #got < 3 do uring.yield() end
      for i = 1, 3 do assert.same({ nil, "USR1", 10 }, got[i]) end
      assert.same({ nil, "USR1", 10 }, { child:wait() })
      assert.is_false(exists(child.pid))
    end)
  end)

  it("can be cancelled, and leaves the process as it is", function()
    quiet.run(function()
      local child <close> = sleeper()
      local other
      uring.spawn(function() other = { child:wait() } end)
      assert.same({ nil, "timeout", errno.ETIMEDOUT },
        { uring.timeout(0.01, child.wait, child) })
      assert.is_true(exists(child.pid))
      child:kill "KILL"
      assert.same({ nil, "KILL", 9 }, { child:wait() })
      while not other do uring.yield() end
      assert.same({ nil, "KILL", 9 }, other)
    end)
  end)

  it("ends where another task closes it", function()
    quiet.run(function()
      local child, got = sleeper(), nil
      uring.spawn(function() got = { child:wait() } end)
      uring.yield()
      child:close()
      while not got do uring.yield() end
      assert.same({ nil, "TERM", 15 }, got)
    end)
  end)

  it("ends with closed where it lives on", function()
    quiet.run(function()
      local child, got = sleeper { kill_on_exit = false }, nil
      uring.spawn(function() got = { child:wait() } end)
      uring.yield()
      local pid = child.pid
      child:close()
      while not got do uring.yield() end
      assert.same({ nil, "closed", errno.ECLOSED }, got)
      assert.is_true(exists(pid))
      os.execute("kill -KILL " .. pid)
      outside.await("a zombie", function()
        return children.state(pid) == "Z"
      end)
      process.spawn({ "true" }):wait() -- reaps what was left
      assert.is_false(exists(pid))
    end)
  end)

  it("takes no child of anybody else", function()
    quiet.run(function()
      local pipe = io.popen "exit 5"
      assert.equal(0, process.spawn({ "true" }):wait())
      assert.same({ nil, "exit", 5 }, { pipe:close() })
    end)
  end)

  it("says so where somebody else has reaped it", function()
    if rows.is_newer "6.7" then pending "needs Linux 6.7" end
    quiet.run(function()
      local child = assert(process.spawn("exit 3",
        { kill_on_exit = false }))
      assert.is_true((uring.op.waitid(C.P_PID, child.pid, nil, C.WEXITED)))
      assert.same({ nil, "wait: No child processes", errno.ECHILD },
        { child:wait() })
      assert.same({ nil, "wait: No child processes", errno.ECHILD },
        { child:wait() })
    end)
  end)
end)

describe("a signal", function()
  it("goes to the process, by name or number", function()
    quiet.run(function()
      for signal, name in pairs { INT = "INT", [12] = "USR2" } do
        local child <close> = sleeper()
        assert.is_true(child:kill(signal))
        assert.equal(name, (select(2, child:wait())))
      end
      local child <close> = sleeper()
      assert.is_true(child:kill())
      assert.equal("TERM", (select(2, child:wait())))
    end)
  end)

  it("goes to nobody once it has ended", function()
    quiet.run(function()
      local child = assert(process.spawn { "true" })
      assert.equal(0, child:wait())
      assert.same({ nil, ("kill %d: No such process"):format(child.pid),
        errno.ESRCH }, { child:kill "TERM" })
    end)
  end)

  it("goes to all of its process group", function()
    quiet.run(function()
      local child <close> = assert(process.spawn(
        "sleep 60 & echo $!; echo $!; wait",
        { stdout = "pipe", pgroup = true }))
      local inner = child.stdout:read()
      assert.is_true(child:kill("KILL", true))
      assert.equal("KILL", (select(2, child:wait())))
      outside.await("the end of its child", function()
        return not children.lives(inner)
      end)
    end)
  end)

  it("that is none raises, as a group that it does not lead", function()
    quiet.run(function()
      local child <close> = sleeper()
      for _, signal in ipairs { "SIGTERM", "term", -1, 65, 1.5, {}, "9" } do
        assert.error_matches(function() child:kill(signal) end,
          "kill: bad argument 'signal' %(no signal '")
      end
      assert.error_matches(function() child:kill("TERM", true) end,
        "kill: bad argument 'group' %(it leads none: see pgroup%)")
    end)
  end)
end)

describe("the end of a scope", function()
  it("ends the processes that were started in it, and reaps them", function()
    quiet.run(function()
      local child
      uring.scope(function() child = sleeper() end)
      assert.is_false(exists(child.pid))
      assert.same({ nil, "TERM", 15 }, { child:wait() })
    end)
  end)

  it("ends them by the signal that was asked for", function()
    quiet.run(function()
      local child
      uring.scope(function()
        child = shell("trap 'exit 3' USR1", { signal = "USR1" })
      end)
      assert.equal(3, (child:wait()))
      child:close()
    end)
  end)

  it("kills one that ignores it, after its grace", function()
    quiet.run(function()
      local child
      local start = uring.now()
      uring.scope(function()
        child = shell("trap '' TERM", { grace = 0.1 })
      end)
      assert.same({ nil, "KILL", 9 }, { child:wait() })
      assert.is_true(uring.now() - start >= 0.1)
      assert.is_true(uring.now() - start < SOON)
      child:close()
    end)
  end)

  it("kills what is left of the group of one that has ended", function()
    quiet.run(function()
      local inner
      uring.scope(function()
        local child = assert(process.spawn("sleep 60 & echo $!",
          { stdout = "pipe", pgroup = true }))
        inner = child.stdout:read()
        assert.equal(0, child:wait())
        assert.is_true(exists(inner))
        child.stdout:close()
      end)
      outside.await("the end of its child", function()
        return not children.lives(inner)
      end)
    end)
  end)

  it("that is cancelled, or fails, ends them all the same", function()
    quiet.run(function()
      local child
      uring.timeout(0.02, function()
        child = sleeper()
        uring.sleep(60)
      end)
      assert.is_false(exists(child.pid))
      pcall(uring.scope, function()
        child = sleeper()
        uring.spawn(error, "on purpose")
        uring.sleep(60)
      end)
      assert.is_false(exists(child.pid))
      uring.scope(function(scope)
        scope:cancel()
        pcall(function() child = sleeper() end)
      end)
      assert.is_false(exists(child.pid))
    end)
  end)

  it("of the run does, also where the run fails", function()
    local pid
    pcall(quiet.run, function()
      pid = sleeper().pid
      error "on purpose"
    end)
    assert.is_false(exists(pid))
  end)

  it("takes no place from the tasks of a scope with a limit", function()
    quiet.run(function()
      uring.scope({ max = 1 }, function(scope)
        local ran = 0
        for _ = 1, 2 do sleeper() end
        for _ = 1, 2 do scope:spawn(function() ran = ran + 1 end) end
        uring.yield()
        assert.equal(2, ran)
        assert.equal(3, scope.max)
      end)
    end)
  end)

  it("leaves one alone that is to live on", function()
    quiet.run(function()
      local child
      uring.scope(function() child = sleeper { kill_on_exit = false } end)
      assert.is_true(exists(child.pid))
      child:kill "KILL"
      assert.same({ nil, "KILL", 9 }, { child:wait() })
    end)
  end)

  it("leaves what has been written to be read", function()
    quiet.run(function()
      local child
      uring.scope(function()
        child = assert(process.spawn("echo text", { stdout = "pipe" }))
        child:wait()
      end)
      assert.equal("text\n", child.stdout:read("a"))
      child:close()
    end)
  end)
end)

describe("a pipe", function()
  it("to one that reads no more says so, and kills nobody", function()
    quiet.run(function()
      local child <close> = assert(process.spawn("true",
        { stdin = "pipe" }))
      assert.equal(0, child:wait())
      local ok, message, code = child.stdin:write("lost")
      assert.same({ nil, errno.EPIPE }, { ok, code })
      assert.equal("stdin of true: Broken pipe", message)
    end)
  end)
end)

describe("closing a process", function()
  it("ends it, and the reads and writes of its pipes", function()
    quiet.run(function()
      local child, got = shell(""), nil
      uring.spawn(function() got = { child.stdout:read("a") } end)
      uring.yield()
      assert.is_true(child:close())
      assert.is_true(child:close())
      while not got do uring.yield() end
      assert.same({ nil, "closed", errno.ECLOSED }, got)
      assert.is_true(child:closed())
      assert.is_nil(child:fileno())
      assert.same({ nil, "TERM", 15 }, { child:wait() })
    end)
  end)

  it("by a <close> variable is done in a cancelled task too", function()
    quiet.run(function()
      local pid
      uring.timeout(0.02, function()
        local child <close> = shell("trap '' TERM", { grace = 0.05 })
        pid = child.pid
        uring.sleep(60)
      end)
      assert.is_false(exists(pid))
    end)
  end)

  it("tells how it is", function()
    quiet.run(function()
      local child <close> = sleeper()
      local function text() return (tostring(child):gsub("%d%d+", "N")) end
      assert.equal("uring.Process (sleep, pid N, running)", text())
      assert.equal("integer", math.type(child:fileno()))
      child:kill()
      child:wait()
      assert.equal("uring.Process (sleep, pid N, ended by TERM)", text())
      local other = assert(process.spawn("exit 3"))
      other:wait()
      assert.matches("^uring.Process %(exit 3, pid %d+, exited with 3%)$",
        tostring(other))
    end)
  end)

  it("forgotten outside of a run kills nobody, and is reaped", function()
    local pid = sleeper().pid
    collectgarbage()
    collectgarbage()
    assert.is_true(exists(pid))
    os.execute("kill -KILL " .. pid)
    outside.await("its end", function()
      return children.state(pid) == "Z"
    end)
    local child = assert(process.spawn { "true" })
    assert.is_false(exists(pid))
    child:wait()
    blocking.rest()
  end)
end)
