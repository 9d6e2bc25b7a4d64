--- Proves the row splice: bytes move between a pipe and another descriptor.
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local temp = require "spec.support.temp"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C, errno = uring.consts, uring.errno

rows.describe("splice", function()
  local function open(own, file, flags)
    return own((rows.raw("openat", C.AT_FDCWD, file.path,
      flags or C.O_RDWR)))
  end

  local function read(fd, offset)
    local buffer = uring.buffer(32)
    return buffer:sub(1, (rows.raw("read", fd, buffer, offset)))
  end

  it("moves bytes of a file into a pipe", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("0123456789")
    local fd, r, w = open(own, file), own(uring.pipe())
    assert.same({ 4, 0 }, { rows.raw("splice", fd, 3, w, nil, 4) })
    assert.equal("3456", read(r))
    assert.equal(2, (rows.raw("splice", fd, nil, w, nil, 2)))
    assert.equal(8, (rows.raw("splice", fd, -1, w, -1, 100)))
    assert.equal("0123456789", read(r))
    assert.equal(0, (rows.raw("splice", fd, nil, w, nil, 1)))
  end)

  it("moves bytes of a pipe into a file, or into another pipe", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("..........")
    local fd, r, w = open(own, file), own(uring.pipe())
    local to, from = own(uring.pipe())
    rows.raw("write", w, "abcdef")
    assert.equal(2, (rows.raw("splice", r, nil, fd, 4, 2)))
    assert.equal(1, (rows.raw("splice", r, nil, fd, nil, 1)))
    assert.equal("c...ab....", file:read())
    assert.equal(3, (rows.raw("splice", r, nil, from, nil, 100)))
    assert.equal("def", read(to))
  end)

  it("sends a file through a pipe to a socket", function()
    local own <close> = rows.owner()
    local file <close> = temp.file(("content"):rep(1000))
    local fd, r, w = open(own, file), own(uring.pipe())
    local a, b = sockets.pair(own)
    local ring <close> = rows.ring()
    ring:chain(function(chain)
      chain:get_sqe():prep_splice(fd, 0, w, nil, 7000, C.SPLICE_F_MOVE)
      chain:get_sqe():prep_splice(r, nil, a, nil, 7000)
    end)
    for _, cqe in ipairs(rows.reap(ring, 2)) do assert.equal(7000, cqe.res) end
    assert.equal(("content"):rep(1000), raw.receive(ring, b, 7000))
  end)

  it("moves bytes from slot to slot of the registered files", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("registered")
    local r, w = own(uring.pipe())
    local ring <close> = rows.ring()
    assert(ring:register_files { -1, open(own, file), w })
    raw.prepare(ring, "splice", 1, 0, 2, nil, 10, C.SPLICE_F_FD_IN_FIXED)
      :set_fixed_file()
    ring:submit()
    assert.equal(10, (raw.take(ring)))
    assert.equal("registered", read(r))
  end)

  it("waits for bytes, unless told not to", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local to, from = own(uring.pipe())
    rows.assert_fails("splice", "EAGAIN", "Resource temporarily unavailable",
      r, nil, from, nil, 4, C.SPLICE_F_NONBLOCK)
    local ring <close> = rows.ring()
    rows.start(ring, "splice", r, nil, from, nil, 4)
    assert.equal(0, ring:submit_and_wait(0))
    assert.equal(0, ring:cq_ready())
    rows.raw("write", w, "late")
    assert.same({ { res = 4, flags = 0, data = "splice" } },
      rows.reap(ring, 1))
    assert.equal("late", read(to))
  end)

  it("gives the count when awaited, 0 at the end", function()
    local own <close> = rows.owner()
    local file <close> = temp.file()
    local fd, r, w = open(own, file), own(uring.pipe())
    within.run(function()
      u.op.write(w, "awaited")
      assert.same({ 7, 0 }, { u.op.splice(r, nil, fd, 0, 100) })
      own:close(w)
      assert.same({ 0, 0 }, { u.op.splice(r, nil, fd, 0, 100) })
    end)
    assert.equal("awaited", file:read())
  end)

  it("fails where bytes cannot be moved so", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("untouched")
    local fd, r, w = open(own, file), own(uring.pipe())
    local bad = "Bad file descriptor"
    rows.assert_fails("splice", "EBADF", bad, rows.NOT_OPEN, 0, w, nil, 1)
    rows.assert_fails("splice", "EBADF", bad, fd, 0, rows.NOT_OPEN, nil, 1)
    rows.assert_fails("splice", "EINVAL", "Invalid argument", -- no pipe
      fd, 0, fd, 5, 1)
    rows.assert_fails("splice", "EINVAL", "Invalid argument",
      fd, 0, w, nil, 1, 1 << 10)
    rows.assert_fails("splice", "ESPIPE", "Illegal seek", r, 0, fd, 0, 1)
    rows.assert_fails("splice", "ESPIPE", "Illegal seek", fd, 0, w, 0, 1)
    assert.equal("untouched", file:read())
  end)

  -- In 6.1 a cancel may not find what a thread of the kernel is taking up.
  local function cancelled(ring, ...)
    local id, found = rows.start(ring, "splice", ...), {}
    repeat
      rows.start(ring, "cancel", id)
      found.cancel = nil
      repeat
        local res, _, data = raw.take(ring)
        found[data] = res
      until found.cancel
    until found.cancel ~= -errno.ENOENT or found.splice
    if not found.splice then found.splice = raw.take(ring) end
    assert.equal(0, ring:in_flight())
    return found.splice, found.cancel
  end

  it("ends when it is cancelled while it waits", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local to, from = own(uring.pipe())
    local ring <close> = rows.ring()
    local res, cancel = cancelled(ring, r, nil, from, nil, 4)
    rows.assert_cancelled_or_interrupted(res, cancel)
    rows.raw("write", w, "left")
    assert.equal("left", read(r))
    own:close(from)
    assert.equal("", read(to))
  end)

  it("says that it was interrupted when it was awaited", function()
    local own <close> = rows.owner()
    local ring <close> = rows.ring()
    if not ring:probe().socket then
      return pending("cancel_fd needs Linux 5.19")
    end
    local r, from = own(uring.pipe()), select(2, own(uring.pipe()))
    local said = {
      [errno.ECANCELED] = "splice: Operation canceled",
      [errno.EINTR] = "splice: Interrupted system call",
    }
    within.run(function()
      local got
      u.spawn(function() got = { u.op.splice(r, nil, from, nil, 4) } end)
      while not got do -- the thread may not have looked the file up yet
        u.op.cancel_fd(from)
        u.yield()
      end
      assert.same({ nil, said[got[3]], got[3] }, got)
    end)
  end)
end)
