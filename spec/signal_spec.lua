--- A task waits for a signal, which does nothing else meanwhile.
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
          "no signal '" .. name .. "'")
      end
      assert.error_matches(function() uring.signal.wait("USR1", "X") end,
        "no signal 'X'")
      assert.error_matches(function() uring.signal.wait() end,
        "string expected")
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
        for round = 1, 2 do
          os.execute("kill -USR1 $PPID")
          while count < round do uring.yield() end
        end
        print "both"
      end)
    ]]
    assert.same({ code = 0, out = "both\n", err = "" },
      process.run { process.LUA, "-e", script })
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
end)
