--- uring.time: clocks, and what happens again and again, or later.
local leaks = require "spec.support.leaks"
local quiet = require "spec.support.quiet"
local test = require "uring.test"
local uring = require "uring"

local time = uring.time

leaks.watch()

-- In simulated time, in which all but waiting takes microseconds.
local function simulate(body)
  return test.run({ seed = 1 }, body)
end

-- Hundredths are what counts.
local function about(seconds)
  return math.floor(seconds * 100 + 0.5) / 100
end

local function since(start)
  return about(time.now() - start)
end

describe("the clocks", function()
  it("go on, one as os.time does and one as uring.now", function()
    local now, wall = uring.now(), os.time()
    assert.is_true(time.now() >= now and time.now() < now + 5)
    assert.is_true(time.wall() >= wall and time.wall() < wall + 5)
    assert.equal("float", math.type(time.wall()))
    local nanos = uring.nanos()
    assert.equal("integer", math.type(nanos))
    assert.is_true(nanos >= now * 1e9 and nanos <= uring.now() * 1e9)
  end)

  it("are simulated", function()
    simulate(function()
      local now, wall = time.now(), time.wall()
      time.sleep(100.5)
      assert.equal(100.5, since(now))
      assert.equal(100.5, about(time.wall() - wall))
    end)
  end)
end)

describe("sleep_until", function()
  it("waits until then", function()
    simulate(function()
      local at = time.now() + 3600
      time.sleep_until(at)
      assert.equal(0, since(at))
    end)
  end)

  it("lets others run where that is over", function()
    quiet.run(function()
      local ran = false
      uring.spawn(function() ran = true end)
      time.sleep_until(time.now() - 5)
      assert.is_true(ran)
    end)
  end)

  it("works outside of a run", function()
    local at = time.now() + 0.01
    time.sleep_until(at)
    assert.is_true(time.now() >= at)
    require("uring.blocking").rest()
  end)

  it("raises for what is no number", function()
    for _, value in ipairs { "x", {}, 0 / 0 } do
      assert.error_matches(function() time.sleep_until(value) end,
        "sleep_until: bad argument 'at' %(number expected%)")
    end
  end)
end)

describe("every", function()
  it("gives times at equal distances, and their numbers", function()
    simulate(function()
      local start, got = time.now(), {}
      for at, n in time.every(0.5) do
        got[n] = at - start
        assert.equal(0, since(at))
        time.sleep(0.3) -- shifts nothing
        if n == 4 then break end
      end
      assert.same({ 0.5, 1, 1.5, 2 }, got)
    end)
  end)

  it("leaves out the rounds that are over", function()
    simulate(function()
      local start, got = time.now(), {}
      for at, n in time.every(1) do
        got[#got + 1] = { n, at - start, since(start) }
        if n == 1 then time.sleep(3.25) end
        if n >= 6 then break end
      end
      assert.same({ { 1, 1, 1 }, { 4, 4, 4.25 }, { 5, 5, 5 }, { 6, 6, 6 } },
        got)
    end)
  end)

  it("leaves out none where it shall not", function()
    simulate(function()
      local start, got = time.now(), {}
      for at, n in time.every(1, { skip = false }) do
        got[#got + 1] = { n, at - start, since(start) }
        if n == 1 then time.sleep(2.25) end
        if n == 4 then break end
      end
      assert.same({ { 1, 1, 1 }, { 2, 2, 3.25 }, { 3, 3, 3.25 }, { 4, 4, 4 } },
        got)
    end)
  end)

  it("lets others run in each round, even when it is late", function()
    simulate(function()
      local others = 0
      uring.spawn(function()
        for _ = 1, 3 do
          others = others + 1
          uring.yield()
        end
      end)
      for _, n in time.every(0.1, { skip = false }) do
        if n == 1 then time.sleep(5) end
        if n == 3 then break end
      end
      assert.equal(3, others)
    end)
  end)

  it("does not drift on the real clock", function()
    quiet.run(function()
      local start, first = time.now(), nil
      for at, n in time.every(0.01) do
        first = first or at
        assert.is_true(first - start >= 0.01 - 1e-6)
        assert.is_true(time.now() >= at)
        assert.is_true(math.abs(at - first - (n - 1) * 0.01) < 1e-6)
        if n >= 10 then break end
      end
    end)
  end)

  it("ends with the scope that is cancelled", function()
    quiet.run(function()
      local rounds = 0
      assert.same({ nil, "timeout", uring.errno.ETIMEDOUT },
        { uring.timeout(0.05, function()
          for _ in time.every(0.01) do rounds = rounds + 1 end
        end) })
      assert.is_true(rounds >= 1 and rounds <= 5)
    end)
  end)

  it("raises for what makes no sense", function()
    assert.error_matches(function() time.every() end,
      "every: bad argument 'seconds' %(number expected%)")
    for _, value in ipairs { 0, -1, math.huge } do
      assert.error_matches(function() time.every(value) end,
        "every: bad argument 'seconds' %(more than 0 expected%)")
    end
    assert.error_matches(function() time.every(1, { skp = true }) end,
      "every: bad option 'skp'")
    assert.error_matches(function() time.every(1, { skip = 1 }) end,
      "every: bad option 'skip'")
    assert.error_matches(function() time.every(1, 2) end,
      "every: bad argument 'options' %(table expected%)")
  end)
end)

describe("after", function()
  it("calls a function when its time has come", function()
    simulate(function()
      local start = time.now()
      local task = time.after(2, function(...)
        return since(start), ...
      end, "a", nil, "b")
      time.sleep(1) -- counts from the call on, and not from when it runs
      assert.same({ n = 4, 2.0, "a", nil, "b" }, table.pack(task:await()))
    end)
  end)

  it("is waited for by its scope", function()
    quiet.run(function()
      local done = false
      uring.scope(function() time.after(0.01, function() done = true end) end)
      assert.is_true(done)
    end)
  end)

  it("can be called off", function()
    quiet.run(function()
      local done = false
      local task = time.after(60, function() done = true end)
      uring.yield()
      task:cancel()
      assert.is_false((task:result()))
      assert.is_false(done)
    end)
  end)

  it("fails its scope where the function fails", function()
    local ok, problem = pcall(quiet.run, function()
      uring.scope(function()
        time.after(0.001, error, "late", 0)
        uring.sleep(60)
      end)
    end)
    assert.is_false(ok)
    assert.matches("^late", problem)
  end)

  it("raises for misuse, and outside of a run", function()
    assert.error_matches(function() time.after("x", print) end,
      "after: bad argument 'seconds' %(number expected%)")
    assert.error_matches(function() time.after(1, 2) end,
      "after: bad argument 'body' %(function expected%)")
    assert.error_matches(function() time.after(1, print) end,
      "time.after needs uring.run")
  end)
end)
