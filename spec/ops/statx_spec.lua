--- Proves the row statx and unpack_statx, against what stat(1) prints.
local rows = require "spec.support.rows"
local temp = require "spec.support.temp"
local uring = require "uring.ring"

local C = uring.consts

-- The names that unpack_statx gives, and the directives of stat -c.
local NAMES = { "size", "blocks", "blksize", "ino", "nlink", "uid", "gid" }
local DIRECTIVES = "%s %b %o %i %h %u %g %f"

rows.describe("statx", function()
  local function expected(path)
    local command = ("stat -c '%s' '%s'"):format(DIRECTIVES, path)
    local output <close> = assert(io.popen(command))
    local stat, line = {}, output:read("l")
    local values = {}
    for word in line:gmatch("%S+") do values[#values + 1] = word end
    for i, name in ipairs(NAMES) do stat[name] = tonumber(values[i]) end
    stat.mode = tonumber(values[#NAMES + 1], 16)
    return stat
  end

  local function assert_agrees(path, buffer)
    local found, wanted = uring.unpack_statx(buffer), expected(path)
    for name, value in pairs(wanted) do
      assert.equal(value, found[name], name)
    end
  end

  it("says what stat says of a file and a directory", function()
    local buffer = uring.buffer(256)
    local file <close> = temp.file(("x"):rep(12345))
    for _, path in ipairs { file.path, "/", "/dev/null", "/etc/passwd" } do
      assert.same({ 0, 0 },
        { rows.raw("statx", C.AT_FDCWD, path, 0, nil, buffer) })
      assert_agrees(path, buffer)
    end
  end)

  it("says it when awaited", function()
    local buffer = uring.buffer(256)
    local file <close> = temp.file("12345")
    assert.same({ true, 0 },
      { rows.await("statx", C.AT_FDCWD, file.path, nil, nil, buffer) })
    assert_agrees(file.path, buffer)
    assert.equal(5, uring.unpack_statx(buffer).size)
  end)

  it("tells times with their fractions", function()
    local buffer = uring.buffer(256)
    local file <close> = temp.file()
    assert(os.execute("touch -m -d @1234567890.25 " .. file.path))
    assert(os.execute("touch -a -d @-2.5 " .. file.path))
    rows.raw("statx", C.AT_FDCWD, file.path, 0, nil, buffer)
    local stat = uring.unpack_statx(buffer)
    assert.equal(1234567890.25, stat.mtime)
    assert.equal(-2.5, stat.atime)
    assert.is_true(math.abs(stat.ctime - os.time()) < 60)
  end)

  it("asks a descriptor where the path is empty", function()
    local own <close> = rows.owner()
    local buffer = uring.buffer(256)
    local r = own(uring.pipe())
    assert.equal(0, (rows.raw("statx", r, "", C.AT_EMPTY_PATH, nil, buffer)))
    local stat = uring.unpack_statx(buffer)
    assert.equal(1 << 12, stat.mode & 61440) -- S_IFIFO
  end)

  it("follows a link, unless told not to", function()
    local buffer = uring.buffer(256)
    local file <close> = temp.file("1234567")
    local link <close> = temp.name()
    assert(os.execute(("ln -s %s %s"):format(file.path, link.path)))
    rows.raw("statx", C.AT_FDCWD, link.path, 0, nil, buffer)
    assert.equal(7, uring.unpack_statx(buffer).size)
    rows.raw("statx", C.AT_FDCWD, link.path, C.AT_SYMLINK_NOFOLLOW, nil,
      buffer)
    assert.equal(#file.path, uring.unpack_statx(buffer).size)
    assert_agrees(link.path, buffer)
  end)

  it("leaves in the mask what the kernel has told", function()
    local buffer = uring.buffer(256)
    rows.raw("statx", C.AT_FDCWD, "/", 0, C.STATX_SIZE, buffer)
    local mask = uring.unpack_statx(buffer).mask
    assert.equal(C.STATX_SIZE, mask & C.STATX_SIZE)
  end)

  it("fails where there is no such file", function()
    local name <close> = temp.name()
    rows.assert_fails("statx", "ENOENT", "No such file or directory",
      C.AT_FDCWD, name.path, 0, nil, uring.buffer(256))
    rows.assert_fails("statx", "EBADF", "Bad file descriptor",
      rows.NOT_OPEN, "relative", 0, nil, uring.buffer(256))
  end)

  it("is unpacked from a Buffer of its size only", function()
    assert.has_error(function()
      uring.unpack_statx(uring.buffer(128))
    end)
  end)
end)
