--- What holds of everything that is taken in turns, by whatever name: a lock,
-- a token, a place.
local busted = require "busted"
local uring = require "uring"
local within = require "spec.support.within"

local assert = require "luassert"
local describe, it = busted.describe, busted.it

local turns = {}

-- Starts tasks which note in a list who takes it, each in its turn.
local function start(scope, thing, names)
  local order, tasks = {}, {}
  for _, name in ipairs(names) do
    tasks[name] = scope:spawn(function()
      local _guard <close> = thing.take()
      table.insert(order, name)
      if thing.during then thing.during(name) end
    end)
  end
  uring.yield() -- now they wait
  return order, tasks
end

local function in_scope(make, body)
  within.run(function()
    uring.scope(function(scope)
      local thing = make()
      body(scope, thing)
      scope:spawn(function() -- once all others have ended
        while scope:count() > 1 do uring.yield() end
        assert.is_true(thing.is_free())
      end)
    end)
  end)
end

local function describe_waiting(test)
  test("those that wait get it in the order in which they came",
    function(scope, thing)
      local order, tasks
      do
        local _guard <close> = thing.take()
        order, tasks = start(scope, thing, { "a", "b", "c", "d" })
        assert.same({}, order)
      end
      tasks.d:await()
      assert.same({ "a", "b", "c", "d" }, order)
    end)

  test("one that is cancelled while it waits is not in line any more",
    function(scope, thing)
      local order, tasks
      do
        local _guard <close> = thing.take()
        order, tasks = start(scope, thing, { "a", "b", "c" })
        tasks.a:cancel()
        tasks.b:cancel()
        uring.yield()
        assert.equal("cancelled", tasks.a:status())
      end
      tasks.c:await()
      assert.same({ "c" }, order)
    end)

  test("one that runs out of time is not in line any more",
    function(scope, thing)
      local guard = thing.take()
      local order
      scope:spawn(function()
        assert.same({ n = 3, nil, "timeout", uring.errno.ETIMEDOUT },
          table.pack(uring.timeout(0.001, thing.take)))
        order = start(scope, thing, { "late" })
        assert.same({}, order)
        do local _ <close> = guard end
        uring.yield()
        assert.same({ "late" }, order)
      end)
    end)
end

local function describe_turns(test)
  test("one that is cancelled after its turn has come, before it runs, has "
    .. "had it", function(scope, thing)
      local order, tasks
      do
        local _guard <close> = thing.take()
        order, tasks = start(scope, thing, { "a", "b" })
      end
      tasks.a:cancel() -- it is woken, and has not run
      tasks.b:await()
      assert.same({ "a", "b" }, order)
      assert.equal("done", tasks.a:status())
    end)

  test("one whose turn has come and that then waits for something else is "
    .. "cancelled there", function(scope, thing)
      local reached = {}
      function thing.during(name)
        if name == "b" then return end
        uring.yield()
        table.insert(reached, name)
      end
      local order, tasks
      do
        local _guard <close> = thing.take()
        order, tasks = start(scope, thing, { "a", "b" })
      end
      tasks.a:cancel()
      tasks.b:await()
      assert.same({ "a", "b" }, order)
      assert.same({}, reached)
      assert.equal("cancelled", tasks.a:status())
    end)

  test("one that is cancelled while it has it lets it go",
    function(scope, thing)
      function thing.during(name)
        if name == "a" then uring.sleep(60) end
      end
      local order, tasks = start(scope, thing, { "a", "b" })
      assert.same({ "a" }, order)
      tasks.a:cancel()
      tasks.b:await()
      assert.same({ "a", "b" }, order)
      assert.equal("cancelled", tasks.a:status())
    end)
end

local function describe_ends(test)
  test("one that is being cancelled does not get it, even where it is free",
    function(scope, thing)
      local got
      local task = scope:spawn(function()
        pcall(uring.sleep, 60)
        got = thing.take()
      end)
      uring.yield()
      task:cancel()
      pcall(task.await, task)
      assert.is_nil(got)
      assert.equal("cancelled", task:status())
    end)

  test("a failure lets it go", function(scope, thing)
    local order, tasks
    do
      local _guard <close> = thing.take()
      local failing = scope:async(function()
        local _ <close> = thing.take()
        error("on purpose", 0)
      end)
      uring.yield()
      order, tasks = start(scope, thing, { "b" })
      scope:spawn(function()
        assert.same({ false, "on purpose" }, { failing:result() })
      end)
    end
    tasks.b:await()
    assert.same({ "b" }, order)
  end)
end

--- Describes something that one task at a time can have.
---@param make fun(): table makes one, as a table of functions: take() waits for
--- it and returns a guard; is_free() says that nobody has it or wants it
function turns.describe(make)
  local function test(name, body)
    it(name, function() in_scope(make, body) end)
  end

  describe("in turns:", function()
    describe_waiting(test)
    describe_turns(test)
    describe_ends(test)
  end)
end

return turns
