--- Proves the row renameat: a file gets another name, or two exchange theirs.
local process = require "spec.support.process"
local rows = require "spec.support.rows"
local uring = require "uring.ring"

local C = uring.consts
local HERE = C.AT_FDCWD

rows.describe("renameat", function()
  local function write(path, content)
    local file <close> = assert(io.open(path, "wb"))
    file:write(content)
  end

  local function read(path)
    local file <close> = io.open(path, "rb")
    return file and file:read("a")
  end

  local function open_folder(own, folder)
    return own((rows.raw("openat", HERE, folder(""), C.O_DIRECTORY)))
  end

  it("gives a file another name", function()
    local folder <close> = process.folder()
    write(folder "old", "content")
    local res, flags = rows.raw("renameat", HERE, folder "old", HERE,
      folder "new")
    assert.same({ 0, 0 }, { res, flags })
    assert.is_nil(read(folder "old"))
    assert.equal("content", read(folder "new"))
  end)

  it("replaces what has the name already", function()
    local folder <close> = process.folder()
    write(folder "old", "one")
    write(folder "new", "two")
    assert.equal(0, (rows.raw("renameat", HERE, folder "old", HERE,
      folder "new")))
    assert.is_nil(read(folder "old"))
    assert.equal("one", read(folder "new"))
  end)

  it("takes each path relative to a folder of its own", function()
    local own <close> = rows.owner()
    local from <close> = process.folder()
    local to <close> = process.folder()
    write(from "name", "moved")
    assert.equal(0, (rows.raw("renameat", open_folder(own, from), "name",
      open_folder(own, to), "other")))
    assert.is_nil(read(from "name"))
    assert.equal("moved", read(to "other"))
  end)

  it("replaces nothing, or exchanges the two, where told to", function()
    local folder <close> = process.folder()
    write(folder "a", "one")
    write(folder "b", "two")
    rows.assert_fails("renameat", "EEXIST", "File exists", HERE, folder "a",
      HERE, folder "b", C.RENAME_NOREPLACE)
    assert.equal("one", read(folder "a"))
    assert.equal(0, (rows.raw("renameat", HERE, folder "a", HERE, folder "b",
      C.RENAME_EXCHANGE)))
    assert.same({ "two", "one" }, { read(folder "a"), read(folder "b") })
  end)

  it("gives true when awaited", function()
    local folder <close> = process.folder()
    write(folder "old", "awaited")
    local value, flags = rows.await("renameat", HERE, folder "old", HERE,
      folder "new")
    assert.same({ true, 0 }, { value, flags })
    assert.equal("awaited", read(folder "new"))
  end)

  it("keeps both paths until it has them", function()
    local folder <close> = process.folder()
    local ring <close> = rows.ring()
    local padding = ("./"):rep(100)
    for i = 1, 8 do
      write(folder("old" .. i), "content " .. i)
      ring:get_sqe():prep_renameat(HERE, folder(padding .. "old" .. i), HERE,
        folder(padding .. "new" .. i))
    end
    collectgarbage()
    collectgarbage()
    assert.equal(8, ring:submit())
    for _, cqe in ipairs(rows.reap(ring, 8)) do assert.equal(0, cqe.res) end
    for i = 1, 8 do assert.equal("content " .. i, read(folder("new" .. i))) end
  end)

  it("fails where there is no such file", function()
    local folder <close> = process.folder()
    rows.assert_fails("renameat", "ENOENT", "No such file or directory",
      HERE, folder "none", HERE, folder "new")
    write(folder "old", "")
    rows.assert_fails("renameat", "ENOENT", "No such file or directory",
      HERE, folder "old", HERE, folder "none/new")
  end)

  it("fails between two file systems, and for what is no folder", function()
    local folder <close> = process.folder()
    rows.assert_fails("renameat", "EXDEV", "Invalid cross-device link",
      HERE, "/proc/self/status", HERE, folder "new")
    local own <close> = rows.owner()
    rows.assert_fails("renameat", "ENOTDIR", "Not a directory",
      (own(uring.pipe())), "old", HERE, folder "new")
  end)
end)
