--- Proves the row mkdirat: a new folder.
local process = require "spec.support.process"
local rows = require "spec.support.rows"
local temp = require "spec.support.temp"
local uring = require "uring.ring"

local C = uring.consts
local HERE = C.AT_FDCWD

rows.describe("mkdirat", function()
  local function mode(path)
    local buffer = uring.buffer(256)
    assert.equal(0, (rows.raw("statx", HERE, path, 0, nil, buffer)))
    return uring.unpack_statx(buffer).mode
  end

  -- What the user's umask lets through.
  local function let_through(bits)
    return bits & ~tonumber(process.capture "umask", 8)
  end

  it("makes a folder, which is empty", function()
    local folder <close> = process.folder()
    assert.same({ 0, 0 }, { rows.raw("mkdirat", HERE, folder "new") })
    assert.equal(C.S_IFDIR, mode(folder "new") & C.S_IFMT)
    assert.equal("", process.capture("ls -A " .. folder "new"))
  end)

  it("gives it the permissions asked for, or those of a folder", function()
    local folder <close> = process.folder()
    rows.raw("mkdirat", HERE, folder "default")
    rows.raw("mkdirat", HERE, folder "private", 448)
    rows.raw("mkdirat", HERE, folder "public", 511)
    assert.equal(let_through(493), mode(folder "default") & 511)
    assert.equal(let_through(448), mode(folder "private") & 511)
    assert.equal(let_through(511), mode(folder "public") & 511)
  end)

  it("makes it relative to a folder", function()
    local own <close> = rows.owner()
    local folder <close> = process.folder()
    local dirfd = own((rows.raw("openat", HERE, folder "", C.O_DIRECTORY)))
    assert.equal(0, (rows.raw("mkdirat", dirfd, "new")))
    assert.equal(0, (rows.raw("mkdirat", dirfd, "new/inner")))
    assert.equal(C.S_IFDIR, mode(folder "new/inner") & C.S_IFMT)
  end)

  it("gives true when awaited", function()
    local folder <close> = process.folder()
    assert.same({ true, 0 }, { rows.await("mkdirat", HERE, folder "new") })
    assert.equal(C.S_IFDIR, mode(folder "new") & C.S_IFMT)
  end)

  it("fails where something has the name", function()
    local folder <close> = process.folder()
    local file <close> = temp.file()
    rows.assert_fails("mkdirat", "EEXIST", "File exists", HERE, folder "")
    rows.assert_fails("mkdirat", "EEXIST", "File exists", HERE, file.path)
  end)

  it("fails where the folder around it is missing, or none", function()
    local folder <close> = process.folder()
    local file <close> = temp.file()
    rows.assert_fails("mkdirat", "ENOENT", "No such file or directory",
      HERE, folder "none/new")
    rows.assert_fails("mkdirat", "ENOTDIR", "Not a directory",
      HERE, file.path .. "/new")
  end)
end)
