--- What streams read besides lines, counts and all: numerals, exact parts,
-- what ends with a delimiter, into Buffers, as views; and in any order of
-- these, however the bytes come, just the bytes that were sent.
local fs = require "uring.fs"
local leaks = require "spec.support.leaks"
local raw = require "uring.ring"
local Stream = require "uring.stream"
local test = require "uring.test"
local uring = require "uring"
local within = require "spec.support.within"

local errno = uring.errno

uring.sleep(0) -- outside of a run there is a ring for good
leaks.watch()

local Pieces = { __name = "spec.Pieces" }

function Pieces:_receive()
  self.taken = self.taken + 1
  local piece = self.pieces[self.taken]
  if type(piece) == "table" then return table.unpack(piece, 1, 3) end
  return piece or ""
end

Stream.class(Pieces, Stream.Reader, Stream.Writer)

local function stream_of(pieces)
  return Stream.own(setmetatable({ pieces = pieces, taken = 0,
    line_limit = math.huge, all_limit = math.huge }, Pieces), raw.eventfd())
end

local function cut(text, most)
  local pieces, at = {}, 1
  while at <= #text do
    local size = math.random(most)
    pieces[#pieces + 1] = text:sub(at, at + size - 1)
    at = at + size
  end
  return pieces
end

local INTERRUPTED = { nil, "Interrupted system call", errno.EINTR }
local FAILURE = { nil, "broken", errno.EIO }

describe("read \"n\"", function()
  it("takes the numerals that io takes, and as much of others", function()
    local texts = { "12", " \t\n-3.5e2x", "0x1F", "0x.8p1 ", "0x", "1e", "+",
      "--1", "", "abc", ".5", "5.", ".", "1e+5,", "0", "007", "08.5e-1-",
      "1 2 3", "0xg", "nan", "inf", "1e5e5", ("1"):rep(199) .. "x",
      ("1"):rep(200) .. " 2", ("1"):rep(201), ("0"):rep(250) .. "7",
      (" "):rep(300) .. "42", "9223372036854775807", "9223372036854775808" }
    for seed = 1, 20 do
      math.randomseed(seed)
      for _, text in ipairs(texts) do
        local model <close> = assert(io.tmpfile())
        model:write(text)
        model:seek "set"
        local stream <close> = stream_of(cut(text, 3))
        for _ = 1, 3 do
          local expected, got = model:read("n"), stream:read("n")
          assert.same({ text, expected, math.type(expected) },
            { text, got, math.type(got) })
        end
        assert.same({ text, model:read("a") }, { text, stream:read("a") })
      end
    end
  end)

  it("ends a read of several, as in io", function()
    local stream <close> = stream_of { "1 x\nrest" }
    assert.same({ n = 2, 1, nil }, table.pack(stream:read("n", "n", "l")))
    assert.equal("x", stream:read(1))
  end)

  it("loses nothing where it fails", function()
    local stream <close> = stream_of { "12", FAILURE, "34 " }
    assert.same({ nil, "broken", errno.EIO }, { stream:read "n" })
    assert.equal(1234, stream:read "n")
  end)
end)

describe("read_exact", function()
  it("gives just so many bytes, or says what came before the end", function()
    local stream <close> = stream_of { "abc", "def" }
    assert.equal("", stream:read_exact(0))
    assert.equal("abcd", stream:read_exact(4))
    assert.same({ n = 4, nil, "eof", errno.EEOF, "ef" },
      table.pack(stream:read_exact(3)))
    assert.same({ n = 4, nil, "eof", errno.EEOF, "" },
      table.pack(stream:read_exact(1)))
    assert.error_matches(function() stream:read_exact(-1) end,
      "read_exact: bad argument 'count'")
  end)
end)

describe("read_until", function()
  it("finds a delimiter wherever pieces end", function()
    local text = "a--b-\r\n--c\r\n--d--\r\n"
    for seed = 1, 60 do
      math.randomseed(seed)
      local stream <close> = stream_of(cut(text, 1 + seed % 4))
      assert.equal("a--b-", stream:read_until "\r\n--")
      assert.equal("c\r\n--", stream:read_until("\r\n--", { include = true }))
      assert.same({ n = 4, nil, "eof", errno.EEOF, "d--\r\n" },
        table.pack(stream:read_until "\r\n--"))
      assert.same({ n = 1 }, table.pack(stream:read_until "\r\n--"))
    end
  end)

  it("finds what begins with a part of itself", function()
    for size = 1, 5 do
      math.randomseed(size)
      local stream <close> = stream_of(cut("xaaabaab|", size))
      assert.equal("xaa", stream:read_until "abaab")
      assert.equal("|", stream:read "a")
    end
  end)

  it("says ELIMIT beyond the limit, and keeps all", function()
    for size = 1, 6 do
      local stream <close> = stream_of(cut("12345;6", size))
      assert.same({ n = 3, nil, "line too long", errno.ELIMIT },
        table.pack(stream:read_until(";", { max = 4 })))
      assert.equal("12345", stream:read_until(";", { max = 5 }))
    end
  end)

  it("refuses what is none, and unknown options", function()
    local stream <close> = stream_of {}
    assert.error_matches(function() stream:read_until "" end, "'delimiter'")
    assert.error_matches(function() stream:read_until("x", { maxx = 1 }) end,
      "read_until: unknown option 'maxx'")
  end)
end)

describe("a line that comes byte by byte", function()
  it("costs no more for each byte than a short one", function()
    local function time(size)
      local pieces = {}
      for i = 1, size do pieces[i] = "x" end
      pieces[size + 1] = "\n"
      local stream <close> = stream_of(pieces)
      local before = os.clock()
      assert.equal(size, #stream:read "l")
      return (os.clock() - before) / size
    end
    time(1 << 14)
    assert.is_true(time(1 << 19) < 20 * time(1 << 14))
  end)
end)

describe("seteol and setlimit", function()
  it("say what ends a line, and how long it may be", function()
    local stream <close> = stream_of { "a\nb\r", "\nc\r\nx\r\nlonger\n" }
    assert.equal("a\nb", stream:seteol("\r\n"):read())
    assert.equal("c\r\n", stream:read "L")
    assert.equal("x", stream:seteol("any"):read())
    stream:setlimit { line = 5 }
    assert.same({ n = 3, nil, "line too long", errno.ELIMIT },
      table.pack(stream:read()))
    assert.equal("longer", stream:setlimit({ line = 6 }):read())
    assert.error_matches(function() stream:seteol "x" end, "'eol'")
    assert.error_matches(function() stream:setlimit { x = 1 } end, "'x'")
  end)
end)

describe("an interrupted call", function()
  it("goes on", function()
    local stream <close> = stream_of { INTERRUPTED, "ab", INTERRUPTED, "c\n" }
    assert.equal("abc", stream:read())
  end)
end)

describe("peek, unread, buffered and read_into", function()
  it("see the same bytes", function()
    local stream <close> = stream_of { "ab", "cdef" }
    assert.equal("abc", stream:peek(3))
    assert.equal(6, stream:buffered())
    assert.equal(stream, stream:unread "xy")
    assert.equal("xyab", stream:read(4))
    local buffer <close> = raw.buffer(8)
    assert.equal(2, stream:read_into(buffer, 3, 2))
    assert.equal("\0\0cd\0\0\0\0", buffer:tostring())
    assert.equal(2, stream:read_into(buffer))
    assert.equal("ef", buffer:sub(1, 2))
    assert.is_nil(stream:read_into(buffer))
    assert.is_nil(stream:peek(2))
    assert.error_matches(function() stream:read_into("x") end, "'buffer'")
  end)
end)

-- Reads all of a stream in random ways; gives what came.
local function read_randomly(stream)
  local got, buffer = {}, raw.buffer(16)
  local function add(bytes) got[#got + 1] = bytes end
  local ways = {
    function() return stream:read "L" end,
    function() return stream:read(math.random(9)) end,
    function() return stream:read_some(math.random(2) == 1 and 5 or nil) end,
    function()
      local view <close> = stream:read_some { view = true,
        max = math.random(2) == 1 and 3 or nil }
      return view and view:tostring()
    end,
    function()
      local at = math.random(16)
      local count = stream:read_into(buffer, at)
      return count and buffer:sub(at, at + count - 1)
    end,
    function()
      local bytes, message, _, partial = stream:read_exact(math.random(6))
      return bytes or message == "eof" and partial ~= "" and partial or nil
    end,
    function()
      local bytes, _, _, partial = stream:read_until("ab", { include = true })
      return bytes or partial
    end,
    function()
      local bytes = stream:peek(math.random(4))
      if bytes then assert.equal(bytes, stream:read(#bytes)) end
      return bytes
    end,
  }
  while true do
    local bytes = ways[math.random(#ways)]()
    if not bytes and not stream:peek(1) then break end
    add(bytes or "")
  end
  return table.concat(got)
end

local function random_text()
  local bytes = {}
  for i = 1, math.random(0, 400) do
    local at = math.random(6)
    bytes[i] = ("ab\n\r\0x"):sub(at, at)
  end
  return table.concat(bytes)
end

local function send_and_read(one, other)
  local text = random_text()
  uring.spawn(function()
    for _, piece in ipairs(cut(text, 40)) do
      assert(other:write(piece))
      if math.random(3) == 1 then uring.yield() end
    end
    other:close()
  end)
  assert.equal(text, read_randomly(one))
end

describe("reads in any order", function()
  it("give the bytes that came, of pieces", function()
    for seed = 1, 200 do
      math.randomseed(seed)
      local text = random_text()
      local stream <close> = stream_of(cut(text, 12))
      assert.equal(text, read_randomly(stream))
    end
  end)

  it("give the bytes that came, of connections and files", function()
    for seed = 1, 20 do
      within.run(function()
        math.randomseed(seed)
        local listener <close> = assert(uring.listen "127.0.0.1:0")
        local one <close> = assert(uring.connect(listener:sockname()))
        local other <close> = assert(listener:accept())
        send_and_read(one, other)
        local a, b = raw.socketpair()
        local file <close> = fs.from_fd(a)
        local peer <close> = fs.from_fd(b)
        send_and_read(file, peer)
      end)
    end
  end)

  it("give the bytes that came, whatever goes wrong underneath", function()
    local faults = { short = 0.3, eintr = 0.1, eagain = 0.1, enobufs = 0.2 }
    test.seeds(1, 40, { faults = faults }, function()
      local listener <close> = assert(uring.listen "127.0.0.1:0")
      local one <close> = assert(uring.connect(listener:sockname()))
      send_and_read(one, (listener:iter()()))
    end)
  end)
end)
