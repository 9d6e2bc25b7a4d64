--- Proves the row fgetxattr: what an extended attribute of an open file says.
local process = require "spec.support.process"
local rows = require "spec.support.rows"
local uring = require "uring.ring"

local C = uring.consts

rows.describe("fgetxattr", function()
  -- A test that is given an open file that has a "user.name".
  local function with_file(title, body)
    it(title, function()
      local own <close> = rows.owner()
      for _, parent in ipairs { os.getenv "TMPDIR" or "/tmp", "build" } do
        local folder <close> = process.folder(parent)
        local fd = own((rows.raw("openat", C.AT_FDCWD, folder "file",
          C.O_CREAT | C.O_RDWR)))
        if rows.raw("fsetxattr", fd, "user.name", "value\0!") == 0 then
          return body(fd)
        end
      end
      pending("no file system here keeps attributes of users")
    end)
  end

  with_file("gets the bytes of an attribute", function(fd)
    local buffer = uring.buffer(16)
    buffer:set(8, "untouched")
    local res, flags = rows.raw("fgetxattr", fd, "user.name", buffer)
    assert.same({ 7, 0 }, { res, flags })
    assert.equal("value\0!untouched", buffer:tostring())
  end)

  with_file("tells the size where there is no room at all", function(fd)
    local none = uring.buffer(1):slice(1, 0)
    assert.equal(0, #none)
    assert.equal(7, (rows.raw("fgetxattr", fd, "user.name", none)))
    assert.equal(7, (rows.raw("fgetxattr", fd, "user.name", uring.buffer(7))))
  end)

  with_file("gets 0 bytes of one that is empty", function(fd)
    assert.equal(0, (rows.raw("fsetxattr", fd, "user.empty", "")))
    assert.equal(0, (rows.raw("fgetxattr", fd, "user.empty",
      uring.buffer(8))))
    assert.equal(0, (rows.await("fgetxattr", fd, "user.empty",
      uring.buffer(8))))
  end)

  with_file("gives the count when awaited", function(fd)
    local buffer = uring.buffer(16)
    assert.same({ 7, 0 },
      { rows.await("fgetxattr", fd, "user.name", buffer) })
    assert.equal("value\0!", buffer:sub(1, 7))
  end)

  with_file("fails where the Buffer is too small", function(fd)
    local buffer = uring.buffer(6)
    rows.assert_fails("fgetxattr", "ERANGE", "Numerical result out of range",
      fd, "user.name", buffer)
    assert.equal(("\0"):rep(6), buffer:tostring())
  end)

  with_file("fails where there is no such attribute", function(fd)
    rows.assert_fails("fgetxattr", "ENODATA", "No data available",
      fd, "user.other", uring.buffer(8))
  end)

  it("fails where the descriptor is not open", function()
    rows.assert_fails("fgetxattr", "EBADF", "Bad file descriptor",
      rows.NOT_OPEN, "user.name", uring.buffer(8))
  end)
end)
