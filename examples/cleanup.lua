--- Time limits and clean-up: what ends is over before the program goes on.
-- run: lua5.4 examples/cleanup.lua [folder]
-- prints: six lines: no answer in time, who lost and won a race, and what a
-- task that was to end has saved in FOLDER/state.txt
local uring = require "uring"

local folder = arg[1] or os.getenv "TMPDIR" or "/tmp"

-- A server that takes what it is sent and answers nothing.
local function be_silent(listener)
  for conn in listener:iter() do
    uring.spawn(function()
      local _conn <close> = conn
      for _ in conn:chunks() do end
    end)
  end
end

-- One limit for several steps; none of them has one of its own.
local function ask(where, question)
  return uring.timeout(0.2, function()
    local conn <close> = assert(uring.connect(where))
    assert(conn:write(question, "\n"))
    return conn:read()
  end)
end

local function limit_time(sc)
  local listener <close> = assert(uring.listen "127.0.0.1:0")
  sc:daemon(be_silent, listener)
  print("answer:", ask(listener:sockname(), "is anybody there?"))
end

-- The first to finish wins; the others end where they wait.
local function race()
  print("winner:", uring.race {
    fast = function()
      uring.sleep(0.05)
      return "fast was fast enough"
    end,
    slow = function()
      local _guard <close> = setmetatable({}, { __close = function()
        print "slow has cleaned up"
      end })
      uring.sleep(60)
    end,
  })
end

-- Clean-up that has to wait does so under a shield, for a second at most.
local function save_state()
  local _guard <close> = setmetatable({}, { __close = function()
    print("saved:", uring.shield(1, function()
      local file <close> = assert(uring.open(folder .. "/state.txt", "w"))
      assert(file:write "half of the work\n")
      return true
    end))
  end })
  uring.sleep(60) -- the work
end

local function fail_together()
  print("failed:", pcall(uring.scope, function(sc)
    sc:spawn(save_state)
    sc:spawn(function()
      uring.sleep(0.05)
      error("a sibling gave up", 0)
    end)
  end))
end

uring.run(function()
  uring.scope(limit_time)
  race()
  fail_together()
  local file <close> = assert(uring.open(folder .. "/state.txt"))
  print("state:", file:read())
end)
