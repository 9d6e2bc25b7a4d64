--- Trap 4.11: an error in a task reaches whoever waits for it, as it is and
-- with the place where it was raised; where nobody could be told it is said
-- on standard error.  None is lost, and none ends the process unseen.
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local quiet = require "spec.support.quiet"
local uring = require "uring"

leaks.watch()

-- What a run raises, which is text.
local function failure_of(body)
  local ok, message = pcall(uring.run, body)
  assert.is_false(ok)
  return message
end

local function culprit()
  error("broken")
end

local LINE = debug.getinfo(culprit, "S").linedefined + 1
local PLACE = "4_11_task_errors_spec.lua:" .. LINE .. ":"

describe("the traceback of an error", function()
  -- The error comes out of each of these with its own line on top and
  -- below it the function that has raised it.
  local ways = {
    ["a task"] = function() uring.spawn(culprit) end,
    ["a task that has waited"] = function()
      uring.spawn(function()
        uring.sleep(0.001)
        culprit()
      end)
      uring.sleep(60)
    end,
    ["a generator"] = function()
      for _ in coroutine.wrap(function()
        coroutine.yield(1)
        uring.yield()
        culprit()
      end) do uring.yield() end
    end,
    ["a generator in a generator in a scope"] = function()
      uring.scope(function(sc)
        sc:spawn(function()
          coroutine.wrap(function()
            for _ in coroutine.wrap(function()
              uring.yield()
              culprit()
            end) do error("it gives nothing") end
          end)()
        end)
      end)
    end,
    ["an awaited task"] = function()
      uring.scope(function(sc)
        sc:async(function()
          uring.yield()
          culprit()
        end):await()
      end)
    end,
    ["a task that nobody awaited"] = function()
      uring.scope(function(sc) sc:async(culprit) end)
    end,
    ["a map in a timeout in a shield"] = function()
      uring.shield(function()
        uring.timeout(60, uring.map, { 1 }, culprit)
      end)
    end,
    ["a race"] = function()
      uring.race { culprit, function() uring.sleep(60) end }
    end,
    ["a daemon"] = function()
      uring.scope(function(sc)
        sc:daemon(culprit)
        uring.sleep(60)
      end)
    end,
    ["a close variable"] = function()
      local _guard <close> = setmetatable({}, { __close = culprit })
      uring.yield()
    end,
  }
  for name, body in pairs(ways) do
    it("names the place in " .. name, function()
      local message = failure_of(body)
      assert.matches(PLACE .. " broken$", (message:match("^[^\n]*")))
      assert.matches("\nstack traceback:\n.*" .. PLACE .. " in ", message)
    end)
  end

  it("stays away from an error that is no string", function()
    local object = {}
    assert.is_true(rawequal(object, failure_of(function()
      uring.spawn(error, object)
    end)))
    assert.is_nil(failure_of(function() uring.spawn(error) end))
    assert.equal(12, failure_of(function() uring.spawn(error, 12) end))
  end)
end)

describe("an error", function()
  it("while another is handled is kept beside it", function()
    quiet.run(function()
      local scope
      local ok, message = pcall(uring.scope, function(sc)
        scope = sc
        sc:spawn(function()
          local _guard <close> = setmetatable({}, { __close = function()
            error("while it cleans up", 0)
          end })
          uring.sleep(60)
        end)
        uring.yield()
        error("the first", 0)
      end)
      assert.same({ false, "the first" }, { ok, message })
      assert.same({ "while it cleans up" }, scope.errors)
    end)
  end)

  it("of a main that fails does not hide behind those it causes", function()
    local message = failure_of(function()
      for i = 1, 3 do
        uring.spawn(function()
          if not pcall(uring.sleep, 60) then error("caused " .. i) end
        end)
      end
      uring.yield()
      error("the cause")
    end)
    assert.matches("^[^\n]*: the cause\n", message)
  end)

  it("of a stack overflow ends its scope like others", function()
    quiet.run(function()
      local function deeper() return 1 + deeper() end
      local ok, message = pcall(uring.scope, function(sc) sc:spawn(deeper) end)
      assert.is_false(ok)
      assert.matches("stack overflow", message)
      uring.yield()
    end)
  end)

  it("of a message handler, or in a coroutine that is closed, harms nobody",
    function()
      quiet.run(function()
        assert.is_false(xpcall(error, function() error("again") end, "x"))
        local thread = coroutine.create(function()
          local _guard <close> = setmetatable({}, { __close = culprit })
          uring.yield()
          coroutine.yield()
        end)
        assert.is_true(coroutine.resume(thread))
        local ok, message = coroutine.close(thread)
        assert.is_false(ok)
        assert.matches("broken", message)
      end)
    end)
end)

describe("a program whose task fails", function()
  local function run(text)
    return process.run { process.LUA, "-e", "local uring = require 'uring' "
      .. text }
  end

  it("ends with status 1 and the task's traceback on standard error",
    function()
      local result = run [[
        local function culprit() error "broken" end
        uring.run(function()
          uring.spawn(function()
            uring.sleep(0.001)
            culprit()
          end)
          uring.sleep(60)
        end)]]
      assert.same({ 1, "" }, { result.code, result.out })
      assert.matches("broken\nstack traceback:\n.*culprit", result.err)
    end)

  it("ends so though all others are stuck in clean-up", function()
    local result = run [[
      uring.run(function()
        uring.spawn(function()
          pcall(uring.sleep, 60)
          uring.shield(uring.sleep, math.huge)
        end)
        uring.yield()
        error "the cause"
      end)]]
    assert.equal(1, result.code)
    assert.matches("the cause", result.err)
    assert.matches("deadlock: 2 tasks are waiting", result.err)
  end)
end)
