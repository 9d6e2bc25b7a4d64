--- Proves the row fallocate: room for part of a file, given or taken away.
local rows = require "spec.support.rows"
local temp = require "spec.support.temp"
local uring = require "uring.ring"

local C, errno = uring.consts, uring.errno

rows.describe("fallocate", function()
  local function open(own, file, flags)
    return own((rows.raw("openat", C.AT_FDCWD, file.path,
      flags or C.O_WRONLY)))
  end

  local function blocks(fd)
    local buffer = uring.buffer(256)
    assert.equal(0, (rows.raw("statx", fd, "", C.AT_EMPTY_PATH, nil, buffer)))
    return uring.unpack_statx(buffer).blocks
  end

  it("extends a file to what it has room for", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("text")
    local fd = open(own, file)
    assert.same({ 0, 0 }, { rows.raw("fallocate", fd, 0, 6, 4) })
    assert.equal("text\0\0\0\0\0\0", file:read())
    assert.equal(0, (rows.raw("fallocate", fd, 0, 0, 4)))
    assert.equal(10, #file:read())
  end)

  it("leaves the size as it is where asked to", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("text")
    local fd = open(own, file)
    local before = blocks(fd)
    assert.equal(0, (rows.raw("fallocate", fd, C.FALLOC_FL_KEEP_SIZE, 4,
      1 << 20)))
    assert.equal("text", file:read())
    assert.is_true(blocks(fd) - before >= (1 << 20) // 512)
  end)

  it("takes room away, and zeros are read there", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("0123456789")
    local fd = open(own, file)
    local mode = C.FALLOC_FL_PUNCH_HOLE | C.FALLOC_FL_KEEP_SIZE
    local res = rows.raw("fallocate", fd, mode, 2, 3)
    if res == -errno.EOPNOTSUPP then
      return pending("this file system cannot punch holes")
    end
    assert.equal(0, res)
    assert.equal("01\0\0\0" .. "56789", file:read())
  end)

  it("gives true when awaited", function()
    local own <close> = rows.owner()
    local file <close> = temp.file()
    assert.same({ true, 0 }, { rows.await("fallocate", open(own, file), 0, 0,
      5) })
    assert.equal(("\0"):rep(5), file:read())
  end)

  it("fails where there can be no such room", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("text")
    local _, w = own(uring.pipe())
    rows.assert_fails("fallocate", "EBADF", "Bad file descriptor",
      open(own, file, C.O_RDONLY), 0, 0, 10)
    rows.assert_fails("fallocate", "ESPIPE", "Illegal seek", w, 0, 0, 10)
    rows.assert_fails("fallocate", "EINVAL", "Invalid argument",
      open(own, file), 0, 10, 0)
    rows.assert_fails("fallocate", "EFBIG", "File too large",
      open(own, file), 0, 1, math.maxinteger)
    rows.assert_fails("fallocate", "EOPNOTSUPP", "Operation not supported",
      open(own, file), 1 << 30, 0, 10)
    assert.equal("text", file:read())
  end)
end)
