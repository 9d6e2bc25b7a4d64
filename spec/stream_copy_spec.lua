--- Copying between streams: every kind to every other, byte for byte; what
-- fails, is cut short or cancelled loses nothing and doubles nothing.
local fs = require "uring.fs"
local leaks = require "spec.support.leaks"
local peer = require "spec.support.peer"
local process = require "spec.support.process"
local stream = require "uring.stream"
local system = require "uring.system"
local test = require "uring.test"
local uring = require "uring"
local within = require "spec.support.within"

local errno = uring.errno

uring.sleep(0) -- outside of a run there is a ring for good
leaks.watch()

local made = {} -- streams

local function remember(one, other)
  made[#made + 1], made[#made + 2] = one, other
  return one, other
end

-- Calls a body, and closes the streams that were made in it.
local function closing(body, ...)
  local _guard <close> = setmetatable({}, { __close = function()
    for _, each in ipairs(made) do each:close() end
    made = {}
  end })
  return body(...)
end

local function run(body)
  within.run(closing, body)
end

-- Two connections to each other.
local function connected()
  local listener <close> = assert(uring.listen "127.0.0.1:0")
  local one = assert(uring.connect(listener:sockname()))
  return remember(one, listener:iter()())
end

local function piped()
  local from, into = assert(system.pipe())
  return remember(fs.from_fd(from), fs.from_fd(into))
end

local function paired()
  local one, other = assert(system.socketpair())
  return remember(fs.from_fd(one), fs.from_fd(other))
end

-- Each kind: a stream to read from and what fills it, or one to write to and
-- what it is seen from.
local KINDS = {
  connection = function() return connected() end,
  pipe = function() return piped() end,
  unix = function() return paired() end,
}

local SIZES = { 0, 1, 65536, 300001 }

local function copies(make_source, make_target, options)
  for _, size in ipairs(SIZES) do
    local text = peer.bytes(size)
    local src, filler = make_source(text)
    local seen, dst = make_target()
    local filling = filler and uring.spawn(function()
      assert(filler:write(text))
      filler:close()
    end)
    local copying = uring.spawn(function()
      local count, way = stream.copy(src, dst, options)
      dst:close()
      return { count, way }
    end)
    assert.is_true(text == seen:read "a", "other bytes")
    local result = copying:await()
    assert.equal(size, result[1])
    assert.equal(options and options.way or "splice", result[2])
    if filling then filling:await() end
  end
end

describe("stream.copy", function()
  for from, make_source in pairs(KINDS) do
    for to, make_target in pairs(KINDS) do
      it(("copies a %s to a %s"):format(from, to), function()
        run(function() copies(make_source, make_target) end)
      end)
    end
  end

  it("copies through a Buffer where it is told to", function()
    run(function()
      copies(connected, piped, { way = "buffer" })
      copies(piped, paired, { way = "buffer", size = 1000 })
    end)
  end)

  it("copies files past the cache, also through a Buffer", function()
    local folder <close> = process.folder()
    local text = peer.bytes(1 << 18)
    run(function()
      assert(fs.write_file(folder "from", text))
      local src, message, code = fs.open(folder "from", "rd")
      if code == errno.EINVAL then return pending(message) end
      for _, way in ipairs { "splice", "buffer" } do
        assert(src:seek "set")
        local dst <close> = assert(fs.open(folder "to", "wd"))
        assert.same({ #text, way },
          { stream.copy(src, dst, { way = way }) })
        assert.is_true(fs.read_file(folder "to") == text)
      end
      src:close()
    end)
  end)

  it("copies files to all of these, and back", function()
    local folder <close> = process.folder()
    local function open(text)
      local new <close> = assert(io.open(folder "from", "w"))
      new:write(text)
      new:close()
      return assert(fs.open(folder "from"))
    end
    run(function()
      for _, make in pairs(KINDS) do copies(open, make) end
      local text = peer.bytes(300001)
      for _, make in pairs(KINDS) do
        local src, filler = make()
        uring.spawn(function()
          assert(filler:write(text))
          filler:close()
        end)
        local file <close> = assert(fs.open(folder "to", "w"))
        assert.same({ 300001, "splice" }, { stream.copy(src, file) })
        local back <close> = assert(io.open(folder "to"))
        assert.is_true(text == back:read "a")
      end
    end)
  end)

  it("copies a file to a file, and after what is in it", function()
    local folder <close> = process.folder()
    local text = peer.bytes(200000)
    run(function()
      local file <close> = assert(fs.open(folder "from", "w+"))
      assert(file:write(text))
      file:close()
      for _, mode in ipairs { "w", "a" } do
        local src <close> = assert(fs.open(folder "from"))
        local dst <close> = assert(fs.open(folder "to", mode))
        -- splice refuses files that are open for appending
        assert.same({ 200000, mode == "a" and "buffer" or "splice" },
          { stream.copy(src, dst, { way = "splice" }) })
        assert.equal(0, src:seek "set")
        assert.same({ 200000, "buffer" }, { stream.copy(src, dst) })
      end
      local back <close> = assert(io.open(folder "to"))
      assert.is_true(text:rep(4) == back:read "a")
    end)
  end)

  it("works outside of a run, and in generators", function()
    local folder <close> = process.folder()
    local function copy()
      local src <close> = assert(fs.open("spec/stream_copy_spec.lua"))
      local dst <close> = assert(fs.open(folder "to", "w"))
      return stream.copy(src, dst)
    end
    local size = copy()
    assert.is_true(size > 1000)
    run(function()
      assert.equal(size, coroutine.wrap(function()
        coroutine.yield((copy()))
      end)())
    end)
  end)

  it("begins with what was received, and stops after max bytes", function()
    run(function()
      for _, way in ipairs { "splice", "buffer" } do
        local src, filler = connected()
        local seen, dst = connected()
        assert(filler:write "a line\nmore, and the rest")
        assert.equal("a line", src:read())
        local function copy(max)
          return { stream.copy(src, dst, { max = max, way = way }) }
        end
        assert.same({ 4, way }, copy(4))
        assert.same({ 0, way }, copy(0))
        assert.equal("more", seen:read(4))
        assert.same({ 5, way }, copy(5))
        assert.equal(", and", seen:read(5))
        assert.equal(" the rest", src:read(9))
      end
    end)
  end)

  it("sends what is held back first, or holds back as well", function()
    run(function()
      local src, filler = connected()
      local seen, dst = connected()
      assert(dst:setvbuf "full")
      assert(dst:write "first ")
      assert(filler:write "then this")
      assert.equal(4, stream.copy(src, dst, { max = 4 }))
      assert.equal("first then", seen:read(10))
      assert.equal(5, stream.copy(src, dst, { max = 5, flush = false }))
      assert.is_nil(uring.timeout(0.02, seen.read_some, seen))
      assert(dst:flush())
      assert.equal(" this", seen:read(5))
    end)
  end)

  it("tells how far it is", function()
    run(function()
      local told = {}
      local src, filler = connected()
      local _seen, dst = connected()
      assert(filler:write "12345")
      uring.spawn(function()
        while not told[1] do uring.sleep(0.001) end
        assert(filler:write "678")
        assert(filler:shutdown "w")
      end)
      stream.copy(src, dst, { progress = function(count)
        told[#told + 1] = count
      end })
      assert.same({ 5, 8 }, told)
    end)
  end)

  it("refuses what is no stream, and options that there are not", function()
    local file <close> = assert(fs.open "/dev/null")
    for _, each in ipairs {
      { "copy: bad argument 'src'", nil, file },
      { "copy: bad argument 'dst'", file, "x" },
      { "copy: bad argument 'options'", file, file, 1 },
      { "copy: bad option 'bytes'", file, file, { bytes = 1 } },
      { "copy: bad option 'max'", file, file, { max = -1 } },
      { "copy: bad option 'way'", file, file, { way = "sendfile" } },
    } do
      local ok, message = pcall(stream.copy, table.unpack(each, 2, 4))
      assert.is_false(ok)
      assert.matches(each[1], message, 1, true)
    end
  end)
end)

describe("a copy that fails", function()
  it("says what the destination said, and how much it took", function()
    run(function()
      local src, filler = piped()
      local full <close> = assert(fs.open("/dev/full", "w"))
      assert(filler:write "some bytes")
      assert.same({ nil, "/dev/full: No space left on device", errno.ENOSPC,
        0, n = 4 }, table.pack(stream.copy(src, full)))
      assert.equal("some bytes", src:read(10))
    end)
  end)

  it("notices a peer that has gone, and gives back the rest", function()
    run(function()
      for _, way in ipairs { "splice", "buffer" } do
        local src, filler = connected()
        local seen, dst <close> = paired()
        seen:close()
        assert(filler:write "some bytes")
        local count, _, code, sent = stream.copy(src, dst, { way = way })
        assert.same({ n = 3, nil, errno.EPIPE, 0 },
          table.pack(count, code, sent))
        assert.equal("some bytes", src:read(10))
      end
    end)
  end)

  it("ends at the limits of its streams, and can be gone on with", function()
    run(function()
      for _, way in ipairs { "splice", "buffer" } do
        local text = peer.bytes(65537):rep(256)
        local src, filler = connected()
        local seen, dst = connected()
        uring.spawn(function()
          assert(filler:write(text))
          filler:close()
        end)
        dst:settimeout(0.02, "write")
        local count, message, code, sent = stream.copy(src, dst, { way = way })
        assert.same({ "timeout", errno.ETIMEDOUT, n = 3 },
          { message, code, n = count and 4 or 3 })
        assert.is_true(0 < sent and sent < #text)
        dst:settimeout(nil)
        uring.spawn(function()
          assert.equal(#text - sent, (stream.copy(src, dst, { way = way })))
          dst:close()
        end)
        assert.is_true(text == seen:read(#text + 1))
      end
    end)
  end)

  it("waits no longer for bytes than its source may", function()
    run(function()
      local src, _filler = connected()
      local _seen, dst = connected()
      src:settimeout(0.01, "read")
      assert.same({ n = 4, nil, "timeout", errno.ETIMEDOUT, 0 },
        table.pack(stream.copy(src, dst)))
    end)
  end)

  it("keeps other readers away, and other writers until a piece has gone",
    function()
      run(function()
        local src, filler = connected()
        local seen, dst = connected()
        local copying = uring.spawn(stream.copy, src, dst)
        uring.yield()
        assert.equal(errno.EBUSY, (select(3, src:read_some())))
        assert(dst:write "between ")
        assert(filler:write "the end")
        assert(filler:shutdown "w")
        assert.equal("between the end", seen:read(15))
        assert.equal(7, (copying:await()))
      end)
    end)

  it("says closed where either is closed meanwhile", function()
    run(function()
      for _, which in ipairs { 1, 2 } do
        local src, _filler = connected()
        local _seen, dst = connected()
        local copying = uring.spawn(function()
          return table.pack(stream.copy(src, dst))
        end)
        uring.yield()
        if which == 1 then src:close() else dst:close() end
        if which == 2 then assert(_filler:write "x") end
        assert.same({ n = 4, nil, "closed", errno.ECLOSED, 0 },
          copying:await())
      end
    end)
  end)
end)

describe("a copy that is cancelled", function()
  -- Cuts a copy off again and again, and goes on with it.
  local function cut(make_source, make_target, options, random)
    local text = peer.bytes(400000)
    local src, filler = make_source()
    local seen, dst = make_target()
    local total = 0
    uring.scope(function(scope)
      scope:spawn(function()
        assert(filler:write(text))
        filler:close()
      end)
      scope:spawn(function()
        local count
        repeat
          local seconds = random() * 0.002
          count = uring.timeout(seconds, stream.copy, src, dst, options)
        until count
        dst:close()
      end)
      local pieces = {}
      for bytes in seen:chunks(20000) do
        pieces[#pieces + 1] = bytes
        total = total + #bytes
        if random() < 0.2 then uring.sleep(random() * 0.003) end
      end
      assert.is_true(table.concat(pieces) == text, "other bytes")
    end)
    assert.equal(#text, total)
  end

  for from, make_source in pairs(KINDS) do
    it("loses nothing of a " .. from .. ", and doubles nothing", function()
      run(function()
        for _, make_target in pairs(KINDS) do
          cut(make_source, make_target, {}, math.random)
          cut(make_source, make_target, { way = "buffer" }, math.random)
          cut(make_source, make_target, { way = "splice" }, math.random)
        end
      end)
    end)
  end
end)

describe("copies in a simulated run", function()
  local function seeds(from, to, options, body)
    test.seeds(from, to, options, function(seed) closing(body, seed) end)
  end

  local faults = { short = 0.4, eintr = 0.2, enospc = 0.02 }

  local function both_ways(src, dst)
    local count, message, code
    repeat
      count, message, code = stream.copy(src, dst, {
        max = math.random(2) == 1 and math.random(5000) or nil,
        way = math.random(2) == 1 and "buffer" or nil,
      })
      assert(count or code == errno.ENOSPC, message)
    until count == 0
  end

  it("are right whatever goes wrong underneath", function()
    seeds(1, 30, { faults = faults }, function(seed)
      local text = peer.bytes(seed * 700)
      local one, other = connected()
      local reader, writer = piped()
      uring.spawn(function()
        assert(one:write(text))
        assert(one:shutdown "w")
      end)
      uring.spawn(function()
        both_ways(other, writer)
        writer:close()
      end)
      local file <close> = assert(fs.open("/tmp/x", "w"))
      both_ways(reader, file)
      assert.is_true(text == test.files()["/tmp/x"])
    end)
  end)

  it("lose nothing where they are cancelled", function()
    seeds(1, 30, { faults = { short = 0.4, eintr = 0.2 } }, function(seed)
        local text = peer.bytes(20000 + seed)
        local one, src = connected()
        local dst, seen = connected()
        uring.spawn(function()
          for at = 1, #text, 1000 do
            assert(one:write(text:sub(at, at + 999)))
            uring.sleep(math.random() * 0.002)
          end
          assert(one:shutdown "w")
        end)
        uring.spawn(function()
          repeat until uring.timeout(math.random() * 0.003, stream.copy, src,
            dst, { way = math.random(2) == 1 and "buffer" or nil })
          assert(dst:shutdown "w")
        end)
        assert.is_true(text == seen:read "a")
      end)
  end)
end)

describe("stream.copy whose source is closed while it has to wait", function()
  it("takes nothing from another descriptor with its number", function()
    run(function()
      local src, filler = piped()
      local dst, seen = connected()
      assert(filler:write "own bytes")
      dst:settimeout(0.05)
      while dst:write(("x"):rep(1 << 20)) do end -- nothing goes any more
      dst:settimeout(nil)
      dst.is_broken = false
      local fd = src:fileno()
      local copying = uring.spawn(function()
        return { stream.copy(src, dst) }
      end)
      uring.sleep(0.02)
      src:close()
      uring.sleep(0.02)
      local other, owner = piped()
      assert.equal(fd, other:fileno())
      assert(owner:write "of another")
      local reading = uring.spawn(function()
        return seen:setlimit { all = 1 << 30 }:read "a"
      end)
      assert.same({ nil, "closed", errno.ECLOSED, 0 }, copying:await())
      dst:shutdown "w"
      assert.equal("", (reading:await():gsub("x", "")))
    end)
  end)
end)
