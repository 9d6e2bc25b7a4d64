--- Proves that asking about what is open on this machine, by a call that waits
-- for nothing, tells what the op statx does, and when it is not done.
local core = require "uring.core"
local fs = require "uring.fs"
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local raw = require "uring.ring"
local temp = require "spec.support.temp"
local uring = require "uring"
local within = require "spec.support.within"

local C, errno = raw.consts, uring.errno
local MASK = C.STATX_BASIC_STATS | C.STATX_BTIME
local UNIQUE = 0x4000 -- STATX_MNT_ID_UNIQUE

leaks.watch()

-- What the op says, without what only one of them was asked for.
local function by_op(fd, path, flags)
  local buffer = core.buffer(256)
  assert(uring.op.statx(fd, path, flags, MASK, buffer))
  local found = core.stat_in(buffer)
  found.mask = found.mask & MASK
  return found
end

local function known(fd)
  local found, mount = core.stat_known(fd)
  if found then found.mask = found.mask & MASK end
  return found, mount
end

-- The number of its mount; nil, and pending: this kernel has none.
local function mount_of(fd)
  local _, mount = core.stat_known(fd)
  if not mount then pending "mounts have numbers since Linux 6.8" end
  return mount
end

describe("stat_known", function()
  it("tells what the op does", function()
    local one <close> = temp.file "0123456789"
    within.run(function()
      local file <close> = assert(fs.open(one.path))
      local found = assert(known(file:fileno()))
      assert.same(by_op(file:fileno(), "", C.AT_EMPTY_PATH), found)
      assert.same({ "file", 10, 1 }, { found.type, found.size, found.nlink })
      assert.equal(found.mode & 4095, found.perm)
      assert.equal(C.S_IFREG, found.mode & C.S_IFMT)
    end)
  end)

  it("fails for what is not open", function()
    assert.same({ nil, errno.EBADF }, { core.stat_known(1 << 30) })
    assert.error_matches(function() core.stat_known "x" end,
      "number expected")
    local closed = core.buffer(256)
    closed:close()
    for _, bad in ipairs { "x", core.buffer(255), closed } do
      assert.error_matches(function() core.stat_in(bad) end,
        "Buffer of 256 bytes expected", 1, true)
    end
  end)

  it("names the mount, of which mount_magic tells the kind", function()
    local one <close> = temp.file ""
    within.run(function()
      local file <close> = assert(fs.open(one.path))
      local mount = mount_of(file:fileno())
      if not mount then return end
      local proc <close> = assert(fs.open "/proc/self/status")
      assert.equal(0x9fa0, core.mount_magic(mount_of(proc:fileno())))
      assert.not_equal(mount, mount_of(proc:fileno()))
      assert.is_true(core.mount_magic(mount) > 0)
      assert.same({ nil, errno.ENOENT }, { core.mount_magic(1 << 62) })
    end)
  end)
end)

describe("stat", function()
  it("is the same of a path, a link, a root and an open file", function()
    local folder <close> = process.folder()
    within.run(function()
      assert(fs.write_file(folder "a", "text"))
      assert(fs.symlink("a", folder "link"))
      local wanted = by_op(C.AT_FDCWD, folder "a", 0)
      local root <close> = assert(fs.root(folder ""))
      local file <close> = assert(fs.open(folder "link"))
      for _, found in ipairs {
        { fs.stat(folder "a") }, { fs.stat(folder "link") },
        { fs.lstat(folder "a") }, { root.stat "a" }, { root.stat "link" },
        { file:stat() },
      } do
        assert(table.unpack(found))
        found[1].mask = found[1].mask & MASK
        assert.same({ wanted }, found)
      end
      assert.equal("link", fs.lstat(folder "link").type)
      assert.equal(1, root.lstat("link").size)
      assert.equal("directory", fs.stat(folder "").type)
    end)
  end)

  it("is an op where the file system may have to ask somebody", function()
    within.run(function()
      local file <close> = assert(fs.open "/proc/self/status")
      assert.equal("file", file:stat().type)
      assert.equal("file", fs.stat("/proc/self/status").type)
      assert.equal(UNIQUE, UNIQUE & ~file:stat().mask) -- it asks for no mount
    end)
  end)

  it("needs no descriptor where none is left", function()
    local one <close> = temp.file "12345"
    local result = process.run { process.LUA, "-e", [[
      local fs, uring = require "uring.fs", require "uring"
      uring.run(function()
        local path, held = os.getenv "FILE", {}
        repeat held[#held + 1] = fs.open "/dev/null"
        until not fs.open "/dev/null"
        print(fs.stat(path).size, fs.lstat(path).size, fs.exists(path),
          fs.exists(path .. "x"))
      end)
    ]], env = { FILE = one.path }, limits = "-n 64" }
    assert.same({ code = 0, err = "", out = "5\t5\ttrue\tfalse\n" }, result)
  end)

  it("says what has failed, of a path", function()
    within.run(function()
      for path, code in pairs {
        ["/nowhere"] = errno.ENOENT, ["/dev/null/x"] = errno.ENOTDIR,
        ["/" .. ("x"):rep(256)] = errno.ENAMETOOLONG, [""] = errno.ENOENT,
      } do
        assert.same({ nil, path .. ": " .. uring.strerror(code), code },
          { fs.stat(path) })
        assert.same({ nil, path .. ": " .. uring.strerror(code), code },
          { fs.lstat(path) })
      end
    end)
  end)

  it("lets others have their turn, and ends who is cancelled", function()
    local one <close> = temp.file ""
    within.run(function()
      local file <close> = assert(fs.open(one.path))
      local turns = 0
      uring.scope(function(sc)
        sc:daemon(function()
          while true do
            turns = turns + 1
            uring.yield()
          end
        end)
        for _ = 1, 1000 do assert(file:stat()) end
      end)
      assert.is_true(turns > 5)
      local ended
      uring.scope(function(sc)
        sc:spawn(function()
          sc:cancel()
          ended = table.pack(pcall(file.stat, file))
        end)
      end)
      assert.is_true(uring.is_cancelled(ended[2]))
    end)
  end)
end)
