--- Streams without a descriptor: pairs in memory, of functions, of strings,
-- of nothing, and several in one.
local leaks = require "spec.support.leaks"
local stream = require "uring.stream"
local test = require "uring.test"
local uring = require "uring"
local within = require "spec.support.within"

local errno = uring.errno

uring.sleep(0) -- outside of a run there is a ring for good
leaks.watch()

-- Random reads of one stream agree with those of a string.
local function reads_as(text, src)
  local at = 1
  local function expect(expected, got)
    assert.equal(expected, got)
    at = at + #(expected or "")
  end
  while at <= #text do
    local kind, left = math.random(5), #text - at + 1
    if kind == 1 then
      local count = math.random(300)
      expect(text:sub(at, at + count - 1), src:read(count))
    elseif kind == 2 then
      expect(text:match("^[^\n]*\n?", at), src:read "L")
    elseif kind == 3 then
      local count = math.random(math.min(left, 300))
      expect(text:sub(at, at + count - 1), src:read_exact(count))
    elseif kind == 4 then
      local count = math.random(20)
      assert.equal(text:sub(at, at + count - 1), src:peek(count))
    elseif text:find("b\n", at, true) then
      local stop = select(2, text:find("b\n", at, true))
      expect(text:sub(at, stop), src:read_until("b\n", { include = true }))
    end
  end
  assert.is_nil(src:read())
end

local function random_text(most)
  local bytes = {}
  for i = 1, math.random(most) do
    bytes[i] = string.char(("ab\n"):byte(math.random(3)))
  end
  return table.concat(bytes)
end

local function write_all(dst, text)
  local at = 1
  while at <= #text do
    local size = math.random(200)
    assert(dst:write(text:sub(at, at + size - 1)))
    at = at + size
  end
  assert(dst:shutdown "w")
end

describe("stream.pair", function()
  it("gives each what is written to the other, in any run", function()
    local function body(seed)
      math.randomseed(seed)
      local one, other = stream.pair(math.random(100))
      local there, back = random_text(2000), random_text(2000)
      uring.all {
        function() write_all(one, there) end,
        function() write_all(other, back) end,
        function() reads_as(there, other) end,
        function() reads_as(back, one) end,
      }
    end
    for seed = 1, 15 do within.run(body, seed) end
    test.seeds(1, 15, {}, body)
  end)

  it("has room for so many bytes", function()
    within.run(function()
      local one, other = stream.pair(10)
      assert.equal(10, one:write_some "0123456789abc")
      assert.is_nil(uring.timeout(0.005, one.write_some, one, "abc"))
      assert.equal("0123456789", other:read_some())
      local writing = uring.spawn(one.write, one, ("x"):rep(25))
      assert.equal(("x"):rep(25), other:read(25))
      assert.equal(one, (writing:await()))
    end)
  end)

  it("works outside of a run, where nobody has to wait", function()
    local one, other = stream.pair()
    assert(one:write("a line\n", "and more"))
    assert(one:shutdown "w")
    assert.equal("a line", other:read())
    assert.equal("and more", other:read "a")
    assert.error_matches(function() one:read() end, "deadlock")
  end)

  it("ends each direction by itself", function()
    local one, other = stream.pair()
    assert(one:write "last words")
    assert(one:shutdown "w")
    assert.same({ nil, "Broken pipe", errno.EPIPE, 0 }, { one:write "x" })
    assert(other:write "answer")
    other:close()
    assert.equal("answer", one:read "a")
    assert.same({ nil, "closed", errno.ECLOSED }, { other:read() })
    one, other = stream.pair()
    assert(one:write "unread")
    other:shutdown "r"
    assert.is_nil(other:read())
    assert.same({ nil, "Broken pipe", errno.EPIPE, 0 }, { one:write "x" })
  end)

  it("wakes who waits in one that is closed, or times out", function()
    within.run(function()
      local one, other = stream.pair(1)
      local reading = uring.spawn(one.read, one)
      local writing = uring.spawn(one.write, one, "many")
      uring.yield()
      one:close()
      assert.same({ nil, "closed", errno.ECLOSED }, { reading:await() })
      assert.same({ nil, "closed", errno.ECLOSED, 1 }, { writing:await() })
      assert.equal("m", other:read "a")
      one = stream.pair(1)
      one:settimeout(0.005)
      assert.same({ nil, "timeout", errno.ETIMEDOUT }, { one:read() })
      assert.same({ nil, "timeout", errno.ETIMEDOUT, 1 }, { one:write "ab" })
    end)
  end)

  it("loses nothing where a reader or a writer is cancelled", function()
    test.seeds(1, 30, {}, function()
      local one, other = stream.pair(7)
      local text = ("0123456789"):rep(20)
      uring.spawn(function()
        local sent = 0
        while sent < #text do
          sent = sent + (uring.timeout(math.random() * 1e-3, one.write_some,
            one, text, sent + 1) or 0)
          uring.sleep(math.random() * 1e-3)
        end
        one:close()
      end)
      local pieces = {}
      repeat
        local bytes, message = uring.timeout(math.random() * 1e-3,
          other.read, other, 30)
        pieces[#pieces + 1] = bytes
      until not bytes and not message
      assert.equal(text, table.concat(pieces))
    end)
  end)

  it("is copied and joined as any other", function()
    within.run(function()
      local client, a = stream.pair(100)
      local b, server = stream.pair(100)
      local joining = uring.spawn(stream.pipe_both, a, b)
      uring.spawn(write_all, client, ("x"):rep(1000))
      uring.spawn(write_all, server, ("y"):rep(500))
      assert.equal(("x"):rep(1000), server:read "a")
      assert.equal(("y"):rep(500), client:read "a")
      assert.same({ 1000, 500, "buffer", "buffer" }, { joining:await() })
    end)
  end)

  it("has no descriptor", function()
    local one <close> = stream.pair()
    assert.is_nil(one:fileno())
    assert.equal("uring.Memory (open)", tostring(one))
    assert.same({ nil, "detach: the stream has no descriptor", errno.EBADF },
      { one:detach() })
    assert.error_matches(function() stream.pair(0) end, "'room'")
  end)
end)

describe("a copy that is joined", function()
  it("ends the other direction where reading fails", function()
    within.run(function()
      local broken = stream.wrap {
        read_some = function() return nil, "out of order", errno.EIO end,
        write_some = function(data) return #data end,
      }
      local one = stream.pair()
      assert.same({ n = 5, nil, "out of order", errno.EIO, 0, 0 },
        table.pack(stream.pipe_both(broken, one)))
    end)
  end)
end)

describe("stream.wrap", function()
  it("makes a stream of functions", function()
    local pieces, log = { "one\ntw", "o\n", nil }, {}
    local wrapped = stream.wrap {
      read_some = function() return table.remove(pieces, 1) end,
      write_some = function(data)
        log[#log + 1] = data:sub(1, 3)
        return math.min(#data, 3)
      end,
      shutdown = function(how)
        log[#log + 1] = how
        return true
      end,
      close = function()
        log[#log + 1] = "close"
        return true
      end,
    }
    assert.equal("one", wrapped:read())
    assert.equal("two", wrapped:read())
    assert.is_nil(wrapped:read())
    assert.equal(wrapped, wrapped:write("12", 345))
    assert.is_true(wrapped:shutdown "w")
    assert.is_true(wrapped:close())
    assert.is_true(wrapped:close())
    assert.same({ "123", "45", "w", "close" }, log)
  end)

  it("says what it cannot do, and what its functions say", function()
    local neither = stream.wrap {}
    assert.same({ nil, "the stream cannot be read", errno.EBADF },
      { neither:read() })
    assert.same({ nil, "the stream cannot be written to", errno.EBADF, 0 },
      { neither:write "x" })
    local bad = stream.wrap { read_some = function()
      return nil, "out of order", errno.EIO
    end }
    assert.same({ nil, "out of order", errno.EIO }, { bad:read() })
    assert.error_matches(function() stream.wrap { read = print } end, "'read'")
    assert.error_matches(function() stream.wrap() end, "'functions'")
  end)
end)

describe("stream.wrap of functions that return", function()
  local function returning(...)
    local values = table.pack(...)
    local function some() return table.unpack(values, 1, values.n) end
    return stream.wrap { read_some = some, write_some = some }
  end

  it("what they should not raises", function()
    for name, value in pairs { number = 5, boolean = true, table = {} } do
      assert.error_matches(function() returning(value):read() end,
        "stream.wrap: read_some has returned ")
      if name ~= "number" then
        assert.error_matches(function() returning(value):write "text" end,
          "stream.wrap: write_some has returned " .. name)
      end
    end
    for _, count in ipairs { 5, -1, 1.5 } do
      assert.error_matches(function() returning(count):write "text" end,
        "stream.wrap: write_some has returned " .. count
          .. " (count of bytes expected)", 1, true)
    end
  end)

  it("no code, or nothing, have failed all the same", function()
    assert.same({ nil, "no way", errno.EIO, 0 },
      { returning(nil, "no way"):write "text" })
    assert.same({ nil, "Broken pipe", errno.EPIPE, 0 },
      { returning():write "text" })
    assert.same({ n = 1 }, table.pack(returning():read()))
    assert.same({ nil, "no way" }, { returning(nil, "no way"):read() })
  end)
end)

describe("stream.from_string, null and tee", function()
  it("read a string, as io reads a file of it", function()
    for seed = 1, 10 do
      math.randomseed(seed)
      local text = random_text(3000)
      reads_as(text, stream.from_string(text))
    end
    assert.equal(12, stream.from_string("12 ab"):read "n")
    assert.error_matches(function() stream.from_string(1) end, "'text'")
  end)

  it("take all, and give nothing", function()
    assert.equal(stream.null, stream.null:write("x", { 1, 2 }))
    assert.is_nil(stream.null:read())
    assert.is_true(stream.null:close())
    assert.equal(5, (stream.copy(stream.from_string "12345", stream.null)))
  end)

  it("write to several, and stop where one fails", function()
    local one, seen = stream.pair()
    local other, also_seen = stream.pair()
    local tee = stream.tee(one, other)
    assert.equal(3, (stream.copy(stream.from_string "abc", tee)))
    assert.equal("abc", seen:read(3))
    assert.equal("abc", also_seen:read(3))
    also_seen:close()
    assert.same({ nil, "Broken pipe", errno.EPIPE, 0 }, { tee:write "d" })
    assert.equal("d", seen:read(1))
    assert.error_matches(function() stream.tee(one, 5) end, "#2")
  end)
end)
