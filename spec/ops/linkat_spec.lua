--- Proves the row linkat: another name for a file.
local process = require "spec.support.process"
local rows = require "spec.support.rows"
local uring = require "uring.ring"

local C = uring.consts
local HERE = C.AT_FDCWD

rows.describe("linkat", function()
  local function write(path, content)
    local file <close> = assert(io.open(path, "wb"))
    file:write(content)
  end

  -- Looks at the name itself, even where that is a symbolic link.
  local function stat(path)
    local buffer = uring.buffer(256)
    assert.equal(0, (rows.raw("statx", HERE, path, C.AT_SYMLINK_NOFOLLOW,
      nil, buffer)))
    return uring.unpack_statx(buffer)
  end

  it("gives a file a second name", function()
    local folder <close> = process.folder()
    write(folder "one", "content")
    assert.equal(1, stat(folder "one").nlink)
    assert.same({ 0, 0 },
      { rows.raw("linkat", HERE, folder "one", HERE, folder "two") })
    assert.same({ 2, 2 }, { stat(folder "one").nlink,
      stat(folder "two").nlink })
    assert.equal(stat(folder "one").ino, stat(folder "two").ino)
  end)

  it("takes each path relative to a folder of its own", function()
    local own <close> = rows.owner()
    local from <close> = process.folder()
    local to <close> = process.folder()
    local function open(folder)
      return own((rows.raw("openat", HERE, folder "", C.O_DIRECTORY)))
    end
    write(from "one", "")
    assert.equal(0, (rows.raw("linkat", open(from), "one", open(to), "two")))
    assert.equal(stat(from "one").ino, stat(to "two").ino)
  end)

  it("names a symbolic link, or what it leads to where told so", function()
    local folder <close> = process.folder()
    write(folder "file", "")
    rows.raw("symlinkat", "file", HERE, folder "link")
    assert.equal(0, (rows.raw("linkat", HERE, folder "link", HERE,
      folder "same")))
    assert.equal(0, (rows.raw("linkat", HERE, folder "link", HERE,
      folder "followed", C.AT_SYMLINK_FOLLOW)))
    assert.equal(stat(folder "link").ino, stat(folder "same").ino)
    assert.equal(stat(folder "file").ino, stat(folder "followed").ino)
  end)

  it("names a file that had no name", function()
    local own <close> = rows.owner()
    local folder <close> = process.folder()
    local fd = rows.raw("openat", HERE, folder "", C.O_TMPFILE | C.O_WRONLY)
    if fd == -uring.errno.EOPNOTSUPP then
      return pending("the file system makes no files without a name")
    end
    rows.raw("write", own(fd), "late")
    assert.equal(0, (rows.raw("linkat", HERE, "/proc/self/fd/" .. fd, HERE,
      folder "name", C.AT_SYMLINK_FOLLOW)))
    local file <close> = assert(io.open(folder "name", "rb"))
    assert.equal("late", file:read("a"))
  end)

  it("gives true when awaited", function()
    local folder <close> = process.folder()
    write(folder "one", "")
    assert.same({ true, 0 },
      { rows.await("linkat", HERE, folder "one", HERE, folder "two") })
    assert.equal(2, stat(folder "two").nlink)
  end)

  it("fails where there is no such file, or the name is taken", function()
    local folder <close> = process.folder()
    rows.assert_fails("linkat", "ENOENT", "No such file or directory",
      HERE, folder "none", HERE, folder "two")
    write(folder "one", "")
    rows.assert_fails("linkat", "EEXIST", "File exists",
      HERE, folder "one", HERE, folder "one")
  end)

  it("fails for a folder, and between two file systems", function()
    local folder <close> = process.folder()
    rows.assert_fails("linkat", "EPERM", "Operation not permitted",
      HERE, folder "", HERE, folder "two")
    rows.assert_fails("linkat", "EXDEV", "Invalid cross-device link",
      HERE, "/proc/self/status", HERE, folder "two")
  end)
end)
