--- process.run: a program from start to end, with what it writes.
local blocking = require "uring.blocking"
local children = require "spec.support.children"
local leaks = require "spec.support.leaks"
local quiet = require "spec.support.quiet"
local uring = require "uring"

local errno, process = uring.errno, uring.process

local MIB = 1 << 20
local SOON = 5 -- seconds, much less than what the children would take

leaks.watch()

describe("running a program", function()
  it("gives its exit status, and what it has written", function()
    quiet.run(function()
      assert.same({ code = 3, stdout = "out\n", stderr = "err\n" },
        process.run("echo out; echo err >&2; exit 3"))
      assert.same({ code = 0, stdout = "", stderr = "" },
        process.run { "true" })
      assert.same({ signal = "KILL", stdout = "a\n", stderr = "" },
        process.run "echo a; kill -9 $$")
    end)
  end)

  it("feeds it and reads both pipes at once", function()
    quiet.run(function()
      local bytes = ("0123456789abcde\n"):rep(4 * MIB // 16)
      local result = process.run("tee /dev/stderr", { stdin = bytes })
      assert.equal(0, result.code)
      assert.is_true(result.stdout == bytes)
      assert.is_true(result.stderr == bytes)
    end)
  end)

  it("gives all as one where that is wanted", function()
    quiet.run(function()
      assert.same({ code = 0, stdout = "a\nb\nc\n" },
        process.run("echo a; echo b >&2; echo c", { stderr = "stdout" }))
      assert.same({ code = 0, stderr = "b\n" },
        process.run("echo a; echo b >&2", { stdout = "null" }))
    end)
  end)

  it("gives it nothing to read where nothing is said", function()
    quiet.run(function()
      assert.same({ code = 0, stdout = "", stderr = "" },
        process.run { "cat" })
    end)
  end)

  it("does not care whether it reads what it is fed", function()
    quiet.run(function()
      assert.equal(0, process.run({ "true" }, { stdin = ("x"):rep(MIB) }).code)
    end)
  end)

  it("ends it where it takes too long, and gives what it has", function()
    quiet.run(function()
      local start = uring.now()
      local result, message, code, partial =
        process.run("echo begun; exec sleep 60", { timeout = 0.1 })
      assert.same({ nil, "timeout", errno.ETIMEDOUT },
        { result, message, code })
      assert.same({ signal = "TERM", stdout = "begun\n", stderr = "" },
        partial)
      assert.is_true(uring.now() - start < SOON)
    end)
  end)

  it("kills what ignores that it shall end", function()
    quiet.run(function()
      local _, message, _, partial = process.run(
        "trap '' TERM; echo deaf; while :; do sleep 0.01; done",
        { timeout = 0.2, grace = 0.1 })
      assert.equal("timeout", message)
      assert.same({ signal = "KILL", stdout = "deaf\n", stderr = "" }, partial)
    end)
  end)

  it("ends it where it writes too much", function()
    quiet.run(function()
      local result, message, code, partial =
        process.run({ "yes" }, { limit = 100001 })
      assert.same({ nil, "run yes: stdout is too long", errno.ELIMIT },
        { result, message, code })
      assert.equal(("y\n"):rep(50001):sub(1, 100001), partial.stdout)
      assert.equal(3, #process.run("echo 12", { limit = 3 }).stdout)
      assert.equal("run echo 12 >&2: stderr is too long",
        (select(2, process.run("echo 12 >&2", { limit = 2 }))))
    end)
  end)

  it("does not wait for others that have its pipes", function()
    quiet.run(function()
      local start = uring.now()
      local result = process.run("sleep 60 & echo $!; echo done")
      local pid, rest = result.stdout:match "^(%d+)\n(.*)$"
      os.execute("kill -KILL " .. pid)
      assert.equal("done\n", rest)
      assert.equal(0, result.code)
      assert.is_true(uring.now() - start < SOON)
    end)
  end)

  it("does not wait for ever for others that write on", function()
    quiet.run(function()
      local start = uring.now()
      local result = process.run(
        "echo y; while echo y; do sleep 0.01; done & echo $! >&2")
      os.execute("kill -KILL " .. result.stderr)
      assert.equal(0, result.code)
      assert.matches("^y\n", result.stdout)
      assert.is_true(uring.now() - start < SOON)
    end)
  end)

  it("that cannot start says why", function()
    quiet.run(function()
      assert.same({ nil, "spawn nope: No such file or directory",
        errno.ENOENT }, { process.run { "nope" } })
    end)
  end)

  it("ends it where the task is cancelled", function()
    quiet.run(function()
      local file = os.tmpname()
      uring.timeout(0.1, process.run, "echo $$ >" .. file
        .. "; exec sleep 60")
      local handle <close> = assert(io.open(file))
      local stat = io.open(("/proc/%s/stat"):format(handle:read()))
      os.remove(file)
      assert.is_nil(stat)
    end)
  end)

  it("works several times at once", function()
    quiet.run(function()
      local results = uring.map({ 3, 1, 2 }, function(n)
        return process.run(("sleep 0.0%d; echo %d"):format(n, n)).stdout
      end)
      assert.same({ "3\n", "1\n", "2\n" }, results)
    end)
  end)

  it("works outside of a run, as fed and as read", function()
    local result = process.run({ "cat" }, { stdin = ("x"):rep(MIB) })
    assert.equal(0, result.code)
    assert.equal(MIB, #result.stdout)
    blocking.rest()
  end)

  it("works where a task cannot wait, in uring.blocking", function()
    quiet.run(function()
      local text = ("a b"):gsub("%a", function(letter)
        return uring.blocking(process.run, "echo " .. letter).stdout
      end)
      assert.equal("a\n b\n", text)
    end)
    blocking.rest()
  end)

  it("raises for what makes no sense", function()
    quiet.run(function()
      for name, value in pairs {
        limit = "x", timeout = -1, stdin = "pipe", nonsense = 1, cwd = 1,
      } do
        assert.error_matches(function()
          process.run({ "ls" }, { [name] = value })
        end, "run: bad option '" .. name)
      end
      assert.error_matches(function() process.run {} end,
        "run: bad argument 'argv'")
      assert.error_matches(function() process.run({ "ls" }, 1) end,
        "run: bad argument 'options' %(table expected%)")
    end)
  end)

  it("blames who has called, inside of a run and outside", function()
    local function blame() return select(2, pcall(process.run, { "a" }, 1)) end
    local function line()
      return select(2, pcall(function() process.run({ "a" }, { x = 1 }) end))
    end
    assert.matches("run: bad argument 'options' %(table expected%)$", blame())
    assert.matches("^spec/process/run_spec.lua:%d+: run: bad option 'x'$",
      line())
    quiet.run(function()
      assert.matches("^spec/process/run_spec.lua:%d+: run: bad option 'x'$",
        line())
    end)
    blocking.rest()
  end)

  it("leaves no process behind", function()
    assert.equal(0, children.zombies())
  end)
end)
