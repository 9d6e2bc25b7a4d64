--- Proves the row fsync.  That data is on its device cannot be seen from
-- here; what the kernel says can.
local rows = require "spec.support.rows"
local temp = require "spec.support.temp"
local uring = require "uring.ring"

local C = uring.consts

rows.describe("fsync", function()
  local function open(own, file)
    return own((rows.raw("openat", C.AT_FDCWD, file.path, C.O_WRONLY)))
  end

  it("brings a file to its device", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("to be kept")
    assert.same({ 0, 0 }, { rows.raw("fsync", open(own, file)) })
  end)

  it("leaves the metadata where asked to", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("to be kept")
    local fd = open(own, file)
    assert.equal(0, (rows.raw("fsync", fd, C.IORING_FSYNC_DATASYNC)))
    assert.same({ true, 0 },
      { rows.await("fsync", fd, C.IORING_FSYNC_DATASYNC) })
  end)

  it("comes after the write that it is linked to", function()
    local own <close> = rows.owner()
    local file <close> = temp.file()
    local ring <close> = rows.ring()
    local write, fsync = ring:get_sqe(), ring:get_sqe()
    local fd = open(own, file)
    write:prep_write(fd, "first")
    write:set_flags("io_link"):set_data("write")
    fsync:prep_fsync(fd)
    fsync:set_data("fsync")
    assert.equal(2, ring:submit())
    assert.same({
      { res = 5, flags = 0, data = "write" },
      { res = 0, flags = 0, data = "fsync" },
    }, rows.reap(ring, 2))
  end)

  it("gives true when awaited", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("to be kept")
    assert.same({ true, 0 }, { rows.await("fsync", open(own, file)) })
  end)

  it("fails for what is no file, and for unknown flags", function()
    rows.assert_fails("fsync", "EBADF", "Bad file descriptor", rows.NOT_OPEN)
    local own <close> = rows.owner()
    local r = own(uring.pipe())
    rows.assert_fails("fsync", "EINVAL", "Invalid argument", r)
    local file <close> = temp.file()
    rows.assert_fails("fsync", "EINVAL", "Invalid argument",
      open(own, file), 1 << 31)
  end)
end)
