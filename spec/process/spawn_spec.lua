--- process.spawn: what a child process is given, and what it is not.
local blocking = require "uring.blocking"
local children = require "spec.support.children"
local core = require "uring.core"
local leaks = require "spec.support.leaks"
local outside = require "spec.support.process"
local quiet = require "spec.support.quiet"
local temp = require "spec.support.temp"
local test = require "uring.test"
local uring = require "uring"

local errno, process = uring.errno, uring.process

leaks.watch()

-- What a program writes, and how it ends.
local function output(argv, options)
  options = options or {}
  options.stdout = options.stdout or "pipe"
  local child <close> = assert(process.spawn(argv, options))
  local text = child.stdout:read("a")
  return text, child:wait()
end

-- A field of /proc/self/status in a program.
local function status(field)
  return (output { "cat", "/proc/self/status" }):match(
    "\n" .. field .. ":%s*([^\n]*)")
end

describe("a program", function()
  it("has the arguments that it is given, as they are", function()
    quiet.run(function()
      assert.equal("[a b]\n[$HOME]\n[]\n[7]\n", (output({ "printf", "[%s]\\n",
        "a b", "$HOME", "", 7 })))
    end)
  end)

  it("may be a command for the shell", function()
    quiet.run(function()
      assert.equal("3\n", (output("echo $((1 + 2))")))
    end)
  end)

  it("tells its exit status, or the signal that has ended it", function()
    quiet.run(function()
      assert.same({ "", 0 }, { output { "true" } })
      assert.same({ "", 7 }, { output "exit 7" })
      assert.same({ "", nil, "KILL", 9 }, { output "kill -9 $$" })
      assert.same({ "", nil, "40", 40 }, { output "kill -40 $$" })
    end)
  end)

  it("has streams to us where it shall", function()
    quiet.run(function()
      local child <close> = assert(process.spawn("cat; echo end >&2",
        { stdin = "pipe", stdout = "pipe", stderr = "pipe" }))
      assert.truthy(child.stdin:write("one\ntwo\n"))
      assert.equal("one", child.stdout:read())
      assert.equal("two", child.stdout:read())
      child.stdin:close()
      assert.is_nil(child.stdout:read())
      assert.equal("end\n", child.stderr:read("a"))
      assert.equal(0, child:wait())
    end)
  end)

  it("shares ours where nothing is said", function()
    local result = outside.run { outside.LUA, "-e", [[
      local uring = require "uring"
      uring.run(function()
        uring.process.spawn("echo out; echo err >&2"):wait()
      end)
    ]] }
    assert.same({ code = 0, out = "out\n", err = "err\n" }, result)
  end)

  it("reads the string that it is given, of any size", function()
    quiet.run(function()
      local bytes = ("x\0y"):rep(100000)
      assert.equal("300000\n",
        (output({ "wc", "-c" }, { stdin = bytes })))
      assert.equal("pipe", (output({ "cat" }, { input = "pipe" })))
      assert.equal("", (output({ "cat" }, { input = "" })))
      assert.same({ "", 0 }, { output({ "true" }, { input = bytes }) })
    end)
  end)

  it("reads from and writes to streams and descriptors", function()
    local from <close> = temp.file("some text")
    local to <close> = temp.file()
    quiet.run(function()
      local reader <close> = assert(uring.open(from.path))
      local writer <close> = assert(uring.open(to.path, "w"))
      local child <close> = assert(process.spawn({ "cat" },
        { stdin = reader, stdout = writer:fileno() }))
      assert.equal(0, child:wait())
      assert.equal("some text", to:read())
    end)
  end)

  it("reads nothing from null, and writes nowhere", function()
    quiet.run(function()
      assert.equal("0\n", (output("cat | wc -c; echo gone >&2",
        { stdin = "null", stderr = "null" })))
    end)
  end)

  it("may write its errors where its output goes", function()
    quiet.run(function()
      assert.equal("out\nerr\n", (output("echo out; echo err >&2",
        { stderr = "stdout" })))
    end)
  end)

  it("may have our streams crosswise", function()
    local result = outside.run { outside.LUA, "-e", [[
      local uring = require "uring"
      uring.run(function()
        uring.process.spawn("echo out; echo err >&2",
          { stdout = 2, stderr = 1 }):wait()
      end)
    ]] }
    assert.same({ code = 0, out = "err\n", err = "out\n" }, result)
  end)

  it("runs in the folder that it shall", function()
    quiet.run(function()
      assert.equal("/proc\n", (output({ "pwd", "-P" }, { cwd = "/proc" })))
    end)
  end)

  it("has our environment, with what is added, and without", function()
    quiet.run(function()
      local path = os.getenv "PATH"
      assert.equal(path .. " b\n", (output("echo $PATH $A",
        { env_add = { A = "b" } })))
      assert.equal("unset\n", (output("echo ${HOME-unset}",
        { env_add = { HOME = false } })))
      assert.equal("A=1\nB=x=y\n", (output({ "/usr/bin/env" },
        { env = { A = 1, B = "x=y" } })))
      assert.equal("A=2\n", (output({ "env" },
        { env = { A = 1 }, env_add = { A = 2 } })))
    end)
  end)

  it("is looked for in the PATH that it has itself", function()
    local folder <close> = outside.folder()
    local file = assert(io.open(folder "a_program", "w"))
    file:write("#!/bin/sh\necho found\n"):close()
    os.execute("chmod +x " .. folder "a_program")
    quiet.run(function()
      assert.equal("found\n", (output({ "a_program" },
        { env_add = { PATH = "/nowhere:" .. folder "" } })))
      assert.same({ nil, "spawn a_program: No such file or directory",
        errno.ENOENT }, { process.spawn({ "a_program" }) })
      os.execute("chmod -x " .. folder "a_program")
      assert.same({ nil, "spawn a_program: Permission denied", errno.EACCES },
        { process.spawn({ "a_program" },
          { env_add = { PATH = folder "" .. ":/nowhere" } }) })
    end)
  end)

  it("has no signal blocked, and dies of SIGPIPE as others do", function()
    quiet.run(function()
      uring.signal.block("USR1", "TERM")
      local blocked, ignored = status "SigBlk", status "SigIgn"
      uring.signal.unblock("USR1", "TERM")
      assert.equal(0, tonumber(blocked, 16))
      assert.equal(0, tonumber(ignored, 16) & 1 << 12) -- SIGPIPE
    end)
  end)

  it("has no descriptors of ours", function()
    local leaky, other = assert(core.pipe())
    quiet.run(function()
      local open = output({ "ls", "/proc/self/fd" }, { stdin = "null" })
      assert.equal("0\n1\n2\n3\n", open) -- the last is that of ls
    end)
    core.close(leaky)
    core.close(other)
  end)

  it("leads a process group, or a session, where it shall", function()
    quiet.run(function()
      local ids = "cut -d' ' -f1,5,6 /proc/$$/stat; echo $PPID"
      local pid, group, session, parent =
        (output(ids, { pgroup = true })):match "(%d+) (%d+) (%d+)\n(%d+)"
      assert.equal(pid, group)
      assert.not_equal(pid, session)
      pid, group, session = (output(ids, { session = true })):match
        "(%d+) (%d+) (%d+)"
      assert.same({ pid, pid }, { group, session })
      group = select(2, (output(ids)):match "(%d+) (%d+) (%d+)")
      local ours = outside.capture(
        ("cut -d' ' -f5 /proc/%s/stat"):format(parent))
      assert.equal(ours, group)
    end)
  end)

  it("joins the process group of another", function()
    quiet.run(function()
      local leader <close> = assert(process.spawn({ "sleep", "60" },
        { pgroup = true }))
      local group = output("cut -d' ' -f5 /proc/$$/stat",
        { pgroup = leader.pid })
      assert.equal(leader.pid, tonumber(group))
    end)
  end)

  it("is another user's where it shall", function()
    if outside.capture "id -u" ~= "0" then pending("only root may") end
    quiet.run(function()
      assert.equal("12345 54321 54321\n", (output("echo $(id -u; id -g; id -G)",
        { uid = 12345, gid = 54321, cwd = "/" })))
    end)
  end)
end)

describe("a program that cannot start", function()
  it("says why, and leaves nothing behind", function()
    quiet.run(function()
      for _, case in ipairs {
        { { "nope" }, nil, "nope: No such file or directory", errno.ENOENT },
        { { "/etc/passwd" }, nil, "/etc/passwd: Permission denied",
          errno.EACCES },
        { { "/etc/passwd/x" }, nil, "/etc/passwd/x: Not a directory",
          errno.ENOTDIR },
        { { "ls" }, { cwd = "/nope" }, "ls: chdir /nope: No such file or "
          .. "directory", errno.ENOENT },
        { { "ls" }, { pgroup = 1 }, "ls: setpgid: Operation not permitted",
          errno.EPERM },
        { { "ls" }, { stdout = 1 << 20 }, "ls: dup: Bad file descriptor",
          errno.EBADF },
      } do
        assert.same({ nil, "spawn " .. case[3], case[4] },
          { process.spawn(case[1], case[2]) })
      end
      local options = { stdin = "pipe", stdout = "pipe", stderr = "null" }
      assert.is_nil((process.spawn({ "nope" }, options)))
      assert.is_nil((process.spawn({ "nope" }, { input = "bytes" })))
    end)
    assert.equal(0, children.zombies())
  end)

  it("says that a stream is closed", function()
    quiet.run(function()
      local file = assert(uring.open("/dev/null"))
      file:close()
      assert.same({ nil, "spawn ls: stdin: closed", errno.ECLOSED },
        { process.spawn({ "ls" }, { stdin = file }) })
    end)
  end)

  it("raises for what makes no sense", function()
    for _, argv in ipairs { {}, { 1, {} }, { "a\0b" }, 5, true } do
      assert.error_matches(function() process.spawn(argv) end,
        "spawn: bad argument 'argv' %(a command, or a list of strings expec")
    end
    for _, options in ipairs {
      { foo = 1 }, { stdin = {} }, { stdout = "stdout" }, { stdout = "text" },
      { stderr = "stdoot" }, { cwd = 5 }, { cwd = "a\0" }, { env = "x" },
      { env = { ["a=b"] = "c" } }, { env = { A = {} } }, { env = { "A" } },
      { env_add = { [""] = "x" } }, { pgroup = "x" }, { pgroup = -1 },
      { session = 1 }, { kill_on_exit = 1 }, { grace = -1 }, { uid = 1.5 },
      { gid = "root" }, { input = 5 }, { input = "x", stdin = "null" },
      { grace = 0 / 0 },
    } do
      local name = next(options)
      assert.error_matches(function() process.spawn({ "ls" }, options) end,
        "spawn: bad option '" .. (options.input == "x" and "input" or name))
    end
    assert.error_matches(function() process.spawn({ "ls" }, 5) end,
      "spawn: bad argument 'options' %(table expected%)")
    assert.error_matches(function()
      process.spawn({ "ls" }, { signal = "NO" })
    end, "^spawn: bad option 'signal' "
      .. "%(no signal 'NO'%)$")
    assert.same({ nil, "spawn : No such file or directory", errno.ENOENT },
      { process.spawn { "" } })
    local _, message = pcall(process.spawn, {})
    assert.matches("^spawn: ", message)
  end)

  it("is refused in a simulation", function()
    assert.error_matches(function()
      test.run({}, function() process.spawn({ "ls" }) end)
    end, "uring.test does not simulate spawn")
    assert.error_matches(function()
      test.run({}, function() process.run("ls") end)
    end, "uring.test does not simulate")
  end)
end)

describe("outside of a run", function()
  it("a program is started, fed, read and waited for", function()
    local child <close> = assert(process.spawn({ "cat" },
      { stdin = "pipe", stdout = "pipe" }))
    assert.truthy(child.stdin:write("hello"))
    child.stdin:close()
    assert.equal("hello", child.stdout:read("a"))
    assert.equal(0, child:wait())
    assert.equal(0, child:wait())
    blocking.rest()
  end)

  it("close ends it", function()
    local child = assert(process.spawn { "sleep", "60" })
    child:close()
    assert.same({ nil, "TERM", 15 }, { child:wait() })
    blocking.rest()
  end)
end)
