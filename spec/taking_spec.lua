--- What tasks may do while completions are there that nobody has taken yet:
-- none is lost, and nobody is resumed twice.
local blocking = require "uring.blocking"
local leaks = require "spec.support.leaks"
local loop = require "uring.loop"
local low = require "uring.ring"
local native = require "spec.support.native"
local test = require "uring.test"
local uring = require "uring"
local within = require "spec.support.within"

local op = uring.op

after_each(blocking.rest)
leaks.watch()

local COUNT = 5

-- Ops of so many tasks that complete in the same step; the first then calls
-- a function.  Says which have gone on, and in which turn of the loop.
local function all_after(first)
  local log, turns = {}, {}
  for i = 1, COUNT do
    uring.spawn(function()
      assert(op.nop())
      turns[i] = loop.current("this spec").now
      if i == 1 then first() end
      log[#log + 1] = i
    end)
  end
  return log, turns
end

local function assert_same_turn(turns)
  for i = 1, COUNT do assert.equal(turns[1], turns[i]) end
end

describe("while completions are untaken", function()
  for name, first in pairs {
    ["a run be inside the one"] = function()
      uring.blocking(function()
        uring.spawn(op.nop)
        uring.sleep(0.001)
        assert(op.nop())
      end)
    end,
    ["everything be collected"] = function() collectgarbage() end,
    ["the batch be submitted"] = function()
      uring.spawn(op.nop)
      loop.current("this spec").ring:submit()
    end,
  } do
    it("may " .. name, function()
      local log, turns
      within.run(function() log, turns = all_after(first) end)
      assert.same({ 1, 2, 3, 4, 5 }, log)
      assert_same_turn(turns)
    end)
  end

  it("a task may fail: the others go on in this turn all the same",
    function()
      local log, turns
      local ok, message = pcall(within.run, function()
        log, turns = all_after(function() error("no", 0) end)
      end)
      assert.is_false(ok)
      assert.matches("^no\n", message)
      assert.same({ 2, 3, 4, 5 }, log)
      assert_same_turn(turns)
    end)

  it("a task may be watched: they go on one by one", function()
    local log, turns
    within.run({ watchdog = 10 }, function()
      log, turns = all_after(function() end)
    end)
    assert.same({ 1, 2, 3, 4, 5 }, log)
    assert_same_turn(turns)
  end)

  it("a task may be cancelled, which gets its value first", function()
    local value, ended
    within.run(function()
      local other
      uring.spawn(function()
        op.nop()
        other:cancel()
      end)
      other = uring.spawn(function()
        value = op.nop()
        ended = select(2, pcall(op.nop))
      end)
    end)
    assert.is_true(value)
    assert.is_true(uring.is_cancelled(ended))
  end)

  it("a run may be given up: what is left is closed", function()
    assert.error_matches(function()
      uring.run(function()
        all_after(function() loop.current("this spec").ring:close() end)
        uring.spawn(op.openat, low.consts.AT_FDCWD, "/", 0, 0)
      end)
    end, "closed ring")
  end)

  it("a process may fork: its child takes none", function()
    local message = native.expect([[
      local uring, forked = require "uring", false
      local log = {}
      local ok, message = pcall(uring.run, function()
        for i = 1, 3 do
          uring.spawn(function()
            uring.op.nop()
            if i == 1 then forked = native.fork() == 0 end
            log[#log + 1] = i
          end)
        end
      end)
      if forked then
        assert(not ok and message:find "forked", message)
        os.exit(#log == 1 and 7 or 1)
      end
      print(ok, native.wait(-1), #log)
    ]], "true\t7\t3\n")
    if message then pending(message) end
  end)
end)

describe("in a simulated run", function()
  it("tasks may fail, block and be watched likewise", function()
    for seed = 1, 20 do
      test.run({ seed = seed }, function()
        local log = all_after(function() uring.blocking(op.nop) end)
        uring.sleep(0.01)
        table.sort(log)
        assert.same({ 1, 2, 3, 4, 5 }, log)
      end)
    end
  end)

  it("nobody goes on once the ring is closed", function()
    for seed = 1, 20 do
      local gone_on = 0
      assert.error_matches(function()
        test.run({ seed = seed }, function()
          all_after(function() end)
          for _ = 1, COUNT do
            uring.spawn(function()
              low.close(assert(op.socket(2, 1, 0, 0)))
              loop.current("this spec").ring:close()
              gone_on = gone_on + 1
            end)
          end
        end)
      end, "closed ring")
      assert.equal(1, gone_on)
    end
  end)
end)
