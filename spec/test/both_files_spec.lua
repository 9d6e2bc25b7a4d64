--- Simulated files, pipes and the like behave as the kernel's do: the same
-- programs give the same results on both.
local both = require "spec.test.both"
local leaks = require "spec.support.leaks"
local raw = require "uring.ring"
local uring = require "uring"

leaks.watch()

local C, op = raw.consts, uring.op

-- Writes a file anew.
local function make(path, content)
  local file <close> = assert(uring.open(path, "w"))
  assert(file:write(content))
end

local function content_of(path)
  local file <close> = assert(uring.open(path))
  return file:read("a")
end

describe("simulated files", function()
  both.it("are written and read", function(folder)
    local path = folder .. "/file"
    make(path, "one\ntwo\nthree")
    local file <close> = assert(uring.open(path))
    local got = { file:read("l", "L", 2, "a") }
    got[5] = file:read("l") == nil
    local more <close> = assert(uring.open(path, "a"))
    more:write(" four")
    got[6] = content_of(path)
    return got
  end)

  for _, mode in ipairs { "r", "w", "a", "r+", "w+", "a+", "wx" } do
    both.it("are opened with mode " .. mode, function(folder)
      local got = { both.outcome(uring.open(folder .. "/none/file", mode)) }
      for i, name in ipairs { "new", "old", "" } do
        local path = folder .. "/" .. name
        if name == "old" then make(path, "old content") end
        local file, message, code = uring.open(path, mode)
        got[i + 1] = both.outcome(file and true, message, code)
        if file then
          got[i + 1][4] = both.outcome(file:write("ab") == file)
          got[i + 1][5] = both.outcome(file:read("a"))
          file:close()
          got[i + 1][6] = content_of(path)
        end
      end
      return got
    end)
  end

  both.it("are read and written at an offset", function(folder)
    local fd = assert(op.openat(C.AT_FDCWD, folder .. "/file",
      C.O_RDWR | C.O_CREAT))
    local buffer = raw.buffer(16)
    local got = { (op.write(fd, "0123456789", 0)), (op.write(fd, "ab", 4)),
      (op.read(fd, buffer, 3)), buffer:sub(1, 7), (op.read(fd, buffer, 10)),
      (op.read(fd, buffer)), buffer:sub(1, 10), (op.read(fd, buffer)),
      (op.write(fd, "end", 14)), (op.read(fd, buffer, 8)), buffer:sub(1, 9) }
    op.ftruncate(fd, 3)
    got[12] = content_of(folder .. "/file")
    op.ftruncate(fd, 5)
    got[13] = content_of(folder .. "/file")
    got[14] = { (op.fsync(fd)) }
    local parts = raw.iovecs { "x", raw.buffer(2):set(1, "yz") }
    got[15] = op.writev(fd, parts, 0)
    local one, two = raw.buffer(2), raw.buffer(10)
    got[16] = op.readv(fd, raw.iovecs { one, two }, 0)
    got[17], got[18] = one:tostring(), two:sub(1, 3)
    got[19] = { (op.fallocate(fd, 0, 0, 100)) }
    got[20] = #content_of(folder .. "/file")
    op.close(fd)
    return got
  end)

  both.it("refuse what they were not opened for", function(folder)
    make(folder .. "/file", "content")
    local buffer = raw.buffer(8)
    local reading = op.openat(C.AT_FDCWD, folder .. "/file")
    local writing = op.openat(C.AT_FDCWD, folder .. "/file", C.O_WRONLY)
    local inside = op.openat(C.AT_FDCWD, folder, C.O_DIRECTORY)
    local got = {
      { op.write(reading, "x") }, { op.read(writing, buffer) },
      { op.read(inside, buffer) }, { op.ftruncate(reading, 1) },
      both.outcome(op.openat(inside, "file", C.O_DIRECTORY)),
      both.outcome(op.openat(reading, "file")),
      both.outcome(op.openat(C.AT_FDCWD, folder .. "/file/x")),
      both.outcome(op.openat(C.AT_FDCWD, folder .. "/file/")),
      both.outcome(op.openat(C.AT_FDCWD, "")),
      both.outcome(op.openat(inside, ("n"):rep(300))),
      both.outcome(op.openat(C.AT_FDCWD, folder .. "/file",
        C.O_CREAT | C.O_EXCL)),
    }
    local again = op.openat(inside, "./../" .. folder:match("[^/]+$")
      .. "//file")
    got[12] = op.read(again, buffer)
    for _, fd in ipairs { reading, writing, inside, again } do op.close(fd) end
    return got
  end)

  both.it("have names that come, go and change", function(folder)
    local at, f = C.AT_FDCWD, folder .. "/"
    local function exists(name)
      local fd, _, code = op.openat(at, f .. name, C.O_PATH)
      if fd then op.close(fd) end
      return fd and true or code
    end
    local function keep(...) return (both.outcome(...)) end
    make(f .. "a", "A")
    make(f .. "b", "B")
    return {
      keep(op.mkdirat(at, f .. "d")), keep(op.mkdirat(at, f .. "d")),
      keep(op.mkdirat(at, f .. "x/y")), keep(op.mkdirat(at, f .. "a/y")),
      keep(op.renameat(at, f .. "a", at, f .. "d/a")), exists "a",
      exists "d/a",
      keep(op.unlinkat(at, f .. "d", C.AT_REMOVEDIR)),
      keep(op.unlinkat(at, f .. "d")), keep(op.unlinkat(at, f .. "none")),
      keep(op.unlinkat(at, f .. "b", C.AT_REMOVEDIR)),
      keep(op.renameat(at, f .. "b", at, f .. "d")),
      keep(op.renameat(at, f .. "d", at, f .. "b")),
      keep(op.renameat(at, f .. "d", at, f .. "d/inside")),
      keep(op.renameat(at, f .. "b", at, f .. "d/a", C.RENAME_NOREPLACE)),
      keep(op.renameat(at, f .. "b", at, f .. "d/a", C.RENAME_EXCHANGE)),
      content_of(f .. "b"), content_of(f .. "d/a"),
      keep(op.renameat(at, f .. "b", at, f .. "d/a")), exists "b",
      content_of(f .. "d/a"), keep(op.renameat(at, f .. "q", at, f .. "r")),
      keep(op.unlinkat(at, f .. "d/a")),
      keep(op.unlinkat(at, f .. "d", C.AT_REMOVEDIR)), exists "d",
    }
  end)

  both.it("live on without a name while they are open", function(folder)
    make(folder .. "/file", "content")
    local file <close> = assert(uring.open(folder .. "/file"))
    op.unlinkat(C.AT_FDCWD, folder .. "/file")
    return { file:read("a") }
  end)

  both.it("tell what they are", function(folder)
    make(folder .. "/file", "content")
    local buffer = raw.buffer(256)
    local function stat(fd, path, flags)
      local ok, message, code = op.statx(fd, path, flags, nil, buffer)
      if not ok then return both.outcome(ok, message, code) end
      local found = raw.unpack_statx(buffer)
      return { found.size, found.nlink, found.mode & C.S_IFMT }
    end
    local fd = op.openat(C.AT_FDCWD, folder .. "/file")
    local got = { stat(C.AT_FDCWD, folder .. "/file"),
      stat(fd, "", C.AT_EMPTY_PATH), stat(C.AT_FDCWD, folder)[3],
      stat(C.AT_FDCWD, folder .. "/none") }
    op.close(fd)
    return got
  end)
end)

describe("simulated pipes", function()
  both.it("carry bytes to the end", function()
    local reader, writer = raw.pipe()
    local buffer = raw.buffer(4)
    local got = { (op.write(writer, "abcdef")), (op.read(reader, buffer)),
      buffer:tostring(), (op.read(reader, buffer)) }
    uring.spawn(function()
      op.write(writer, "later")
      op.close(writer)
    end)
    for i = 5, 7 do got[i] = op.read(reader, buffer) end
    op.close(reader)
    return got
  end)

  both.it("break where nobody reads", function()
    local reader, writer = raw.pipe()
    op.close(reader)
    local got = { { op.write(writer, "x") }, (op.poll_add(writer, 0)) }
    op.close(writer)
    return got
  end)

  both.it("go one way", function()
    local reader, writer = raw.pipe()
    local got = { { op.write(reader, "x") },
      { op.read(writer, raw.buffer(1)) }, { op.fsync(reader) } }
    op.close(writer)
    got[4] = op.poll_add(reader, C.POLLIN)
    op.close(reader)
    return got
  end)

  both.it("take so much, and no more", function()
    local reader, writer = raw.pipe()
    local got = { (op.write(writer, ("x"):rep(100000))) }
    local order = {}
    local writing = uring.spawn(function()
      order[#order + 1] = op.write(writer, ("y"):rep(4096))
    end)
    uring.sleep(0.01)
    order[1] = "full"
    local buffer = raw.buffer(65536)
    got[2] = op.read(reader, buffer)
    while writing:status() ~= "done" do uring.sleep(0.001) end
    op.close(writer)
    got[3] = op.read(reader, buffer)
    op.close(reader)
    got[4] = order
    return got
  end)

  both.it("are spliced", function(folder)
    make(folder .. "/from", "0123456789")
    local reader, writer = raw.pipe()
    local from = op.openat(C.AT_FDCWD, folder .. "/from")
    local to = op.openat(C.AT_FDCWD, folder .. "/to", C.O_WRONLY | C.O_CREAT)
    local got = { (op.splice(from, 2, writer, -1, 5)),
      (op.splice(from, -1, writer, -1, 100)),
      (op.splice(from, -1, writer, -1, 100)),
      (op.splice(reader, -1, to, -1, 100)),
      { op.splice(from, -1, to, -1, 1) },
      { op.splice(from, 0, writer, 3, 1) } }
    op.close(writer)
    got[7] = op.splice(reader, -1, to, -1, 1)
    got[8] = content_of(folder .. "/to")
    for _, fd in ipairs { reader, from, to } do op.close(fd) end
    return got
  end)
end)

describe("simulated events", function()
  both.it("are counted by an eventfd", function()
    local fd, buffer = raw.eventfd(3), raw.buffer(8)
    local got = { (op.poll_add(fd, C.POLLIN | C.POLLOUT)),
      (op.read(fd, buffer)), (string.unpack("<i8", buffer:tostring())),
      { op.read(fd, raw.buffer(4)) }, (op.write(fd, string.pack("<i8", 2))) }
    op.write(fd, string.pack("<i8", 5))
    op.read(fd, buffer)
    got[6] = string.unpack("<i8", buffer:tostring())
    uring.spawn(function() op.write(fd, string.pack("<i8", 1)) end)
    got[7] = op.read(fd, buffer)
    op.close(fd)
    return got
  end)

  both.it("are waited for with poll_add", function()
    local reader, writer = raw.pipe()
    local order = {}
    uring.spawn(function()
      uring.sleep(0.01)
      order[1] = "write"
      op.write(writer, "x")
    end)
    local got = { op.poll_add(reader, C.POLLIN), 0, order }
    order[2] = "ready"
    op.close(reader)
    op.close(writer)
    return got
  end)
end)
