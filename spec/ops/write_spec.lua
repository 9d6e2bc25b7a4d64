--- Proves the row write: a string or a Buffer goes out, or part of it.
local core = require "uring.core"
local rows = require "spec.support.rows"
local temp = require "spec.support.temp"
local uring = require "uring.ring"

local C = uring.consts

rows.describe("write", function()
  local function needs_room_in_pipes()
    if rows.is_newer("6.4") then
      pending "before Linux 6.4 a write waits until a pipe has taken all"
    end
  end

  local function open(own, path, flags)
    return own((rows.raw("openat", C.AT_FDCWD, path, flags or C.O_WRONLY)))
  end

  it("writes a string, a Buffer, or a slice of either", function()
    local own <close> = rows.owner()
    local file <close> = temp.file()
    local fd = open(own, file.path)
    local buffer = uring.buffer(6):set(1, "buffer")
    for _, each in ipairs {
      { "string ", 7 }, { buffer, 6 }, { buffer:slice(1, 3), 3 },
      { uring.slice("a slice", 2), 6 }, { "", 0 },
    } do
      assert.same({ each[2], 0 }, { rows.raw("write", fd, each[1]) })
    end
    assert.equal("string bufferbuf slice", file:read())
  end)

  it("writes at an offset, or where the file is", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("..........")
    local fd = open(own, file.path)
    rows.raw("write", fd, "a", 4)
    rows.raw("write", fd, "b")
    rows.raw("write", fd, "c", -1)
    rows.raw("write", fd, "d", 0)
    rows.raw("write", fd, "e", 11)
    assert.equal("dc..a.....\0e", file:read())
  end)

  it("writes at the end of a file that is open to append", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("log\n")
    local fd = open(own, file.path, C.O_WRONLY | C.O_APPEND)
    rows.raw("write", fd, "1\n")
    rows.raw("write", fd, "2\n", 0)
    assert.equal("log\n1\n2\n", file:read())
  end)

  it("gives the count when awaited", function()
    local own <close> = rows.owner()
    local file <close> = temp.file()
    local fd = open(own, file.path)
    assert.same({ 7, 0 }, { rows.await("write", fd, "awaited") })
    assert.equal("awaited", file:read())
  end)

  it("writes what a pipe has room for", function()
    needs_room_in_pipes()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local text = ("0123456789abcdef"):rep(1 << 16)
    local sent = rows.raw("write", w, text)
    assert.is_true(0 < sent and sent < #text)
    local buffer = uring.buffer(#text)
    assert.equal(sent, (rows.raw("read", r, buffer)))
    assert.equal(text:sub(1, sent), buffer:sub(1, sent))
  end)

  it("fails where nothing can be written", function()
    local own <close> = rows.owner()
    rows.assert_fails("write", "EBADF", "Bad file descriptor",
      open(own, "/dev/null", C.O_RDONLY), "x")
    rows.assert_fails("write", "ENOSPC", "No space left on device",
      open(own, "/dev/full"), "x")
  end)

  it("fails where a pipe has no reader, which a loop survives", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    own:close(r)
    assert.same({ nil, "write: Broken pipe", uring.errno.EPIPE },
      { rows.await("write", w, "x") })
    local was_default = core.sigpipe("ignore")
    assert.equal(-uring.errno.EPIPE, (rows.raw("write", w, "x")))
    if was_default then core.sigpipe("default") end
  end)

  it("is cancelled while it waits for room in a pipe", function()
    needs_room_in_pipes()
    local own <close> = rows.owner()
    local _, w = own(uring.pipe())
    rows.raw("write", w, ("x"):rep(1 << 20))
    rows.assert_cancelled("write", w, "x")
  end)

  it("keeps what it writes", function()
    needs_room_in_pipes()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local buffer, ring <close> = uring.buffer(1 << 20), rows.ring()
    local full = rows.raw("write", w, ("x"):rep(1 << 20))
    rows.start(ring, "write", w, ("ab"):rep(500))
    rows.start(ring, "write", w, uring.buffer(1000):set(1, ("c"):rep(1000)))
    rows.start(ring, "write", w, uring.slice(("de"):rep(500), 2))
    collectgarbage()
    collectgarbage()
    assert.equal(full, (rows.raw("read", r, buffer)))
    local sum = 0
    for _, cqe in ipairs(rows.reap(ring, 3)) do sum = sum + cqe.res end
    assert.equal(2999, sum)
    assert.equal(2999, (rows.raw("read", r, buffer)))
    for _, part in ipairs { ("ab"):rep(500), ("c"):rep(1000),
      ("de"):rep(500):sub(2) } do
      assert.is_number((buffer:find(part)))
    end
  end)
end)
