--- Proves the row setxattr: a file gets an extended attribute.
local process = require "spec.support.process"
local rows = require "spec.support.rows"
local uring = require "uring.ring"

local C = uring.consts

rows.describe("setxattr", function()
  -- A test that is given a file with a path that may have attributes.
  local function with_file(title, body)
    it(title, function()
      for _, parent in ipairs { os.getenv "TMPDIR" or "/tmp", "build" } do
        local folder <close> = process.folder(parent)
        if rows.raw("setxattr", "user.try", "", folder "") == 0 then
          assert(io.open(folder "file", "wb")):close()
          return body(folder "file")
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

  with_file("sets an attribute", function(path)
    local res, flags = rows.raw("setxattr", "user.name", "value", path)
    assert.same({ 0, 0 }, { res, flags })
    assert.equal("value", get(path, "user.name"))
    assert.is_nil(get(path, "user.other"))
  end)

  with_file("takes any bytes, also of a Buffer, and none", function(path)
    for _, value in ipairs { "\0a\0\255", "", ("long "):rep(40) } do
      assert.equal(0, (rows.raw("setxattr", "user.name", value, path)))
      assert.equal(value, get(path, "user.name"))
    end
    local buffer = uring.buffer(8)
    buffer:set(1, "a buffer")
    rows.raw("setxattr", "user.name", buffer:slice(3, 6), path)
    assert.equal("buff", get(path, "user.name"))
  end)

  with_file("makes it or replaces it only, where told so", function(path)
    rows.assert_fails("setxattr", "ENODATA", "No data available",
      "user.name", "value", path, C.XATTR_REPLACE)
    assert.equal(0, (rows.raw("setxattr", "user.name", "first", path,
      C.XATTR_CREATE)))
    rows.assert_fails("setxattr", "EEXIST", "File exists",
      "user.name", "value", path, C.XATTR_CREATE)
    assert.equal("first", get(path, "user.name"))
    assert.equal(0, (rows.raw("setxattr", "user.name", "second", path,
      C.XATTR_REPLACE)))
    assert.equal("second", get(path, "user.name"))
  end)

  with_file("keeps name, value and path until it has them", function(path)
    local ring <close> = rows.ring()
    for i = 1, 8 do
      ring:get_sqe():prep_setxattr("user." .. ("n"):rep(100) .. i,
        ("value "):rep(20) .. i, path:gsub("file$", ("./"):rep(100) .. "%0"),
        0)
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

  with_file("gives true when awaited", function(path)
    assert.same({ true, 0 },
      { rows.await("setxattr", "user.name", "awaited", path) })
    assert.equal("awaited", get(path, "user.name"))
  end)

  with_file("fails for a name that is none", function(path)
    rows.assert_fails("setxattr", "EOPNOTSUPP", "Operation not supported",
      "name", "value", path)
    rows.assert_fails("setxattr", "ERANGE", "Numerical result out of range",
      "user." .. ("n"):rep(256), "value", path)
  end)

  it("fails where there is no such file", function()
    local folder <close> = process.folder()
    rows.assert_fails("setxattr", "ENOENT", "No such file or directory",
      "user.name", "value", folder "none")
  end)
end)
