--- System calls without an opcode are done by a few threads: they hold no
-- task up but their own, and nothing of them stays.
local fs = require "uring.fs"
local leaks = require "spec.support.leaks"
local loop = require "uring.loop"
local native = require "spec.support.native"
local offload = require "uring.offload"
local process = require "spec.support.process"
local raw = require "uring.ring"
local temp = require "spec.support.temp"
local test = require "uring.test"
local uring = require "uring"
local within = require "spec.support.within"

local C, errno = raw.consts, uring.errno

leaks.watch()

uring.blocking(function() end) -- opens a ring that stays

local MIB = 1 << 20

-- Copying so much takes a thread a while.
local function slow_job(folder)
  local function open(name, flags)
    return assert(uring.op.openat(C.AT_FDCWD, folder(name), flags, 384))
  end
  local source, target = open("from", C.O_RDWR | C.O_CREAT),
    open("to", C.O_RDWR | C.O_CREAT)
  assert(uring.op.ftruncate(source, 32 * MIB))
  return source, target
end

local function expect(script, out)
  local message = native.expect(script, out)
  if message then pending(message) end
end

describe("a job", function()
  it("gives what the call gives, in a run and outside", function()
    local one <close> = temp.file("x")
    local function body()
      assert.equal("/usr", (offload.call("realpath", "/usr/../usr")))
      assert.is_true(offload.call("fchmodat", C.AT_FDCWD, one.path, 384))
      assert.same({ n = 3, nil, "realpath: No such file or directory",
        errno.ENOENT }, table.pack(offload.call("realpath", "/nowhere")))
    end
    body()
    within.run(body)
    assert.equal("600", process.capture("stat -c %a " .. one.path))
  end)

  it("lets other tasks run", function()
    within.run(function()
      local others = 0
      uring.spawn(function() others = others + 1 end)
      assert(offload.call("realpath", "/usr"))
      assert.equal(1, others)
    end)
  end)

  it("is one of many", function()
    within.run(function()
      local list = {}
      for i = 1, 1000 do list[i] = i end
      local results = uring.map(list, function(i)
        return (offload.call("realpath", i % 2 == 0 and "/usr" or "/"))
      end, { max = 1000 })
      for i = 1, 1000 do
        assert.equal(i % 2 == 0 and "/usr" or "/", results[i])
      end
      local threads = process.capture("ls /proc/$PPID/task | wc -l")
      assert.is_true(tonumber(threads) <= 40, threads)
    end)
  end)

  it("works in uring.blocking, and where no task can wait", function()
    within.run(function()
      assert.equal("/usr", uring.blocking(offload.call, "realpath", "/usr"))
      assert.error_matches(function()
        table.sort({ 1, 2 }, function() offload.call("realpath", "/") end)
      end, "realpath: cannot wait here")
    end)
  end)

  it("may be waited for in a generator", function()
    within.run(function()
      local found = {}
      for path in coroutine.wrap(function()
        for _, name in ipairs { "/usr", "/etc" } do
          coroutine.yield((offload.call("realpath", name)))
        end
      end) do found[#found + 1] = path end
      assert.same({ "/usr", "/etc" }, found)
    end)
  end)

  it("that is none raises, and so do arguments that are none", function()
    local cases = {
      { "no job 'chmod'", "chmod" },
      { "number expected, got nil", "flock" },
      { "not a descriptor", "flock", -1, 1 },
      { "it contains a zero byte", "realpath", "a\0b" },
      { "out of range", "getdents", 0, 0 },
      { "out of range", "getdents", 0, 1 << 21 },
    }
    for _, case in ipairs(cases) do
      local function call() offload.call(table.unpack(case, 2)) end
      assert.error_matches(call, case[1])
      within.run(function() assert.error_matches(call, case[1]) end)
    end
  end)

  it("works on a copy of its descriptor", function()
    local folder <close> = process.folder()
    within.run(function()
      local from, to = slow_job(folder)
      local copied
      uring.spawn(function()
        copied = table.pack(offload.call("copy_file_range", from, to, 0, 0,
          32 * MIB))
      end)
      uring.yield()
      raw.close(from)
      raw.close(to)
      local other = assert(uring.op.openat(C.AT_FDCWD, "/dev/null"))
      while not copied do uring.sleep(0.001) end
      assert.same({ n = 1, 32 * MIB }, copied)
      raw.close(other)
    end)
  end)

  it("says that a descriptor is not open", function()
    within.run(function()
      assert.same({ n = 3, nil, "flock: Bad file descriptor", errno.EBADF },
        table.pack(offload.call("flock", 1 << 20, C.LOCK_SH)))
    end)
  end)
end)

describe("a job of a task that is cancelled", function()
  it("is not begun where that is known", function()
    within.run(function()
      local began = false
      uring.scope(function(scope)
        scope:cancel("enough")
        pcall(offload.call, "realpath", "/")
        local ok, cause = pcall(offload.call, "realpath", "/")
        began = ok or not uring.is_cancelled(cause)
      end)
      assert.is_false(began)
    end)
  end)

  it("is waited for, and what it gives is delivered", function()
    local folder <close> = process.folder()
    within.run(function()
      local from, to = slow_job(folder)
      local got, after
      uring.scope(function(scope)
        scope:spawn(function()
          got = offload.call("copy_file_range", from, to, 0, 0, 32 * MIB)
          after = { pcall(uring.sleep, 0) }
        end)
        uring.yield()
        scope:cancel("enough")
      end)
      assert.equal(32 * MIB, got)
      assert.is_false(after[1])
      assert.is_true(uring.is_cancelled(after[2]))
      raw.close(from)
      raw.close(to)
    end)
  end)
end)

describe("the tray of a run", function()
  it("is there only while jobs are out, and hides no deadlock", function()
    local before = leaks.snapshot()
    local ok, problem = pcall(uring.run, function()
      offload.call("realpath", "/")
      uring.yield()
      uring.yield()
      local ring = loop.current("spec").ring
      assert.equal(0, ring:in_flight())
      require("uring.sync").event():wait()
    end)
    assert.is_false(ok)
    assert.matches("deadlock: 1 task is waiting", problem, 1, true)
    leaks.check(before)
  end)

  it("says what a task waits for", function()
    local folder <close> = process.folder()
    within.run(function()
      local from, to = slow_job(folder)
      local task = uring.spawn(offload.call, "copy_file_range", from, to, 0, 0,
        32 * MIB)
      uring.yield()
      assert.matches("a thread to do copy_file_range", uring.debug.tree(), 1,
        true)
      task:await()
      raw.close(from)
      raw.close(to)
    end)
  end)
end)

describe("the C library's lookup", function()
  it("finds addresses", function()
    within.run(function()
      local list = assert(offload.getaddrinfo("127.0.0.1", "80",
        { socktype = C.SOCK_STREAM }))
      assert.equal(1, #list)
      assert.equal("127.0.0.1:80", tostring(list[1].address))
      assert.equal(C.AF_INET, list[1].family)
      assert.equal(C.SOCK_STREAM, list[1].socktype)
      assert.equal(C.IPPROTO_TCP, list[1].protocol)
    end)
  end)

  it("says why not", function()
    local EAI_NONAME, AI_NUMERICHOST <const> = -2, 4
    local list, message, code = offload.getaddrinfo("no.such", "80",
      { flags = AI_NUMERICHOST })
    assert.is_nil(list)
    assert.equal("getaddrinfo: Name or service not known", message)
    assert.equal(EAI_NONAME - 100, code)
  end)
end)

describe("the threads", function()
  it("take no signals, and are at most eight", function()
    local result = process.run { process.LUA, "-e", [[
      local uring, offload = require "uring", require "uring.offload"
      uring.run(function()
        local list = {}
        for i = 1, 200 do list[i] = i end
        uring.map(list, function() offload.call("realpath", "/") end,
          { max = 200 })
        local count, open = 0, 0
        for task in io.popen("ls /proc/$PPID/task"):lines() do
          local file = io.open("/proc/self/task/" .. task .. "/status")
          local text = file and file:read "a" or ""
          if text:match "Name:%s*lua" then
            count = count + 1
            if text:match "SigBlk:%s*(%x+)" == ("0"):rep(16) then
              open = open + 1
            end
          end
        end
        print(count >= 2 and count <= 9, open)
      end)
    ]] }
    assert.same({ code = 0, out = "true\t1\n", err = "" }, result)
  end)

  it("end when idle", function()
    local result = process.run { process.LUA, "-e", [[
      local uring, offload = require "uring", require "uring.offload"
      local function count()
        local pipe <close> = io.popen("ls /proc/$PPID/task | wc -l")
        return pipe:read "n"
      end
      uring.run(function()
        local before = count()
        offload.call("realpath", "/")
        assert(count() == before + 1)
        local deadline = uring.now() + 15
        while count() > before and uring.now() < deadline do
          uring.sleep(0.1)
        end
        print(count() == before)
        print(offload.call("realpath", "/"))
      end)
    ]] }
    assert.same({ code = 0, out = "true\n/\n", err = "" }, result)
  end)

  it("are waited for when the program ends, whatever ends it", function()
    local before = [[
      local uring, offload = require "uring", require "uring.offload"
      uring.run(function()
        for _ = 1, 100 do uring.spawn(offload.call, "realpath", "/") end
        uring.yield()
    ]]
    for ending, code in pairs {
      ["end)"] = 0, ["os.exit(3, true) end)"] = 3, ["os.exit(4) end)"] = 4,
      ["error 'ends' end)"] = 1,
      ["end) local t = require'uring.core'.tray() t:start('realpath', '/')"]
        = 0,
    } do
      local result = process.run { process.LUA, "-e", before .. ending }
      assert.equal(code, result.code, ending .. result.err)
    end
  end)

  it("are not those of a forked child", function()
    expect([[
      local offload, uring = require "uring.offload", require "uring"
      local function jobs()
        uring.run(function()
          uring.map({ 1, 2, 3, 4 }, function()
            for _ = 1, 10 do assert(offload.call("realpath", "/")) end
          end)
        end)
      end
      jobs()
      for _ = 1, 3 do
        if native.fork() == 0 then
          jobs()
          os.exit(7, true)
        end
      end
      print(native.wait(-1), native.wait(-1), native.wait(-1))
      jobs()
    ]], "7\t7\t7\n")
  end)

  it("may be at work while the process forks", function()
    if os.getenv "ASAN_OPTIONS" then
      return pending "the sanitizers' allocator may be locked in the child"
    end
    expect([[
      local core = require "uring.core"
      local function await(tray)
        local buffer, ring = uring.buffer(8), uring.ring(2)
        ring:get_sqe():prep_read(tray:fileno(), buffer)
        ring:submit_and_wait(1)
        ring:close()
        return tray:take()
      end
      local tray = core.tray()
      for _ = 1, 500 do tray:start("realpath", "/usr") end
      if native.fork() == 0 then
        tray:close()
        local own = core.tray()
        own:start("realpath", "/etc")
        local _, path = await(own)
        os.exit(path == "/etc" and 7 or 1, true)
      end
      print(native.wait(-1))
      local done = 0
      repeat
        local id, path = await(tray)
        while id do
          assert(path == "/usr")
          done = done + 1
          id, path = tray:take()
        end
      until done == 500
      print(done)
    ]], "7\n500\n")
  end)

  it("are limited by what the system has", function()
    local result = process.run { process.LUA, "-e", [[
      local uring, offload = require "uring", require "uring.offload"
      uring.run(function()
        local held = {}
        repeat held[#held + 1] = uring.open "/dev/null"
        until not uring.open "/dev/null"
        print(offload.call("realpath", "/"))
        for _, file in ipairs(held) do file:close() end
        print(offload.call("realpath", "/"))
      end)
    ]], limits = "-n 64" }
    assert.same({ code = 0, err = "",
      out = "nil\ttray: Too many open files\t24\n/\n" }, result)
  end)
end)

describe("in a simulation a job", function()
  it("is refused by name", function()
    assert.error_matches(function()
      test.run({ seed = 1 }, function()
        offload.call("readlinkat", C.AT_FDCWD, "/")
      end)
    end, "uring.test does not simulate readlinkat")
    assert.error_matches(function()
      test.run({ seed = 1 }, function()
        require("uring.fs").watch "/tmp"
      end)
    end, "uring.test does not simulate inotify")
  end)

  it("is done where it is about files in memory", function()
    for seed = 1, 20 do
      test.run({ seed = seed, files = { ["/d/a"] = "one",
        ["/d/s/b"] = "two" } }, function()
        assert.same({ "a", "s" }, fs.list "/d")
        local count = 0
        for _ in fs.walk "/d" do count = count + 1 end
        assert.equal(3, count)
        assert(fs.write_file("/d/a", "hello", { atomic = true }))
        assert.equal(5, fs.copy("/d/a", "/d/c"))
        assert.equal(3, fs.copy_tree("/d/s", "/d/t"))
        assert(fs.chmod("/d/a", 384))
        assert.equal(384, fs.stat "/d/a".perm)
        assert.equal("/d", fs.realpath "/d/s/.././")
        assert(fs.remove_tree "/d/s")
        uring.map({ 1, 2, 3 }, function()
          assert.same({ "a", "c", "t" }, fs.list "/d")
        end)
        local nameless <close> = assert(fs.tmpfile "/d")
        assert(nameless:write "x")
        assert.same({ "a", "c", "t" }, fs.list "/d")
        local file <close> = assert(fs.open("/d/a", "r+"))
        assert.equal("he", file:read(2))
        assert(file:write "X")
        assert.equal(0, file:seek "set")
        assert.equal("heXlo", file:read "a")
      end)
      assert.same({ ["/d/a"] = "heXlo", ["/d/c"] = "hello",
        ["/d/t/b"] = "two" }, test.files())
    end
  end)
end)
