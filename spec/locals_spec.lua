--- Values of a task: those that it spawns inherit them, and change their own.
local leaks = require "spec.support.leaks"
local quiet = require "spec.support.quiet"
local uring = require "uring"

local locals = uring.locals

leaks.watch()

describe("a local of a task", function()
  it("is nil until it is set, and takes any key and value", function()
    quiet.run(function()
      local key = {}
      assert.is_nil(locals.request)
      assert.is_nil(locals[key])
      locals.request, locals[key], locals[12] = 17, false, "twelve"
      assert.same({ 17, false, "twelve" },
        { locals.request, locals[key], locals[12] })
      locals.request = nil
      assert.is_nil(locals.request)
    end)
  end)

  it("is inherited at the spawn, whatever happens later", function()
    quiet.run(function()
      locals.name = "at the spawn"
      local task = uring.spawn(function() return locals.name end)
      locals.name = "later"
      assert.equal("at the spawn", task:await())
      assert.equal("later", locals.name)
    end)
  end)

  it("that a child sets, neither parent nor siblings see", function()
    quiet.run(function()
      locals.name = "parent"
      local seen = {}
      uring.scope(function(sc)
        for i = 1, 3 do
          sc:spawn(function()
            locals.name = "child " .. i
            uring.yield()
            seen[i] = locals.name
            uring.spawn(function()
              seen[i + 3] = locals.name
              locals.name = "grandchild"
            end):await()
            assert.equal("child " .. i, locals.name)
          end)
        end
      end)
      assert.same({ "child 1", "child 2", "child 3", "child 1", "child 2",
        "child 3" }, seen)
      assert.equal("parent", locals.name)
    end)
  end)

  it("is inherited by every kind of task, from the one that spawns", function()
    quiet.run(function()
      locals.name = "main"
      uring.scope(function(sc)
        local function name() return locals.name end
        assert.equal("main", sc:async(name):await())
        assert.equal("main", sc:daemon(name):await())
        assert.same({ "main" }, uring.all { name })
        assert.same({ "main" }, uring.map({ 1 }, name))
        assert.same({ 1, "main" }, { uring.race { name } })
        assert.equal("other", uring.spawn(function()
          locals.name = "other"
          return sc:spawn(name):await()
        end):await())
      end)
    end)
  end)

  it("is that of the task which runs a generator", function()
    quiet.run(function()
      local next_name = coroutine.wrap(function()
        while true do
          uring.yield()
          coroutine.yield(locals.name)
        end
      end)
      locals.name = "main"
      assert.equal("main", next_name())
      uring.spawn(function()
        locals.name = "another"
        assert.equal("another", next_name())
      end):await()
      assert.equal("main", next_name())
    end)
  end)

  it("can be listed", function()
    quiet.run(function()
      local function listed()
        local found = {}
        for key, value in pairs(locals) do found[key] = value end
        return found
      end
      assert.same({}, listed())
      locals.a, locals.b = 1, 2
      locals.b = nil
      assert.same({ a = 1 }, listed())
    end)
  end)

  it("does not outlast its task, nor the run", function()
    quiet.run(function()
      uring.spawn(function() locals.name = "gone" end):await()
      assert.is_nil(locals.name)
      locals.name = "main"
    end)
    quiet.run(function() assert.is_nil(locals.name) end)
  end)

  it("needs a run", function()
    for _, use in ipairs {
      function() return locals.name == 1 end,
      function() locals.name = 1 end,
      function() uring.with_local("name", 1, print) end,
    } do
      local _, message = pcall(use)
      assert.matches("^spec/locals_spec.lua:%d+: uring.%l+_?%l* needs "
        .. "uring.run$", message)
    end
  end)
end)

describe("with_local", function()
  it("sets a value while a function runs, and gives its results", function()
    quiet.run(function()
      locals.name = "before"
      assert.same({ n = 3, "inside", nil, 2 }, table.pack(
        uring.with_local("name", "inside", function(...)
          uring.yield()
          return locals.name, ...
        end, nil, 2)))
      assert.equal("before", locals.name)
      uring.with_local("fresh", 1, function() assert.equal(1, locals.fresh) end)
      assert.is_nil(locals.fresh)
    end)
  end)

  it("leaves alone what else the function has set", function()
    quiet.run(function()
      uring.with_local("name", "inside", function()
        locals.other, locals.name = "kept", "dropped"
      end)
      assert.same({ nil, "kept" }, { locals.name, locals.other })
    end)
  end)

  it("may be nested, also for the same name", function()
    quiet.run(function()
      local seen = {}
      local function note() seen[#seen + 1] = locals.depth or 0 end
      local function deep(depth)
        note()
        if depth <= 3 then uring.with_local("depth", depth, deep, depth + 1) end
        note()
      end
      deep(1)
      assert.same({ 0, 1, 2, 3, 3, 2, 1, 0 }, seen)
    end)
  end)

  it("restores the value where the function fails, with its error", function()
    quiet.run(function()
      locals.name = "before"
      for _, value in ipairs { "text", {}, 12, false } do
        local ok, raised = pcall(uring.with_local, "name", 1, error, value, 0)
        assert.is_false(ok)
        assert.is_true(rawequal(value, raised))
        assert.equal("before", locals.name)
      end
      assert.same({ n = 2, false, nil },
        table.pack(pcall(uring.with_local, "name", 1, error)))
    end)
  end)

  it("restores the value where the function is cancelled", function()
    quiet.run(function()
      locals.name = "before"
      local seen
      assert.is_nil(uring.timeout(0.001, function()
        local _guard <close> = setmetatable({}, {
          __close = function() seen = locals.name end,
        })
        uring.with_local("name", "inside", uring.sleep, 60)
      end))
      assert.same({ "before", "before" }, { seen, locals.name })
    end)
  end)

  it("is inherited by what is spawned inside, for good", function()
    quiet.run(function()
      local task = uring.with_local("name", "inside", function()
        return uring.spawn(function()
          uring.sleep(0.001)
          return locals.name
        end)
      end)
      assert.is_nil(locals.name)
      assert.equal("inside", task:await())
    end)
  end)
end)
