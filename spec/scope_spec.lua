--- Scopes: a block ends when its body and all its tasks have; what fails in
-- it cancels the rest, and comes out of it unchanged.
local leaks = require "spec.support.leaks"
local quiet = require "spec.support.quiet"
local uring = require "uring"

leaks.watch()

-- Sleeps until it is cancelled, and notes that in a list.
local function sleeper(list, name)
  return function()
    local ok, cause = pcall(uring.sleep, 60)
    assert(not ok and uring.is_cancelled(cause))
    list[#list + 1] = name
    error(cause, 0)
  end
end

describe("a scope", function()
  it("gives what its body returns, nils too", function()
    quiet.run(function()
      assert.same({ n = 4, nil, 2, nil, nil }, table.pack(
        uring.scope(function() return nil, 2, nil, nil end)))
      assert.equal(0, select("#", uring.scope(function() end)))
    end)
  end)

  it("gives its body the scope and the arguments, nils too", function()
    quiet.run(function()
      assert.same({ n = 4, "function", nil, 2, nil }, table.pack(
        uring.scope(function(sc, ...)
          return type(sc.spawn), ...
        end, nil, 2, nil)))
      assert.same({ "mine", 1 }, { uring.scope({ name = "mine" },
        function(sc, ...) return sc.name, ... end, 1) })
    end)
  end)

  it("ends when its tasks have", function()
    quiet.run(function()
      local ended = 0
      local result = uring.scope(function(sc)
        for i = 1, 5 do
          sc:spawn(function()
            uring.sleep(i / 1000)
            ended = ended + 1
          end)
        end
        assert.equal(5, sc:count())
        return ended
      end)
      assert.same({ 0, 5 }, { result, ended })
    end)
  end)

  it("ends when the children of its tasks have", function()
    quiet.run(function()
      local trace = {}
      uring.scope(function(sc)
        sc:spawn(function()
          uring.spawn(function()
            uring.spawn(function()
              uring.sleep(0.002)
              trace[#trace + 1] = "great-grandchild"
            end)
            uring.sleep(0.001)
            trace[#trace + 1] = "grandchild"
          end)
          trace[#trace + 1] = "child"
        end)
      end)
      trace[#trace + 1] = "end"
      assert.equal("child grandchild great-grandchild end",
        table.concat(trace, " "))
    end)
  end)

  it("inside another ends first, and takes its own tasks", function()
    quiet.run(function()
      local trace = {}
      local function note(name, after)
        return function()
          while #trace < after do uring.yield() end
          trace[#trace + 1] = name
        end
      end
      uring.scope(function(outer)
        outer:spawn(note("outer", 4))
        uring.scope(function(inner)
          uring.spawn(note("innermost", 1))
          inner:spawn(note("inner", 0))
          assert.same({ 1, 2 }, { outer:count(), inner:count() })
        end)
        trace[#trace + 1] = "between"
        uring.spawn(note("after", 3))
        assert.equal(2, outer:count())
      end)
      assert.equal("inner innermost between after outer",
        table.concat(trace, " "))
    end)
  end)

  it("takes tasks from its tasks, and from others", function()
    quiet.run(function()
      local done = {}
      local function finish(name)
        return function() done[#done + 1] = name end
      end
      local scope
      uring.spawn(function()
        while not scope do uring.yield() end
        scope:spawn(finish("from another"))
      end)
      uring.scope(function(sc)
        scope = sc
        sc:spawn(function()
          uring.sleep(0.002)
          sc:spawn(finish("from its task"))
        end)
      end)
      assert.same({ "from another", "from its task" }, done)
    end)
  end)

  it("that has ended takes no task", function()
    quiet.run(function()
      local scope
      uring.scope(function(sc) scope = sc end)
      for _, how in ipairs { "spawn", "async", "daemon" } do
        local _, message = pcall(function() scope[how](scope, print) end)
        assert.matches("^spec/scope_spec.lua:%d+: " .. how
          .. ": the scope has ended$", message)
      end
      scope:cancel("too late")
      scope.deadline = uring.now()
      assert.is_false(scope.cancelled)
      uring.yield()
    end)
  end)

  it("may be inside of others, dozens deep", function()
    quiet.run(function()
      local function nested(depth)
        if depth == 0 then
          uring.yield()
          return 0
        end
        return 1 + uring.scope(function(sc)
          sc:spawn(uring.yield)
          return nested(depth - 1)
        end)
      end
      assert.equal(40, nested(40))
    end)
  end)

  it("counts and lists its tasks", function()
    quiet.run(function()
      uring.scope(function(sc)
        local tasks = { sc:spawn(uring.yield), sc:async(uring.yield),
          sc:daemon(uring.sleep, 60) }
        local listed = {}
        for task in sc:children() do
          listed[task] = true
          sc:spawn(uring.yield)
          uring.yield()
        end
        for _, task in ipairs(tasks) do assert.is_true(listed[task]) end
        for _ = 1, 3 do uring.yield() end
        assert.equal(1, sc:count())
      end)
    end)
  end)

  it("says what it is", function()
    quiet.run(function()
      uring.scope({ name = "crawl" }, function(sc)
        assert.equal("scope crawl (0 tasks)", tostring(sc))
        sc:spawn(uring.yield)
        assert.equal("scope crawl (1 task)", tostring(sc))
        sc:cancel()
        assert.equal("scope crawl (1 task, cancelled)", tostring(sc))
        sc.name = nil
        assert.matches("^scope %d+ %(", tostring(sc))
      end)
    end)
  end)

  it("refuses what is wrong, and names the caller's line", function()
    local function refused(pattern, ...)
      local call = table.pack(...)
      local _, message = pcall(function()
        uring.scope(table.unpack(call, 1, call.n))
        return 1
      end)
      assert.matches("^spec/scope_spec.lua:%d+: scope: bad " .. pattern,
        message)
    end
    quiet.run(function()
      refused("argument 'options' %(table expected%)$", "name", print)
      refused("argument 'body' %(function expected%)$", {})
      refused("option 'size'$", { size = 1 }, print)
      refused("option 'timeout'$", { timeout = "1" }, print)
      refused("option 'timeout'$", { timeout = 0 / 0 }, print)
      refused("option 'deadline'$", { deadline = 0 / 0 }, print)
      refused("option 'max'$", { max = 0 / 0 }, print)
      refused("option 'max' %(1 or more expected%)$", { max = 0 }, print)
      refused("option 'on_error'$", { on_error = {} }, print)
      uring.scope(function(sc)
        for _, how in ipairs { "spawn", "async", "daemon" } do
          local _, message = pcall(function() sc[how](sc, 12) end)
          assert.matches("^spec/scope_spec.lua:%d+: " .. how
            .. ": bad argument 'body' %(function expected%)$", message)
        end
        for _, value in ipairs { "soon", 0 / 0, false } do
          local _, message = pcall(function() sc.deadline = value end)
          assert.matches("^spec/scope_spec.lua:%d+: bad deadline "
            .. "%(seconds expected%)$", message)
        end
      end)
      assert.equal(1, uring.spawn(function() return 1 end):await())
    end)
  end)
end)

describe("a task that fails", function()
  it("ends its scope with its error, whatever that is", function()
    local object = setmetatable({}, { __tostring = function() return "x" end })
    quiet.run(function()
      for _, value in ipairs { "text", object, {}, 12, false, print } do
        local ok, raised = pcall(uring.scope, function(sc)
          sc:spawn(function()
            uring.yield()
            error(value, 0)
          end)
          uring.sleep(60)
        end)
        assert.is_false(ok)
        assert.is_true(rawequal(value, raised))
      end
      assert.same({ n = 2, false, nil }, table.pack(pcall(uring.scope,
        function(sc) sc:spawn(error, nil) end)))
    end)
  end)

  it("cancels its siblings, their children, and the body", function()
    quiet.run(function()
      local list = {}
      local ok, raised = pcall(uring.scope, function(sc)
        sc:spawn(sleeper(list, "sibling"))
        sc:spawn(function()
          uring.spawn(sleeper(list, "nephew"))
          uring.scope(sleeper(list, "in a scope"))
        end)
        sc:daemon(sleeper(list, "daemon"))
        sc:async(sleeper(list, "async"))
        sc:spawn(function()
          uring.sleep(0.001)
          error("on purpose", 0)
        end)
        sleeper(list, "body")()
      end)
      assert.same({ false, "on purpose" }, { ok, raised })
      table.sort(list)
      assert.equal("async, body, daemon, in a scope, nephew, sibling",
        table.concat(list, ", "))
    end)
  end)

  it("cancels them in the order in which they were spawned", function()
    quiet.run(function()
      local list, expected, listed = {}, {}, {}
      assert.is_false(pcall(uring.scope, function(sc)
        for i = 1, 50 do
          expected[i] = i
          sc:spawn(sleeper(list, i)).name = i
        end
        uring.yield()
        for task in sc:children() do listed[#listed + 1] = task.name end
        error("on purpose")
      end))
      assert.same(expected, list)
      assert.same(expected, listed)
    end)
  end)

  it("cancels whoever waits for its end in the same scope", function()
    quiet.run(function()
      local list, object = {}, {}
      local scope
      local ok, raised = pcall(uring.scope, function(sc)
        scope = sc
        local task = sc:spawn(function()
          uring.yield()
          error(object)
        end)
        sc:spawn(function()
          local fine, cause = pcall(task.await, task)
          list[#list + 1] = uring.is_cancelled(cause) and not fine
          error(cause, 0)
        end)
        task:await()
      end)
      assert.is_false(ok)
      assert.is_true(rawequal(object, raised))
      assert.same({ true }, list)
      assert.same({}, scope.errors)
    end)
  end)

  it("leaves what is outside of the scope alone", function()
    quiet.run(function()
      local ended = false
      uring.spawn(function()
        uring.sleep(0.005)
        ended = true
      end)
      assert.is_false(pcall(uring.scope, function(sc) sc:spawn(error, "x") end))
      assert.is_false(ended)
      uring.sleep(0.01)
      assert.is_true(ended)
    end)
  end)

  it("first is the one that is raised; the others are in errors", function()
    quiet.run(function()
      local scope
      local ok, raised = pcall(uring.scope, function(sc)
        scope = sc
        for i = 1, 3 do sc:spawn(error, { i }) end
        sc:spawn(function()
          local _guard <close> = setmetatable({}, {
            __close = function() error("while closing", 0) end,
          })
          uring.sleep(60)
        end)
        uring.sleep(60)
      end)
      assert.is_false(ok)
      assert.same({ 1 }, raised)
      assert.same({ { 2 }, { 3 }, "while closing" }, scope.errors)
      assert.is_true(scope.cancelled)
    end)
  end)

  it("fails the scope in which its own was", function()
    quiet.run(function()
      local trace = {}
      local function noting(name, body)
        return function(...)
          local ok, problem = pcall(body, ...)
          trace[#trace + 1] = ("%s:%s"):format(name, problem)
          if not ok then error(problem, 0) end
        end
      end
      assert.error_matches(noting("outer", function()
        uring.scope(function(sc)
          sc:spawn(noting("middle", function()
            uring.scope(function(inner)
              inner:spawn(noting("inner", function() error("deep", 0) end))
            end)
          end))
        end)
      end), "^deep$")
      assert.equal("inner:deep middle:deep outer:deep",
        table.concat(trace, " "))
    end)
  end)
end)

describe("a body that fails", function()
  it("cancels its tasks, and its error is raised when they have ended",
    function()
      quiet.run(function()
        local list, object = {}, {}
        local ok, raised = pcall(uring.scope, function(sc)
          sc:spawn(sleeper(list, "task"))
          uring.yield()
          error(object)
        end)
        assert.is_false(ok)
        assert.is_true(rawequal(object, raised))
        assert.same({ "task" }, list)
      end)
    end)

  it("before its tasks ran lets them run to where they wait", function()
    quiet.run(function()
      local list = {}
      assert.is_false(pcall(uring.scope, function(sc)
        sc:spawn(sleeper(list, "task"))
        error("at once")
      end))
      assert.same({ "task" }, list)
    end)
  end)

  it("keeps its traceback through scopes and tasks", function()
    local function culprit() error("broken") end
    local ok, message = pcall(uring.run, function()
      uring.scope(function(sc)
        sc:spawn(function()
          uring.timeout(1, function()
            uring.with_local("key", 1, function()
              sc:async(function()
                uring.yield()
                culprit()
              end):await()
            end)
          end)
        end)
      end)
    end)
    assert.is_false(ok)
    assert.matches("^spec/scope_spec.lua:%d+: broken\nstack traceback:",
      message)
    assert.matches("culprit", message)
  end)
end)
