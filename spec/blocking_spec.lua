--- Outside of a run: single ops, and what they share with calls that have a
-- run of their own.
local core = require "uring.core"
local leaks = require "spec.support.leaks"
local loop = require "uring.loop"
local native = require "spec.support.native"
local process = require "spec.support.process"
local rows = require "spec.support.rows"
local uring = require "uring"

local op = uring.op

uring.blocking(function() end) -- it keeps its ring from now on

leaks.watch()

-- Both ends of a pipe, and what closes them.
local function pipe()
  local reader, writer = assert(core.pipe())
  return reader, writer, setmetatable({}, { __close = function()
    core.close(reader)
    core.close(writer)
  end })
end

describe("a single op outside of a run", function()
  it("returns what it returns inside", function()
    local reader, writer, _ends <close> = pipe()
    local buffer = core.buffer(8)
    for _ = 1, 100 do
      assert.same({ n = 2, 5, 0 }, table.pack(op.write(writer, "hello")))
      assert.same({ n = 2, 5, 0 }, table.pack(op.read(reader, buffer)))
      assert.equal("hello", buffer:sub(1, 5))
    end
    assert.same({ nil, "read: Bad file descriptor", uring.errno.EBADF },
      { op.read(writer, buffer) })
    assert.is_true((op.nop()))
  end)

  it("names the line of the caller where an argument is wrong", function()
    local ok, message = pcall(function() op.recv("fd") end)
    assert.is_false(ok)
    assert.matches("^spec/blocking_spec.lua:%d+: recv: bad argument 'fd' "
      .. "%(descriptor expected, got string%)$", message)
    assert.is_true((op.nop()))
  end)

  it("opens no ring of its own", function()
    op.nop()
    local before = leaks.snapshot()
    for _ = 1, 100 do
      op.nop()
      pcall(op.recv, "fd")
      uring.sleep(0)
    end
    assert.same({}, leaks.compare(before))
  end)

  it("keeps nothing of what it was given and has returned", function()
    local reader, writer, _ends <close> = pipe()
    local kept = setmetatable({}, { __mode = "v" })
    do
      local buffer = core.buffer(8)
      kept[1] = buffer
      op.write(writer, "hello")
      op.read(reader, buffer)
    end
    collectgarbage()
    collectgarbage()
    assert.is_nil(kept[1])
  end)

  it("works in a coroutine, which it does not let go", function()
    local thread = coroutine.create(function()
      op.nop()
      coroutine.yield("once")
      return (op.nop())
    end)
    assert.same({ true, "once" }, { coroutine.resume(thread) })
    assert.same({ true, true }, { coroutine.resume(thread) })
  end)

  it("comes after what a call has left in flight", function()
    local reader, writer, _ends <close> = pipe()
    uring.blocking(function()
      for _ = 1, 3 do
        local task = uring.spawn(op.read, reader, core.buffer(8))
        uring.yield()
        task:cancel()
      end
      loop.post("nop")
    end)
    assert.equal(2, (op.write(writer, "ab")))
    local buffer = core.buffer(8)
    assert.equal(2, (op.read(reader, buffer)))
    assert.is_true((op.nop()))
  end)

  it("may be done by a finalizer meanwhile", function()
    local reader, writer, _ends <close> = pipe()
    local done = 0
    local function trash()
      setmetatable({}, { __gc = function()
        if op.nop() then done = done + 1 end
      end })
    end
    for _ = 1, 200 do
      trash()
      collectgarbage "step"
      assert.equal(1, (op.write(writer, "x")))
      assert.equal(1, (op.read(reader, core.buffer(4096))))
    end
    collectgarbage()
    assert.equal(200, done)
  end)

  it("is one call to the kernel", function()
    local bound = uring.blocking(loop.current, "this spec").bound
    local step, count = bound.step, 0
    function bound.step(...)
      count = count + 1
      return step(...)
    end
    op.nop()
    op.fsync(rows.NOT_OPEN)
    bound.step = step
    assert.equal(2, count)
  end)

  it("waits as long as it takes, whatever signals come", function()
    assert.same({ code = 0, out = "true\n", err = "" }, process.run {
      process.LUA, "-e", [[
        local core, uring = require "uring.core", require "uring"
        core.catch "QUIT"
        uring.op.nop()
        os.execute "(sleep 0.02; kill -QUIT $PPID) &"
        local before = uring.now()
        assert(uring.op.timeout(0.2))
        print(uring.now() - before >= 0.2)
      ]],
    })
  end)

  it("has a ring of its own in a forked child", function()
    local message = native.expect([[
      local uring = require "uring"
      uring.op.nop()
      if native.fork() == 0 then
        local ok = uring.op.nop() and uring.op.nop()
        os.exit(ok and 7 or 1)
      end
      print(native.wait(-1), uring.op.nop())
    ]], "7\ttrue\t0\n")
    if message then pending(message) end
  end)
end)

describe("a blocking call", function()
  it("passes any number of arguments and results", function()
    assert.same({ n = 3, nil, 2, nil },
      table.pack(uring.blocking(function(...) return ... end, nil, 2, nil)))
    assert.same({ n = 0 }, table.pack(uring.blocking(function() end)))
  end)

  it("that failed leaves nothing for the next one", function()
    for _ = 1, 3 do
      assert.same({ false, "as it is" }, { pcall(uring.blocking, function()
        uring.spawn(uring.sleep, 60)
        uring.yield()
        error("as it is", 0)
      end) })
      assert.is_true((op.nop()))
      assert.equal(1, uring.blocking(function() return 1 end))
    end
  end)

  it("that nothing could wake raises, and the next one works", function()
    local ok, message = pcall(uring.blocking, uring.sleep, math.huge)
    assert.is_false(ok)
    assert.matches("^deadlock", message)
    assert.is_true((op.nop()))
  end)
end)
