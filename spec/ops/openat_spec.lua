--- Proves the row openat: a path becomes a descriptor.
local loop = require "uring.loop"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local temp = require "spec.support.temp"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C = uring.consts
local errno = uring.errno

rows.describe("openat", function()
  local function content(fd)
    local buffer = uring.buffer(32)
    return buffer:sub(1, (rows.raw("read", fd, buffer, 0)))
  end

  local function mode(path)
    local buffer = uring.buffer(256)
    assert.equal(0, (rows.raw("statx", C.AT_FDCWD, path, 0, nil, buffer)))
    return uring.unpack_statx(buffer).mode & 511
  end

  it("opens a file to read", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("content")
    local res, flags = rows.raw("openat", C.AT_FDCWD, file.path)
    assert.equal(0, flags)
    assert.equal("content", content(own(res)))
    assert.equal(-errno.EBADF, (rows.raw("write", res, "x")))
  end)

  it("always makes the descriptor close-on-exec", function()
    local own <close> = rows.owner()
    local fd = own((rows.raw("openat", C.AT_FDCWD, "/", 0)))
    assert.is_true(sockets.cloexec(fd))
    assert.is_true(sockets.cloexec(own((rows.await("openat", fd, ".")))))
  end)

  it("opens relative to a directory", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("relative")
    local folder, name = file.path:match("^(.*)/([^/]+)$")
    local dirfd = own((rows.raw("openat", C.AT_FDCWD, folder,
      C.O_DIRECTORY)))
    assert.equal("relative", content(own((rows.raw("openat", dirfd, name)))))
  end)

  it("makes a file with the permissions asked for", function()
    local own <close> = rows.owner()
    local first <close> = temp.name()
    local second <close> = temp.name()
    local flags = C.O_CREAT | C.O_EXCL | C.O_WRONLY
    own((rows.raw("openat", C.AT_FDCWD, first.path, flags, 128)))
    assert.equal(128, mode(first.path)) -- write by owner
    own((rows.raw("openat", C.AT_FDCWD, second.path, flags)))
    assert.equal(384, mode(second.path) & 384) -- read and write by owner
    assert.equal(-errno.EEXIST,
      (rows.raw("openat", C.AT_FDCWD, second.path, flags)))
  end)

  it("gives the descriptor when awaited", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("awaited")
    local fd, flags = rows.await("openat", C.AT_FDCWD, file.path)
    assert.equal(0, flags)
    assert.equal("awaited", content(own(fd)))
  end)

  it("keeps the path until it has it", function()
    local own <close> = rows.owner()
    local ring <close> = rows.ring()
    for i = 1, 8 do
      ring:get_sqe():prep_openat(C.AT_FDCWD, "/" .. ("./"):rep(100 + i))
    end
    collectgarbage()
    ring:submit()
    for _, cqe in ipairs(rows.reap(ring, 8)) do own(cqe.res) end
  end)

  it("fails where there is no such file", function()
    local own <close> = rows.owner()
    local name <close> = temp.name()
    rows.assert_fails("openat", "ENOENT", "No such file or directory",
      C.AT_FDCWD, name.path)
    rows.assert_fails("openat", "ENOENT", "No such file or directory",
      C.AT_FDCWD, "")
    rows.assert_fails("openat", "ENOTDIR", "Not a directory",
      (own(uring.pipe())), "relative")
  end)

  it("ends when it is cancelled while a FIFO has no writer", function()
    local fifo <close> = temp.fifo()
    local ring <close> = rows.ring()
    local sqe = ring:get_sqe()
    local id = sqe:prep_openat(C.AT_FDCWD, fifo.path)
    sqe:set_flags("async"):set_data("openat") -- else it does not wait at all
    ring:submit()
    rows.start(ring, "cancel", id)
    local res = {}
    for _, cqe in ipairs(rows.reap(ring, 2)) do res[cqe.data] = cqe.res end
    rows.assert_cancelled_or_interrupted(res.openat, res.cancel)
  end)

  it("closes a descriptor that nobody took when the ring closes", function()
    local ring <close> = rows.ring()
    for _ = 1, 4 do rows.start(ring, "openat", C.AT_FDCWD, "/") end
    ring:submit_and_wait(2)
  end)

  it("gives its task the descriptor, though that is cancelled", function()
    assert.has_error(function()
      within.run(function()
        u.spawn(function() uring.close(u.op.openat(C.AT_FDCWD, "/")) end)
        u.spawn(function() error({}) end)
      end)
    end, {})
  end)

  it("closes a descriptor that no task waits for", function()
    local own <close> = rows.owner()
    within.run(function()
      local ring = loop.current("this spec").ring
      local others = ring:in_flight()
      assert.is_true(loop.post("openat", C.AT_FDCWD, "/"))
      while ring:in_flight() > others do u.yield() end
      own((u.op.openat(C.AT_FDCWD, "/")))
    end)
  end)
end)
