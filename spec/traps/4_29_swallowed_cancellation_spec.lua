--- Trap 4.29: code that catches the cancellation and goes on does not keep
-- the others from running, and does not go on for ever; a cancellation that
-- a library has made a string of is still one.
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local quiet = require "spec.support.quiet"
local uring = require "uring"

leaks.watch()

-- Runs a program whose standard error is of interest.
local function run(text)
  return process.run { process.LUA, "-e", [[
    local uring = require "uring"
    local function swallow()
      while true do pcall(uring.sleep, 1) end
    end
    uring.run(function() ]] .. text .. "\nend)" }
end

local TOLD = "was raised 100 times: something catches it and goes on"

-- Asserts that it was told once, by one that names who goes on.
local function assert_told(cause, err)
  assert.matches("^uring: uring: cancelled %(" .. cause .. "%) " .. TOLD
    .. "\nstack traceback:\n", err)
  local _, times = err:gsub(TOLD, "")
  assert.equal(1, times)
end

describe("a task that goes on though it is cancelled", function()
  it("lets the others run, is told of, and ends at last", function()
    local result = run [[
      local turns = 0
      local task = uring.spawn(swallow)
      uring.spawn(function()
        while not task.outcome do
          turns = turns + 1
          uring.yield()
        end
      end)
      uring.yield()
      task:cancel "enough"
      print(task:result())
      print(task:status(), turns > 9000, turns < 11000)]]
    assert.equal(0, result.code)
    assert_told("task 2: enough", result.err)
    assert.matches("^false\tawait: the task was cancelled: uring: cancelled "
      .. "%(task 2: enough%)\ncancelled\ttrue\ttrue\n$", result.out)
  end)

  it("in a timeout ends there; what comes after is unharmed", function()
    local result = run [[
      print(uring.timeout(0.001, swallow))
      local sum = 0
      for i = 1, 100 do
        sum = sum + i
      end
      uring.sleep(0.001)
      print(sum, debug.gethook())]]
    assert.equal(0, result.code)
    assert_told("scope 1: timeout", result.err)
    assert.equal("nil\ttimeout\t110\n5050\tnil\n", result.out)
  end)

  it("by means of generators ends as well", function()
    local result = run [[
      print(uring.timeout(0.001, function()
        for _ in coroutine.wrap(function()
          while true do
            pcall(coroutine.wrap(function() uring.sleep(1) end))
          end
        end) do error "it gives nothing" end
      end))
      print(uring.timeout(0.001, function()
        while true do
          local thread = coroutine.create(uring.sleep)
          coroutine.resume(thread, 1)
        end
      end))]]
    assert.equal(0, result.code)
    assert.equal("nil\ttimeout\t110\nnil\ttimeout\t110\n", result.out)
  end)

  it("has its scopes ended properly, and its children", function()
    local result = run [[
      local scope, child
      print(uring.timeout(0.001, function()
        uring.scope({ name = "inner" }, function(sc)
          scope = sc
          child = sc:spawn(uring.sleep, 60)
          uring.spawn(swallow)
          local guard <close> = setmetatable({}, { __close = function()
            print "this may not be reached"
          end })
          swallow()
        end)
        print "not reached"
      end))
      print(child:status(), scope:count(), uring.self():status())
      uring.spawn(print, "goes on"):await()]]
    assert.equal(0, result.code)
    local out = result.out:gsub("this may not be reached\n", "")
    assert.equal("nil\ttimeout\t110\ncancelled\t0\trunning\ngoes on\n", out)
  end)

  it("with a stream in its hands leaves it in order", function()
    local result = run [[
      local listener <close> = assert(uring.listen "127.0.0.1:0")
      local client <close> = assert(uring.connect(listener:sockname()))
      local conn <close> = assert(listener:accept())
      print(uring.timeout(0.001, function()
        while true do pcall(conn.read, conn) end
      end))
      client:write "a line\n"
      print(conn:read())]]
    assert.equal(0, result.code)
    assert.equal("nil\ttimeout\t110\na line\n", result.out)
  end)

  it("is not taken for one where many are cancelled together", function()
    local result = run [[
      local cleaned = 0
      print(uring.timeout(0.001, function()
        for _ = 1, 10100 do
          uring.spawn(function()
            local ok, cause = pcall(uring.sleep, 60)
            cleaned = cleaned + 1
            error(cause, 0)
          end)
        end
      end))
      print(cleaned)]]
    assert.same({ code = 0, out = "nil\ttimeout\t110\n10100\n", err = "" },
      result)
  end)
end)

describe("a pcall around what waits", function()
  it("may catch it as often as clean-up has steps", function()
    quiet.run(function()
      local steps = {}
      assert.is_nil(uring.timeout(0.001, function()
        for i = 1, 50 do
          local ok, cause = pcall(uring.sleep, 60)
          steps[i] = not ok and uring.is_cancelled(cause)
        end
        uring.yield()
      end))
      assert.equal(50, #steps)
      for i = 1, 50 do assert.is_true(steps[i]) end
    end)
  end)

  it("is uring.pcall where it is to let cancellation pass", function()
    quiet.run(function()
      local failures = {}
      assert.is_nil(uring.timeout(0.005, function()
        while true do
          local ok, message = uring.pcall(function()
            uring.sleep(0.001)
            error("it fails", 0)
          end)
          failures[#failures + 1] = not ok and message
        end
      end))
      assert.is_true(#failures >= 1)
      assert.equal("it fails", failures[1])
    end)
  end)
end)

describe("a cancellation that a library has made a string of", function()
  local function library()
    local ok, problem = pcall(uring.sleep, 60)
    if not ok then error("library: " .. tostring(problem)) end
  end

  it("ends the task, its scope and the timeout all the same", function()
    quiet.run(function()
      assert.same({ nil, "timeout", uring.errno.ETIMEDOUT },
        { uring.timeout(0.001, library) })
      assert.same({ nil, "timeout", uring.errno.ETIMEDOUT },
        { uring.timeout(0.001, uring.all, { library, library }) })
      assert.same({ nil, "timeout", uring.errno.ETIMEDOUT },
        { uring.timeout(0.001, coroutine.wrap(library)) })
      assert.same({ nil, "cancelled: x", uring.errno.ECANCELED }, {
        uring.scope({ name = "with (magic) %d characters" }, function(sc)
          sc:spawn(library)
          sc:async(library)
          sc:daemon(library)
          uring.yield()
          sc:cancel("x")
          library()
        end),
      })
    end)
  end)

  it("of another task is a failure", function()
    quiet.run(function()
      local ok, message = pcall(uring.scope, function(sc)
        local task = sc:spawn(library)
        uring.yield()
        task:cancel()
        local _, problem = task:result()
        error("elsewhere: " .. problem, 0)
      end)
      assert.is_false(ok)
      assert.matches("^elsewhere: await: the task was cancelled: .*library: "
        .. "uring: cancelled", message)
    end)
  end)
end)
