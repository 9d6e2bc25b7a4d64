--- Controllers of cqueues in our loop, and runs of ours in theirs.
local foreign = require "spec.support.foreign"
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local uring = require "uring"
local within = require "spec.support.within"

local cqueues = foreign.load("cqueues", "lua-cqueues")
if not cqueues then return end
local compat = require "uring.compat.cqueues"
local condition = require "cqueues.condition"
local socket = require "cqueues.socket"

local errno = uring.errno

uring.sleep(0) -- outside of a run there is a ring for good
cqueues.sleep(0) -- and a controller
leaks.watch()

local function count_to(cq, count, name, order)
  cq:wrap(function()
    for i = 1, count do
      cqueues.sleep(0.002)
      order[#order + 1] = name .. i
    end
  end)
end

describe("a controller that is driven", function()
  it("runs its threads among our tasks, until it has none", function()
    within.run(function()
      local cq, order = cqueues.new(), {}
      count_to(cq, 3, "theirs", order)
      local ours = 0
      local task = uring.spawn(function()
        while #order < 3 do
          uring.sleep(0.001)
          ours = ours + 1
        end
      end)
      assert.same({ n = 1, true }, table.pack(compat.drive(cq)))
      task:await()
      assert.same({ "theirs1", "theirs2", "theirs3" }, order)
      assert.is_true(ours >= 3)
      assert.is_true(cq:empty())
    end)
  end)

  it("has nothing to do where it is empty", function()
    within.run(function() assert.is_true(compat.drive(cqueues.new())) end)
  end)

  it("is one of several", function()
    within.run(function()
      local a, b, order = cqueues.new(), cqueues.new(), {}
      local bell = condition.new()
      a:wrap(function()
        bell:wait()
        order[#order + 1] = "a heard"
      end)
      b:wrap(function()
        cqueues.sleep(0.002)
        order[#order + 1] = "b rings"
        bell:signal()
      end)
      uring.all {
        function() compat.drive(a) end, function() compat.drive(b) end,
      }
      assert.same({ "b rings", "a heard" }, order)
    end)
  end)

  it("is woken by what a task does", function()
    within.run(function()
      local cq, bell, heard = cqueues.new(), condition.new(), nil
      cq:wrap(function() heard = bell:wait(10) end)
      uring.spawn(function()
        uring.sleep(0.002)
        bell:signal()
      end)
      compat.drive(cq)
      assert.is_true(heard)
    end)
  end)

  it("waits for sockets", function()
    within.run(function()
      local cq, got = cqueues.new(), nil
      local listener <close> = assert(uring.listen "127.0.0.1:0")
      uring.spawn(function()
        local conn <close> = assert(listener:accept())
        conn:write("hello ", assert(conn:read "l"), "\n")
      end)
      cq:wrap(function()
        local peer = socket.connect("127.0.0.1", listener:sockname().port)
        peer:write("cqueues\n")
        got = peer:read("*l")
        peer:close()
      end)
      compat.drive(cq)
      assert.equal("hello cqueues", got)
    end)
  end)

  it("does not hold up those who are always ready", function()
    within.run(function()
      local cq, turns, ours = cqueues.new(), 0, 0
      cq:wrap(function()
        while ours < 5 do
          turns = turns + 1
          cqueues.sleep(0)
        end
      end)
      uring.spawn(function()
        for i = 1, 5 do
          uring.yield()
          ours = i
        end
      end)
      compat.drive(cq)
      assert.is_true(turns <= 20)
    end)
  end)

  it("can be driven inside a generator", function()
    within.run(function()
      local cq, order = cqueues.new(), {}
      count_to(cq, 2, "x", order)
      local each = coroutine.wrap(function()
        compat.drive(cq)
        coroutine.yield(#order)
        return "end"
      end)
      assert.same({ 2, "end" }, { each(), each() })
    end)
  end)

  it("is driven outside of a run too", function()
    local cq, order = cqueues.new(), {}
    count_to(cq, 2, "x", order)
    assert.is_true(compat.drive(cq))
    assert.same({ "x1", "x2" }, order)
  end)
end)

describe("a thread that fails", function()
  local function failing(problem, order)
    local cq = cqueues.new()
    cq:wrap(function()
      cqueues.sleep(0.001)
      error(problem, 0)
    end)
    count_to(cq, 2, "x", order)
    return cq
  end

  it("raises its error as it is, and the others can go on", function()
    within.run(function()
      local problem, order = setmetatable({}, {}), {}
      local cq = failing(problem, order)
      assert.equal(problem, select(2, pcall(compat.drive, cq)))
      assert.is_true(compat.drive(cq))
      assert.same({ "x1", "x2" }, order)
    end)
  end)

  it("is told to on_error", function()
    local order, told = {}, {}
    local function note(...) told[#told + 1] = table.pack(...) end
    within.run(function()
      compat.drive(failing("boom", order), { on_error = note })
    end)
    compat.drive(failing("bang", order), { on_error = note })
    assert.equal("boom", told[1][1])
    assert.equal("bang", told[2][1])
    assert.equal("thread", type(told[1][3]))
    assert.equal(2, #told)
    assert.equal(4, #order)
  end)

  it("is seen in the traceback of a run that fails of it", function()
    local cq = cqueues.new()
    local function culprit() error("boom", 0) end
    cq:wrap(function() culprit() end)
    local ok, problem = pcall(uring.run, compat.drive, cq)
    assert.is_false(ok)
    assert.matches("^boom\n.*culprit", problem)
  end)
end)

describe("a cancelled driver", function()
  it("leaves the controller usable", function()
    within.run(function()
      local cq, order = cqueues.new(), {}
      count_to(cq, 3, "x", order)
      local results = table.pack(uring.timeout(0.003, compat.drive, cq))
      assert.same({ n = 3, nil, "timeout", errno.ETIMEDOUT }, results)
      assert.is_true(#order < 3)
      compat.drive(cq)
      assert.same({ "x1", "x2", "x3" }, order)
    end)
  end)

  it("leaves it for the next run", function()
    local cq, order = cqueues.new(), {}
    count_to(cq, 2, "x", order)
    within.run(function() uring.timeout(0, compat.drive, cq) end)
    within.run(function() compat.drive(cq) end)
    assert.same({ "x1", "x2" }, order)
  end)
end)

describe("inside a thread of cqueues", function()
  local function inside(body)
    local cq = cqueues.new()
    cq:wrap(body)
    compat.drive(cq)
  end

  it("no loop of ours runs: what waits there blocks", function()
    within.run(function()
      local ran = false
      uring.spawn(function() ran = true end)
      inside(function()
        assert.is_false(uring.running())
        local before = uring.now()
        uring.sleep(0.002)
        assert.is_true(uring.now() - before >= 0.002)
        assert.is_false(ran)
        assert.has_error(function() uring.spawn(print) end,
          "uring.spawn needs uring.run")
      end)
      assert.is_true(uring.running())
    end)
  end)

  it("it is the same where a task steps the controller itself", function()
    within.run(function()
      local cq, slept = cqueues.new(), false
      cq:wrap(function()
        uring.sleep(0.001)
        slept = not uring.running()
        cqueues.sleep(0.001)
      end)
      assert.is_true(cq:step(0))
      assert.is_true(slept)
      assert.is_true(uring.running())
      assert.is_true(cq:loop())
      assert.is_true(cq:empty())
      cq:wrap(error, "boom")
      local ok, problem = cq:step(0)
      assert.same({ false, "boom" }, { ok, problem })
      assert.is_true(uring.running())
    end)
  end)

  it("generators of theirs wait for them", function()
    within.run(function()
      local auxlib = require "cqueues.auxlib"
      local seen = {}
      inside(function()
        for i in auxlib.wrap(function()
          for i = 1, 2 do
            cqueues.sleep(0.001)
            coroutine.yield(i)
          end
        end) do
          seen[#seen + 1] = i
        end
      end)
      assert.same({ 1, 2 }, seen)
    end)
  end)

  it("the coroutine functions are stock, and ours outside", function()
    local stock = coroutine.resume
    within.run(function()
      local ours = coroutine.resume
      inside(function() assert.equal(stock, coroutine.resume) end)
      assert.equal(ours, coroutine.resume)
      assert.not_equal(stock, ours)
    end)
  end)

  it("a task of ours can be told", function()
    within.run(function()
      local event = require "uring.sync".event()
      local waiter = uring.spawn(function()
        event:wait()
        return "told"
      end)
      inside(function()
        cqueues.sleep(0.001)
        event:set()
      end)
      assert.equal("told", waiter:await())
    end)
  end)

  it("compat.call waits as tasks do, and the others go on", function()
    within.run(function()
      local cq, order = cqueues.new(), {}
      cq:wrap(function()
        local packed = table.pack(compat.call(function(x, y)
          assert.is_true(uring.running())
          process.await("the others", function() return #order == 2 end)
          return x, y, nil
        end, 1, nil))
        assert.same({ n = 3, 1, nil, nil }, packed)
        order[#order + 1] = "called"
      end)
      count_to(cq, 2, "x", order)
      compat.drive(cq)
      assert.same({ "x1", "x2", "called" }, order)
    end)
  end)

  it("compat.call raises what its function raises", function()
    within.run(function()
      local problem = {}
      inside(function()
        local ok, value = pcall(compat.call, error, problem)
        assert.is_false(ok)
        assert.equal(problem, value)
      end)
    end)
  end)

  it("a call ends with the driver that is cancelled", function()
    within.run(function()
      local cq, said = cqueues.new(), nil
      cq:wrap(function()
        said = select(2, pcall(compat.call, uring.sleep, 10))
      end)
      uring.timeout(0.002, compat.drive, cq)
      compat.drive(cq)
      assert.is_true(uring.is_cancelled(said))
    end)
  end)

  it("drive refuses to run", function()
    inside(function()
      assert.has_error(function() compat.drive(cqueues.new()) end,
        "drive: a thread of cqueues runs: use its cq:step or cq:loop")
    end)
  end)
end)

describe("compat.wrap", function()
  it("runs a function in a thread of cqueues", function()
    within.run(function()
      local results = table.pack(compat.wrap(function(...)
        cqueues.sleep(0.001)
        assert.is_truthy(cqueues.running())
        return ..., nil
      end, "a"))
      assert.same({ n = 2, "a", nil }, results)
    end)
  end)

  it("raises its error as it is", function()
    within.run(function()
      local problem = {}
      assert.equal(problem, select(2, pcall(compat.wrap, error, problem)))
    end)
  end)

  it("waits for what the function has started", function()
    within.run(function()
      local order = {}
      compat.wrap(function() count_to(cqueues.running(), 2, "x", order) end)
      assert.same({ "x1", "x2" }, order)
    end)
  end)

  it("closes the function where its task is cancelled", function()
    within.run(function()
      local closed = false
      uring.timeout(0.002, compat.wrap, function()
        local _guard <close> = setmetatable({}, {
          __close = function() closed = true end,
        })
        cqueues.sleep(10)
      end)
      assert.is_true(closed)
    end)
  end)

  it("runs outside of a run too", function()
    assert.equal(7, (compat.wrap(function(x)
      cqueues.sleep(0.001)
      return x
    end, 7)))
  end)
end)

describe("a run that is attached to a controller", function()
  it("goes on among its threads", function()
    local cq, order = cqueues.new(), {}
    local run = uring.start(function()
      for i = 1, 3 do
        uring.sleep(0.03)
        order[#order + 1] = "ours" .. i
      end
    end)
    compat.attach(cq, run)
    cq:wrap(function()
      cqueues.sleep(0.001)
      order[#order + 1] = "theirs"
    end)
    assert.is_true(cq:loop())
    assert.same({ "theirs", "ours1", "ours2", "ours3" }, order)
    assert.is_false(run:step())
  end)

  it("talks to their sockets", function()
    local cq, got = cqueues.new(), nil
    local server = socket.listen("127.0.0.1", 0)
    server:listen()
    local _, _, port = server:localname()
    cq:wrap(function()
      local conn = server:accept()
      conn:write(conn:read("*l"):upper(), "\n")
      conn:close()
      server:close()
    end)
    compat.attach(cq, uring.start(function()
      local conn <close> = assert(uring.connect("127.0.0.1", port))
      conn:write("hello\n")
      got = conn:read "l"
    end))
    assert.is_true(cq:loop())
    assert.equal("HELLO", got)
  end)

  it("cannot step controllers in its tasks, nor wait as they do", function()
    local cq, said = cqueues.new(), nil
    compat.attach(cq, uring.start(function()
      said = select(2, pcall(cqueues.new().step, cqueues.new(), 0))
      assert.is_true(uring.running())
      cqueues.sleep(0)
    end))
    local ok, problem = cq:loop()
    assert.matches("^.*step: in a task of a run that is attached to a ", said)
    assert.is_false(ok)
    assert.matches("a task called coroutine.yield", problem)
    assert.is_false(uring.running())
  end)

  it("fails as a thread of theirs does", function()
    local cq = cqueues.new()
    compat.attach(cq, uring.start(function()
      uring.sleep(0.001)
      error("boom", 0)
    end))
    local ok, problem = cq:loop()
    assert.is_false(ok)
    assert.matches("^boom", problem)
    assert.is_true(cq:loop())
  end)
end)

describe("misuse", function()
  local cq = cqueues.new()
  for _, case in ipairs {
    { "drive", "drive: bad argument 'cq' (a controller of cqueues expected)",
      {} },
    { "drive", "drive: bad option 'on_fire'", cq, { on_fire = print } },
    { "drive", "drive: bad option 'on_error'", cq, { on_error = 1 } },
    { "wrap", "wrap: bad argument 'body' (function expected)", 1 },
    { "call", "call: bad argument 'body' (function expected)" },
    { "attach", "attach: bad argument 'cq' (a controller of cqueues expected)",
      1 },
    { "attach", "attach: bad argument 'run' (uring.Run expected)", cq, 1 },
  } do
    it("of " .. case[1] .. " says: " .. case[2], function()
      assert.has_error(function()
        compat[case[1]](table.unpack(case, 3, 4))
      end, case[2])
    end)
  end

  it("in a simulation is refused", function()
    assert.has_error(function()
      require "uring.test".run(function() compat.drive(cq) end)
    end)
  end)

  it("of call in a controller that nobody drives says so", function()
    local alone = cqueues.new()
    alone:wrap(function() compat.call(print) end)
    local ok, problem = alone:step(0)
    assert.is_false(ok)
    assert.matches("call: nobody drives the controller$", problem)
  end)
end)
