--- Proves the row sync_file_range.  That data is on its device cannot be
-- seen from here; what the kernel says can.
local rows = require "spec.support.rows"
local temp = require "spec.support.temp"
local uring = require "uring.ring"

local C = uring.consts

local ALL = C.SYNC_FILE_RANGE_WAIT_BEFORE | C.SYNC_FILE_RANGE_WRITE
  | C.SYNC_FILE_RANGE_WAIT_AFTER

rows.describe("sync_file_range", function()
  local function open(own, file, flags)
    return own((rows.raw("openat", C.AT_FDCWD, file.path,
      flags or C.O_WRONLY)))
  end

  it("brings part of a file to its device, or all that follows", function()
    local own <close> = rows.owner()
    local file <close> = temp.file(("to be kept"):rep(1000))
    local fd = open(own, file)
    assert.same({ 0, 0 }, { rows.raw("sync_file_range", fd, 4096, 0, ALL) })
    assert.equal(0, (rows.raw("sync_file_range", fd, 0, 4096, ALL)))
    assert.equal(0, (rows.raw("sync_file_range", fd, 1, 1 << 40)))
  end)

  it("begins at the start of the file where no offset is given", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("to be kept")
    assert.equal(0, (rows.raw("sync_file_range", open(own, file), 4096)))
  end)

  it("comes after the write that it is linked to", function()
    local own <close> = rows.owner()
    local file <close> = temp.file()
    local ring <close> = rows.ring()
    local fd = open(own, file)
    ring:chain(function(chain)
      local write, sync = chain:get_sqe(), chain:get_sqe()
      write:prep_write(fd, "first")
      write:set_data("write")
      sync:prep_sync_file_range(fd, 0, 0, ALL)
      sync:set_data("sync")
    end)
    assert.same({
      { res = 5, flags = 0, data = "write" },
      { res = 0, flags = 0, data = "sync" },
    }, rows.reap(ring, 2))
    assert.equal("first", file:read())
  end)

  it("gives true when awaited", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("to be kept")
    assert.same({ true, 0 },
      { rows.await("sync_file_range", open(own, file), 0, 0, ALL) })
  end)

  it("fails for what is no file, and for unknown flags", function()
    local own <close> = rows.owner()
    local file <close> = temp.file()
    rows.assert_fails("sync_file_range", "EBADF", "Bad file descriptor",
      rows.NOT_OPEN, 0, 0)
    rows.assert_fails("sync_file_range", "ESPIPE", "Illegal seek",
      (own(uring.pipe())), 0, 0)
    rows.assert_fails("sync_file_range", "EINVAL", "Invalid argument",
      open(own, file), 0, 0, 8)
    rows.assert_fails("sync_file_range", "EINVAL", "Invalid argument",
      open(own, file), 1, math.maxinteger) -- ends where no file does
  end)
end)
