--- Proves the row symlinkat: a name that leads to another path.
local process = require "spec.support.process"
local rows = require "spec.support.rows"
local uring = require "uring.ring"

local C = uring.consts
local HERE = C.AT_FDCWD

rows.describe("symlinkat", function()
  local function target_of(path)
    return process.capture("readlink " .. process.quote(path))
  end

  local function kind(path)
    local buffer = uring.buffer(256)
    assert.equal(0, (rows.raw("statx", HERE, path, C.AT_SYMLINK_NOFOLLOW,
      nil, buffer)))
    return uring.unpack_statx(buffer).mode & C.S_IFMT
  end

  it("makes a link that leads to the file", function()
    local folder <close> = process.folder()
    do
      local file <close> = assert(io.open(folder "target", "wb"))
      file:write("content")
    end
    assert.same({ 0, 0 },
      { rows.raw("symlinkat", folder "target", HERE, folder "link") })
    assert.equal(C.S_IFLNK, kind(folder "link"))
    assert.equal(folder "target", target_of(folder "link"))
    local file <close> = assert(io.open(folder "link", "rb"))
    assert.equal("content", file:read("a"))
  end)

  it("does not ask whether there is such a target", function()
    local folder <close> = process.folder()
    assert.equal(0, (rows.raw("symlinkat", "no such file", HERE,
      folder "link")))
    assert.equal("no such file", target_of(folder "link"))
    assert.is_nil(io.open(folder "link", "rb"))
  end)

  it("makes it relative to a folder, which the target is not", function()
    local own <close> = rows.owner()
    local folder <close> = process.folder()
    local dirfd = own((rows.raw("openat", HERE, folder "", C.O_DIRECTORY)))
    assert.equal(0, (rows.raw("symlinkat", "../x", dirfd, "link")))
    assert.equal("../x", target_of(folder "link"))
  end)

  it("gives true when awaited", function()
    local folder <close> = process.folder()
    assert.same({ true, 0 },
      { rows.await("symlinkat", "x", HERE, folder "link") })
    assert.equal("x", target_of(folder "link"))
  end)

  it("keeps both paths until it has them", function()
    local folder <close> = process.folder()
    local ring <close> = rows.ring()
    for i = 1, 8 do
      ring:get_sqe():prep_symlinkat(("target/"):rep(20) .. i, HERE,
        folder(("./"):rep(100) .. i))
    end
    collectgarbage()
    collectgarbage()
    assert.equal(8, ring:submit())
    for _, cqe in ipairs(rows.reap(ring, 8)) do assert.equal(0, cqe.res) end
    for i = 1, 8 do
      assert.equal(("target/"):rep(20) .. i, target_of(folder(i)))
    end
  end)

  it("fails where something has the name", function()
    local folder <close> = process.folder()
    rows.raw("symlinkat", "first", HERE, folder "link")
    rows.assert_fails("symlinkat", "EEXIST", "File exists",
      "second", HERE, folder "link")
    assert.equal("first", target_of(folder "link"))
  end)

  it("fails without a target, and without a folder around it", function()
    local folder <close> = process.folder()
    rows.assert_fails("symlinkat", "ENOENT", "No such file or directory",
      "", HERE, folder "link")
    rows.assert_fails("symlinkat", "ENOENT", "No such file or directory",
      "x", HERE, folder "none/link")
  end)
end)
