--- os.exit in a task: the others clean up first, for a second at most.
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local uring = require "uring"

uring.sleep(0) -- outside of a run there is a ring for good
leaks.watch()

-- At its end a script says how many seconds ago os.exit was called, where
-- that has closed the state.
local PRELUDE = [[
local uring = require "uring"
local left = false
local exit = function(...)
  left = left or uring.now()
  os.exit(...)
end
END = setmetatable({}, { __gc = function()
  io.write(("after %.3f s\n"):format(uring.now() - left))
end })
local function cleaner(name, seconds)
  return setmetatable({}, { __close = function()
    uring.shield(function()
      uring.sleep(seconds or 0.001)
      print("cleaned up: " .. name)
    end)
  end })
end
local function spawn_cleaner(name, seconds)
  uring.spawn(function()
    local _guard <close> = cleaner(name, seconds)
    uring.sleep(60)
  end)
  uring.yield()
end
]]

-- Runs a script; returns what it writes, and how long leaving has taken.
local function run(script)
  local result = process.run { process.LUA, "-e", PRELUDE .. script }
  local seconds
  result.out = result.out:gsub("after (%S+) s\n$", function(text)
    seconds = tonumber(text)
    return ""
  end)
  return result, seconds
end

local function in_run(body)
  return run("uring.run(function()\n" .. body .. "\nend)")
end

local function expect(code, out, body)
  local result, seconds = in_run(body)
  assert.same({ code = code, out = out, err = "" }, result)
  assert.is_true(seconds < 0.8, seconds .. " s")
end

describe("os.exit in a task", function()
  it("ends the program with the code", function()
    for given, code in pairs {
      ["true"] = 0, ["false"] = 1, ["0"] = 0, ["7"] = 7, ["nil"] = 0,
      ["7.0"] = 7,
    } do
      expect(code, "", ("exit(%s, true)"):format(given))
    end
  end)

  it("lets the others clean up, and the one that calls it", function()
    expect(3, "cleaned up: caller\ncleaned up: other\n", [[
      spawn_cleaner("other", 0.05)
      local _guard <close> = cleaner "caller"
      exit(3, true)
    ]])
  end)

  it("ends at once where nothing is to be cleaned up", function()
    expect(3, "", [[
      for _ = 1, 100 do uring.spawn(uring.sleep, 60) end
      uring.yield()
      exit(3, true)
    ]])
  end)

  it("closes the state only where asked to", function()
    local result, seconds = in_run [[
      spawn_cleaner "other"
      exit(4)
    ]]
    assert.same({ code = 4, out = "cleaned up: other\n", err = "" }, result)
    assert.is_nil(seconds)
  end)

  it("loses nothing that the io library has buffered", function()
    expect(0, ("x"):rep(1000), [[
      io.stdout:setvbuf "full"
      io.write(("x"):rep(1000))
      exit(0, true)
    ]])
  end)

  it("waits a second at most for what does not end", function()
    local result, seconds = in_run [[
      spawn_cleaner("never", 60)
      spawn_cleaner("other")
      exit(5, true)
    ]]
    assert.same({ code = 5, out = "cleaned up: other\n", err = "" }, result)
    assert.is_true(0.9 < seconds and seconds < 3, seconds .. " s")
  end)

  it("refuses a code that is none, and goes on", function()
    expect(6, "false\nfalse\n", [[
      print((pcall(os.exit, "x")))
      print((pcall(os.exit, {})))
      uring.sleep(0.001)
      exit(6, true)
    ]])
  end)
end)

describe("os.exit that is called", function()
  it("inside pcall is raised again where the task waits", function()
    expect(3, "false\tcaught\n", [[
      print(pcall(exit, 3, true) or uring.is_cancelled(nil), "caught")
      uring.sleep(0.001)
      print "never"
    ]])
  end)

  it("again and again inside pcall holds nobody up", function()
    local result, seconds = in_run [[
      spawn_cleaner "other"
      while true do pcall(exit, 2, true) end
    ]]
    assert.same({ 2, "cleaned up: other\n" }, { result.code, result.out })
    assert.matches("^uring: .*os.exit.* was raised 100 times", result.err)
    assert.is_true(seconds < 3, seconds .. " s")
  end)

  it("inside a shield ends that", function()
    expect(4, "cleaned up: other\n", [[
      spawn_cleaner "other"
      uring.shield(function()
        exit(4, true)
        print "never"
      end)
      print "never"
    ]])
  end)

  it("twice takes the first code", function()
    expect(5, "", [[
      uring.spawn(function()
        local _guard <close> = setmetatable({}, { __close = function()
          exit(6, true)
        end })
        uring.sleep(60)
      end)
      uring.yield()
      exit(5, true)
    ]])
  end)

  it("inside a generator, or a coroutine, ends those too", function()
    local script = [[
      spawn_cleaner "other"
      local function body()
        local _guard <close> = cleaner("generator", 0.05)
        uring.sleep(0.001)
        exit(7, true)
      end
    ]]
    for _, how in ipairs {
      "coroutine.wrap(body)()", "for _ in coroutine.wrap(body) do end",
      "coroutine.resume(coroutine.create(pcall), body) uring.sleep(1)",
    } do
      expect(7, "cleaned up: other\ncleaned up: generator\n",
        script .. how .. [[ print "never"]])
    end
  end)

  it("inside nested scopes ends them all", function()
    expect(8, "cleaned up: inner\ncleaned up: outer\n", [[
      spawn_cleaner("outer", 0.05)
      uring.timeout(60, function()
        uring.scope(function(scope)
          scope:spawn(function()
            local _guard <close> = cleaner "inner"
            uring.all { function() exit(8, true) end }
          end)
        end)
        print "never"
      end)
      print "never"
    ]])
  end)
end)

describe("os.exit where a task cannot wait", function()
  it("ends the program, and the others clean up", function()
    expect(9, "cleaned up: other\n", [[
      spawn_cleaner "other"
      table.sort({ 2, 1 }, function() exit(9, true) end)
      print "never"
    ]])
  end)

  it("because the thread is blocked does, too", function()
    expect(10, "cleaned up: inside\ncleaned up: other\n", [[
      spawn_cleaner "other"
      uring.blocking(function()
        local _guard <close> = cleaner "inside"
        uring.spawn(exit, 10, true)
        uring.sleep(60)
      end)
      print "never"
    ]])
  end)

  it("outside of a run lets a blocking call clean up", function()
    local result, seconds = run [[
      uring.blocking(function()
        spawn_cleaner "other"
        exit(11, true)
      end)
      print "never"
    ]]
    assert.same({ code = 11, out = "cleaned up: other\n", err = "" }, result)
    assert.is_true(seconds < 0.8, seconds .. " s")
  end)

  it("in a step of another loop ends the program", function()
    local result = run [[
      local run = uring.start(function()
        spawn_cleaner "other"
        exit(12, true)
      end)
      while run:step(1) do end
      print "never"
    ]]
    assert.same({ code = 12, out = "cleaned up: other\n", err = "" }, result)
  end)
end)

describe("os.exit", function()
  it("is the stock function outside of a run, also after an error", function()
    local stock = os.exit
    uring.run(function()
      assert.equal(uring.exit, os.exit)
      assert.not_equal(stock, os.exit)
      uring.blocking(function() assert.equal(uring.exit, os.exit) end)
      assert.equal(uring.exit, os.exit)
    end)
    assert.equal(stock, os.exit)
    pcall(uring.run, error, "on purpose")
    assert.equal(stock, os.exit)
    uring.blocking(uring.sleep, 0)
    assert.equal(stock, os.exit)
    local started <close> = uring.start(uring.sleep, 0)
    assert.equal(stock, os.exit)
    while started:step() do assert.equal(stock, os.exit) end
  end)

  it("by the name uring.exit works outside of a run", function()
    local result = run "left = 0 uring.exit(13)"
    assert.same({ code = 13, out = "", err = "" }, result)
  end)

  it("after Ctrl-C decides the code", function()
    local child <close> = process.start { "env", "--default-signal=INT",
      process.LUA, "-e", [[
        local uring = require "uring"
        uring.run(function()
          local _guard <close> = setmetatable({}, { __close = function()
            os.exit(14)
          end })
          print "ready"
          io.stdout:flush()
          uring.sleep(60)
        end)
      ]] }
    child:expect "ready\n"
    child:signal "INT"
    assert.same({ code = 14, out = "ready\n", err = "" }, child:wait())
  end)
end)
