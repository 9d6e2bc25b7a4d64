--- Names in the file system: made, removed, changed, linked, asked about.
local fs = require "uring.fs"
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local uring = require "uring"
local within = require "spec.support.within"

local errno = uring.errno

leaks.watch()

uring.blocking(function() end) -- opens a ring that stays

local function octal(text)
  return tonumber(text, 8)
end

-- A test that runs in a run, and outside, each in a folder of its own.
local function test(title, body)
  it(title .. ", in a run", function()
    local folder <close> = process.folder()
    within.run(body, folder)
  end)
  it(title .. ", outside of one", function()
    local folder <close> = process.folder()
    body(folder)
  end)
end

local function fails(code, path, ...)
  local got = table.pack(...)
  assert.same({ n = 3, nil, path .. ": " .. uring.strerror(errno[code]),
    errno[code] }, got)
end

describe("a folder", function()
  test("is made and removed", function(folder)
    local path = folder "new"
    assert.is_true(fs.mkdir(path, octal "750"))
    assert.equal(octal "750", fs.stat(path).perm)
    fails("EEXIST", path, fs.mkdir(path))
    assert.is_true(fs.mkdir(path .. "/in"))
    fails("ENOTEMPTY", path, fs.rmdir(path))
    fails("ENOTEMPTY", path, fs.remove(path))
    assert.is_true(fs.rmdir(path .. "/in"))
    assert.is_true(fs.remove(path))
    fails("ENOENT", path, fs.rmdir(path))
  end)

  test("is made with those above it", function(folder)
    assert.is_true(fs.makedirs(folder "a/b//c/d/"))
    assert.is_true(fs.makedirs(folder "a/b/c/d"))
    assert.equal("directory", fs.stat(folder "a/b/c/d").type)
    assert(fs.write_file(folder "file", ""))
    fails("EEXIST", folder "file", fs.makedirs(folder "file"))
    fails("ENOTDIR", folder "file/x", fs.makedirs(folder "file/x"))
    fails("ENOENT", "", fs.makedirs "")
    assert(fs.symlink("a", folder "link"))
    assert.is_true(fs.makedirs(folder "link"))
    assert.is_true(fs.makedirs(folder "link/e/f"))
  end)
end)

describe("a name", function()
  test("is given up", function(folder)
    assert(fs.write_file(folder "a", ""))
    fails("ENOTDIR", folder "a", fs.rmdir(folder "a"))
    assert.is_true(fs.remove(folder "a"))
    fails("ENOENT", folder "a", fs.remove(folder "a"))
  end)

  test("is changed", function(folder)
    local a, b = folder "a", folder "b"
    assert(fs.write_file(a, "a"))
    assert(fs.write_file(b, "b"))
    fails("EEXIST", a, fs.rename(a, b, { noreplace = true }))
    assert.is_true(fs.rename(a, b, { exchange = true }))
    assert.equal("b", fs.read_file(a))
    assert.is_true(fs.rename(a, b))
    assert.equal("b", fs.read_file(b))
    fails("ENOENT", a, fs.rename(a, b))
    fails("EINVAL", b, fs.rename(b, a, { noreplace = true,
      exchange = true }))
  end)

  test("is one of several", function(folder)
    assert(fs.write_file(folder "a", "shared"))
    assert.is_true(fs.link(folder "a", folder "b"))
    assert.equal(2, fs.stat(folder "a").nlink)
    assert.equal(fs.stat(folder "a").ino, fs.stat(folder "b").ino)
    fails("EEXIST", folder "b", fs.link(folder "a", folder "b"))
  end)

  test("may lead somewhere else", function(folder)
    assert(fs.write_file(folder "a", "text"))
    assert.is_true(fs.symlink("a", folder "link"))
    assert.equal("a", fs.readlink(folder "link"))
    assert.equal("link", fs.lstat(folder "link").type)
    assert.equal("file", fs.stat(folder "link").type)
    assert.equal(fs.realpath(folder "a"), fs.realpath(folder "link"))
    fails("EINVAL", folder "a", fs.readlink(folder "a"))
    assert(fs.symlink("round", folder "round"))
    fails("ELOOP", folder "round", fs.stat(folder "round"))
    fails("ELOOP", folder "round", fs.realpath(folder "round"))
    assert(fs.symlink(("x"):rep(4000), folder "long"))
    assert.equal(("x"):rep(4000), fs.readlink(folder "long"))
  end)

  test("is there or not", function(folder)
    assert(fs.write_file(folder "a", ""))
    assert(fs.symlink("none", folder "dangling"))
    assert.is_true(fs.exists(folder "a"))
    assert.is_false(fs.exists(folder "b"))
    assert.is_false(fs.exists(folder "a/b"))
    assert.is_false(fs.exists(folder "dangling"))
    local long = ("x"):rep(300)
    fails("ENAMETOOLONG", long, fs.exists(long))
  end)

  local STRANGE = {
    "line\nbreak", "\xff\xfe\x80 no UTF-8", " ", "-rf", "tab\there",
    "\\", "'\"`$()", "\1\2\27", ("n"):rep(255),
  }
  test("has any bytes but NUL", function(folder)
    for _, name in ipairs(STRANGE) do
      local path = folder(name)
      assert(fs.write_file(path, name))
      assert.equal(name, fs.read_file(path))
      assert(fs.copy(path, folder "copy"))
      assert(fs.remove(folder "copy"))
    end
    local sorted = { table.unpack(STRANGE) }
    table.sort(sorted)
    assert.same(sorted, fs.list(folder ""))
    assert.is_true(fs.remove_tree(folder ""))
    assert(fs.mkdir(folder ""))
  end)

  it("that is none raises, whatever is to be done", function()
    local calls = {
      chmod = { 0 }, chown = {}, copy = { "/x" }, copy_tree = { "/x" },
      dir = {}, exists = {}, link = { "/x" }, list = {}, lstat = {},
      makedirs = {}, mkdir = {}, open = {}, read_file = {}, readlink = {},
      realpath = {}, remove = {}, remove_tree = {}, rename = { "/x" },
      rmdir = {}, root = {}, stat = {}, truncate = { 0 }, utime = {},
      walk = {}, watch = {}, write_file = { "" }, symlink = { "/x" },
    }
    for name, rest in pairs(calls) do
      assert.error_matches(function() fs[name]("a\0b", table.unpack(rest)) end,
        "^[^:]*:?%d*:? ?fs%." .. name .. ": bad argument '%l+' "
          .. "%(the path contains a zero byte%)$")
      assert.error_matches(function() fs[name](nil, table.unpack(rest)) end,
        "fs%." .. name .. ": bad argument '%l+' ")
    end
    for _, name in ipairs { "copy", "copy_tree", "link", "rename",
      "symlink" } do
      assert.error_matches(function() fs[name]("/x", false) end,
        "fs%." .. name .. ": bad argument '%l+' "
          .. "%(string expected, got boolean%)")
    end
    assert.error_matches(function() fs.rename("a", "b", { force = true }) end,
      "fs.rename: bad option 'force'")
  end)
end)

local IS_ROOT = process.capture "id -u" == "0"

describe("a file", function()
  test("tells what it is", function(folder)
    if not IS_ROOT then pending "needs root" end
    assert(fs.write_file(folder "a", "12345", { perm = octal "640" }))
    assert(fs.chown(folder "a", 12, 34))
    assert(fs.utime(folder "a", 1000, 2000.25))
    local due = process.capture("stat -c '%d %i %a %u %g %s %b %h %X %Y' "
      .. folder "a")
    local s = fs.stat(folder "a")
    assert.equal(due, ("%d %d %o %d %d %d %d %d %d %d"):format(s.dev, s.ino,
      s.perm, s.uid, s.gid, s.size, s.blocks, s.nlink, s.atime // 1,
      s.mtime // 1))
    assert.equal(2000.25, s.mtime)
    assert.equal("file", s.type)
    assert.is_true(s.btime > 0 and s.ctime > 0)
    for path, kind in pairs { ["/"] = "directory", ["/dev/null"] = "char" } do
      assert.equal(kind, fs.stat(path).type)
    end
    assert.equal(process.capture "stat -c %r /dev/null",
      tostring(fs.stat "/dev/null".rdev))
  end)

  test("is given permissions, owner and times", function(folder)
    if not IS_ROOT then pending "needs root" end
    local path, link = folder "a", folder "link"
    assert(fs.write_file(path, ""))
    assert(fs.symlink("a", link))
    assert.is_true(fs.chmod(link, octal "4711"))
    assert.equal(octal "4711", fs.stat(path).perm)
    assert.is_true(fs.chown(link, 5, nil))
    assert.is_true(fs.chown(link, nil, 6))
    assert.same({ 5, 6 }, { fs.stat(path).uid, fs.stat(path).gid })
    assert.is_true(fs.chown(link, 7, 8, { nofollow = true }))
    assert.same({ 5, 7 }, { fs.stat(path).uid, fs.lstat(link).uid })
    assert.is_true(fs.utime(path, 10, 20))
    assert.is_true(fs.utime(path, false, -1.5))
    assert.same({ 10.0, -1.5 }, { fs.stat(path).atime, fs.stat(path).mtime })
    assert.is_true(fs.utime(link, 30, 40, { nofollow = true }))
    assert.same({ 10.0, 40.0 }, { fs.stat(path).atime,
      fs.lstat(link).mtime })
    assert.is_true(fs.utime(path))
    assert.is_true(math.abs(fs.stat(path).mtime - os.time()) < 60)
    fails("ENOENT", folder "b", fs.chmod(folder "b", 0))
    fails("ENOENT", folder "b", fs.chown(folder "b", 0, 0))
    fails("ENOENT", folder "b", fs.utime(folder "b"))
  end)

  test("is cut off or extended", function(folder)
    assert(fs.write_file(folder "a", "12345"))
    assert.is_true(fs.truncate(folder "a", 2))
    assert.is_true(fs.truncate(folder "a", 4))
    assert.equal("12\0\0", fs.read_file(folder "a"))
    fails("ENOENT", folder "b", fs.truncate(folder "b", 0))
    fails("EISDIR", "/", fs.truncate("/", 0))
  end)

  it("refuses what is no number", function()
    for _, case in ipairs {
      { "chmod: bad argument 'perm'", fs.chmod, "/x", "rw" },
      { "chmod: bad argument 'perm'", fs.chmod, "/x" },
      { "chown: bad argument 'uid'", fs.chown, "/x", "root" },
      { "chown: bad argument 'gid'", fs.chown, "/x", 0, -1 },
      { "chown: bad option 'follow'", fs.chown, "/x", 0, 0, { follow = true } },
      { "utime: bad argument 'atime'", fs.utime, "/x", "now" },
      { "utime: bad argument 'mtime'", fs.utime, "/x", 0, 0 / 0 },
      { "truncate: bad argument 'size'", fs.truncate, "/x", 1.5 },
      { "mkdir: bad argument 'perm'", fs.mkdir, "/x", {} },
    } do
      assert.error_matches(function() case[2](table.unpack(case, 3, 6)) end,
        "fs." .. case[1])
    end
  end)
end)
