--- Proves the row openat2: a path becomes a descriptor, by stricter rules.
local loop = require "uring.loop"
local process = require "spec.support.process"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local temp = require "spec.support.temp"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C, errno = uring.consts, uring.errno

rows.describe("openat2", function()
  local function content(fd)
    local buffer = uring.buffer(32)
    return buffer:sub(1, (rows.raw("read", fd, buffer, 0)))
  end

  local function open_folder(own, path)
    return own((rows.raw("openat2", C.AT_FDCWD, path,
      { flags = C.O_DIRECTORY })))
  end

  it("opens a file to read, where nothing else is said", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("content")
    local res, flags = rows.raw("openat2", C.AT_FDCWD, file.path, {})
    assert.equal(0, flags)
    assert.equal("content", content(own(res)))
    assert.equal(-errno.EBADF, (rows.raw("write", res, "x")))
  end)

  it("always makes the descriptor close-on-exec", function()
    local own <close> = rows.owner()
    for _, how in ipairs { {}, { flags = C.O_CLOEXEC } } do
      local fd = own((rows.raw("openat2", C.AT_FDCWD, "/", how)))
      assert.is_true(sockets.cloexec(fd))
      assert.equal(how.flags and C.O_CLOEXEC, how.flags) -- still ours
    end
  end)

  it("makes a file with the permissions asked for", function()
    local own <close> = rows.owner()
    local name <close> = temp.name()
    local how = { flags = C.O_CREAT | C.O_EXCL | C.O_WRONLY, mode = 384 }
    own((rows.raw("openat2", C.AT_FDCWD, name.path, how)))
    local buffer = uring.buffer(256)
    rows.raw("statx", C.AT_FDCWD, name.path, 0, nil, buffer)
    assert.equal(384, uring.unpack_statx(buffer).mode & 511)
  end)

  it("stays beneath a folder where told to", function()
    local own <close> = rows.owner()
    local folder <close> = process.folder()
    assert(os.execute("mkdir " .. process.quote(folder "inner")))
    local dirfd = open_folder(own, folder "inner")
    local beneath = { resolve = C.RESOLVE_BENEATH }
    assert.is_true(own((rows.raw("openat2", dirfd, ".", beneath))) >= 0)
    own((rows.raw("openat2", dirfd, "..", {})))
    for _, path in ipairs { "..", "../inner", "/" } do
      rows.assert_fails("openat2", "EXDEV", "Invalid cross-device link",
        dirfd, path, beneath)
    end
  end)

  it("takes a folder for the root where told to", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("in the root")
    local folder, name = file.path:match("^(.*)/([^/]+)$")
    local fd = own((rows.raw("openat2", open_folder(own, folder),
      "/../" .. name, { resolve = C.RESOLVE_IN_ROOT })))
    assert.equal("in the root", content(fd))
  end)

  it("follows no symbolic link where told not to", function()
    rows.assert_fails("openat2", "ELOOP",
      "Too many levels of symbolic links", C.AT_FDCWD, "/proc/self",
      { flags = C.O_DIRECTORY, resolve = C.RESOLVE_NO_SYMLINKS })
  end)

  it("gives the descriptor when awaited", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("awaited")
    local fd, flags = rows.await("openat2", C.AT_FDCWD, file.path,
      { flags = C.O_RDWR, resolve = C.RESOLVE_NO_MAGICLINKS })
    assert.equal(0, flags)
    assert.equal("awaited", content(own(fd)))
    assert.equal(1, (rows.raw("write", fd, "x", 7)))
  end)

  it("keeps the path and the rules until it has them", function()
    local own <close> = rows.owner()
    local ring <close> = rows.ring()
    for i = 1, 8 do
      ring:get_sqe():prep_openat2(C.AT_FDCWD, "/" .. ("./"):rep(100 + i),
        { flags = C.O_DIRECTORY })
    end
    raw.collect()
    ring:submit()
    for _, cqe in ipairs(rows.reap(ring, 8)) do own(cqe.res) end
  end)

  it("fails where there is no such file", function()
    local name <close> = temp.name()
    rows.assert_fails("openat2", "ENOENT", "No such file or directory",
      C.AT_FDCWD, name.path, {})
  end)

  it("fails for rules that the kernel does not know", function()
    rows.assert_fails("openat2", "EINVAL", "Invalid argument",
      C.AT_FDCWD, "/", { flags = 1 << 40 })
    rows.assert_fails("openat2", "EINVAL", "Invalid argument",
      C.AT_FDCWD, "/", { mode = 384 }) -- though nothing is made
    rows.assert_fails("openat2", "EINVAL", "Invalid argument",
      C.AT_FDCWD, "/", { resolve = 1 << 40 })
  end)

  it("refuses a rule whose name it does not know", function()
    local ring <close> = rows.ring()
    assert.has_error(function()
      raw.prepare(ring, "nop"):prep_openat2(C.AT_FDCWD, "/",
        { resolv = C.RESOLVE_BENEATH })
    end)
  end)

  it("closes descriptors that nobody took when the ring closes", function()
    local ring <close> = rows.ring()
    for _ = 1, 4 do rows.start(ring, "openat2", C.AT_FDCWD, "/", {}) end
    ring:submit_and_wait(2)
  end)

  it("closes a descriptor that no task waits for", function()
    local own <close> = rows.owner()
    within.run(function()
      local ring = loop.current("this spec").ring
      local others = ring:in_flight()
      assert.is_true(loop.post("openat2", C.AT_FDCWD, "/", {}))
      while ring:in_flight() > others do u.yield() end
      own((u.op.openat2(C.AT_FDCWD, "/", {})))
    end)
  end)
end)
