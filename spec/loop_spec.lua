--- Inside uring.run code waits in straight lines; misuse is told apart.
local errno = require "uring.errno"
local leaks = require "spec.support.leaks"
local rows = require "spec.support.rows"
local uring = require "uring"
local within = require "spec.support.within"

uring.sleep(0) -- outside of a run there is a ring for good
leaks.watch()

local CANNOT = "cannot wait"

describe("run", function()
  it("returns what main returns, nils too", function()
    assert.same({ n = 3, 1, nil, nil },
      table.pack(uring.run(function() return 1, nil, nil end)))
    assert.equal(0, select("#", uring.run(function() end)))
  end)

  it("passes arguments to main, nils too", function()
    assert.same({ n = 3, nil, "x", nil },
      table.pack(uring.run(table.unpack, { nil, "x", nil }, 1, 3)))
    assert.same({ "a", "b" }, { uring.run({ entries = 4 },
      function(...) return ... end, "a", "b") })
  end)

  it("can be done again, and again after an error", function()
    for i = 1, 3 do
      assert.equal(i, within.run(function()
        uring.sleep(0.001)
        return i
      end))
      assert.is_false(pcall(uring.run, error, "on purpose"))
    end
  end)

  it("may be inside a coroutine", function()
    local wrapped = coroutine.wrap(function(value)
      value = coroutine.yield(within.run(function()
        uring.sleep(0.001)
        return value
      end))
      return within.run(function()
        assert.is_true(uring.op.nop())
        return value
      end)
    end)
    assert.same({ "one", "two" }, { wrapped("one"), wrapped("two") })
  end)

  it("inside a run raises, and the run goes on", function()
    assert.equal("fine", within.run(function()
      assert.error_matches(function() uring.run(function() end) end,
        "uring.run inside uring.run: use uring.spawn")
      uring.sleep(0.001)
      return "fine"
    end))
  end)

  it("refuses a main that is no function", function()
    assert.error_matches(function() uring.run() end,
      "run: bad argument 'main' %(function expected%)")
    assert.error_matches(function() uring.run({}, "main") end,
      "run: bad argument 'main' %(function expected%)")
  end)

  it("refuses options that are none", function()
    for _, options in ipairs {
      { entry = 4 }, { entries = "4" }, { 4 }, { entries = true },
    } do
      assert.error_matches(function()
        uring.run(options, function() end)
      end, "run: bad option '" .. tostring((next(options))) .. "'")
    end
    assert.error_matches(function()
      uring.run({ entries = 0 }, function() end)
    end, "entries out of range")
  end)

  it("restores the coroutine functions, also after an error", function()
    local stock = {}
    for name, theirs in pairs(coroutine) do stock[name] = theirs end
    uring.run(function()
      for _, name in ipairs { "close", "resume", "wrap" } do
        assert.not_equal(stock[name], coroutine[name])
      end
    end)
    assert.same(stock, coroutine)
    pcall(uring.run, error, "on purpose")
    assert.same(stock, coroutine)
  end)
end)

describe("an error in a task", function()
  it("is raised as it is where it is no string", function()
    local object = setmetatable({}, { __tostring = function() return "x" end })
    for _, value in ipairs { object, {}, 12, false, print } do
      local ok, raised = pcall(uring.run, function() error(value) end)
      assert.is_false(ok)
      assert.is_true(rawequal(value, raised))
      ok, raised = pcall(uring.run, function()
        uring.spawn(function() error(value) end)
        uring.sleep(60)
      end)
      assert.is_false(ok)
      assert.is_true(rawequal(value, raised))
    end
  end)

  it("may be nil", function()
    assert.same({ n = 2, false, nil },
      table.pack(pcall(uring.run, function() error(nil) end)))
  end)

  it("has the task's traceback where it is a string", function()
    local function culprit() error("broken") end
    local _, message = pcall(uring.run, function()
      uring.spawn(function()
        uring.yield()
        culprit()
      end)
      uring.sleep(60)
    end)
    assert.matches("^spec/loop_spec.lua:%d+: broken\nstack traceback:\n",
      message)
    assert.matches("culprit", message)
  end)

  it("that was caught is none", function()
    assert.equal("fine", within.run(function()
      local ok, message = pcall(function()
        uring.yield()
        error("caught", 0)
      end)
      assert.same({ false, "caught" }, { ok, message })
      assert.same({ false, "handled caught" }, { xpcall(function()
        uring.sleep(0.001)
        error("caught", 0)
      end, function(text) return "handled " .. text end) })
      return "fine"
    end))
  end)
end)

describe("sleeping", function()
  it("takes at least as long as asked", function()
    within.run(function()
      for _, seconds in ipairs { 0.001, 0.01, 0.0005, 1e-9 } do
        local before = uring.now()
        uring.sleep(seconds)
        assert.is_true(uring.now() - before >= seconds)
      end
    end)
  end)

  it("for no time, or less, only lets others run", function()
    within.run(function()
      local ran = 0
      uring.spawn(function() ran = ran + 1 end)
      uring.sleep(0)
      assert.equal(1, ran)
      uring.spawn(function() ran = ran + 1 end)
      uring.sleep(-1)
      assert.equal(2, ran)
      uring.sleep(-math.huge)
    end)
  end)

  it("for very long ends with the run", function()
    assert.error_matches(function()
      uring.run(function()
        for _, seconds in ipairs { 1e8, 1e300, math.huge } do
          uring.spawn(uring.sleep, seconds)
        end
        uring.yield()
        error("on purpose")
      end)
    end, "on purpose")
  end)

  it("refuses what is no number", function()
    within.run(function()
      for _, seconds in ipairs { "1", {}, true, 0 / 0 } do
        assert.error_matches(function() uring.sleep(seconds) end,
          "sleep: bad argument 'seconds' %(number expected%)")
      end
      assert.error_matches(function() uring.sleep() end, "number expected")
    end)
  end)
end)

describe("outside of run", function()
  it("what waits blocks the thread", function()
    local before = uring.now()
    uring.sleep(0.01)
    assert.is_true(uring.now() - before >= 0.01)
    uring.yield()
    assert.is_true((uring.op.nop()))
    local file <close> = assert(uring.open("/proc/self/stat"))
    assert.matches("^%d+ ", file:read("l"))
    assert.same({ nil, "fsync: Bad file descriptor", errno.EBADF },
      { uring.op.fsync(rows.NOT_OPEN) })
    assert.same({ nil, "timeout", errno.ETIMEDOUT },
      { uring.blocking(uring.timeout, 0.01, uring.sleep, 5) })
  end)

  it("what needs several tasks raises, and names itself", function()
    assert.error_matches(function() uring.spawn(print) end,
      "uring.spawn needs uring.run")
    assert.error_matches(function() uring.scope(print) end,
      "uring.scope needs uring.run")
    assert.error_matches(function() uring.timeout(1, print) end,
      "uring.timeout needs uring.run")
    assert.error_matches(function() uring.op.recv_multishot(1) end,
      "uring.op.recv_multishot needs uring.run")
  end)

  it("it blocks again after a run", function()
    within.run(uring.op.nop)
    assert.is_true((uring.op.nop()))
  end)

  it("wrong arguments raise", function()
    assert.error_matches(function() uring.op.recv("fd") end,
      "recv: bad argument 'fd'")
    assert.error_matches(function() uring.sleep("long") end,
      "sleep: bad argument 'seconds'")
    assert.is_true((uring.op.nop()))
  end)
end)

describe("uring.blocking", function()
  it("waits where a task cannot", function()
    within.run(function()
      local words = ("a b c"):gsub("%a", function(letter)
        return uring.blocking(function()
          uring.sleep(0.001)
          return letter:upper()
        end)
      end)
      assert.equal("A B C", words)
      assert.is_true((uring.op.nop()))
    end)
  end)

  it("holds all tasks up, runs its own, and passes values", function()
    within.run(function()
      local others, own = 0, 0
      local task = uring.spawn(function()
        while true do
          others = others + 1
          uring.yield()
        end
      end)
      uring.yield()
      local before = others
      assert.same({ 1, nil, 3, n = 3 }, table.pack(uring.blocking(function(a)
        uring.spawn(function() own = own + 1 end)
        uring.sleep(0.002)
        return a, nil, 3
      end, 1)))
      assert.equal(before, others)
      assert.equal(1, own)
      task:cancel()
    end)
  end)

  it("raises what its function raises, as it is", function()
    local value = {}
    within.run(function()
      local ok, problem = pcall(uring.blocking, error, value)
      assert.is_false(ok)
      assert.equal(value, problem)
      local _, message = pcall(uring.blocking, error, "as it is", 0)
      assert.equal("as it is", message)
    end)
    assert.error_matches(function() uring.blocking(1) end,
      "blocking: bad argument 'body'")
  end)

  it("may be nested", function()
    assert.equal(3, uring.blocking(function()
      uring.yield()
      return 1 + uring.blocking(function()
        uring.sleep(0.001)
        return 2
      end)
    end))
  end)
end)

describe("inside of run", function()
  it("wrong arguments raise, and name op, argument and line", function()
    within.run(function()
      local _, message = pcall(function() uring.op.recv("fd") end)
      assert.matches("^spec/loop_spec.lua:%d+: recv: bad argument 'fd' "
        .. "%(descriptor expected, got string%)$", message)
      _, message = pcall(uring.op.recv, 1, 12)
      assert.matches("recv: bad argument 'buf' %(uring.Buffer or "
        .. "uring.BufRing expected, got number%)", message)
    end)
  end)

  it("spawn wants a function", function()
    within.run(function()
      assert.error_matches(function() uring.spawn("main") end,
        "spawn: bad argument 'body' %(function expected%)")
    end)
  end)

  -- Functions that call a function from C, where nothing may yield.
  local callers = {
    ["table.sort"] = function(f) table.sort({ 1, 2 }, f) end,
    ["string.gsub"] = function(f) string.gsub("x", "x", f) end,
    ["tostring"] = function(f)
      tostring(setmetatable({}, { __tostring = f }))
    end,
    ["require"] = function(f)
      package.preload["spec.loop_spec_preload"] = f
      require "spec.loop_spec_preload"
    end,
    ["a message handler"] = function(f)
      error(select(2, xpcall(error, function() return select(2, pcall(f)) end)),
        0)
    end,
  }
  for name, call in pairs(callers) do
    it("waiting through " .. name .. " raises, and the task goes on", function()
      within.run(function()
        for _, wait in ipairs {
          function() uring.sleep(0.001) end,
          function() uring.sleep(0) end,
          function() uring.yield() end,
          function() uring.op.nop() end,
          function() for _ in uring.op.multishot_accept(0) do end end,
        } do
          assert.error_matches(function() call(wait) end, CANNOT)
        end
        uring.sleep(0.001)
        assert.is_true(uring.op.nop())
      end)
    end)
  end

  it("waiting through metamethods and iterators works", function()
    local slow = setmetatable({}, {
      __index = function(_, key)
        uring.yield()
        return key .. "!"
      end,
      __add = function(_, other)
        uring.op.nop()
        return other
      end,
      __call = function(_, ...)
        uring.sleep(0.001)
        return ...
      end,
      __close = function() uring.yield() end,
    })
    within.run(function()
      assert.equal("a!", slow.a)
      assert.equal(5, slow + 5)
      assert.same({ 1, 2 }, { slow(1, 2) })
      do local _slow <close> = slow end
      local count = 0
      for i in function(_, i)
        uring.yield()
        return i < 3 and i + 1 or nil
      end, nil, 0 do count = count + i end
      assert.equal(6, count)
    end)
  end)
end)
