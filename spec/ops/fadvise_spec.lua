--- Proves the row fadvise.  Of what it does, this can be seen: pages that
-- are not needed leave the page cache, and come from the device again.
local process = require "spec.support.process"
local rows = require "spec.support.rows"
local temp = require "spec.support.temp"
local uring = require "uring.ring"

local C = uring.consts

local SIZE = 1 << 20
local ON_DEVICE = { ["ext2/ext3"] = true, xfs = true, btrfs = true }

rows.describe("fadvise", function()
  local function open(own, file)
    return own((rows.raw("openat", C.AT_FDCWD, file.path)))
  end

  -- How many bytes this process has had read from a device.
  local function from_device()
    local counts <close> = io.open("/proc/self/io")
    local count = counts and counts:read("a"):match("\nread_bytes: (%d+)")
    return math.tointeger(count)
  end

  local function can_tell(file)
    return from_device() and ON_DEVICE[process.capture(
      "stat -f -c %T " .. process.quote(file.path))]
  end

  -- Whether all of the file has to be read from its device.
  local function is_uncached(file)
    local before = from_device()
    assert.equal(SIZE, #file:read())
    return from_device() - before >= SIZE
  end

  local function large_file(own)
    local file = temp.file(("x"):rep(SIZE))
    local fd = open(own, file)
    assert.equal(0, (rows.raw("fsync", fd)))
    return file, fd
  end

  it("drops what is not needed from the page cache", function()
    local own <close> = rows.owner()
    local file <close>, fd = large_file(own)
    if not can_tell(file) then return pending("needs a file on a device") end
    assert.is_false(is_uncached(file))
    assert.same({ 0, 0 },
      { rows.raw("fadvise", fd, 0, SIZE, C.POSIX_FADV_DONTNEED) })
    assert.is_true(is_uncached(file))
    assert.is_false(is_uncached(file))
    rows.raw("fadvise", fd, 0, 0, C.POSIX_FADV_DONTNEED) -- to the end
    assert.is_true(is_uncached(file))
  end)

  it("is about the part that it names", function()
    local own <close> = rows.owner()
    local file <close>, fd = large_file(own)
    if not can_tell(file) then return pending("needs a file on a device") end
    rows.raw("fadvise", fd, SIZE, SIZE, C.POSIX_FADV_DONTNEED)
    rows.raw("fadvise", fd, 0, 1, C.POSIX_FADV_DONTNEED) -- not a page
    assert.is_false(is_uncached(file))
  end)

  it("takes a length of more than 32 bits", function()
    local own <close> = rows.owner()
    local file <close>, fd = large_file(own)
    local ring <close> = rows.ring()
    if not ring:probe().listen then return pending("needs Linux 6.11") end
    if not can_tell(file) then return pending("needs a file on a device") end
    assert.equal(0, (rows.raw("fadvise", fd, 0, (1 << 32) + 1,
      C.POSIX_FADV_DONTNEED)))
    assert.is_true(is_uncached(file))
  end)

  it("gives true when awaited, for each advice", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("text")
    local fd = open(own, file)
    for _, name in ipairs { "NORMAL", "RANDOM", "SEQUENTIAL", "WILLNEED",
      "NOREUSE", "DONTNEED" } do
      assert.same({ true, 0 },
        { rows.await("fadvise", fd, 0, 4, C["POSIX_FADV_" .. name]) })
    end
  end)

  it("fails for what is no file, and for unknown advice", function()
    local own <close> = rows.owner()
    local file <close> = temp.file()
    rows.assert_fails("fadvise", "EBADF", "Bad file descriptor",
      rows.NOT_OPEN, 0, 0, C.POSIX_FADV_NORMAL)
    rows.assert_fails("fadvise", "ESPIPE", "Illegal seek",
      (own(uring.pipe())), 0, 0, C.POSIX_FADV_NORMAL)
    rows.assert_fails("fadvise", "EINVAL", "Invalid argument",
      open(own, file), 0, 0, 99)
  end)
end)
