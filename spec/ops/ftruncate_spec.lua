--- Proves the row ftruncate: a file gets another size.
local rows = require "spec.support.rows"
local temp = require "spec.support.temp"
local uring = require "uring.ring"

local C = uring.consts

rows.describe("ftruncate", function()
  local function open(own, file, flags)
    return own((rows.raw("openat", C.AT_FDCWD, file.path,
      flags or C.O_WRONLY)))
  end

  it("cuts a file off, or extends it with zeros", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("0123456789")
    local fd = open(own, file)
    assert.same({ 0, 0 }, { rows.raw("ftruncate", fd, 4) })
    assert.equal("0123", file:read())
    assert.equal(0, (rows.raw("ftruncate", fd, 6)))
    assert.equal("0123\0\0", file:read())
    assert.equal(0, (rows.raw("ftruncate", fd, 0)))
    assert.equal("", file:read())
  end)

  it("takes a length of more than 32 bits", function()
    local own <close> = rows.owner()
    local file <close> = temp.file()
    local fd, length = open(own, file), (1 << 32) + 5
    assert.equal(0, (rows.raw("ftruncate", fd, length)))
    local buffer = uring.buffer(256)
    rows.raw("statx", fd, "", C.AT_EMPTY_PATH, C.STATX_SIZE, buffer)
    assert.equal(length, uring.unpack_statx(buffer).size)
  end)

  it("leaves the position of the file where it is", function()
    local own <close> = rows.owner()
    local file <close> = temp.file()
    local fd = open(own, file)
    rows.raw("write", fd, "gone")
    rows.raw("ftruncate", fd, 0)
    rows.raw("write", fd, "here")
    assert.equal("\0\0\0\0here", file:read())
  end)

  it("gives true when awaited", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("awaited")
    assert.same({ true, 0 }, { rows.await("ftruncate", open(own, file), 5) })
    assert.equal("await", file:read())
  end)

  it("fails for what has no size to set", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("untouched")
    local _, w = own(uring.pipe())
    rows.assert_fails("ftruncate", "EBADF", "Bad file descriptor",
      rows.NOT_OPEN, 0)
    rows.assert_fails("ftruncate", "EINVAL", "Invalid argument", w, 0)
    rows.assert_fails("ftruncate", "EINVAL", "Invalid argument",
      open(own, file, C.O_RDONLY), 0)
    rows.assert_fails("ftruncate", "EFBIG", "File too large",
      open(own, file), math.maxinteger)
    assert.equal("untouched", file:read())
  end)
end)
