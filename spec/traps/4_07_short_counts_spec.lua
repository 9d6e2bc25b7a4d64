--- Trap 4.7: the kernel may write less than it was given; write goes on with
-- the rest, and says how much had gone where it cannot.
local fs = require "uring.fs"
local leaks = require "spec.support.leaks"
local rows = require "spec.support.rows"
local temp = require "spec.support.temp"
local low = require "uring.ring"
local uring = require "uring"
local within = require "spec.support.within"

local C, errno = low.consts, uring.errno

leaks.watch()

-- So many bytes, no two blocks of which are the same.
local function pattern(size)
  local parts = {}
  for i = 1, size // 8 do parts[i] = ("%08d"):format(i) end
  return table.concat(parts)
end

local TEXT = pattern(1 << 20)

-- Writes to one end, reads at the other in bites of all sizes.
local function pass(writer, reader, data)
  local got, size = {}, 0
  uring.spawn(function() assert(writer:write(data)) end)
  while size < #TEXT do
    got[#got + 1] = assert(reader:read_some(size % 10007 + 1))
    size = size + #got[#got]
  end
  assert.is_true(table.concat(got) == TEXT)
end

describe("a write that is larger than what it is written to", function()
  for name, data in pairs {
    ["a string"] = TEXT, ["a Buffer"] = low.buffer(#TEXT):set(1, TEXT),
    ["a slice"] = low.buffer(#TEXT + 9):set(5, TEXT):slice(5, #TEXT + 4),
  } do
    it("passes through a pipe, " .. name, function()
      within.run(function()
        local from, to = low.pipe()
        local reader <close> = fs.from_fd(from)
        local writer <close> = fs.from_fd(to)
        pass(writer, reader, data)
      end)
    end)

    it("passes through a socket with little room, " .. name, function()
      within.run(function()
        local listener <close> = assert(uring.listen("127.0.0.1:0"))
        local client <close> = assert(uring.connect(listener:sockname()))
        local server <close> = assert(listener:accept())
        low.setsockopt(client:fileno(), C.SOL_SOCKET, C.SO_SNDBUF, 1)
        pass(client, server, data)
      end)
    end)
  end
end)

describe("a write that cannot end", function()
  it("by the other side's end says so, with the count", function()
    within.run(function()
      local from, to = low.pipe()
      local writer <close> = fs.from_fd(to, "writer")
      uring.spawn(function()
        uring.op.read(from, low.buffer(4096))
        low.close(from)
      end)
      local done, message, code, written = writer:write(TEXT)
      assert.is_nil(done)
      assert.equal("writer: Broken pipe", message)
      assert.equal(errno.EPIPE, code)
      assert.is_true(written >= 4096 and written < #TEXT)
    end)
  end)
end)

describe("reading", function()
  it("goes on through short counts until it has what was asked", function()
    within.run(function()
      local from, to = low.pipe()
      local reader <close> = fs.from_fd(from)
      uring.spawn(function()
        for piece in TEXT:sub(1, 10000):gmatch(("."):rep(7)) do
          assert(uring.op.write(to, piece))
        end
        low.close(to)
      end)
      assert.equal(TEXT:sub(1, 9000), reader:read(9000))
      assert.equal(TEXT:sub(9001, 9996), reader:read(9000))
      assert.is_nil(reader:read(1))
    end)
  end)
end)

describe("counts at the edge", function()
  it("of nothing write nothing, and end at once", function()
    within.run(function()
      local full <close> = assert(uring.open("/dev/full", "w"))
      assert.equal(full, full:write(""))
      assert.equal(full, full:write("", "", ""))
      assert.equal(full, full:write(low.slice("x", 2)))
    end)
  end)

  it("of 1024 parts go as one op", function()
    local file <close> = temp.file()
    local parts = {}
    for i = 1, 1024 do parts[i] = ("%03d,"):format(i % 1000) end
    local fd = rows.raw("openat", C.AT_FDCWD, file.path, C.O_WRONLY)
    assert.equal(4096, (rows.raw("writev", fd, low.iovecs(parts))))
    assert.equal(table.concat(parts), file:read())
    low.close(fd)
  end)
end)
