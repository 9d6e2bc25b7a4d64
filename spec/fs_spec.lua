--- Files are opened, read, written and closed as io does it, but waiting
-- lets others run.
local fs = require "uring.fs"
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local raw = require "uring.ring"
local rows = require "spec.support.rows"
local temp = require "spec.support.temp"
local uring = require "uring"
local within = require "spec.support.within"

local C, errno = raw.consts, uring.errno
local BEFORE = "one\ntwo\n"

leaks.watch()

local function permissions(path)
  return process.capture("stat -c %a " .. path)
end

-- mode -> what reading a line gives first, what is there after writing "W"
local EFFECTS = {
  r = { reads = "one", leaves = BEFORE, needs_file = true },
  w = { reads = nil, leaves = "W" },
  a = { reads = nil, leaves = BEFORE .. "W" },
  ["r+"] = { reads = "one", leaves = "Wne\ntwo\n", needs_file = true },
  ["w+"] = { reads = nil, is_read = true, leaves = "W" },
  ["a+"] = { reads = "one", leaves = BEFORE .. "W" },
}

describe("opening a file", function()
  for mode, effect in pairs(EFFECTS) do
    it("with mode " .. mode .. " reads what io reads", function()
      local one <close> = temp.file(BEFORE)
      within.run(function()
        local file <close> = assert(uring.open(one.path, mode))
        local line, message, code = file:read()
        assert.equal(effect.reads, line)
        if effect.reads or effect.is_read then return end
        assert.equal(one.path .. ": Bad file descriptor", message)
        assert.equal(errno.EBADF, code)
      end)
    end)

    it("with mode " .. mode .. " writes what io writes", function()
      local one <close> = temp.file(BEFORE)
      within.run(function()
        local file <close> = assert(uring.open(one.path, mode))
        local done, message, code = file:write("W")
        if mode ~= "r" then return assert.equal(file, done) end
        assert.equal(one.path .. ": Bad file descriptor", message)
        assert.equal(errno.EBADF, code)
      end)
      assert.equal(effect.leaves, one:read())
    end)

    it("with mode " .. mode .. " makes one, or not", function()
      local new <close> = temp.name()
      within.run(function()
        local file, message, code = uring.open(new.path, mode)
        if file then return assert.is_true(file:close()) end
        assert.equal(new.path .. ": No such file or directory", message)
        assert.equal(errno.ENOENT, code)
      end)
      assert.equal(effect.needs_file or false, not io.open(new.path))
      collectgarbage()
    end)
  end

  it("reads where no mode is given", function()
    local one <close> = temp.file(BEFORE)
    within.run(function()
      local file <close> = assert(uring.open(one.path))
      assert.equal(BEFORE, file:read("a"))
    end)
  end)

  it("ignores b, as io does on Unix", function()
    local one <close> = temp.file(BEFORE)
    within.run(function()
      for _, mode in ipairs { "rb", "r+b", "rb+", "ab" } do
        assert(uring.open(one.path, mode)):close()
      end
    end)
    assert.equal(BEFORE, one:read())
  end)

  it("with x wants a new one", function()
    local new <close> = temp.name()
    within.run(function()
      local file <close> = assert(uring.open(new.path, "wx"))
      assert(file:write("mine"))
      for _, mode in ipairs { "wx", "w+x", "ax", "wbx" } do
        local other, message, code = uring.open(new.path, mode)
        assert.is_nil(other)
        assert.equal(new.path .. ": File exists", message)
        assert.equal(errno.EEXIST, code)
      end
    end)
    assert.equal("mine", new:read())
  end)

  it("refuses a mode that is none", function()
    within.run(function()
      for _, mode in ipairs { "", "x", "rw", "q", "rx", "r+x", "wxx", "r " } do
        assert.error_matches(function() uring.open("/dev/null", mode) end,
          "open: bad mode '" .. mode:gsub("%+", "%%+") .. "'")
      end
    end)
  end)

  it("makes files as io does, or with the permissions given", function()
    local plain <close> = temp.name()
    local model <close> = temp.name()
    local private <close> = temp.name()
    assert(io.open(model.path, "w")):close()
    within.run(function()
      assert(uring.open(plain.path, "w")):close()
      assert(uring.open(private.path, "w", tonumber("600", 8))):close()
    end)
    assert.equal(permissions(model.path), permissions(plain.path))
    assert.equal("600", permissions(private.path))
  end)

  it("names the path where it fails", function()
    within.run(function()
      local file, message, code = uring.open("/", "w")
      assert.is_nil(file)
      assert.equal("/: Is a directory", message)
      assert.equal(errno.EISDIR, code)
    end)
  end)

  it("refuses a path that is none", function()
    within.run(function()
      assert.error_matches(function() uring.open("a\0b") end,
        "fs.open: bad argument 'path' %(the path contains a zero byte%)")
      assert.error_matches(function() uring.open(12) end,
        "fs.open: bad argument 'path' %(string expected, got number%)")
    end)
  end)
end)

describe("a file", function()
  it("prints as what it is", function()
    within.run(function()
      local file = assert(uring.open("/dev/null"))
      assert.equal("uring.File (fd " .. file:fileno() .. ")", tostring(file))
      file:close()
      assert.equal("uring.File (closed)", tostring(file))
    end)
  end)

  it("of a megabyte is read and written as it is", function()
    local source <close> = temp.name()
    local copy <close> = temp.name()
    local blocks = {}
    for i = 1, 1 << 16 do blocks[i] = ("%016d"):format(i) end
    local text = table.concat(blocks)
    within.run(function()
      local out <close> = assert(uring.open(source.path, "w"))
      assert(out:write(text))
      local from <close> = assert(uring.open(source.path))
      local to <close> = assert(uring.open(copy.path, "w"))
      for chunk in from:chunks() do assert(to:write(chunk)) end
      local again <close> = assert(uring.open(source.path))
      assert.is_true(again:read("a") == text)
    end)
    assert.is_true(copy:read() == text)
  end)

  it("opened twice has two places", function()
    local one <close> = temp.file(BEFORE)
    within.run(function()
      local left <close> = assert(uring.open(one.path))
      local right <close> = assert(uring.open(one.path))
      assert.equal("one", left:read())
      assert.equal("one", right:read())
      assert.equal("two", left:read())
    end)
  end)

  it("that is a folder cannot be read", function()
    within.run(function()
      local folder <close> = assert(uring.open("/"))
      local bytes, message, code = folder:read("a")
      assert.is_nil(bytes)
      assert.equal("/: Is a directory", message)
      assert.equal(errno.EISDIR, code)
    end)
  end)

  it("on a full device cannot be written", function()
    within.run(function()
      local full <close> = assert(uring.open("/dev/full", "w"))
      local done, message, code, written = full:write("bytes")
      assert.is_nil(done)
      assert.equal("/dev/full: No space left on device", message)
      assert.equal(errno.ENOSPC, code)
      assert.equal(0, written)
    end)
  end)

  it("that is a pipe waits for its other end", function()
    within.run(function()
      local from, to = raw.pipe()
      local reader <close> = fs.from_fd(from, "reader")
      local writer = fs.from_fd(to, "writer")
      uring.spawn(function()
        uring.sleep(0.001)
        assert(writer:write("through\n", "the pipe"))
        assert.is_true(writer:close())
      end)
      assert.same({ "through", "the pipe" }, { reader:read("l", "a") })
      assert.is_nil(reader:read())
    end)
  end)

  it("waits though someone has made it non-blocking", function()
    local fifo <close> = temp.fifo()
    within.run(function()
      local fd = assert(uring.op.openat(C.AT_FDCWD, fifo.path,
        C.O_RDWR | C.O_NONBLOCK))
      local file <close> = fs.from_fd(fd)
      uring.spawn(function()
        uring.sleep(0.001)
        assert(uring.op.write(fd, "late\n"))
      end)
      assert.equal("late", file:read())
      local size <const> = 1 << 18
      uring.spawn(function() assert(file:write(("x"):rep(size))) end)
      assert.equal(size, #file:read(size))
    end)
  end)

  it("that has lost its reader says so", function()
    within.run(function()
      local from, to = raw.pipe()
      local writer <close> = fs.from_fd(to, "writer")
      raw.close(from)
      local done, message, code = writer:write("x")
      assert.is_nil(done)
      assert.equal("writer: Broken pipe", message)
      assert.equal(errno.EPIPE, code)
    end)
  end)

  it("without a name says what failed", function()
    within.run(function()
      local file = fs.from_fd(rows.NOT_OPEN)
      assert.same({ n = 3, nil, "read: Bad file descriptor", errno.EBADF },
        table.pack(file:read()))
      assert.same({ n = 4, nil, "write: Bad file descriptor", errno.EBADF,
        0 }, table.pack(file:write("x")))
      assert.same({ n = 3, nil, "close: Bad file descriptor", errno.EBADF },
        table.pack(file:close()))
    end)
  end)
end)

describe("closing a file", function()
  it("waits for what the kernel says", function()
    within.run(function()
      local file = assert(uring.open("/dev/null"))
      local others = 0
      uring.spawn(function() others = others + 1 end)
      assert.is_true(file:close())
      assert.equal(1, others)
      assert.is_true(file:close())
      local lost = fs.from_fd(rows.NOT_OPEN, "lost")
      assert.same({ n = 3, nil, "lost: Bad file descriptor", errno.EBADF },
        table.pack(lost:close()))
      assert.is_true(lost:closed())
    end)
  end)

  it("by a close variable does not wait", function()
    within.run(function()
      local others = 0
      do
        local _file <close> = assert(uring.open("/dev/null"))
        uring.spawn(function() others = others + 1 end)
      end
      assert.equal(0, others)
    end)
  end)

  it("works where nothing can wait", function()
    local outside
    within.run(function()
      outside = assert(uring.open("/dev/null"))
      local file = assert(uring.open("/dev/null"))
      table.sort({ 1, 2 }, function() assert.is_true(file:close()) end)
    end)
    assert.is_true(outside:close())
    assert.same({ n = 3, nil, "closed", errno.ECLOSED },
      table.pack(outside:read()))
  end)

  it("ends who reads it", function()
    within.run(function()
      local from, to = raw.pipe()
      local reader = fs.from_fd(from)
      local got
      uring.spawn(function() got = table.pack(reader:read()) end)
      uring.yield()
      assert.is_true(reader:close())
      for _ = 1, 3 do uring.yield() end
      assert.same({ n = 3, nil, "closed", errno.ECLOSED }, got)
      raw.close(to)
    end)
  end)

  it("ends who writes it", function()
    within.run(function()
      local from, to = raw.pipe()
      local writer = fs.from_fd(to)
      local got
      uring.spawn(function() got = table.pack(writer:write(("x"):rep(1e6))) end)
      uring.yield()
      assert.is_true(writer:close())
      while not got do uring.sleep(0.01) end -- a worker of the kernel's, in 6.1
      assert.same({ nil, "closed", errno.ECLOSED }, { got[1], got[2], got[3] })
      assert.is_true(got[4] > 0)
      raw.close(from)
    end)
  end)
end)
