--- Proves the row getxattr: what an extended attribute of a file says.
local process = require "spec.support.process"
local rows = require "spec.support.rows"
local uring = require "uring.ring"

rows.describe("getxattr", function()
  -- A test that is given the path of a file that has a "user.name".
  local function with_file(title, body)
    it(title, function()
      for _, parent in ipairs { os.getenv "TMPDIR" or "/tmp", "build" } do
        local folder <close> = process.folder(parent)
        local path = folder "file"
        assert(io.open(path, "wb")):close()
        if rows.raw("setxattr", "user.name", "value\0!", path) == 0 then
          return body(path)
        end
      end
      pending("no file system here keeps attributes of users")
    end)
  end

  with_file("gets the bytes of an attribute", function(path)
    local buffer = uring.buffer(16)
    buffer:set(8, "untouched")
    local res, flags = rows.raw("getxattr", "user.name", buffer, path)
    assert.same({ 7, 0 }, { res, flags })
    assert.equal("value\0!untouched", buffer:tostring())
  end)

  with_file("tells the size where there is no room at all", function(path)
    local none = uring.buffer(1):slice(1, 0)
    assert.equal(0, #none)
    assert.equal(7, (rows.raw("getxattr", "user.name", none, path)))
    assert.equal(7, (rows.raw("getxattr", "user.name", uring.buffer(7),
      path)))
  end)

  with_file("gets 0 bytes of one that is empty", function(path)
    assert.equal(0, (rows.raw("setxattr", "user.empty", "", path)))
    assert.equal(0, (rows.raw("getxattr", "user.empty", uring.buffer(8),
      path)))
    assert.equal(0, (rows.await("getxattr", "user.empty", uring.buffer(8),
      path)))
  end)

  with_file("gives the count when awaited", function(path)
    local buffer = uring.buffer(16)
    assert.same({ 7, 0 },
      { rows.await("getxattr", "user.name", buffer, path) })
    assert.equal("value\0!", buffer:sub(1, 7))
  end)

  with_file("keeps name, path and Buffer until it is done", function(path)
    local ring <close> = rows.ring()
    local function long_name() return "user." .. ("n"):rep(100) end
    assert.equal(0, (rows.raw("setxattr", long_name(), "value", path)))
    for i = 1, 8 do
      ring:get_sqe():prep_getxattr(long_name(), uring.buffer(5),
        (path:gsub("file$", ("./"):rep(100 + i) .. "%0")))
    end
    collectgarbage()
    collectgarbage()
    assert.equal(8, ring:submit())
    for _, cqe in ipairs(rows.reap(ring, 8)) do assert.equal(5, cqe.res) end
  end)

  with_file("fails where the Buffer is too small", function(path)
    local buffer = uring.buffer(6)
    rows.assert_fails("getxattr", "ERANGE", "Numerical result out of range",
      "user.name", buffer, path)
    assert.equal(("\0"):rep(6), buffer:tostring())
  end)

  with_file("fails where there is no such attribute", function(path)
    rows.assert_fails("getxattr", "ENODATA", "No data available",
      "user.other", uring.buffer(8), path)
  end)

  it("fails where there is no such file", function()
    local folder <close> = process.folder()
    rows.assert_fails("getxattr", "ENOENT", "No such file or directory",
      "user.name", uring.buffer(8), folder "none")
  end)
end)
