--- Proves the row fsetxattr: an open file gets an extended attribute.
local process = require "spec.support.process"
local rows = require "spec.support.rows"
local uring = require "uring.ring"

local C = uring.consts

rows.describe("fsetxattr", function()
  -- A test that is given an open file that may have attributes, its path,
  -- and an owner of descriptors.
  local function with_file(title, body)
    it(title, function()
      local own <close> = rows.owner()
      for _, parent in ipairs { os.getenv "TMPDIR" or "/tmp", "build" } do
        local folder <close> = process.folder(parent)
        if rows.raw("setxattr", "user.try", "", folder "") == 0 then
          local fd = own((rows.raw("openat", C.AT_FDCWD, folder "file",
            C.O_CREAT | C.O_RDWR)))
          return body(fd, folder "file", own)
        end
      end
      pending("no file system here keeps attributes of users")
    end)
  end

  local function get(path, name)
    local buffer = uring.buffer(256)
    local res = rows.raw("getxattr", name, buffer, path)
    if res == -uring.errno.ENODATA then return nil end
    return buffer:sub(1, res)
  end

  with_file("sets an attribute", function(fd, path)
    local res, flags = rows.raw("fsetxattr", fd, "user.name", "value")
    assert.same({ 0, 0 }, { res, flags })
    assert.equal("value", get(path, "user.name"))
    assert.is_nil(get(path, "user.other"))
  end)

  with_file("takes any bytes, also of a Buffer, and none", function(fd, path)
    for _, value in ipairs { "\0a\0\255", "", ("long "):rep(40) } do
      assert.equal(0, (rows.raw("fsetxattr", fd, "user.name", value)))
      assert.equal(value, get(path, "user.name"))
    end
    local buffer = uring.buffer(8)
    buffer:set(1, "a buffer")
    rows.raw("fsetxattr", fd, "user.name", buffer:slice(3, 6))
    assert.equal("buff", get(path, "user.name"))
  end)

  with_file("makes it or replaces it only, where told so", function(fd, path)
    rows.assert_fails("fsetxattr", "ENODATA", "No data available",
      fd, "user.name", "value", C.XATTR_REPLACE)
    assert.equal(0, (rows.raw("fsetxattr", fd, "user.name", "first",
      C.XATTR_CREATE)))
    rows.assert_fails("fsetxattr", "EEXIST", "File exists",
      fd, "user.name", "value", C.XATTR_CREATE)
    assert.equal("first", get(path, "user.name"))
    assert.equal(0, (rows.raw("fsetxattr", fd, "user.name", "second",
      C.XATTR_REPLACE)))
    assert.equal("second", get(path, "user.name"))
  end)

  with_file("keeps name and value until it has them", function(fd, path)
    local ring <close> = rows.ring()
    for i = 1, 8 do
      ring:get_sqe():prep_fsetxattr(fd, "user." .. ("n"):rep(100) .. i,
        ("value "):rep(20) .. i)
    end
    collectgarbage()
    collectgarbage()
    assert.equal(8, ring:submit())
    for _, cqe in ipairs(rows.reap(ring, 8)) do assert.equal(0, cqe.res) end
    for i = 1, 8 do
      assert.equal(("value "):rep(20) .. i,
        get(path, "user." .. ("n"):rep(100) .. i))
    end
  end)

  with_file("gives true when awaited", function(fd, path)
    assert.same({ true, 0 },
      { rows.await("fsetxattr", fd, "user.name", "awaited") })
    assert.equal("awaited", get(path, "user.name"))
  end)

  with_file("fails for a name that is none, and a path", function(fd, path,
      own)
    rows.assert_fails("fsetxattr", "EOPNOTSUPP", "Operation not supported",
      fd, "name", "value")
    rows.assert_fails("fsetxattr", "ERANGE", "Numerical result out of range",
      fd, "user." .. ("n"):rep(256), "value")
    local just_path = own((rows.raw("openat", C.AT_FDCWD, path, C.O_PATH)))
    rows.assert_fails("fsetxattr", "EBADF", "Bad file descriptor",
      just_path, "user.name", "value")
  end)

  it("fails where the descriptor is not open", function()
    rows.assert_fails("fsetxattr", "EBADF", "Bad file descriptor",
      rows.NOT_OPEN, "user.name", "value")
  end)
end)
