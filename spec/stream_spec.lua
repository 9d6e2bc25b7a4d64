--- A stream reads what was asked for however the bytes come, and writes all
-- of what it is given.
local fs = require "uring.fs"
local leaks = require "spec.support.leaks"
local raw = require "uring.ring"
local Stream = require "uring.stream"
local uring = require "uring"
local within = require "spec.support.within"

local errno = uring.errno

leaks.watch()

-- A stream whose pieces come, and whose counts go, as a list says.
local Scripted = { __name = "spec.Scripted" }

function Scripted:_receive()
  self.taken = self.taken + 1
  local piece = self.pieces[self.taken]
  if type(piece) == "table" then return table.unpack(piece, 1, 3) end
  return piece or ""
end

function Scripted:_transmit(data)
  local bytes = type(data) == "string" and data or data:tostring()
  self.taken = self.taken + 1
  local count = self.pieces[self.taken]
  if type(count) == "table" then return table.unpack(count, 1, 3) end
  count = math.min(count or #bytes, #bytes)
  self.written = self.written .. bytes:sub(1, count)
  return count
end

Stream.class(Scripted, Stream.Reader, Stream.Writer)

local function scripted(pieces, limits)
  return setmetatable({
    fd = raw.eventfd(), pieces = pieces, taken = 0,
    written = "", line_limit = limits and limits.line or math.huge,
    all_limit = limits and limits.all or math.huge,
  }, Scripted)
end

local BROKEN = { nil, "broken", errno.EIO }

-- Two Files, connected, in a loop.
local function connected(body)
  return within.run(function()
    local a, b = raw.socketpair()
    local left <close> = fs.from_fd(a)
    local right <close> = fs.from_fd(b)
    return body(left, right)
  end)
end

describe("reading", function()
  it("without a format gives lines without their ends", function()
    local stream <close> = scripted { "one\ntwo", "\n", "\nfour" }
    assert.equal("one", stream:read())
    assert.equal("two", stream:read("l"))
    assert.equal("", stream:read())
    assert.equal("four", stream:read())
    assert.is_nil(stream:read())
    assert.equal(1, select("#", stream:read()))
  end)

  it("with \"L\" gives lines with their ends", function()
    local stream <close> = scripted { "one\n", "\ntwo" }
    assert.equal("one\n", stream:read("L"))
    assert.equal("\n", stream:read("L"))
    assert.equal("two", stream:read("L"))
    assert.is_nil(stream:read("L"))
  end)

  it("with \"a\" gives all, and an empty string at the end", function()
    local stream <close> = scripted { "one\n", "two\n", "three" }
    assert.equal("one\ntwo\nthree", stream:read("a"))
    assert.equal("", stream:read("a"))
  end)

  it("with a count gives so many bytes, fewer only at the end", function()
    local stream <close> = scripted { "abc", "def", "gh" }
    assert.equal("ab", stream:read(2))
    assert.equal("cdef", stream:read(4))
    assert.equal("g", stream:read(1))
    assert.equal("h", stream:read(10))
    assert.is_nil(stream:read(1))
  end)

  it("nothing tells whether there is more", function()
    local stream <close> = scripted { "a" }
    assert.equal("", stream:read(0))
    assert.equal("a", stream:read(1))
    assert.is_nil(stream:read(0))
  end)

  it("several at once gives all of them, and nil at the end", function()
    local stream <close> = scripted { "one\ntwo\nrest" }
    assert.same({ "one", "two\n", "re", "st" },
      { stream:read("l", "*L", 2, "*a") }) -- as io has it
    local other <close> = scripted { "one" }
    assert.same({ n = 2, "one", nil }, table.pack(other:read("l", "l", "a")))
  end)

  it("refuses a format that is none", function()
    local stream <close> = scripted { "one\n" }
    for _, format in ipairs { "x", "", -1, 1.5, true, {} } do
      assert.error_matches(function() stream:read(format) end,
        "read: bad format")
    end
    assert.equal("one", stream:read())
  end)

  it("gives what io gives, however the bytes come", function()
    local formats = { "l", "L", "a", 0, 1, 2, 5, 40 }
    for seed = 1, 300 do
      math.randomseed(seed)
      local pieces = {}
      for i = 1, math.random(0, 12) do
        local bytes = {}
        for j = 1, math.random(1, 9) do
          bytes[j] = ("ab\n\0"):sub(math.random(4)):sub(1, 1)
        end
        pieces[i] = table.concat(bytes)
      end
      local stream <close> = scripted(pieces)
      local model <close> = assert(io.tmpfile())
      model:write(table.concat(pieces))
      model:seek("set")
      for _ = 1, 30 do
        local format = formats[math.random(#formats)]
        assert.same({ seed, format, model:read(format) },
          { seed, format, stream:read(format) })
      end
    end
  end)

  it("that fails loses nothing: it goes on where it was", function()
    local stream <close> = scripted { "be", "gin", BROKEN, " and end\nmore",
      BROKEN }
    assert.same({ n = 3, nil, "broken", errno.EIO }, table.pack(stream:read()))
    assert.equal("begin and end", stream:read())
    assert.same({ n = 3, nil, "broken", errno.EIO },
      table.pack(stream:read("a")))
    assert.equal("mo", stream:read(2))
    assert.equal("re", stream:read("a"))
  end)

  it("several at once fails as a whole", function()
    local stream <close> = scripted { "one\ntwo", BROKEN }
    assert.same({ n = 3, nil, "broken", errno.EIO },
      table.pack(stream:read("l", "l")))
  end)
end)

describe("reading some", function()
  it("gives what there is, and nil at the end", function()
    local stream <close> = scripted { "one", "two" }
    assert.equal("one", stream:read_some())
    assert.equal("two", stream:read_some())
    assert.equal(1, select("#", stream:read_some()))
    assert.is_nil(stream:read_some())
  end)

  it("gives no more than asked, and the rest later", function()
    local stream <close> = scripted { "abcdef", "gh" }
    assert.equal("ab", stream:read_some(2))
    assert.equal("cdef", stream:read_some(4))
    assert.equal("g", stream:read_some(1))
    assert.equal("h", stream:read_some(9))
    assert.is_nil(stream:read_some(1))
  end)

  it("refuses a most that is none", function()
    local stream <close> = scripted { "abc" }
    for _, max in ipairs { -1, 1.5, "2" } do
      assert.is_false(pcall(stream.read_some, stream, max))
    end
    assert.equal("abc", stream:read_some())
  end)

  it("gives what another read has left, without waiting", function()
    local stream <close> = scripted { "one\nrest" }
    stream:read("l")
    assert.equal("rest", stream:read_some())
    assert.equal(1, stream.taken)
  end)

  it("gives failures as they are", function()
    local stream <close> = scripted { BROKEN, "x" }
    assert.same({ n = 3, nil, "broken", errno.EIO },
      table.pack(stream:read_some()))
    assert.equal("x", stream:read_some())
  end)
end)

describe("iterating", function()
  it("over lines ends with the stream", function()
    local stream <close> = scripted { "one\ntw", "o\n\nfour" }
    local got = {}
    for line in stream:lines() do got[#got + 1] = line end
    assert.same({ "one", "two", "", "four" }, got)
  end)

  it("over lines takes the formats of read", function()
    local stream <close> = scripted { "ab\ncd" }
    local got = {}
    for line in stream:lines("L") do got[#got + 1] = line end
    for piece in scripted { "abcde" }:lines(2) do got[#got + 1] = piece end
    assert.same({ "ab\n", "cd", "ab", "cd", "e" }, got)
  end)

  it("over chunks gives the pieces as they come", function()
    local stream <close> = scripted { "one", "two", "three" }
    local got = {}
    for chunk in stream:chunks() do got[#got + 1] = chunk end
    assert.same({ "one", "two", "three" }, got)
  end)

  it("raises where the stream fails", function()
    for _, name in ipairs { "lines", "chunks" } do
      local stream <close> = scripted { "one\n", BROKEN }
      local got = {}
      assert.error_matches(function()
        for piece in stream[name](stream) do got[#got + 1] = piece end
      end, "broken")
      assert.equal(1, #got)
    end
  end)
end)

describe("limits", function()
  it("end a line that is too long, and keep it", function()
    local stream <close> = scripted({ ("x"):rep(6), ("y"):rep(6), "\nz" },
      { line = 10 })
    assert.same({ n = 3, nil, "line too long", errno.ELIMIT },
      table.pack(stream:read("l")))
    assert.equal("xxxxxxyyyyyy", stream:read_some())
    assert.equal("", stream:read("l"))
  end)

  it("let a line pass that is just as long", function()
    local stream <close> = scripted({ ("x"):rep(10), "\n" }, { line = 10 })
    assert.equal(("x"):rep(10), stream:read("l"))
  end)

  it("end reading all where it is too much, and keep it", function()
    local stream <close> = scripted({ "12345", "67890", "1" }, { all = 10 })
    assert.same({ n = 3, nil, "too long", errno.ELIMIT },
      table.pack(stream:read("a")))
    assert.equal("12345678901", stream:read(11))
    local exact <close> = scripted({ "12345", "67890" }, { all = 10 })
    assert.equal("1234567890", exact:read("a"))
  end)

  it("are none for a count", function()
    local stream <close> = scripted({ ("x"):rep(50) }, { line = 10, all = 10 })
    assert.equal(50, #stream:read(50))
  end)
end)

describe("writing", function()
  it("gives the stream back", function()
    local stream <close> = scripted {}
    assert.equal(stream, stream:write("one"):write("two"))
    assert.equal("onetwo", stream.written)
  end)

  it("takes strings and numbers, or a Buffer", function()
    local stream <close> = scripted {}
    assert(stream:write("a", 1, "b", 2.5))
    assert(stream:write(7))
    assert(stream:write(raw.buffer(2):set(1, "xy")))
    assert(stream:write(raw.slice("012345", 2, 3)))
    assert.equal("a1b2.57xy12", stream.written)
  end)

  it("nothing is done at once", function()
    local stream <close> = scripted {}
    assert.equal(stream, stream:write():write("")) -- as io has it
    assert.equal(stream, stream:write("", ""))
    assert.equal(0, stream.taken)
  end)

  it("refuses what is none of these, by its place", function()
    local stream <close> = scripted {}
    local expected = "%(string, number, Buffer or array of them expected, "
    assert.error_matches(function() stream:write("a", { true }) end,
      "write: bad argument #2 " .. expected .. "got boolean%)")
    assert.error_matches(function() stream:write(nil) end,
      "write: bad argument #1 " .. expected .. "got nil%)")
    assert.error_matches(function() stream:write("a", nil) end,
      "write: bad argument #2 " .. expected .. "got nil%)")
    assert.is_false(pcall(stream.write, stream, io.stdout))
    assert(stream:write("goes on"))
    assert.equal("goes on", stream.written)
  end)

  it("goes on until everything has gone", function()
    local stream <close> = scripted { 1, 2, 1, 3 }
    assert.equal(stream, stream:write("0123456789"))
    assert.equal("0123456789", stream.written)
    assert.equal(5, stream.taken)
    local buffer = raw.buffer(10):set(1, "abcdefghij")
    local other <close> = scripted { 4, 4 }
    assert(other:write(buffer:slice(2)))
    assert.equal("bcdefghij", other.written)
  end)

  it("that fails says how much had gone", function()
    local stream <close> = scripted { 3, 2, BROKEN }
    assert.same({ n = 4, nil, "broken", errno.EIO, 5 },
      table.pack(stream:write("0123456789")))
    assert.same({ n = 4, nil, "broken", errno.EIO, 0 },
      table.pack(scripted({ BROKEN }):write("0123456789")))
  end)

  it("where nothing goes any more ends", function()
    local stream <close> = scripted { 3, 0 }
    assert.same({ n = 4, nil, "closed", errno.EPIPE, 3 },
      table.pack(stream:write("0123456789")))
  end)

  it("by many tasks keeps each write whole, first come first", function()
    connected(function(left, right)
      local expected, size = {}, 0
      for i = 1, 40 do
        local text = ("%02d"):format(i):rep(10000 + i)
        expected[i], size = text, size + #text
        uring.spawn(function() assert(left:write(text)) end)
      end
      assert.equal(table.concat(expected), right:read(size))
    end)
  end)

  it("waits for a reader, and lets others run", function()
    connected(function(left, right)
      local text, written = ("x"):rep(1 << 21), false
      uring.spawn(function()
        assert(left:write(text))
        written = true
      end)
      uring.yield()
      assert.is_false(written)
      assert.equal(text, right:read(#text))
      uring.yield()
      assert.is_true(written)
    end)
  end)
end)

describe("closing", function()
  it("is done once", function()
    local stream = scripted {}
    assert.is_false(stream:closed())
    assert.is_number(stream:fileno())
    assert.equal("spec.Scripted (fd " .. stream.fd .. ")", tostring(stream))
    assert.is_true(stream:close())
    assert.is_true(stream:close())
    assert.is_true(stream:closed())
    assert.is_nil(stream:fileno())
    assert.equal("spec.Scripted (closed)", tostring(stream))
  end)

  it("makes reads and writes say so", function()
    local stream = scripted { "more" }
    stream:read(1)
    stream:close()
    local closed = { n = 3, nil, "closed", errno.ECLOSED }
    assert.same(closed, table.pack(stream:read()))
    assert.same(closed, table.pack(stream:read("a")))
    assert.same(closed, table.pack(stream:read(1)))
    assert.same(closed, table.pack(stream:read_some()))
    assert.same({ n = 4, nil, "closed", errno.ECLOSED, 0 },
      table.pack(stream:write("x")))
  end)

  it("is what a close variable and the collector do", function()
    local kept
    do
      local stream <close> = scripted {}
      kept = stream
    end
    assert.is_true(kept:closed())
    scripted {} -- which the watch over descriptors has collected
  end)

  it("ends the read that waits", function()
    connected(function(left)
      local got
      uring.spawn(function() got = table.pack(left:read("a")) end)
      uring.yield()
      assert.is_true(left:close())
      for _ = 1, 3 do uring.yield() end
      assert.same({ n = 3, nil, "closed", errno.ECLOSED }, got)
    end)
  end)

  it("ends the write that waits, and those in line", function()
    connected(function(left, right)
      local got = {}
      for i = 1, 3 do
        uring.spawn(function()
          got[i] = table.pack(left:write(("x"):rep(1 << 21)))
        end)
      end
      uring.yield()
      left:close()
      for _ = 1, 6 do uring.yield() end
      for i = 1, 3 do
        assert.same({ "closed", errno.ECLOSED }, { got[i][2], got[i][3] })
      end
      assert.equal(#right:read("a"), got[1][4])
      assert.same({ 0, 0 }, { got[2][4], got[3][4] })
    end)
  end)

  it("by the task that reads lines ends its loop with an error", function()
    connected(function(left, right)
      right:write("one\ntwo\n")
      local got = {}
      assert.error_matches(function()
        for line in left:lines() do
          got[#got + 1] = line
          left:close()
        end
      end, "closed")
      assert.same({ "one" }, got)
    end)
  end)
end)

describe("a stream that is in use", function()
  it("refuses a second reader, and the first goes on", function()
    connected(function(left, right)
      local got
      local task = uring.spawn(function() got = left:read("l") end)
      uring.yield()
      local message = "stream is being read by task " .. task:id()
      for name, value in pairs { read = "l", read_some = 1, unread = "x" } do
        assert.same({ nil, message, errno.EBUSY }, { left[name](left, value) })
      end
      right:write("a line\n")
      while not got do uring.yield() end
      assert.equal("a line", got)
      right:write("more\n")
      assert.equal("more", left:read())
    end)
  end)

  it("is no longer where reading has raised", function()
    connected(function(left, right)
      assert.is_false(pcall(table.sort, { 1, 2 }, function()
        left:read_some()
      end))
      right:write("a line\n")
      assert.equal("a line", left:read())
    end)
  end)

  it("is no longer where writing has raised", function()
    connected(function(left, right)
      assert.is_false(pcall(table.sort, { 1, 2 }, function()
        left:write("x")
      end))
      uring.spawn(function() assert(left:write("a line\n")) end)
      assert.equal("a line", right:read())
    end)
  end)

  it("is no longer where waiting in line has raised", function()
    connected(function(left, right)
      local text = ("x"):rep(1 << 21)
      uring.spawn(function() assert(left:write(text)) end)
      uring.yield()
      assert.is_false(pcall(table.sort, { 1, 2 }, function()
        left:write("never")
      end))
      local got, before = nil, uring.now()
      uring.spawn(function() got = right:read(#text) end)
      uring.sleep(0.05) -- is not cut short by the hand over
      assert.is_true(uring.now() - before >= 0.05)
      while got ~= text do uring.yield() end
      uring.spawn(function() assert(left:write("a line\n")) end)
      assert.equal("a line", right:read())
    end)
  end)

  it("may be read and written at the same time", function()
    connected(function(left, right)
      local got
      uring.spawn(function() got = left:read() end)
      assert(left:write("there\n"))
      assert.equal("there", right:read())
      assert(right:write("and back\n"))
      while not got do uring.yield() end
      assert.equal("and back", got)
    end)
  end)
end)
