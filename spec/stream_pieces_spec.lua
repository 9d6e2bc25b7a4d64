--- How stream.copy chooses its way for each piece: small ones by a string,
-- large ones by splice, and through a pipe that holds more.
local fs = require "uring.fs"
local leaks = require "spec.support.leaks"
local peer = require "spec.support.peer"
local stream = require "uring.stream"
local system = require "uring.system"
local temp = require "spec.support.temp"
local uring = require "uring"
local within = require "spec.support.within"

local errno = uring.errno

leaks.watch()

-- Two connections to each other.
local function connected()
  local listener <close> = assert(uring.listen "127.0.0.1:0")
  local one = assert(uring.connect(listener:sockname()))
  return one, listener:iter()()
end

local function piped()
  local from, into = assert(system.pipe())
  return fs.from_fd(from), fs.from_fd(into)
end

describe("a copy of pieces", function()
  for _, way in ipairs { "any", "splice", "buffer" } do
    it("large and small in turn brings each, way = " .. way, function()
      within.run(function()
        local src <close>, filler <const> = connected()
        local seen <close>, dst <const> = connected()
        local _filler <close> = filler
        local _dst <close> = dst
        local copying = uring.spawn(stream.copy, src, dst,
          { way = way ~= "any" and way or nil })
        local total = 0
        for _, size in ipairs { 10, 200000, 5, 1, 90000, 4096, 4095, 1 } do
          local text = peer.bytes(size)
          local writing = uring.spawn(function() assert(filler:write(text)) end)
          assert.is_true(seen:read_exact(size) == text, "of " .. size)
          writing:await()
          assert.is_nil(src.bulk) -- a connection that rests has no memory
          total = total + size
        end
        assert(filler:shutdown "w")
        assert.equal(total, (copying:await()))
      end)
    end)
  end
end)

describe("a copy of a file to a pipe", function()
  local HELD, MOST = 65536, 1 << 20 -- bytes of a pipe

  local function copy(size)
    local source <close> = temp.file(peer.bytes(size))
    local file <close> = assert(fs.open(source.path))
    local from <close>, into <const> = piped()
    local reading = uring.spawn(function() return from:read "a" end)
    assert.equal(size, (stream.copy(file, into)))
    local holds = system.widen(into:fileno(), 1)
    into:close()
    assert.is_true(reading:await() == source:read())
    return holds
  end

  it("widens the pipe where there is more than it holds", function()
    within.run(function()
      assert.equal(HELD, copy(HELD - 1))
      local most = io.open("/proc/sys/fs/pipe-max-size"):read "n"
      if most < MOST then return pending("pipes are small here") end
      assert.equal(MOST, copy(3 * MOST + 1))
    end)
  end)

  it("moves nothing of another file when its own was closed", function()
    local source <close> = temp.file(peer.bytes(300000))
    local other <close> = temp.file "nobody's bytes"
    within.run(function()
      local file = assert(fs.open(source.path))
      local from <close>, into <const> = piped()
      into:write(("x"):rep(HELD)) -- it is full
      local copying = uring.spawn(function()
        return table.pack(stream.copy(file, into))
      end)
      uring.sleep(0.01)
      local fd = file:fileno()
      file:close()
      local second <close> = assert(fs.open(other.path))
      for _ = 1, 10 do uring.yield() end
      local third <close> = assert(fs.open(other.path))
      assert.is_true(second:fileno() == fd or third:fileno() == fd)
      assert.equal(HELD, #from:read_exact(HELD))
      assert.same({ n = 4, nil, "closed", errno.ECLOSED, 0 },
        copying:await())
      into:close()
      assert.is_nil((from:read_some()))
    end)
  end)
end)
