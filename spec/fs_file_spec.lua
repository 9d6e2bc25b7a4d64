--- What a file does beside being a stream: its position, its size, its locks.
local fs = require "uring.fs"
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local raw = require "uring.ring"
local temp = require "spec.support.temp"
local uring = require "uring"
local within = require "spec.support.within"

local C, errno = raw.consts, uring.errno

leaks.watch()

uring.blocking(function() end) -- opens a ring that stays

local DIGITS = "0123456789"
local CLOSED = { n = 3, nil, "closed", errno.ECLOSED }

-- The same steps with a file of ours and one of io's.
local function both(content, mode, body)
  local ours <close> = temp.file(content)
  local theirs <close> = temp.file(content)
  within.run(function()
    local file <close> = assert(fs.open(ours.path, mode))
    local model <close> = assert(io.open(theirs.path, mode))
    local got, due = table.pack(body(file)), table.pack(body(model))
    assert.same(due, got)
    file:close()
    model:close()
    assert.equal(theirs:read(), ours:read())
  end)
end

describe("the position of a file", function()
  local STEPS = {
    ["is told"] = function(f)
      return f:seek(), f:read(3), f:seek(), f:seek("cur"), f:seek("end")
    end,
    ["is set from everywhere"] = function(f)
      return f:seek("set", 4), f:read(1), f:seek("cur", 2), f:read(1),
        f:seek("cur", -3), f:read(1), f:seek("end", -2), f:read "a",
        f:seek("set"), f:read(2)
    end,
    ["is where a write goes after a read"] = function(f)
      local a = f:read(3)
      f:write "XY"
      f:seek("cur", 0)
      return a, f:read(1), f:seek("set"), f:read "a"
    end,
    ["is where a read begins after a write"] = function(f)
      f:write "ab"
      f:seek("cur", 0)
      return f:read(2), f:read "a", f:read "a", f:read(1)
    end,
    ["may be behind the end"] = function(f)
      f:seek("end", 5)
      f:write "!"
      return f:seek("set", 0), f:read "a"
    end,
    ["is kept by lines"] = function(f)
      f:write "a\nb\nc\n"
      f:seek "set"
      local list = {}
      for line in f:lines() do
        list[#list + 1] = line .. f:seek()
      end
      return table.unpack(list)
    end,
  }
  for name, steps in pairs(STEPS) do
    for _, mode in ipairs { "r+", "w+", "a+" } do
      it(name .. ", as io has it with " .. mode, function()
        both(DIGITS, mode, steps)
      end)
    end
  end

  it("cannot be before the beginning", function()
    within.run(function()
      local one <close> = temp.file(DIGITS)
      local file <close> = assert(fs.open(one.path))
      assert.equal("01", file:read(2))
      assert.same({ n = 3, nil, one.path .. ": Invalid argument",
        errno.EINVAL }, table.pack(file:seek("set", -1)))
      assert.equal("23", file:read(2))
    end)
  end)

  it("may be beyond 4 GiB", function()
    within.run(function()
      local one <close> = temp.file()
      local file <close> = assert(fs.open(one.path, "r+"))
      local edge = 1 << 32
      assert.equal(edge - 3, file:seek("set", edge - 3))
      assert(file:write "across")
      assert.equal(edge + 3, file:seek())
      assert.equal(edge + 3, file:size())
      file:seek("set", edge - 4)
      assert.equal("\0acr", file:read(4))
      assert.equal("oss", file:read(10))
      assert.equal("ross", file:pread(9, edge - 1))
    end)
  end)

  it("is not that of a pipe", function()
    within.run(function()
      local from, to = raw.pipe()
      local reader <close> = fs.from_fd(from, "in")
      local writer <close> = fs.from_fd(to, "out")
      assert.same({ n = 3, nil, "in: Illegal seek", errno.ESPIPE },
        table.pack(reader:seek()))
      assert(writer:write "abc")
      assert.equal("a", reader:read(1))
      assert.equal("bc", reader:read(2))
    end)
  end)

  it("of what is no descriptor is not asked for", function()
    for _, fd in ipairs { -1, 1.5, "1", {} } do
      assert.error_matches(function() fs.from_fd(fd) end,
        "fs.from_fd: bad argument 'fd' (descriptor expected)", 1, true)
    end
    assert.error_matches(function() fs.from_fd() end, "bad argument 'fd'")
  end)

  it("cannot be set while the file is read", function()
    within.run(function()
      local from, to = raw.pipe()
      local reader <close> = fs.from_fd(from)
      local writer <close> = fs.from_fd(to)
      local task = uring.spawn(reader.read, reader, 1)
      uring.yield()
      assert.error_matches(function() reader:seek "set" end,
        "read by another task")
      writer:write "x"
      assert.equal("x", task:await())
    end)
  end)

  it("refuses what is none", function()
    local one <close> = temp.file()
    local file <close> = assert(fs.open(one.path))
    assert.error_matches(function() file:seek "start" end,
      "seek: bad argument 'whence'")
    assert.error_matches(function() file:seek("set", 1.5) end,
      "seek: bad argument 'offset'")
  end)
end)

describe("reading and writing somewhere", function()
  it("leaves the position, in a run and outside", function()
    local one <close> = temp.file(DIGITS)
    local function body()
      local file <close> = assert(fs.open(one.path, "r+"))
      assert.equal("01", file:read(2))
      assert.equal("567", file:pread(3, 5))
      assert.equal(file, file:pwrite("89", 8))
      assert.equal("89", file:pread(100, 8))
      assert.is_nil((file:pread(1, 10)))
      assert.equal("", file:pread(0, 10))
      assert.equal(file, file:pwrite("", 100))
      assert.equal("23", file:read(2))
    end
    within.run(body)
    body()
    assert.equal(DIGITS, one:read())
  end)

  it("fills what lies between with zeros", function()
    local one <close> = temp.file "a"
    local file <close> = assert(fs.open(one.path, "r+"))
    assert(file:pwrite("b", 3))
    assert.equal("a\0\0b", one:read())
  end)

  it("works with megabytes, and with Buffers", function()
    local one <close> = temp.file()
    local text = ("0123456789abcde\n"):rep(200000)
    within.run(function()
      local file <close> = assert(fs.open(one.path, "r+"))
      assert(file:pwrite(text, 0))
      assert.is_true(file:pread(#text + 5, 0) == text)
      local buffer = raw.buffer(4)
      buffer:set(1, "ABCD")
      assert(file:pwrite(buffer, 1))
      assert.equal("0ABCD5", file:pread(6, 0))
    end)
  end)

  it("says what failed", function()
    local one <close> = temp.file(DIGITS)
    within.run(function()
      local file <close> = assert(fs.open(one.path))
      assert.same({ n = 4, nil, one.path .. ": Bad file descriptor",
        errno.EBADF, 0 }, table.pack(file:pwrite("x", 0)))
      local full <close> = assert(fs.open("/dev/full", "w"))
      assert.same({ n = 4, nil, "/dev/full: No space left on device",
        errno.ENOSPC, 0 }, table.pack(full:pwrite("x", 0)))
    end)
  end)

  it("refuses what is no count", function()
    local one <close> = temp.file()
    local file <close> = assert(fs.open(one.path, "r+"))
    for _, bad in ipairs { -1, 1.5, "x", false } do
      assert.error_matches(function() file:pread(bad, 0) end,
        "pread: bad argument 'count'")
      assert.error_matches(function() file:pread(1, bad) end,
        "pread: bad argument 'offset'")
      assert.error_matches(function() file:pwrite("x", bad) end,
        "pwrite: bad argument 'offset'")
      assert.error_matches(function() file:truncate(bad) end,
        "truncate: bad argument 'size'")
    end
    assert.error_matches(function() file:pwrite({}, 0) end,
      "pwrite: bad argument 'data'")
  end)
end)

describe("a file", function()
  it("tells and changes its size", function()
    local one <close> = temp.file(DIGITS)
    within.run(function()
      local file <close> = assert(fs.open(one.path, "r+"))
      assert.equal(10, file:size())
      assert.is_true(file:truncate(4))
      assert.equal(4, file:stat().size)
      assert.is_true(file:truncate(6))
      assert.equal("0123\0\0", file:read "a")
      assert.is_true(file:allocate(0, 8192))
      assert.equal(8192, file:size())
      assert.is_true(file:allocate(8192, 8192, "keep_size"))
      assert.equal(8192, file:size())
      assert.is_true(file:advise("sequential"))
      assert.is_true(file:advise("dontneed", 0, 4096))
      assert.is_true(file:sync())
      assert.is_true(file:sync(true))
    end)
  end)

  it("refuses modes and advice that are none", function()
    local one <close> = temp.file()
    local file <close> = assert(fs.open(one.path, "r+"))
    assert.error_matches(function() file:allocate(0, 1, "more") end,
      "allocate: bad argument 'how' %(no 'more'%)")
    assert.error_matches(function() file:advise "soon" end,
      "advise: bad argument 'how' %(no 'soon'%)")
    assert.error_matches(function() file:lock "x" end,
      "lock: bad argument 'how' %(no 'x'%)")
  end)

  it("that is closed says so, whatever is asked", function()
    within.run(function()
      local file = assert(fs.open("/dev/null", "r+"))
      file:close()
      for name, arguments in pairs {
        seek = {}, pread = { 1, 0 }, pwrite = { "x", 0 }, size = {},
        stat = {}, truncate = { 0 }, sync = {}, allocate = { 0, 1 },
        advise = { "normal" }, lock = { "sh" }, unlock = {},
      } do
        local got = table.pack(file[name](file, table.unpack(arguments)))
        assert.same({ nil, "closed", errno.ECLOSED },
          { got[1], got[2], got[3] }, name)
      end
    end)
  end)

  it("knows its path", function()
    local one <close> = temp.file()
    local file <close> = assert(fs.open(one.path))
    assert.equal(one.path, file.path)
  end)
end)

describe("opening", function()
  it("with t makes a file without a name", function()
    local folder <close> = process.folder()
    within.run(function()
      local file <close> = assert(fs.open(folder "", "w+t"))
      assert(file:write "hidden")
      assert.equal(0, file:seek "set")
      assert.equal("hidden", file:read "a")
      assert.same({}, fs.list(folder ""))
      assert.error_matches(function() fs.open(folder "", "rt") end,
        "bad mode 'rt'")
    end)
  end)

  it("with s and d sets the flags", function()
    local one <close> = temp.file()
    within.run(function()
      local file <close> = assert(fs.open(one.path, "r+s"))
      local info <close> = io.open("/proc/self/fdinfo/" .. file:fileno())
      local flags = tonumber(info:read "a":match "flags:%s*(%d+)", 8)
      assert.equal(C.O_SYNC, flags & C.O_SYNC)
      local direct <close>, _, code = fs.open(one.path, "r+d")
      if code == errno.EINVAL then return end -- a file system without it
      local block = ("b"):rep(4096)
      assert(direct:write(block:rep(40)))
      assert.equal(0, direct:seek "set")
      assert.is_true(direct:read "a" == block:rep(40))
      assert(direct:pwrite(("c"):rep(4096), 4096))
      assert.is_true(direct:pread(4096, 4096) == ("c"):rep(4096))
    end)
  end)

  it("takes flags, and names of flags", function()
    local one <close> = temp.file "old"
    within.run(function()
      local file <close> = assert(fs.open(one.path, C.O_RDWR | C.O_TRUNC))
      assert(file:write "new")
      local named <close> = assert(fs.open(one.path, { "rdwr", "append" }))
      assert(named:write "er")
      assert.equal("newer", one:read())
      assert.error_matches(function() fs.open(one.path, { "fast" }) end,
        "fs.open: bad argument 'mode' %(names of flags expected%)")
      assert.error_matches(function() fs.open(one.path, true) end,
        "fs.open: bad argument 'mode' %(string expected%)")
      assert.error_matches(function() fs.open(one.path, "w", -1) end,
        "fs.open: bad argument 'perm'")
    end)
  end)

  it("a temporary file and folder gives new ones", function()
    local folder <close> = process.folder()
    within.run(function()
      local file <close> = assert(fs.tmpfile(folder ""))
      assert(file:write "x")
      assert.equal(1, file:size())
      assert.same({}, fs.list(folder ""))
      local first, second = fs.tmpdir(folder ""), fs.tmpdir(folder "")
      assert.is_true(first ~= second)
      assert.equal(tonumber("700", 8), fs.stat(first).perm)
      assert.same({ nil, folder "none" .. ": No such file or directory",
        errno.ENOENT }, { fs.tmpdir(folder "none") })
      assert.equal(errno.ENOENT, select(3, fs.tmpfile(folder "none")))
    end)
  end)
end)

describe("a lock", function()
  it("is one's, or several ones'", function()
    local one <close> = temp.file()
    within.run(function()
      local a <close> = fs.open(one.path)
      local b <close> = fs.open(one.path)
      assert.is_true(a:lock "sh")
      assert.is_true(b:lock("sh", true))
      assert.same({ n = 3, nil, "would wait", errno.EAGAIN },
        table.pack(b:lock("ex", true)))
      assert.is_true(a:unlock())
      assert.is_true(b:lock("ex", true))
    end)
  end)

  it("is waited for, by more tasks than there are threads", function()
    local one <close> = temp.file()
    within.run(function()
      local holder = assert(fs.open(one.path))
      assert.is_true(holder:lock "ex")
      local order, tasks = 0, {}
      for i = 1, 12 do
        tasks[i] = uring.spawn(function()
          local file <close> = assert(fs.open(one.path))
          assert.is_true(file:lock "ex")
          order = order + 1
        end)
      end
      uring.sleep(0.005)
      assert.is_true(fs.exists(one.path)) -- a thread is free
      assert.is_true(fs.chmod(one.path, 420))
      assert.equal(0, order)
      holder:close()
      for _, task in ipairs(tasks) do task:await() end
      assert.equal(12, order)
    end)
  end)

  it("is another process's as well", function()
    local one <close> = temp.file()
    local other <close> = process.start { "flock", one.path, "sh", "-c",
      "echo locked; exec sleep 60" }
    other:expect "locked"
    within.run(function()
      local file <close> = assert(fs.open(one.path))
      assert.equal(errno.EAGAIN, select(3, file:lock("ex", true)))
      other:signal "KILL"
      other:close()
      assert.is_true(file:lock "ex")
    end)
  end)

  it("is given up where the task is cancelled or the file closed", function()
    local one <close> = temp.file()
    within.run(function()
      local holder <close> = fs.open(one.path)
      local file = fs.open(one.path)
      assert.is_true(holder:lock "ex")
      assert.equal(errno.ETIMEDOUT,
        select(3, uring.timeout(0.01, file.lock, file, "ex")))
      local task = uring.spawn(function() return table.pack(file:lock "ex") end)
      uring.sleep(0.01)
      file:close()
      assert.same(CLOSED, task:await())
    end)
  end)
end)
