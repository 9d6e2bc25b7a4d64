--- Trap 4.13: coroutines of the user inside tasks may wait at any depth, and
-- otherwise behave as they do elsewhere.
local leaks = require "spec.support.leaks"
local uring = require "uring"
local within = require "spec.support.within"

leaks.watch()

-- What waits in a generator: each of the ways.
local waits = {
  sleep = function() uring.sleep(0.001) end,
  yield = function() uring.yield() end,
  op = function() assert(uring.op.nop()) end,
  ["failing op"] = function()
    assert(select(3, uring.op.close(1 << 20)) == uring.errno.EBADF)
  end,
}

describe("a generator", function()
  it("that gives no value gives none, also where it has waited", function()
    within.run(function()
      for _, wait in pairs(waits) do
        local function body()
          coroutine.yield()
          wait()
          coroutine.yield()
        end
        local function counts(call)
          return { select("#", call()), select("#", call()),
            select("#", call()) }
        end
        assert.same({ 0, 0, 0 }, counts(coroutine.wrap(body)))
        local thread = coroutine.create(body)
        assert.same({ 1, 1, 1 },
          counts(function() return coroutine.resume(thread) end))
        local deep = coroutine.wrap(function()
          return counts(coroutine.wrap(body))
        end)
        assert.same({ 0, 0, 0 }, deep())
      end
    end)
  end)

  for name, wait in pairs(waits) do
    it("may wait by " .. name .. " between its values", function()
      within.run(function()
        local got = {}
        local function count()
          for i = 1, 3 do
            wait()
            coroutine.yield(i)
            wait()
          end
        end
        for i in coroutine.wrap(count) do got[#got + 1] = i end
        assert.same({ 1, 2, 3 }, got)
      end)
    end)

    it("may wait by " .. name .. " at any depth", function()
      local function nested(depth)
        if depth == 0 then return wait end
        return function()
          wait()
          for i in coroutine.wrap(function()
            nested(depth - 1)()
            for i = 1, 2 do
              coroutine.yield(i)
              wait()
            end
          end) do
            wait()
            assert(i == 1 or i == 2)
          end
        end
      end
      within.run(function()
        for depth = 0, 8 do nested(depth)() end
      end)
    end)

    it("may wait by " .. name .. " inside pcall", function()
      within.run(function()
        local thread = coroutine.create(function(...)
          local sum = select("#", ...)
          while sum < 6 do
            local ok, more = pcall(function()
              wait()
              local value = coroutine.yield(sum)
              wait()
              return value
            end)
            assert(ok, more)
            sum = sum + more
          end
          return "sum", sum
        end)
        assert.same({ true, 2 }, { coroutine.resume(thread, "a", "b") })
        assert.same({ true, 3 }, { coroutine.resume(thread, 1) })
        assert.same({ true, "sum", 8 }, { coroutine.resume(thread, 5) })
        assert.same({ false, "cannot resume dead coroutine" },
          { coroutine.resume(thread) })
      end)
    end)
  end

  it("passes values in and out unchanged, nils too", function()
    within.run(function()
      local thread = coroutine.create(function(...)
        uring.yield()
        local got = table.pack(coroutine.yield(...))
        uring.yield()
        return table.unpack(got, 1, got.n)
      end)
      assert.same({ n = 4, true, nil, 1, nil },
        table.pack(coroutine.resume(thread, nil, 1, nil)))
      assert.same({ n = 3, true, false, nil },
        table.pack(coroutine.resume(thread, false, nil)))
      assert.equal("dead", coroutine.status(thread))
    end)
  end)

  it("that raises after it has waited ends with the error", function()
    within.run(function()
      local value = {}
      local thread = coroutine.create(function()
        uring.sleep(0.001)
        error(value)
      end)
      local ok, raised = coroutine.resume(thread)
      assert.is_false(ok)
      assert.is_true(rawequal(value, raised))
      local wrapped = coroutine.wrap(function()
        uring.sleep(0.001)
        error(value)
      end)
      ok, raised = pcall(wrapped)
      assert.is_false(ok)
      assert.is_true(rawequal(value, raised))
    end)
  end)

  it("that raises lets its close variables run", function()
    within.run(function()
      local closed
      local wrapped = coroutine.wrap(function()
        local _guard <close> = setmetatable({}, {
          __close = function(_, reason) closed = reason end,
        })
        uring.sleep(0.001)
        error("on purpose", 0)
      end)
      assert.is_false(pcall(wrapped))
      assert.equal("on purpose", closed)
    end)
  end)

  it("that raises puts the place of the caller before it", function()
    local function raise() error("inner") end
    local function first_line(wrap)
      local wrapped = wrap(raise)
      local function caller()
        wrapped()
        return 1
      end
      local function outer()
        local one = caller()
        return one
      end
      return (select(2, pcall(outer)):match("^[^\n]*"))
    end
    local expected = first_line(coroutine.wrap)
    assert.equal(expected, within.run(function()
      return first_line(coroutine.wrap)
    end))
  end)

  it("that resumes itself raises as it does elsewhere", function()
    local function self_caller(wrap)
      local wrapped
      wrapped = wrap(function() wrapped() end)
      local _, message = pcall(wrapped)
      return (message:gsub("^.*:%d+: ", ""))
    end
    local expected = self_caller(coroutine.wrap)
    assert.equal("cannot resume non-suspended coroutine", expected)
    assert.equal(expected, within.run(function()
      return self_caller(coroutine.wrap)
    end))
  end)

  it("may be started inside a run and go on after it, and before", function()
    local body = function()
      for i = 1, 6 do coroutine.yield(i) end
    end
    local wrapped, thread = coroutine.wrap(body), coroutine.create(body)
    assert.same({ 1, true, 1 }, { wrapped(), coroutine.resume(thread) })
    local mine
    within.run(function()
      mine = coroutine.wrap(body)
      assert.same({ 2, 1 }, { wrapped(), mine() })
      assert.same({ true, 2 }, { coroutine.resume(thread) })
    end)
    assert.same({ 3, 2 }, { wrapped(), mine() })
    assert.same({ true, 3 }, { coroutine.resume(thread) })
  end)

  it("that waits can be handed to another task", function()
    within.run(function()
      local thread = coroutine.create(function()
        uring.sleep(0.001)
        coroutine.yield("first")
        uring.sleep(0.001)
        return "second"
      end)
      assert.same({ true, "first" }, { coroutine.resume(thread) })
      local got
      uring.spawn(function() got = { coroutine.resume(thread) } end)
      while not got do uring.yield() end
      assert.same({ true, "second" }, got)
    end)
  end)

  it("serves several tasks in turn", function()
    within.run(function()
      local wrapped = coroutine.wrap(function()
        for i = 1, 6 do
          coroutine.yield(i)
          uring.yield()
        end
      end)
      local got = { wrapped() }
      for i = 2, 6 do
        uring.spawn(function() got[i] = wrapped() end)
        for _ = 1, 3 do uring.yield() end
      end
      assert.same({ 1, 2, 3, 4, 5, 6 }, got)
    end)
  end)
end)

describe("a generator that waits", function()
  -- One that waits in another task: its thread, and what it gave there.
  local function waiting(create)
    local got = {}
    local generator = create(function()
      uring.sleep(0.01)
      return "value"
    end)
    uring.spawn(function()
      if type(generator) == "function" then
        got[1], got[2] = pcall(generator)
      else
        got[1], got[2] = coroutine.resume(generator)
      end
    end)
    uring.yield()
    return generator, got
  end

  it("cannot be resumed, and does not mind", function()
    within.run(function()
      local thread, got = waiting(coroutine.create)
      assert.equal("suspended", coroutine.status(thread))
      assert.same({ false, "cannot resume a coroutine that waits for I/O" },
        { coroutine.resume(thread) })
      while not got[2] do uring.yield() end
      assert.same({ true, "value" }, got)
    end)
  end)

  it("cannot be called, and does not mind", function()
    within.run(function()
      local wrapped, got = waiting(coroutine.wrap)
      assert.error_matches(wrapped,
        "cannot resume a coroutine that waits for I/O")
      while not got[2] do uring.yield() end
      assert.same({ true, "value" }, got)
    end)
  end)

  it("cannot be closed, and does not mind", function()
    within.run(function()
      local thread, got = waiting(coroutine.create)
      assert.error_matches(function() coroutine.close(thread) end,
        "cannot close a coroutine that waits for I/O")
      while not got[2] do uring.yield() end
      assert.same({ true, "value" }, got)
      assert.is_true(coroutine.close(thread))
    end)
  end)

  it("can be closed when it does not wait, as elsewhere", function()
    within.run(function()
      local closed
      local thread = coroutine.create(function()
        local _guard <close> = setmetatable({}, {
          __close = function() closed = true end,
        })
        uring.sleep(0.001)
        coroutine.yield("a value")
      end)
      assert.same({ true, "a value" }, { coroutine.resume(thread) })
      assert.is_true(coroutine.close(thread))
      assert.is_true(closed)
      assert.equal("dead", coroutine.status(thread))
    end)
  end)

  it("shows itself to who resumes it by functions of before", function()
    local resume = coroutine.resume
    within.run(function()
      local thread = coroutine.create(function() uring.sleep(0.001) end)
      local ok, sentinel = resume(thread)
      assert.is_true(ok)
      for _, use in ipairs {
        function() return sentinel.field end,
        function() sentinel.field = 1 end,
        function() return sentinel() end,
        function() return #sentinel end,
        function() return sentinel .. "" end,
      } do
        assert.error_matches(use, "a coroutine waits for I/O: resume it with "
          .. "the coroutine functions as they are inside uring.run")
      end
      while coroutine.status(thread) ~= "dead" do uring.yield() end
    end)
  end)
end)

describe("uring.coroutine", function()
  it("has the functions of inside, for code loaded before", function()
    local wrap = uring.coroutine.wrap
    within.run(function()
      for name, of_inside in pairs(uring.coroutine) do
        assert.equal(coroutine[name], of_inside)
      end
      local got = {}
      for i in wrap(function()
        uring.sleep(0.001)
        coroutine.yield(1)
      end) do got[#got + 1] = i end
      assert.same({ 1 }, got)
    end)
  end)

  it("works outside of a run as the stock functions do", function()
    local got = {}
    for i in uring.coroutine.wrap(function()
      for i = 1, 3 do coroutine.yield(i) end
    end) do got[#got + 1] = i end
    assert.same({ 1, 2, 3 }, got)
    assert.same({ true, 5 }, { uring.coroutine.resume(coroutine.create(
      function(five) return five end), 5) })
  end)
end)
