--- Proves the row tee: a pipe's bytes go to another pipe too, and stay.
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local temp = require "spec.support.temp"
local uring = require "uring.ring"

local C = uring.consts

rows.describe("tee", function()
  local function read(fd)
    local buffer = uring.buffer(32)
    return buffer:sub(1, (rows.raw("read", fd, buffer)))
  end

  -- Two pipes: what is written to 'into' can be read from 'first', and what
  -- is copied to 'copy' from 'second'.
  local function pipes(own)
    local first, into = own(uring.pipe())
    local second, copy = own(uring.pipe())
    return first, into, second, copy
  end

  it("copies bytes, and leaves them where they were", function()
    local own <close> = rows.owner()
    local first, into, second, copy = pipes(own)
    rows.raw("write", into, "twice")
    assert.same({ 5, 0 }, { rows.raw("tee", first, copy, 100) })
    assert.equal(2, (rows.raw("tee", first, copy, 2)))
    assert.equal("twicetw", read(second))
    assert.equal("twice", read(first))
  end)

  it("copies from slot to slot of the registered files", function()
    local own <close> = rows.owner()
    local first, into, second, copy = pipes(own)
    rows.raw("write", into, "registered")
    local ring <close> = rows.ring()
    assert(ring:register_files { copy, -1, first })
    raw.prepare(ring, "tee", 2, 0, 10, C.SPLICE_F_FD_IN_FIXED)
      :set_fixed_file()
    ring:submit()
    assert.equal(10, (raw.take(ring)))
    assert.equal("registered", read(second))
  end)

  it("waits for bytes, unless told not to", function()
    local own <close> = rows.owner()
    local first, into, second, copy = pipes(own)
    rows.assert_fails("tee", "EAGAIN", "Resource temporarily unavailable",
      first, copy, 4, C.SPLICE_F_NONBLOCK)
    local ring <close> = rows.ring()
    rows.start(ring, "tee", first, copy, 4)
    assert.equal(0, ring:submit_and_wait(0))
    assert.equal(0, ring:cq_ready())
    rows.raw("write", into, "late")
    assert.same({ { res = 4, flags = 0, data = "tee" } }, rows.reap(ring, 1))
    assert.equal("late", read(second))
  end)

  it("gives the count when awaited, 0 at the end", function()
    local own <close> = rows.owner()
    local first, into, second, copy = pipes(own)
    rows.raw("write", into, "awaited")
    assert.same({ 7, 0 }, { rows.await("tee", first, copy, 100) })
    assert.equal("awaited", read(second))
    assert.equal("awaited", read(first))
    own:close(into)
    assert.same({ 0, 0 }, { rows.await("tee", first, copy, 100) })
  end)

  it("fails where there are not two pipes", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("text")
    local fd = own((rows.raw("openat", C.AT_FDCWD, file.path)))
    local first, into, _, copy = pipes(own)
    rows.assert_fails("tee", "EBADF", "Bad file descriptor",
      rows.NOT_OPEN, copy, 1)
    rows.assert_fails("tee", "EINVAL", "Invalid argument", fd, copy, 1)
    rows.assert_fails("tee", "EINVAL", "Invalid argument", first, into, 1)
    rows.assert_fails("tee", "EINVAL", "Invalid argument",
      first, copy, 1, 1 << 10)
  end)

  it("ends when it is cancelled while it waits", function()
    local own <close> = rows.owner()
    local first, into, second, copy = pipes(own)
    local ring <close> = rows.ring()
    local res, cancel = rows.cancelled(ring, "tee", first, copy, 4)
    rows.assert_cancelled_or_interrupted(res, cancel)
    rows.raw("write", into, "left")
    own:close(copy)
    assert.equal("", read(second))
  end)
end)
