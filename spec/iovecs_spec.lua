--- Iovecs hold several strings and Buffers for one op, and keep them alive.
local leaks = require "spec.support.leaks"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local uring = require "uring.ring"

leaks.watch()

describe("iovecs", function()
  it("have a count and print as what they are", function()
    local iovecs = uring.iovecs { "a", uring.buffer(3), "c" }
    assert.equal(3, #iovecs)
    assert.equal("uring.Iovecs (3)", tostring(iovecs))
  end)

  it("hold 1 to 1024 items", function()
    local items = {}
    for i = 1, 1024 do items[i] = "x" end
    assert.equal(1024, #uring.iovecs(items))
    items[1025] = "x"
    assert.error_matches(function() uring.iovecs(items) end,
      "1 to 1024 items expected")
    assert.error_matches(function() uring.iovecs {} end,
      "1 to 1024 items expected")
  end)

  it("refuse what is no string and no Buffer, by its place", function()
    assert.error_matches(function() uring.iovecs { "a", 12 } end,
      "iovecs: bad item 2 %(string or uring.Buffer expected, got number%)")
    assert.error_matches(function() uring.iovecs { "a", "b", {} } end,
      "iovecs: bad item 3 %(string or uring.Buffer expected, got table%)")
    assert.error_matches(function() uring.iovecs("a") end, "table expected")
  end)
end)

describe("iovecs in an op", function()
  local ring, a, b

  before_each(function()
    ring = assert(uring.ring(4))
    a, b = uring.socketpair()
  end)

  after_each(function()
    ring:close()
    uring.close(a)
    uring.close(b)
  end)

  it("are as they were made, whatever becomes of the table", function()
    local items = { "one", "two" }
    local iovecs = uring.iovecs(items)
    items[1], items[2] = "1", nil
    assert.equal(6, rows.call(ring, "writev", a, iovecs))
    assert.equal("onetwo", raw.receive(ring, b, 6))
  end)

  it("are refused as a target where a string is among them", function()
    local sqe = ring:get_sqe()
    local text = "readv: bad argument 'iovecs' "
      .. "%(strings among them are read%-only%)"
    assert.error_matches(function()
      sqe:prep_readv(b, uring.iovecs { uring.buffer(4), "text" })
    end, text)
    assert.error_matches(function()
      sqe:prep_readv(b, uring.iovecs { uring.slice("text") })
    end, text)
  end)

  it("gather strings, Buffers and slices in order", function()
    local buffer = uring.buffer(4):set(1, "cdef")
    local iovecs = uring.iovecs { "ab", buffer, uring.slice("XghX", 2, 3),
      "", buffer:slice(1, 1) }
    assert.equal(9, rows.call(ring, "writev", a, iovecs))
    assert.equal("abcdefghc", raw.receive(ring, b, 9))
  end)

  it("scatter into Buffers and slices in order", function()
    local first, second = uring.buffer(3), uring.buffer(6)
    local iovecs = uring.iovecs { first, second:slice(3, 4),
      second:slice(6) }
    assert.equal(6, rows.call(ring, "write", a, "abcdef"))
    assert.equal(6, rows.call(ring, "readv", b, iovecs))
    assert.equal("abc", first:tostring())
    assert.equal("\0\0de\0f", second:tostring())
  end)

  it("keep their Buffers alive while it is in flight", function()
    local seen
    do
      local target = uring.buffer(200000)
      seen = target:slice(1, 11)
      raw.prepare(ring, "readv", b, uring.iovecs { target })
    end
    ring:submit()
    raw.collect()
    raw.prepare(ring, "send", a, "hello there")
    ring:submit_and_wait(2)
    assert.equal(11, raw.take(ring))
    assert.equal(11, raw.take(ring))
    assert.equal("hello there", seen:tostring())
  end)

  it("keep their strings alive while it is in flight", function()
    local filled = raw.fill(a)
    local reader = assert(uring.ring(4))
    raw.prepare(ring, "writev", a, uring.iovecs {
      ("one"):rep(100), uring.slice(("two"):rep(100)), ("three"):rep(100),
    })
    ring:submit()
    assert.is_nil(ring:peek_cqe())
    raw.collect()
    local _junk = ("junk"):rep(75) .. ("trash"):rep(60)
    raw.receive(reader, b, filled)
    assert.equal(1100, raw.take(ring))
    local expected = ("one"):rep(100) .. ("two"):rep(100) .. ("three"):rep(100)
    assert.equal(expected, raw.receive(reader, b, 1100))
    reader:close()
  end)

  it("may be used again by another op", function()
    local iovecs = uring.iovecs { "again ", "and " }
    for _ = 1, 3 do
      assert.equal(10, rows.call(ring, "writev", a, iovecs))
    end
    assert.equal(("again and "):rep(3), raw.receive(ring, b, 30))
  end)
end)
