--- Trap 4.27: stock Lua's handler would interrupt only the main coroutine,
-- where no task runs.  A run has a handler of its own, whose signals end any
-- wait: also one that is about to begin.
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"

leaks.watch()

local ROUNDS = 200
local SHIM = "build/late_signal.so"
local SIGINT, SIGQUIT = 2, 3

-- The shell sends a signal for each line, some moments later: before, while
-- and after the loop begins to wait.
local PRELUDE = [[
local uring = require "uring"
local pid = io.open "/proc/self/stat":read "n"
local function killer(name)
  return io.popen(("while read -r _; do kill -%s %d; done"):format(name, pid),
    "w")
end
local function send(to)
  to:write "\n"
  to:flush()
  local due = uring.now() + math.random(0, 400) * 1e-6
  while uring.now() < due do end
end
]]

local function run(script)
  local child <close> = process.start { "env", "--default-signal=INT,QUIT",
    process.LUA, "-e", PRELUDE .. script }
  return child:wait()
end

describe("a signal at a random moment", function()
  it("is not lost: SIGQUIT", function()
    local result = run([[
      local shell, sleeper = killer "QUIT", nil
      require "uring.report".say = function() sleeper:cancel() end
      local late = 0
      uring.run(function()
        for _ = 1, ]] .. ROUNDS .. [[ do
          sleeper = uring.spawn(uring.sleep, 2)
          send(shell)
          local before = uring.now()
          sleeper:result()
          if uring.now() - before > 1 then late = late + 1 end
        end
      end)
      shell:close()
      print("late: " .. late)
    ]])
    assert.same({ code = 0, out = "late: 0\n", err = "" }, result)
  end)

  it("is not lost: SIGINT", function()
    local result = run([[
      local shell, interrupted, late = killer "INT", 0, 0
      for _ = 1, ]] .. ROUNDS .. [[ do
        local before = uring.now()
        local ok, message = pcall(uring.run, function()
          send(shell)
          uring.sleep(2)
        end)
        if not ok and message == "interrupted!" then
          interrupted = interrupted + 1
        end
        if uring.now() - before > 1 then late = late + 1 end
      end
      shell:close()
      print(interrupted, late)
    ]])
    assert.same({ code = 0, out = ROUNDS .. "\t0\n", err = "" }, result)
  end)

  it("ends a wait for ever", function()
    local result = run [[
      local shell, interrupted = killer "INT", 0
      for _ = 1, 50 do
        local ok, message = pcall(uring.run, function()
          uring.spawn(function()
            local listener <close> = uring.listen "127.0.0.1:0"
            listener:accept()
          end)
          uring.yield()
          send(shell)
        end)
        if not ok and message == "interrupted!" then
          interrupted = interrupted + 1
        end
      end
      shell:close()
      print(interrupted)
    ]]
    assert.same({ code = 0, out = "50\n", err = "" }, result)
  end)
end)

describe("a signal just before the system call", function()
  -- Runs a script that has waited once when the signal comes.
  local function run_late(number, script)
    local built = process.shell([[[ "$2" -nt "$1" ] && exit 0
      mkdir -p build && LD_PRELOAD= ${CC:-cc} -shared -fPIC -o "$2.$$" "$1" \
        -ldl && mv "$2.$$" "$2"]], "spec/support/late_signal.c", SHIM)
    if built.code ~= 0 then return nil, "no compiler: " .. built.err end
    local loaded = os.getenv "LD_PRELOAD" or ""
    return process.run { "env", "--default-signal=INT,QUIT", process.LUA,
      "-e", script, env = {
        LD_PRELOAD = loaded .. " " .. SHIM, LATE_SIGNAL = number,
      } }
  end

  it("ends the wait", function()
    local result, message = run_late(SIGINT, [[
      local uring = require "uring"
      local before = uring.now()
      print(pcall(uring.run, uring.sleep, 5))
      print(uring.now() - before < 2)
    ]])
    if not result then return pending(message) end
    assert.same({ code = 0, out = "false\tinterrupted!\ntrue\n", err = "" },
      result)
  end)

  it("is told of, and the wait goes on", function()
    local result, message = run_late(SIGQUIT, [[
      local uring = require "uring"
      uring.run(function()
        local told
        require "uring.report".say = function() told = uring.now() end
        local before = uring.now()
        uring.sleep(2)
        print(told - before < 1, uring.now() - before >= 2)
      end)
    ]])
    if not result then return pending(message) end
    assert.same({ code = 0, out = "true\ttrue\n", err = "" }, result)
  end)
end)

describe("a signal that comes", function()
  it("while a task computes is taken when it waits", function()
    local result = run [[
      local shell = killer "INT"
      print(pcall(uring.run, function()
        shell:write "\n"
        shell:flush()
        local due = uring.now() + 0.1
        while uring.now() < due do end
        print "computed"
        uring.sleep(60)
        print "never"
      end))
      shell:close()
    ]]
    assert.same({ code = 0, out = "computed\nfalse\tinterrupted!\n", err = "" },
      result)
  end)
end)
