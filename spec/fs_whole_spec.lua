--- Whole files: read, written and copied by one call, or not at all.
local fs = require "uring.fs"
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local raw = require "uring.ring"
local temp = require "spec.support.temp"
local uring = require "uring"
local within = require "spec.support.within"

local errno = uring.errno

leaks.watch()

uring.blocking(function() end) -- opens a ring that stays

local SIZES = { 0, 1, 16383, 16384, 16385, 262145, 3000001 }

local function bytes(size)
  return (("%016d"):rep(64):format(table.unpack((function()
    local list = {}
    for i = 1, 64 do list[i] = i end
    return list
  end)())):rep(size // 1024 + 1):sub(1, size))
end

local function perm(path)
  return ("%o"):format(assert(fs.stat(path)).perm)
end

local function octal(text)
  return tonumber(text, 8)
end

describe("reading a whole file", function()
  it("is a function of uring, too, as is writing one", function()
    local folder <close> = process.folder()
    assert.is_true(uring.write_file(folder "a", "text"))
    assert.equal("text", uring.read_file(folder "a"))
  end)

  for _, size in ipairs(SIZES) do
    it("gives all of " .. size .. " bytes, in a run and outside", function()
      local text = bytes(size)
      local one <close> = temp.file(text)
      within.run(function()
        assert.is_true(fs.read_file(one.path) == text)
      end)
      assert.is_true(fs.read_file(one.path) == text)
    end)
  end

  it("works in /proc, where sizes are 0", function()
    within.run(function()
      assert.matches("^Name:", fs.read_file "/proc/self/status")
      assert.equal(process.capture "cat /proc/version",
        (fs.read_file "/proc/version":gsub("\n$", "")))
      assert.equal("", fs.read_file "/dev/null")
    end)
  end)

  it("refuses what is longer than allowed", function()
    within.run(function()
      for _, size in ipairs { 11, 16385, 200000, 3000000 } do
        local one <close> = temp.file(bytes(size))
        assert.same({ n = 3, nil, one.path .. ": too long", errno.ELIMIT },
          table.pack(fs.read_file(one.path, size - 1)))
        assert.equal(size, #fs.read_file(one.path, size))
      end
      assert.equal(errno.ELIMIT, select(3, fs.read_file("/dev/zero", 1e6 // 1)))
    end)
  end)

  it("of one that shrinks and grows gives what was there", function()
    local one <close> = temp.file()
    within.run(function()
      local file <close> = assert(fs.open(one.path, "r+"))
      local stop
      local writer = uring.spawn(function()
        local text = bytes(300000)
        while not stop do
          assert(file:truncate(0))
          assert(file:pwrite(text, 0))
        end
      end)
      local text = bytes(300000)
      for _ = 1, 50 do
        local got = assert(fs.read_file(one.path))
        assert.is_true(#got <= #text)
        assert.is_true(got == text:sub(1, #got) or got:find "\0" ~= nil)
      end
      stop = true
      writer:await()
    end)
  end)

  it("says why not", function()
    within.run(function()
      assert.same({ n = 3, nil, "/: Is a directory", errno.EISDIR },
        table.pack(fs.read_file "/"))
      assert.same({ n = 3, nil, "/none: No such file or directory",
        errno.ENOENT }, table.pack(fs.read_file "/none"))
      assert.error_matches(function() fs.read_file(nil) end,
        "fs.read_file: bad argument 'path' %(string expected, got nil%)")
      assert.error_matches(function() fs.read_file("/", -1) end,
        "fs.read_file: bad argument 'limit'")
    end)
  end)
end)

describe("writing a whole file", function()
  for _, atomic in ipairs { false, true } do
    local how = atomic and " atomically" or ""
    it("makes or replaces it" .. how, function()
      local folder <close> = process.folder()
      local path = folder "file"
      local function body()
        for _, size in ipairs(SIZES) do
          local text = bytes(size)
          assert.is_true(fs.write_file(path, text, { atomic = atomic }))
          assert.is_true(fs.read_file(path) == text)
        end
        assert.is_true(fs.write_file(path, 12, { atomic = atomic,
          sync = true }))
        local buffer = raw.buffer(3)
        assert.equal("12", fs.read_file(path))
        assert.is_true(fs.write_file(path, buffer, { atomic = atomic }))
        assert.equal("\0\0\0", fs.read_file(path))
        assert.same({ "file" }, fs.list(folder ""))
      end
      within.run(body)
      body()
    end)

    it("gives it permissions" .. how, function()
      local folder <close> = process.folder()
      within.run(function()
        assert(fs.write_file(folder "a", "", { atomic = atomic,
          perm = octal "640" }))
        assert.equal("640", perm(folder "a"))
        assert(fs.chmod(folder "a", octal "666"))
        assert(fs.write_file(folder "a", "x", { atomic = atomic }))
        assert.equal("666", perm(folder "a"))
      end)
    end)

    it("says why not" .. how, function()
      local folder <close> = process.folder()
      within.run(function()
        local path = folder "none/file"
        assert.same({ n = 3, nil, path .. ": No such file or directory",
          errno.ENOENT },
          table.pack(fs.write_file(path, "x", { atomic = atomic })))
        local top = folder ""
        assert.equal(errno.EISDIR,
          select(3, fs.write_file(top, "x", { atomic = atomic })))
        assert.same({}, fs.list(folder ""))
      end)
    end)
  end

  it("goes through a pipe", function()
    local fifo <close> = temp.fifo()
    within.run(function()
      local text = bytes(300000)
      local reader = uring.spawn(fs.read_file, fifo.path)
      assert.is_true(fs.write_file(fifo.path, text))
      assert.is_true(reader:await() == text)
    end)
  end)

  it("appends", function()
    local one <close> = temp.file "a"
    within.run(function()
      assert(fs.write_file(one.path, "b", { append = true }))
      assert(fs.write_file(one.path, "c", { append = true, sync = true }))
    end)
    assert.equal("abc", one:read())
  end)

  it("atomically lets nobody see a part", function()
    local one <close> = temp.file(("a"):rep(200000))
    within.run(function()
      local stop
      uring.spawn(function()
        for _ = 1, 30 do
          assert(fs.write_file(one.path, ("b"):rep(200000),
            { atomic = true }))
          assert(fs.write_file(one.path, ("a"):rep(200000),
            { atomic = true }))
        end
        stop = true
      end)
      while not stop do
        local text = assert(fs.read_file(one.path))
        assert.equal(200000, #text)
        assert.is_nil(text:find(text:sub(1, 1) == "a" and "b" or "a"))
      end
    end)
  end)

  it("refuses what is none", function()
    for _, case in ipairs {
      { "bad argument 'data' %(string expected, got nil%)", "/x" },
      { "bad option 'atomic'", "/x", "", { atomic = 1 } },
      { "bad option 'mode'", "/x", "", { mode = 1 } },
      { "bad argument 'perm'", "/x", "", { perm = -1 } },
      { "bad argument 'options'", "/x", "", true },
      { "bad option 'append' %(not with 'atomic'%)", "/x", "",
        { append = true, atomic = true } },
    } do
      assert.error_matches(function()
        fs.write_file(table.unpack(case, 2, 4))
      end, "fs.write_file: " .. case[1])
    end
  end)
end)

describe("copying a file", function()
  for _, size in ipairs(SIZES) do
    it("copies " .. size .. " bytes and the permissions", function()
      local folder <close> = process.folder()
      local text = bytes(size)
      within.run(function()
        assert(fs.write_file(folder "a", text))
        for _, mode in ipairs { "604", "666", "751" } do
          assert(fs.chmod(folder "a", octal(mode)))
          local copied = assert(fs.copy(folder "a", folder(mode)))
          assert.equal(size, copied)
          assert.is_true(fs.read_file(folder(mode)) == text)
          assert.equal(mode, perm(folder(mode)))
        end
        assert.equal(size, fs.copy(folder "a", folder "no",
          { reflink = false }))
        assert.is_true(fs.read_file(folder "no") == text)
      end)
    end)
  end

  it("replaces only by force", function()
    local folder <close> = process.folder()
    within.run(function()
      assert(fs.write_file(folder "a", "short"))
      assert(fs.write_file(folder "b", "something longer"))
      assert.same({ n = 3, nil, folder "b" .. ": File exists",
        errno.EEXIST }, table.pack(fs.copy(folder "a", folder "b")))
      assert.equal(5, fs.copy(folder "a", folder "b", { force = true }))
      assert.equal("short", fs.read_file(folder "b"))
    end)
  end)

  it("to itself changes nothing", function()
    local folder <close> = process.folder()
    within.run(function()
      assert(fs.write_file(folder "a", "kept"))
      assert(fs.symlink("a", folder "link"))
      assert.equal(errno.EINVAL, select(3,
        fs.copy(folder "a", folder "link", { force = true })))
      assert.equal(errno.EEXIST, select(3, fs.copy(folder "a", folder "a")))
      assert.equal("kept", fs.read_file(folder "a"))
    end)
  end)

  it("shares bytes, or says that it cannot", function()
    local folder <close> = process.folder()
    within.run(function()
      assert(fs.write_file(folder "a", "shared"))
      local size, _, code = fs.copy(folder "a", folder "b",
        { reflink = true })
      if size then return assert.equal("shared", fs.read_file(folder "b")) end
      assert.equal(errno.EOPNOTSUPP, code)
      assert.is_false(fs.exists(folder "b"))
    end)
  end)

  it("works with files that do not know their size", function()
    local folder <close> = process.folder()
    within.run(function()
      local size = assert(fs.copy("/proc/version", folder "a"))
      assert.equal(fs.read_file "/proc/version", fs.read_file(folder "a"))
      assert.equal(size, fs.stat(folder "a").size)
      assert.equal(0, fs.copy("/dev/null", folder "b"))
    end)
  end)

  it("leaves no part where it fails", function()
    local folder <close> = process.folder()
    within.run(function()
      assert.equal(errno.EISDIR, select(3, fs.copy("/", folder "a")))
      assert.equal(errno.ENOENT, select(3, fs.copy("/none", folder "a")))
      assert.equal(errno.EIO, select(3, fs.copy("/proc/self/mem",
        folder "a")))
      assert.same({}, fs.list(folder ""))
      assert.equal(errno.ENOSPC, select(3, fs.copy("/proc/version",
        "/dev/full", { force = true })))
      assert.is_true(fs.exists "/dev/full")
    end)
  end)
end)
