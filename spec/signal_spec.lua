--- A task waits for a signal, which does nothing else meanwhile.
local blocking = require "uring.blocking"
local core = require "uring.core"
local leaks = require "spec.support.leaks"
local low = require "uring.ring"
local process = require "spec.support.process"
local uring = require "uring"
local within = require "spec.support.within"

leaks.watch()

-- The signals that are blocked in this process, as a bit mask.
local function blocked()
  local status <close> = assert(io.open("/proc/self/status"))
  return tonumber(status:read("a"):match("\nSigBlk:%s*(%x+)"), 16)
end

local function kill(name)
  assert(os.execute("kill -" .. name .. " " .. process.capture("echo $PPID")))
end

describe("waiting for a signal", function()
  it("gives its name, and who sent it", function()
    within.run(function()
      local name, info
      uring.spawn(function() name, info = uring.signal.wait("USR1") end)
      uring.yield()
      kill("USR1")
      while not name do uring.yield() end
      assert.equal("USR1", name)
      assert.equal("USR1", info.name)
      assert.equal(10, info.signo)
      assert.is_true(info.pid > 1)
      assert.equal(tonumber(process.capture("id -u")), info.uid)
    end)
  end)

  it("takes the one that comes of several", function()
    within.run(function()
      local got = {}
      for i, name in ipairs { "USR2", "WINCH", "HUP" } do
        uring.spawn(function()
          got[i] = uring.signal.wait("HUP", "USR2", "WINCH")
        end)
        uring.yield()
        kill(name)
        while not got[i] do uring.yield() end
      end
      assert.same({ "USR2", "WINCH", "HUP" }, got)
    end)
  end)

  it("lets other tasks run", function()
    within.run(function()
      local rounds, name = 0, nil
      uring.spawn(function() name = uring.signal.wait("USR1") end)
      for _ = 1, 100 do
        uring.yield()
        rounds = rounds + 1
      end
      assert.is_nil(name)
      kill("USR1")
      while not name do uring.yield() end
      assert.equal(100, rounds)
    end)
  end)

  it("leaves the signal as it was", function()
    local before = blocked()
    within.run(function()
      local name
      uring.spawn(function() name = uring.signal.wait("USR1", "USR2") end)
      uring.yield()
      assert.not_equal(before, blocked())
      kill("USR2")
      while not name do uring.yield() end
    end)
    assert.equal(before, blocked())
  end)

  it("leaves a signal blocked that was", function()
    local other = low.signalfd("USR1")
    local before = blocked()
    within.run(function()
      local name
      uring.spawn(function() name = uring.signal.wait("USR1") end)
      uring.yield()
      kill("USR1")
      while not name do uring.yield() end
    end)
    local after = blocked()
    core.unblock("USR1")
    low.close(other)
    assert.equal(before, after)
  end)

  it("leaves it as it was where the run fails", function()
    local before = blocked()
    pcall(uring.run, function()
      uring.spawn(uring.signal.wait, "USR1")
      uring.yield()
      error("on purpose")
    end)
    assert.equal(before, blocked())
  end)

  it("raises for a name that is none", function()
    local before = blocked()
    within.run(function()
      for _, name in ipairs { "SIGINT", "int", "KILL", "" } do
        assert.error_matches(function() uring.signal.wait(name) end,
          "^wait: bad argument 'name' "
          .. "%(no signal '" .. name .. "' that can be waited for%)$")
      end
      assert.error_matches(function() uring.signal.wait("USR1", "X") end,
        "wait: bad argument 'name' %(no signal 'X' ")
      assert.error_matches(function() uring.signal.wait("USR1", nil) end,
        "wait: bad argument 'name' %(no signal 'nil' ")
      assert.error_matches(function() uring.signal.wait() end,
        "wait: bad argument 'name' %(a name expected%)")
    end)
    assert.equal(before, blocked())
  end)

  it("outside of run raises, and leaves the signal alone", function()
    local before = blocked()
    assert.error_matches(function() uring.signal.wait("USR1") end,
      "needs uring.run")
    assert.equal(before, blocked())
  end)

  it("by two tasks at once serves both, and kills nobody", function()
    local script = [[
      local uring = require "uring"
      uring.run(function()
        local count = 0
        for _ = 1, 2 do
          uring.spawn(function()
            uring.signal.wait("USR1")
            count = count + 1
          end)
        end
        uring.yield()
        os.execute("kill -USR1 $PPID")
        while count < 2 do uring.yield() end
        print "both"
      end)
    ]]
    assert.same({ code = 0, out = "both\n", err = "" },
      process.run { process.LUA, "-e", script })
  end)

  it("gives it to those alone who want it", function()
    within.run(function()
      local got = {}
      local function wait(key, ...)
        local names = { ... }
        uring.spawn(function()
          got[key] = uring.signal.wait(table.unpack(names))
        end)
      end
      wait("a", "USR1", "USR2")
      wait("b", "USR1")
      wait("c", "USR2", "WINCH")
      uring.yield()
      kill("USR1")
      while not (got.a and got.b) do uring.yield() end
      for _ = 1, 10 do uring.yield() end
      assert.same({ a = "USR1", b = "USR1" }, got)
      kill("WINCH")
      while not got.c do uring.yield() end
      assert.equal("WINCH", got.c)
    end)
  end)

  it("ends with its time, and leaves the others theirs", function()
    local before = blocked()
    within.run(function()
      local name
      uring.spawn(function() name = uring.signal.wait("USR1") end)
      assert.same({ nil, "timeout", uring.errno.ETIMEDOUT },
        { uring.timeout(0.01, uring.signal.wait, "USR1") })
      assert.not_equal(before, blocked())
      kill("USR1")
      while not name do uring.yield() end
    end)
    assert.equal(before, blocked())
  end)

  it("wakes a task of the run around one that blocks", function()
    within.run(function()
      local outer, inner
      uring.spawn(function() outer = uring.signal.wait("USR1") end)
      uring.yield()
      uring.blocking(function()
        uring.spawn(function() inner = uring.signal.wait("USR1") end)
        uring.yield()
        kill("USR1")
        while not inner do uring.yield() end
      end)
      while not outer do uring.yield() end
      assert.same({ "USR1", "USR1" }, { outer, inner })
    end)
    blocking.rest() -- the ring that it keeps
  end)
end)

describe("iterating over signals", function()
  it("loses none that comes between two rounds", function()
    local before = blocked()
    within.run(function()
      local got = {}
      uring.spawn(kill, "USR1")
      for name, info in uring.signal.iter { "USR1", "USR2" } do
        got[#got + 1] = name
        assert.equal(name, info.name)
        if #got == 1 then
          kill("USR2")
          kill("USR1")
          uring.yield()
        end
        if #got == 3 then break end
      end
      table.sort(got)
      assert.same({ "USR1", "USR1", "USR2" }, got)
    end)
    assert.equal(before, blocked())
  end)

  it("keeps them from before the run, and over one that ends", function()
    local before = blocked()
    local signals <close> = uring.signal.iter { "USR1", "USR2" }
    kill("USR1")
    within.run(function() assert.equal("USR1", (signals:next())) end)
    kill("USR2")
    within.run(function() assert.equal("USR2", (signals:next())) end)
    signals:close()
    assert.equal(before, blocked())
  end)

  it("keeps what another task has read of it", function()
    within.run(function()
      local signals <close> = uring.signal.iter { "USR1" }
      local name
      uring.spawn(function() name = uring.signal.wait("USR1") end)
      uring.yield()
      kill("USR1")
      while not name do uring.yield() end
      assert.equal("USR1", (signals:next()))
    end)
  end)

  it("ends where another task closes it", function()
    local before = blocked()
    within.run(function()
      local signals = uring.signal.iter { "USR1" }
      local rounds, over = 0, false
      uring.spawn(function()
        for _ in signals do rounds = rounds + 1 end
        over = true
      end)
      uring.yield()
      assert.matches("^uring.Signals %(USR1%)$", tostring(signals))
      assert.is_false(signals:closed())
      signals:close()
      while not over do uring.yield() end
      assert.equal(0, rounds)
      assert.is_true(signals:closed())
      assert.is_nil(signals:fileno())
      assert.same({ nil, "closed", uring.errno.ECLOSED }, { signals:next() })
      assert.equal("uring.Signals (closed)", tostring(signals))
    end)
    assert.equal(before, blocked())
  end)

  it("lets the signal act again where the task is cancelled", function()
    local before = blocked()
    within.run(function()
      uring.timeout(0.01, function()
        for _ in uring.signal.iter { "USR1", "CHLD" } do error "none" end
      end)
      assert.equal(before, blocked())
    end)
  end)

  it("by two tasks from one raises", function()
    within.run(function()
      local signals <close> = uring.signal.iter { "USR1" }
      local task = uring.spawn(function() signals:next() end)
      uring.yield()
      assert.error_matches(function() signals:next() end,
        "another task waits")
      task:cancel()
    end)
  end)

  it("raises for what is no signal, and blocks nothing", function()
    local before = blocked()
    assert.error_matches(function() uring.signal.iter { "USR1", "NO" } end,
      "iter: bad argument 'names' %(no signal 'NO' ")
    assert.error_matches(function() uring.signal.iter {} end,
      "iter: bad argument 'names' %(a name expected%)")
    for _, name in ipairs { "block", "unblock" } do
      assert.error_matches(function() uring.signal[name]("USR1", 5) end,
        "^" .. name .. ": bad argument 'name' "
        .. "%(no signal '5' ")
    end
    assert.error_matches(function() uring.signal.iter("USR1") end,
      "iter: bad argument 'names' %(table expected%)")
    assert.equal(before, blocked())
  end)
end)

describe("a blocked signal", function()
  it("acts once it is unblocked", function()
    local result = process.run { process.LUA, "-e", [[
      local signal = require "uring".signal
      signal.block("USR1", "USR2")
      os.execute("kill -USR1 $PPID")
      print "alive"
      io.stdout:flush()
      signal.unblock("USR1")
      print "never"
    ]] }
    assert.same({ signal = 10, out = "alive\n", err = "" }, result)
  end)

  it("stays blocked when nobody waits for it any more", function()
    local before = blocked()
    uring.signal.block("USR1")
    within.run(function()
      kill("USR1")
      assert.equal("USR1", (uring.signal.wait("USR1")))
    end)
    assert.is_true(core.is_blocked("USR1"))
    uring.signal.unblock("USR1")
    assert.equal(before, blocked())
  end)

  it("that is unblocked while a task waits acts when none does", function()
    uring.signal.block("USR1")
    within.run(function()
      local signals <close> = uring.signal.iter { "USR1" }
      uring.signal.unblock("USR1")
      assert.is_true(core.is_blocked("USR1"))
      kill("USR1")
      assert.equal("USR1", (signals:next()))
    end)
    assert.is_false(core.is_blocked("USR1"))
  end)
end)

describe("a program that waits for a signal", function()
  it("ends in its own way", function()
    local server <close> = process.lua { "-e", [[
      local uring = require "uring"
      uring.run(function()
        uring.spawn(function()
          print("ended by " .. uring.signal.wait("INT", "TERM"))
          os.exit(3, true)
        end)
        uring.yield()
        print("ready")
        io.stdout:flush()
        uring.sleep(60)
      end)
    ]] }
    server:expect("ready")
    server:signal("TERM")
    assert.same({ code = 3, out = "ready\nended by TERM\n", err = "" },
      server:wait())
  end)

  it("has Ctrl-C for itself while it waits, and not longer", function()
    local server <close> = process.lua { "-e", [[
      local uring = require "uring"
      print(pcall(uring.run, function()
        uring.spawn(function()
          print("mine: " .. uring.signal.wait("INT"))
          io.stdout:flush()
        end)
        uring.yield()
        print("ready")
        io.stdout:flush()
        uring.sleep(60)
      end))
    ]] }
    server:expect("ready")
    server:signal("INT")
    server:expect("mine: INT")
    server:signal("INT")
    assert.same({ code = 0, err = "",
      out = "ready\nmine: INT\nfalse\tinterrupted!\n" }, server:wait())
  end)
end)
