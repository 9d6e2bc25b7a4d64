--- Proves the row unlinkat: a file goes, or an empty folder.
local process = require "spec.support.process"
local rows = require "spec.support.rows"
local temp = require "spec.support.temp"
local uring = require "uring.ring"

local C = uring.consts
local HERE = C.AT_FDCWD

rows.describe("unlinkat", function()
  local function is_there(path)
    local res = rows.raw("statx", HERE, path, 0, nil, uring.buffer(256))
    assert.is_true(res == 0 or res == -uring.errno.ENOENT)
    return res == 0
  end

  it("removes a file", function()
    local file <close> = temp.file("content")
    assert.is_true(is_there(file.path))
    assert.same({ 0, 0 }, { rows.raw("unlinkat", HERE, file.path) })
    assert.is_false(is_there(file.path))
  end)

  it("leaves the file to those who have it open", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("still here")
    local fd = own((rows.raw("openat", HERE, file.path)))
    assert.equal(0, (rows.raw("unlinkat", HERE, file.path)))
    local buffer = uring.buffer(16)
    assert.equal(10, (rows.raw("read", fd, buffer, 0)))
    assert.equal("still here", buffer:sub(1, 10))
  end)

  it("removes a name relative to a folder", function()
    local own <close> = rows.owner()
    local folder <close> = process.folder()
    assert(io.open(folder "name", "wb")):close()
    local dirfd = own((rows.raw("openat", HERE, folder "", C.O_DIRECTORY)))
    assert.equal(0, (rows.raw("unlinkat", dirfd, "name")))
    assert.is_false(is_there(folder "name"))
  end)

  it("removes a folder where told so", function()
    local folder <close> = process.folder()
    assert.equal(0, (rows.raw("mkdirat", HERE, folder "sub")))
    assert.is_true(is_there(folder "sub"))
    assert.equal(0, (rows.raw("unlinkat", HERE, folder "sub",
      C.AT_REMOVEDIR)))
    assert.is_false(is_there(folder "sub"))
  end)

  it("removes a symbolic link, not what it leads to", function()
    local folder <close> = process.folder()
    assert(io.open(folder "target", "wb")):close()
    assert.equal(0, (rows.raw("symlinkat", "target", HERE, folder "link")))
    assert.equal(0, (rows.raw("unlinkat", HERE, folder "link")))
    assert.is_false(is_there(folder "link"))
    assert.is_true(is_there(folder "target"))
  end)

  it("gives true when awaited", function()
    local file <close> = temp.file()
    assert.same({ true, 0 }, { rows.await("unlinkat", HERE, file.path) })
    assert.is_false(is_there(file.path))
  end)

  it("fails where there is no such file", function()
    local name <close> = temp.name()
    rows.assert_fails("unlinkat", "ENOENT", "No such file or directory",
      HERE, name.path)
  end)

  it("fails for a folder where a file is meant, and vice versa", function()
    local folder <close> = process.folder()
    local file <close> = temp.file()
    rows.assert_fails("unlinkat", "EISDIR", "Is a directory",
      HERE, folder "")
    rows.assert_fails("unlinkat", "ENOTDIR", "Not a directory",
      HERE, file.path, C.AT_REMOVEDIR)
  end)

  it("fails for a folder that is not empty, and for wrong flags", function()
    local folder <close> = process.folder()
    assert(io.open(folder "file", "wb")):close()
    rows.assert_fails("unlinkat", "ENOTEMPTY", "Directory not empty",
      HERE, folder "", C.AT_REMOVEDIR)
    rows.assert_fails("unlinkat", "EINVAL", "Invalid argument",
      HERE, folder "file", 1)
    assert.is_true(is_there(folder "file"))
  end)
end)
