--- A run inside another loop: uring.start gives one that is turned by step,
-- tells by pollfd and timeout when, and ends like any other.
local leaks = require "spec.support.leaks"
local low = require "uring.ring"
local process = require "spec.support.process"
local uring = require "uring"
local within = require "spec.support.within"

local C, errno = low.consts, uring.errno

uring.sleep(0) -- outside of a run there is a ring for good
leaks.watch()

local STALLED = 5 -- seconds; nothing here needs one

-- Waits as poll(2) would: another's loop, on a ring of its own.
local function poll(fd, seconds)
  local ring <close> = assert(low.ring(2))
  ring:get_sqe():prep_poll_add(fd, C.POLLIN)
  return (ring:submit_and_wait(1, seconds)) ~= nil
end

-- Turns a run to its end, by nothing but what it says itself.
local function host(run, between)
  local turns = 0
  while run:step() do
    if between then between() end
    local timeout = run:timeout()
    local readable = poll(run:pollfd(), timeout or STALLED)
    assert(readable or timeout, "the run waits, and its pollfd says nothing")
    turns = turns + 1
  end
  return turns
end

local function cleaner(log, name)
  return setmetatable({}, { __close = function()
    uring.shield(uring.sleep, 0.001)
    log[#log + 1] = name
  end })
end

describe("uring.start", function()
  it("runs nothing before the first step, then all with its arguments",
    function()
      local got
      local run <close> = uring.start(function(...)
        got = table.pack(...)
        uring.spawn(function() got.child = true end)
      end, 1, nil, "x", nil)
      assert.is_nil(got)
      assert.is_false(uring.running())
      assert.equal(0, run:timeout())
      while run:step() do end
      assert.same({ n = 4, 1, nil, "x", nil, child = true }, got)
    end)

  it("takes options", function()
    local run <close> = uring.start({ entries = 4 }, function()
      uring.all { uring.op.nop, uring.op.nop, uring.op.nop, uring.op.nop,
        uring.op.nop, uring.op.nop }
    end)
    host(run)
    assert.error_matches(function() uring.start({ entry = 4 }, print) end,
      "bad option 'entry'")
    assert.error_matches(function() uring.start({}) end,
      "start: bad argument 'main' %(function expected%)")
  end)

  it("leaves signals and functions as they are", function()
    local function state()
      local status <close> = assert(io.open "/proc/self/status")
      return status:read "a":match "SigIgn:.-SigCgt:%s*%x+"
    end
    local before = { state(), os.exit, coroutine.resume, coroutine.wrap }
    local run <close> = uring.start(uring.sleep, 0.001)
    while run:step() do
      assert.same(before,
        { state(), os.exit, coroutine.resume, coroutine.wrap })
    end
  end)
end)

describe("step", function()
  it("does not wait, unless it is told how long it may", function()
    local run <close> = uring.start(uring.sleep, 60)
    local before = uring.now()
    for _ = 1, 100 do assert.is_true(run:step()) end
    assert.is_true(run:step(-1))
    assert.is_true(uring.now() - before < 0.5)
    before = uring.now()
    assert.is_true(run:step(0.02))
    local taken = uring.now() - before
    assert.is_true(0.02 <= taken and taken < 1, taken .. " s")
  end)

  it("goes on as soon as something completes", function()
    local run <close> = uring.start(function()
      uring.op.timeout(0.01)
    end)
    local before = uring.now()
    while run:step(math.huge) do end
    assert.is_true(uring.now() - before < 1)
  end)

  it("says false at the end, and from then on", function()
    local run <close> = uring.start(uring.yield)
    assert.is_true(run:step())
    for _ = 1, 3 do
      assert.is_false(run:step())
      assert.is_nil(run:timeout())
    end
  end)

  it("raises what fails in the run, once", function()
    local value = {}
    for _, body in ipairs {
      function() error(value) end,
      function() uring.spawn(error, value) uring.sleep(60) end,
      function() uring.sleep(0.001) error(value) end,
    } do
      local run <close> = uring.start(body)
      local ok, raised = pcall(host, run)
      assert.is_false(ok)
      assert.is_true(rawequal(value, raised))
      assert.is_false(run:step())
    end
  end)

  it("raises that nothing could ever wake a task", function()
    local cleaned = {}
    local run <close> = uring.start(function()
      local _guard <close> = cleaner(cleaned, "main")
      local first, second
      first = uring.spawn(function() second:await() end)
      second = uring.spawn(function() first:await() end)
      first:await()
    end)
    assert.error_matches(function() host(run) end, "^deadlock: 3 tasks are")
    assert.same({ "main" }, cleaned)
  end)

  it("is refused inside the run, which goes on", function()
    local run, problems = nil, {}
    run = uring.start(function()
      problems[1] = select(2, pcall(run.step, run))
      problems[2] = select(2, pcall(run.close, run))
      uring.sleep(0.001)
      problems[3] = "fine"
    end)
    host(run)
    assert.matches("step: called inside the run", problems[1])
    assert.matches("close: called inside the run", problems[2])
    assert.equal("fine", problems[3])
  end)

  it("is refused inside of it also where another run goes on", function()
    local run, problem
    run = uring.start(function()
      problem = uring.blocking(function()
        return select(2, pcall(run.step, run))
      end)
    end)
    host(run)
    assert.matches("step: called inside the run", problem)
  end)

  it("refuses a time that is none", function()
    local run <close> = uring.start(function() end)
    for _, seconds in ipairs { "x", 0 / 0, {} } do
      assert.error_matches(function() run:step(seconds) end,
        "step: bad argument 'seconds' %(number expected%)")
    end
    host(run)
  end)
end)

describe("pollfd and timeout", function()
  it("suffice to turn a run: sockets, timers, tasks", function()
    local got = {}
    local run <close> = uring.start(function()
      local listener <close> = assert(uring.listen "127.0.0.1:0")
      uring.spawn(function()
        local conn <close> = assert(uring.connect(listener:sockname()))
        for i = 1, 3 do
          assert(conn:write(i, "\n"))
          uring.sleep(0.002)
        end
      end)
      local conn <close> = assert(listener:accept())
      for line in conn:lines() do got[#got + 1] = line end
    end)
    assert.equal("r", run:events()) -- what pollfd is to be polled for
    local turns = host(run)
    assert.same({ "1", "2", "3" }, got)
    assert.is_true(turns < 40, turns .. " turns")
  end)

  it("tell of ops that were started after the last completion", function()
    local a, b = low.socketpair()
    local got
    local run <close> = uring.start(function()
      uring.op.nop()
      local buffer = low.buffer(5)
      uring.op.recv(a, buffer) -- started by the step that ended the nop
      got = buffer:tostring()
    end)
    local sent = false
    host(run, function()
      assert.is_nil(run:timeout()) -- it is submitted already
      if sent then return end
      sent = true
      local ring <close> = assert(low.ring(1))
      ring:get_sqe():prep_send(b, "hello")
      ring:submit_and_wait(1)
    end)
    low.close(a)
    low.close(b)
    assert.equal("hello", got)
  end)

  it("say how long a step may be put off", function()
    local fd = low.eventfd()
    local run <close> = uring.start(function()
      uring.sleep(0.5)
      uring.op.poll_add(fd, C.POLLIN)
    end)
    run:step()
    local left = run:timeout()
    assert.is_true(0.2 < left and left <= 0.502, left)
    while run:timeout() do run:step(run:timeout()) end
    assert.is_nil(run:timeout()) -- it waits for the descriptor alone
    assert.is_false(poll(run:pollfd(), 0))
    run:close()
    low.close(fd)
  end)

  it("are what wait_readable takes: a run in a task of another", function()
    within.run(function()
      local order = {}
      local run <close> = uring.start(function()
        for i = 1, 3 do
          uring.sleep(0.002)
          order[#order + 1] = "inner " .. i
        end
      end)
      uring.spawn(function()
        for _ = 1, 3 do uring.sleep(0.002) end
        order[#order + 1] = "outer"
      end)
      while run:step() do uring.wait_readable(run, run:timeout()) end
      uring.sleep(0.01)
      assert.equal(4, #order)
    end)
  end)
end)

describe("closing a run", function()
  it("cancels its tasks, and waits for them", function()
    local log = {}
    local run = uring.start(function()
      for _, name in ipairs { "one", "two" } do
        uring.spawn(function()
          local _guard <close> = cleaner(log, name)
          uring.sleep(60)
        end)
      end
      local listener <close> = assert(uring.listen "127.0.0.1:0")
      listener:accept()
    end)
    for _ = 1, 3 do run:step() end
    run:close()
    table.sort(log)
    assert.same({ "one", "two" }, log)
    assert.is_false(run:step())
    run:close()
  end)

  it("that was never turned ends its tasks at their first wait", function()
    local reached
    do
      local _run <close> = uring.start(function()
        reached = 1
        uring.sleep(0)
        reached = 2
      end)
    end
    assert.equal(1, reached)
  end)

  it("raises what fails meanwhile", function()
    local run = uring.start(function()
      pcall(uring.sleep, 60)
      error("on purpose", 0)
    end)
    run:step()
    local ok, message = pcall(run.close, run)
    assert.is_false(ok)
    assert.matches("^on purpose\nstack traceback:\n", message)
    assert.is_false(run:step())
  end)
end)

describe("two runs", function()
  it("go on side by side, each with its own tasks and times", function()
    local log = {}
    local function start(name, first)
      return uring.start(function()
        uring.locals.name = name
        for _ = 1, 3 do
          uring.spawn(function()
            repeat uring.sleep(0.001) until #log >= first
            log[#log + 1] = uring.locals.name
          end):await()
        end
        assert(uring.timeout(0.001, uring.sleep, 60) == nil)
      end)
    end
    local a <close> = start("a", 3)
    local b <close> = start("b", 0)
    local lives = { [a] = true, [b] = true }
    while lives[a] or lives[b] do
      lives[a], lives[b] = a:step(0.001), b:step(0.001)
    end
    assert.equal("bbbaaa", table.concat(log))
  end)

  it("talk to each other", function()
    local listener = assert(uring.listen "127.0.0.1:0")
    local where, got = listener:sockname(), nil
    local server <close> = uring.start(function()
      local _listener <close> = listener
      local conn <close> = assert(listener:accept())
      for bytes in conn:chunks() do assert(conn:write(bytes)) end
    end)
    local client <close> = uring.start(function()
      local conn <close> = assert(uring.connect(where))
      local block = ("0123456789"):rep(100000)
      uring.spawn(function()
        assert(conn:write(block))
        assert(conn:shutdown "w")
      end)
      got = conn:read "a" == block
    end)
    local one, other = true, true
    while one or other do
      one, other = server:step(0.001), client:step(0.001)
    end
    assert.is_true(got)
  end)

  it("fail each for itself", function()
    local a <close> = uring.start(error, "a fails", 0)
    local b <close> = uring.start(uring.sleep, 0.001)
    assert.matches("^a fails\n", (select(2, pcall(host, a))))
    host(b)
  end)
end)

describe("a call that blocks the thread", function()
  it("inside a run leaves that as it is", function()
    local log = {}
    local run <close> = uring.start(function()
      local task = uring.self()
      uring.spawn(function()
        uring.sleep(0.001)
        log[#log + 1] = "other"
      end)
      uring.blocking(function()
        assert(uring.self() ~= task)
        uring.sleep(0.01)
        log[#log + 1] = "blocked"
      end)
      assert(uring.self() == task)
      uring.spawn(function() log[#log + 1] = "spawned" end):await()
      uring.timeout(1, uring.sleep, 0.01)
    end)
    host(run)
    assert.same({ "blocked", "spawned", "other" }, log)
  end)

  it("closes what it was told to before it returns", function()
    within.run(function()
      local listener <close> = assert(uring.listen "127.0.0.1:0")
      local conn <close> = assert(uring.connect(listener:sockname()))
      local other <close> = assert(listener:accept())
      uring.blocking(conn.close, conn)
      assert.same({ n = 1, nil },
        table.pack(uring.timeout(1, other.read_some, other)))
    end)
  end)

  it("may be nested, and fail", function()
    local value = {}
    within.run(function()
      local task = uring.self()
      local ok, raised = pcall(uring.blocking, function()
        uring.blocking(uring.sleep, 0.001)
        uring.blocking(function()
          uring.sleep(0.001)
          error(value)
        end)
      end)
      assert.is_false(ok)
      assert.is_true(rawequal(value, raised))
      assert.equal(task, uring.self())
      assert.equal("fine", uring.blocking(function() return "fine" end))
    end)
  end)
end)

describe("a handle that is closed", function()
  -- A run that reads from one end of a connection; the other end; its news.
  local function reader()
    local listener <close> = assert(uring.listen "127.0.0.1:0")
    local theirs = assert(uring.connect(listener:sockname()))
    local ours = assert(listener:accept())
    local news = {}
    return ours, theirs, news, function()
      news.result = table.pack(ours:read_some())
    end
  end

  it("between two steps tells the task that waits, and the peer", function()
    local ours, theirs <close>, news, body = reader()
    local run <close> = uring.start(body)
    for _ = 1, 3 do run:step() end
    ours:close()
    host(run)
    assert.same({ n = 3, nil, "closed", errno.ECLOSED }, news.result)
    assert.is_nil(theirs:read_some())
  end)

  it("while the thread is blocked tells the task that waits", function()
    local ours, theirs <close>, news, body = reader()
    within.run(function()
      uring.spawn(body)
      for _ = 1, 3 do uring.yield() end
      uring.blocking(ours.close, ours)
    end)
    assert.same({ n = 3, nil, "closed", errno.ECLOSED }, news.result)
    assert.is_nil(theirs:read_some())
  end)
end)

describe("a script that turns a run", function()
  it("may end with it open", function()
    assert.same({ code = 0, out = "on\n", err = "" }, process.run {
      process.LUA, "-e", [[
        local uring = require "uring"
        RUN = uring.start(function()
          print "on"
          uring.sleep(60)
        end)
        RUN:step()
      ]] })
  end)
end)
