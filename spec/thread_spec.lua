--- Coroutines that have their arguments before they begin.
local byhand = require "spec.support.byhand"
local core = require "uring.core"
local leaks = require "spec.support.leaks"

leaks.watch()

local IO, resume = byhand.IO, byhand.resume
local finish, numbers = byhand.resumed, byhand.numbers

describe("thread", function()
  it("begins with what it was given, nils too", function()
    local thread = core.thread(table.pack, 1, nil, "three", nil)
    assert.equal("suspended", coroutine.status(thread))
    local results = finish(thread)
    assert.is_true(results[1])
    assert.same({ 1, nil, "three", n = 4 }, results[2])
    assert.equal("dead", coroutine.status(thread))
  end)

  it("begins without, and goes on as any other", function()
    local got
    local thread = core.thread(function(...)
      got = table.pack(...)
      got = table.pack(coroutine.yield(IO))
      return "done"
    end)
    assert.is_true(resume(thread))
    assert.same({ n = 0 }, got)
    assert.same({ true, "done", n = 2 }, finish(thread, 7, nil))
    assert.same({ 7, nil, n = 2 }, got)
  end)

  it("takes nothing from a coroutine that cannot be resumed", function()
    local outer
    local results = finish(core.thread(function(...)
      outer = coroutine.running()
      local inner = coroutine.wrap(function() return finish(outer, 1, 2) end)
      return inner(), ...
    end, "a", "b"))
    assert.same({ true, { false, "cannot resume non-suspended coroutine",
      n = 2 }, "a", "b", n = 4 }, results)
  end)

  it("has room for many arguments", function()
    local results = finish(core.thread(select, "#", numbers(250)))
    assert.same({ true, 250, n = 2 }, results)
  end)

  it("says what is wrong", function()
    assert.error_matches(function() core.thread() end, "function expected")
    assert.error_matches(function() core.thread(5) end, "function expected")
  end)

  it("may be closed, or collected, before it has begun", function()
    local given = setmetatable({}, { __close = error })
    local thread = core.thread(print, given)
    assert.is_true(coroutine.close(thread))
    assert.equal("dead", coroutine.status(thread))
    local kept = setmetatable({ core.thread(print, {}) }, { __mode = "v" })
    collectgarbage()
    assert.is_nil(kept[1])
  end)

  it("that is dead is not begun again", function()
    local thread = core.thread(function() end)
    finish(thread)
    local results = finish(thread, 1)
    assert.is_false(results[1])
    assert.matches("dead coroutine", results[2])
  end)
end)
