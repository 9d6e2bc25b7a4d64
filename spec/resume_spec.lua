--- What the loop resumes, and what it hears of it: only what does not wait.
local byhand = require "spec.support.byhand"
local core = require "uring.core"
local errno = require "uring.errno"
local leaks = require "spec.support.leaks"
local uring = require "uring"
local within = require "spec.support.within"

local create, yield = coroutine.create, coroutine.yield
local ECANCELED, EBADF = errno.ECANCELED, errno.EBADF

leaks.watch()

local IO, last = byhand.IO, byhand.last
local resume, taken = byhand.resume, byhand.taken
local resumed, numbers = byhand.resumed, byhand.numbers

describe("resume", function()
  it("says no more than that a coroutine waits", function()
    local got
    local thread = create(function(...)
      got = table.pack(...)
      got = table.pack(yield(IO))
      got = table.pack(yield(IO))
    end)
    assert.same({ true, n = 1 }, table.pack(resume(thread, 1, nil, 3)))
    assert.same({ 1, nil, 3, n = 3 }, got)
    assert.same({ true, n = 1 }, table.pack(resume(thread, nil, 5)))
    assert.same({ nil, 5, n = 2 }, got)
    assert.same({ true, n = 1 }, resumed(thread))
    assert.same({ n = 0 }, got)
    assert.equal("dead", coroutine.status(thread))
  end)

  it("leaves all that one yields or returns, nils too", function()
    local thread = create(function()
      yield(nil, "a", nil)
      yield()
      yield(IO, IO)
      return numbers(300)
    end)
    assert.same({ true, nil, "a", nil, n = 4 }, resumed(thread))
    assert.same({ true, n = 1 }, resumed(thread))
    assert.same({ true, IO, IO, n = 3 }, resumed(thread))
    local results = resumed(thread)
    assert.equal(301, results.n)
    assert.same({ true, numbers(300) }, { table.unpack(results, 1, 301) })
  end)

  it("takes only what was yielded, not what stands below it", function()
    local thread = create(function() return select(3, pcall(yield, 1, 2)) end)
    assert.same({ true, 1, 2, n = 3 }, resumed(thread))
    assert.same({ true, "c", n = 2 }, resumed(thread, "b", "c"))
  end)

  it("leaves the error of one that fails", function()
    local problem = {}
    local thread = create(function() error(problem) end)
    local results = resumed(thread)
    assert.same({ false, problem, n = 2 }, results)
    assert.equal(problem, results[2])
    assert.same({ false, "cannot resume dead coroutine", n = 2 },
      resumed(thread))
  end)

  it("wants a coroutine", function()
    assert.error_matches(function() resume() end,
      "bad argument #1 .*coroutine expected, got no value")
    assert.error_matches(function() taken({}, true, 0) end,
      "bad argument #1 .*coroutine expected, got table")
    assert.error_matches(function() core.resumer() end, "table expected")
  end)
end)

describe("a ring of the loop", function()
  local ring, bound, log

  before_each(function()
    ring, log = assert(core.ring(8)), {}
    bound = assert(core.bind(ring, IO, last))
  end)

  after_each(function() ring:close() end)

  -- One that waits, without an end, and notes what it gets.
  local function waiter(name)
    local thread = create(function()
      while true do
        local value, extra = yield(IO)
        log[#log + 1] = { name, value, extra, last[1] }
      end
    end)
    assert.is_true(resume(thread))
    return thread
  end

  local function start(row, thread, ...)
    assert.is_nil((bound.start_for[row](thread, ...)))
  end

  local function step(count)
    assert.equal(count, (bound.step(true, -1)))
  end

  local function nothing(...) assert.equal(0, select("#", ...)) end

  describe("goes on", function()
    it("with whoever waits, who gets a value and what comes with it",
      function()
        local a, b = waiter "a", waiter "b"
        start("nop", a)
        start("close", b, 999999)
        start("nop", a)
        step(3)
        nothing(bound.go(3))
        assert.same({ { "a", true, 0, a }, { "b", nil, EBADF, b },
          { "a", true, 0, a } }, log)
        assert.equal(0, ring:in_flight())
      end)

    it("up to one that does not wait, and from there on then", function()
      local a = waiter "a"
      local b = create(function(...) return "end", ... end)
      for _, thread in ipairs { a, b, a, a } do start("nop", thread) end
      step(4)
      local left, thread, ok, count = bound.go(4)
      assert.same({ 2, true, 3 }, { left, ok, count })
      assert.equal(b, thread)
      assert.equal(b, last[1])
      assert.same({ true, "end", true, 0 }, { taken(b, ok, count) })
      assert.equal(1, #log)
      nothing(bound.go(left))
      assert.same({ { "a", true, 0, a }, { "a", true, 0, a },
        { "a", true, 0, a } }, log)
    end)

    it("with one that returns what it is resumed with", function()
      local thread = create(bound.wait.nop)
      assert.is_true(resume(thread))
      step(1)
      local left, who, ok, count = bound.go(1)
      assert.equal(0, left)
      assert.equal(thread, who)
      assert.same({ true, true, 0, n = 3 },
        table.pack(taken(thread, ok, count)))
      nothing(bound.go(0))
    end)

    it("past one that fails, and tells of it", function()
      local a, bad = waiter "a", create(function() error("no", 0) end)
      start("nop", bad)
      start("nop", bad)
      start("nop", a)
      step(3)
      local left, thread, ok, count = bound.go(3)
      assert.same({ 2, false, 1 }, { left, ok, count })
      assert.equal(bad, thread)
      assert.same({ false, "no" }, { taken(bad, ok, count) })
      left, thread, ok, count = bound.go(left)
      assert.same({ 1, false, 1 }, { left, ok, count })
      assert.same({ false, "cannot resume dead coroutine" },
        { taken(thread, ok, count) })
      nothing(bound.go(left))
      assert.same({ { "a", true, 0, a } }, log)
    end)

    it("with as many as asked, and no more", function()
      local a = waiter "a"
      for _ = 1, 3 do start("nop", a) end
      step(3)
      nothing(bound.go(0))
      nothing(bound.go(1))
      assert.equal(1, #log)
      assert.equal(2, ring:in_flight())
      step(2)
      nothing(bound.go(512)) -- more than there are
      assert.equal(3, #log)
    end)

    it("without those for nobody", function()
      local a = waiter "a"
      start("nop", nil)
      start("nop", a)
      start("nop", nil)
      step(3)
      nothing(bound.go(3))
      assert.same({ { "a", true, 0, a } }, log)
      assert.equal(0, ring:in_flight())
    end)

    it("and leaves to the next step what completes meanwhile", function()
      local rounds = 0
      local again = create(function()
        while true do
          yield(IO)
          rounds = rounds + 1
          start("nop", coroutine.running())
          ring:submit()
        end
      end)
      assert.is_true(resume(again))
      start("nop", again)
      start("nop", waiter "a")
      step(2)
      nothing(bound.go(2))
      assert.same({ 1, 1 }, { rounds, #log })
      step(1)
      nothing(bound.go(1))
      assert.equal(2, rounds)
    end)

    it("where one of them takes the rest, and nobody twice", function()
      local a, inner = waiter "a", nil
      local b = create(function()
        yield(IO)
        inner = table.pack(bound.go(bound.step(false, 0)))
        yield(IO)
      end)
      assert.is_true(resume(b))
      for _, thread in ipairs { a, b, a, a } do start("nop", thread) end
      step(4)
      nothing(bound.go(4))
      assert.same({ n = 0 }, inner)
      assert.equal(3, #log)
      assert.equal(0, ring:in_flight())
    end)

    it("where one of them closes the ring, which closes what is left",
      function()
        local a = waiter "a"
        local closer = create(function()
          yield(IO)
          ring:close()
          yield(IO)
        end)
        assert.is_true(resume(closer))
        start("nop", a)
        start("nop", closer)
        start("openat", a, core.consts.AT_FDCWD, "/", 0, 0)
        start("nop", a)
        step(4)
        nothing(bound.go(4)) -- see leaks.watch for the descriptor
        assert.same({ { "a", true, 0, a } }, log)
        assert.error_matches(function() bound.step(true, -1) end,
          "closed ring")
      end)

    it("and gives nothing to one that was closed while it waited", function()
      local closed = waiter "closed"
      local closer = create(function()
        yield(IO)
        coroutine.close(closed)
        yield(IO)
      end)
      assert.is_true(resume(closer))
      start("nop", closer)
      start("openat", closed, core.consts.AT_FDCWD, "/", 0, 0)
      step(2)
      local left, thread, ok, count = bound.go(2)
      assert.same({ 0, false, 1 }, { left, ok, count })
      assert.equal(closed, thread)
      assert.same({ false, "cannot resume dead coroutine" },
        { taken(thread, ok, count) })
      assert.same({}, log)
    end)

    it("after all of many, a step at a time", function()
      local many <close> = assert(core.ring(8, { cq_entries = 4096 }))
      bound = assert(core.bind(many, IO, last))
      local a = waiter "a"
      for _ = 1, 2500 do start("nop", a) end
      many:submit()
      step(2048)
      nothing(bound.go(2048))
      assert.equal(2048, #log)
      while many:in_flight() > 0 do
        nothing(bound.go((bound.step(true, -1))))
      end
      assert.equal(2500, #log)
    end)
  end)

  describe("names", function()
    it("whom one may resume by hand", function()
      local a = waiter "a"
      start("nop", nil)
      start("nop", a)
      start("close", a, 999999)
      start("nop", nil)
      step(4)
      assert.same({ 2, a, true, 0, n = 4 }, table.pack(bound.take(4)))
      assert.same({ 1, a, nil, EBADF, n = 4 }, table.pack(bound.take(2)))
      nothing(bound.take(1))
      nothing(bound.take(0))
      assert.same({}, log)
      assert.equal(0, ring:in_flight())
    end)

    it("one who gets bytes of a buffer ring", function()
      local near, far = assert(core.socketpair())
      local strings = assert(ring:buf_ring { bgid = 1, entries = 2, size = 4 })
      local a = waiter "a"
      start("send", nil, near, "abcdefgh")
      start("recv", a, far, strings)
      start("recv", nil, far, strings)
      ring:submit()
      core.close(near)
      core.close(far)
      assert.equal(3, (bound.step(true, -1)))
      local left, thread, value = bound.take(3)
      assert.same({ a, "abcd" }, { thread, value })
      nothing(bound.take(left))
      assert.same({ 0, 2 }, { ring:in_flight(), strings:available() })
    end)

    it("those that were closed, who get nothing", function()
      local closed = waiter "closed"
      start("openat", closed, core.consts.AT_FDCWD, "/", 0, 0)
      coroutine.close(closed)
      step(1)
      assert.same({ 0, closed, nil, ECANCELED, n = 4 },
        table.pack(bound.take(1)))
    end)

    it("nobody where it was closed", function()
      local a = waiter "a"
      start("nop", a)
      step(1)
      ring:close()
      nothing(bound.take(1))
    end)
  end)

  it("wants numbers that there can be, and tables to be bound", function()
    for _, name in ipairs { "go", "take" } do
      assert.error_matches(function() bound[name]() end, "number expected")
      assert.error_matches(function() bound[name](-1) end, "out of range")
      assert.error_matches(function() bound[name](1 << 32) end,
        "out of range")
    end
    assert.error_matches(function() core.bind(ring) end, "table expected")
    assert.error_matches(function() core.bind(ring, IO) end,
      "table expected")
  end)
end)

describe("a task", function()
  it("may have many results after it has waited", function()
    local results = table.pack(within.run(function()
      return uring.spawn(function()
        uring.op.nop()
        return nil, numbers(300)
      end):await()
    end))
    assert.equal(301, results.n)
    assert.is_nil(results[1])
    assert.equal(300, results[301])
  end)

  it("takes many values from a generator that waits", function()
    local got
    within.run(function()
      local next_values = coroutine.wrap(function()
        uring.op.nop()
        yield(nil, numbers(300))
        uring.op.nop()
        return nil, nil
      end)
      got = { table.pack(next_values()), table.pack(next_values()) }
    end)
    assert.equal(301, got[1].n)
    assert.equal(300, got[1][301])
    assert.same({ n = 2 }, got[2])
  end)
end)
