--- Files sent over connections: from the position or from anywhere, by any
-- number of tasks at once; cut off, nothing is lost or doubled.
local fs = require "uring.fs"
local leaks = require "spec.support.leaks"
local net = require "uring.net"
local peer = require "spec.support.peer"
local system = require "uring.system"
local temp = require "spec.support.temp"
local test = require "uring.test"
local uring = require "uring"
local within = require "spec.support.within"

local errno = uring.errno
local CLOSED = { nil, "closed", errno.ECLOSED, 0 }

uring.op.nop() -- the ring of calls outside of a run is there from now on
leaks.watch()

local SIZE = 1500001
local TEXT = peer.bytes(SIZE)

-- Calls a body with two connected sockets and a file with TEXT.
local function prepared(body)
  return within.run(function()
    local made <close> = temp.file(TEXT)
    local file <close> = assert(fs.open(made.path))
    local listener <close> = assert(net.listen("127.0.0.1:0"))
    local one <close> = assert(net.connect(listener:sockname()))
    local other <close> = assert(listener:accept())
    return body(one, other:setlimit { all = math.huge }, file)
  end)
end

-- Fills a connection until nothing goes any more.
local function fill(conn)
  local junk, sent = ("x"):rep(1 << 20), 0
  conn:settimeout(0.05, "write")
  repeat
    local done, _, _, count = conn:write(junk)
    sent = sent + (done and #junk or count)
  until not done
  conn:settimeout(nil)
  conn.is_broken = false
  return sent
end

describe("conn:sendfile", function()
  it("sends from the position, which moves on", function()
    prepared(function(one, other, file)
      assert.same({ 5, "splice" }, { one:sendfile(file, nil, 5) })
      assert.equal(TEXT:sub(1, 5), other:read(5))
      assert.equal(5, file:seek())
      assert.equal(TEXT:sub(6, 8), file:read(3))
      local reading = uring.spawn(function() return other:read "a" end)
      assert.same({ SIZE - 8, "splice" }, { one:sendfile(file) })
      one:shutdown "w"
      assert.is_true(reading:await() == TEXT:sub(9))
      assert.same({ 0, "splice" }, { one:sendfile(file) })
    end)
  end)

  it("sends from an offset, and leaves the position where it is", function()
    prepared(function(one, other, file)
      assert.equal(TEXT:sub(1, 3), file:read(3))
      local reading = uring.spawn(function() return other:read "a" end)
      assert.same({ SIZE - 7, "splice" }, { one:sendfile(file, 7) })
      assert.same({ 2, "splice" }, { one:sendfile(file, SIZE - 2, 100) })
      assert.same({ 0, "splice" }, { one:sendfile(file, SIZE) })
      assert.same({ 0, "splice" }, { one:sendfile(file, 0, 0) })
      one:shutdown "w"
      assert.is_true(reading:await() == TEXT:sub(8) .. TEXT:sub(-2))
      assert.equal(3, file:seek())
      assert.equal(TEXT:sub(4, 6), file:read(3))
    end)
  end)

  it("sends one file over several connections at once", function()
    within.run(function()
      local made <close> = temp.file(TEXT)
      local file <close> = assert(fs.open(made.path))
      uring.map({ 0, 1, 70000, SIZE - 1 }, function(offset)
        local one <close>, two = assert(net.socketpair())
        local other <close> = two
        local sending = uring.spawn(function()
          local count = assert(one:sendfile(file, offset))
          one:close()
          return count
        end)
        local got = other:setlimit { all = math.huge }:read "a"
        assert.is_true(got == TEXT:sub(offset + 1))
        assert.equal(#got, sending:await())
      end)
      assert.equal(0, file:seek())
    end)
  end)

  it("sends what setvbuf has held back before", function()
    prepared(function(one, other, file)
      assert(one:setvbuf "full")
      assert(one:write "head ")
      assert.equal(4, (one:sendfile(file, 0, 4)))
      assert.equal("head " .. TEXT:sub(1, 4), other:read(9))
    end)
  end)

  it("goes through a Buffer where the kernel cannot splice", function()
    prepared(function(one, other, file)
      file.splices = false
      local reading = uring.spawn(function() return other:read "a" end)
      assert.same({ SIZE - 9, "buffer" }, { one:sendfile(file, 9) })
      one:shutdown "w"
      assert.is_true(reading:await() == TEXT:sub(10))
      assert.equal(0, file:seek())
    end)
  end)

  it("works outside of a run", function()
    local made <close> = temp.file(TEXT)
    local file <close> = assert(fs.open(made.path))
    local one <close>, two = assert(net.socketpair())
    local other <close> = two
    assert.same({ 4, "splice" }, { one:sendfile(file, 3, 4) })
    assert.same({ 2, "splice" }, { one:settimeout(5):sendfile(file, nil, 2) })
    assert.equal(TEXT:sub(4, 7) .. TEXT:sub(1, 2), other:read(6))
  end)

  it("works in a simulation, whatever is cut short", function()
    test.seeds(1, 60, { faults = true, files = { ["/f"] = TEXT:sub(1, 9000) },
    }, function()
      local one <close>, other = net.socketpair()
      if not one then return end
      local file <close> = fs.open "/f"
      local sent = 0
      uring.spawn(function()
        local done, _, _, count
        if file then done, _, _, count = one:sendfile(file, 1000) end
        sent = done or count or 0
        one:close()
      end)
      local got, message = other:read "a"
      other:close()
      if message then return end
      assert.is_true(got == TEXT:sub(1001, 1000 + sent))
    end)
  end)
end)

describe("conn:sendfile that is cut off", function()
  it("says how much had gone when its time was over, once for all", function()
    prepared(function(one, other, file)
      local filled = fill(one)
      one:settimeout(0.05)
      local from = uring.now()
      local done, message, code, sent = one:sendfile(file, 0)
      assert.same({ nil, "timeout", errno.ETIMEDOUT },
        { done, message, code })
      assert.is_true(uring.now() - from < 2)
      one:shutdown "w"
      local got = other:read "a"
      assert.equal(filled + sent, #got)
      assert.is_true(got:sub(filled + 1) == TEXT:sub(1, sent))
    end)
  end)

  it("leaves what has not gone in the file, where that moves", function()
    prepared(function(one, other, file)
      local filled = fill(one)
      assert.is_nil((uring.timeout(0.05, one.sendfile, one, file)))
      local rest = file:read "a"
      one:shutdown "w"
      local got = other:read "a"
      assert.is_true(got:sub(filled + 1) .. rest == TEXT)
    end)
  end)

  it("ends where the file is closed, and sends no other with its number",
    function()
      prepared(function(one, other, file)
        local filled, fd = fill(one), file:fileno()
        local sending = uring.spawn(function()
          return { one:sendfile(file, 0) }
        end)
        uring.sleep(0.02)
        file:close()
        uring.sleep(0.02)
        local opened <close> = assert(fs.open "/dev/zero")
        assert.equal(fd, opened:fileno())
        local reading = uring.spawn(function() return other:read "a" end)
        local result = sending:await()
        one:shutdown "w"
        local got = reading:await()
        assert.same({ n = 4, nil, "closed", errno.ECLOSED,
          #got - filled }, { n = 4, table.unpack(result, 1, 4) })
        assert.is_true(got:sub(filled + 1) == TEXT:sub(1, #got - filled))
      end)
    end)

  it("ends where the connection is closed", function()
    prepared(function(one, _, file)
      fill(one)
      uring.spawn(function()
        uring.sleep(0.02)
        one:close()
      end)
      assert.same({ nil, "closed", errno.ECLOSED },
        { table.unpack({ one:sendfile(file, 0) }, 1, 3) })
      assert.same(CLOSED, { one:sendfile(file, 0) })
    end)
  end)

  it("says that the peer has gone", function()
    prepared(function(_, _, file)
      local one <close>, other = assert(net.socketpair())
      other:close()
      assert.same({ nil, "splice: Broken pipe", errno.EPIPE, 0 },
        { one:sendfile(file, 0) })
    end)
  end)
end)

describe("conn:sendfile of what cannot be sent", function()
  it("names it", function()
    prepared(function(one, _, file)
      local folder <close> = assert(fs.open "/")
      assert.same({ nil, "/: Is a directory", errno.EISDIR, 0 },
        { one:sendfile(folder, 0) })
      local from, into = assert(system.pipe())
      local reader <close> = fs.from_fd(from, "pipe")
      local _writer <close> = fs.from_fd(into)
      assert.same({ nil, "pipe: Illegal seek", errno.ESPIPE, 0 },
        { one:sendfile(reader, 0) })
      file:close()
      assert.same(CLOSED, { one:sendfile(file) })
    end)
  end)

  it("raises where an argument is wrong", function()
    prepared(function(one, _, file)
      for _, case in ipairs {
        { "file", nil }, { "file", "/etc/passwd" }, { "offset", file, -1 },
        { "offset", file, 0.5 }, { "offset", file, "0" },
        { "count", file, 0, -1 }, { "count", file, nil, "all" },
      } do
        local ok, message = pcall(one.sendfile, one, case[2], case[3],
          case[4])
        assert.is_false(ok)
        assert.matches("^sendfile: bad argument '" .. case[1] .. "' %(",
          message)
      end
    end)
  end)
end)
