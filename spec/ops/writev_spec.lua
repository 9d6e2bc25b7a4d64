--- Proves the row writev: one write of several strings and Buffers.
local rows = require "spec.support.rows"
local temp = require "spec.support.temp"
local uring = require "uring.ring"

local C = uring.consts

rows.describe("writev", function()
  local function needs_room_in_pipes()
    if rows.is_newer("6.4") then
      pending "before Linux 6.4 a write waits until a pipe has taken all"
    end
  end

  local function open(own, file, flags)
    return own((rows.raw("openat", C.AT_FDCWD, file.path,
      flags or C.O_WRONLY)))
  end

  local function parts()
    return uring.iovecs { "a string, ", uring.buffer(3):set(1, "buf"),
      uring.slice("a slice", 2) }
  end

  it("writes all the parts in order", function()
    local own <close> = rows.owner()
    local file <close> = temp.file()
    assert.same({ 19, 0 }, { rows.raw("writev", open(own, file), parts()) })
    assert.equal("a string, buf slice", file:read())
  end)

  it("writes at an offset, or where the file is", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("..........")
    local fd = open(own, file)
    local ab = uring.iovecs { "a", "b" }
    assert.equal(2, (rows.raw("writev", fd, ab, 6)))
    assert.equal(2, (rows.raw("writev", fd, ab, -1)))
    assert.equal(2, (rows.raw("writev", fd, ab)))
    assert.equal("abab..ab..", file:read())
  end)

  it("gives the count when awaited", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("123")
    local fd = open(own, file, C.O_WRONLY | C.O_APPEND)
    assert.same({ 19, 0 }, { rows.await("writev", fd, parts()) })
    assert.equal("123a string, buf slice", file:read())
  end)

  it("writes what a pipe has room for", function()
    needs_room_in_pipes()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local half = ("x"):rep(100000)
    local sent = rows.raw("writev", w, uring.iovecs { half, half })
    assert.is_true(0 < sent and sent < 200000)
    local buffer = uring.buffer(200000)
    assert.equal(sent, (rows.raw("read", r, buffer)))
    assert.equal(("x"):rep(sent), buffer:sub(1, sent))
  end)

  it("fails where nothing can be written", function()
    local own <close> = rows.owner()
    local file <close> = temp.file()
    local fd = open(own, file, C.O_RDONLY)
    rows.assert_fails("writev", "EBADF", "Bad file descriptor", fd, parts())
    local full = own((rows.raw("openat", C.AT_FDCWD, "/dev/full", C.O_WRONLY)))
    rows.assert_fails("writev", "ENOSPC", "No space left on device",
      full, parts())
  end)

  it("is cancelled while it waits for room in a pipe", function()
    needs_room_in_pipes()
    local own <close> = rows.owner()
    local _, w = own(uring.pipe())
    rows.raw("write", w, ("x"):rep(1 << 20))
    rows.assert_cancelled("writev", w, parts())
  end)

  it("keeps what it writes", function()
    needs_room_in_pipes()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    rows.raw("write", w, ("x"):rep(1 << 20))
    local ring <close> = rows.ring()
    rows.start(ring, "writev", w,
      uring.iovecs { ("ab"):rep(2), uring.buffer(2):set(1, "cd") })
    collectgarbage()
    local buffer = uring.buffer(1 << 20)
    rows.raw("read", r, buffer)
    assert.equal(6, rows.reap(ring, 1)[1].res)
    assert.equal(6, (rows.raw("read", r, buffer)))
    assert.equal("ababcd", buffer:sub(1, 6))
  end)
end)
