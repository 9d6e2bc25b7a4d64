--- Proves the row writev2: one write of several parts, as its flags say.
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local temp = require "spec.support.temp"
local uring = require "uring.ring"

local C = uring.consts

rows.describe("writev2", function()
  local function open(own, file, flags)
    return own((rows.raw("openat", C.AT_FDCWD, file.path,
      flags or C.O_WRONLY)))
  end

  local function parts()
    return uring.iovecs { "a string, ", uring.buffer(3):set(1, "buf"),
      uring.slice("a slice", 2) }
  end

  it("writes all the parts in order, as writev does", function()
    local own <close> = rows.owner()
    local file <close> = temp.file(("."):rep(25))
    local fd = open(own, file)
    assert.same({ 19, 0 }, { rows.raw("writev2", fd, parts()) })
    assert.equal("a string, buf slice......", file:read())
    assert.equal(2, (rows.raw("writev2", fd, uring.iovecs { "a", "b" }, 23)))
    assert.equal("a string, buf slice....ab", file:read())
  end)

  it("writes at the end with RWF_APPEND, whatever the offset", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("123")
    local fd = open(own, file)
    assert.equal(19, (rows.raw("writev2", fd, parts(), 1, C.RWF_APPEND)))
    assert.equal("123a string, buf slice", file:read())
    assert.equal(1, (rows.raw("writev2", fd, uring.iovecs { "x" }, 1, 0)))
    assert.equal("1x3a string, buf slice", file:read())
  end)

  it("writes through to the device where asked to", function()
    local own <close> = rows.owner()
    local file <close> = temp.file()
    local fd = open(own, file)
    assert.equal(19, (rows.raw("writev2", fd, parts(), 0, C.RWF_DSYNC)))
    assert.equal(19, (rows.raw("writev2", fd, parts(), 19, C.RWF_SYNC)))
    assert.equal(("a string, buf slice"):rep(2), file:read())
  end)

  it("gives the count when awaited", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("123")
    assert.same({ 19, 0 }, { rows.await("writev2", open(own, file), parts(),
      nil, C.RWF_APPEND) })
    assert.equal("123a string, buf slice", file:read())
  end)

  it("fails where nothing can be written, and for unknown flags", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("untouched")
    rows.assert_fails("writev2", "EBADF", "Bad file descriptor",
      open(own, file, C.O_RDONLY), parts(), 0, C.RWF_APPEND)
    rows.assert_fails("writev2", "EOPNOTSUPP", "Operation not supported",
      open(own, file), parts(), 0, 1 << 31)
    assert.equal("untouched", file:read())
  end)

  it("is cancelled while it waits for room in a socket", function()
    local own <close> = rows.owner()
    local a = sockets.pair(own)
    raw.fill(a)
    rows.assert_cancelled("writev2", a, parts(), -1, 0)
  end)
end)
