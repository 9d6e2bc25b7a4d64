--- Iovecs hold several strings and Buffers for one op, and keep them alive.
local leaks = require "spec.support.leaks"
local uring = require "uring.ring"

leaks.watch()

local function pair()
  local a, b = uring.socketpair()
  return a, b
end

-- What one op gives: its res.
local function call(ring, prep, ...)
  local sqe = ring:get_sqe()
  sqe[prep](sqe, ...)
  ring:submit_and_wait(1)
  local cqe = ring:peek_cqe()
  ring:cqe_seen(cqe)
  return cqe.res
end

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

  it("do not change when the table does", function()
    local items = { "one", "two" }
    local iovecs = uring.iovecs(items)
    items[1], items[2] = "1", nil
    local ring, a, b = uring.ring(2), pair()
    assert.equal(6, call(ring, "prep_writev", a, iovecs))
    local buffer = uring.buffer(10)
    assert.equal(6, call(ring, "prep_read", b, buffer))
    assert.equal("onetwo", buffer:sub(1, 6))
    ring:close()
    uring.close(a)
    uring.close(b)
  end)

  it("with a string are refused as a target", function()
    local ring = uring.ring(2)
    local sqe = ring:get_sqe()
    local text = "strings among them are read%-only"
    assert.error_matches(function()
      sqe:prep_readv(0, uring.iovecs { uring.buffer(4), "text" })
    end, text)
    assert.error_matches(function()
      sqe:prep_readv(0, uring.iovecs { uring.slice("text") })
    end, text)
    ring:close()
  end)

  it("gather strings, Buffers and slices in order", function()
    local ring, a, b = uring.ring(2), pair()
    local buffer = uring.buffer(4):set(1, "cdef")
    local iovecs = uring.iovecs { "ab", buffer, uring.slice("XghX", 2, 3),
      "", buffer:slice(1, 1) }
    assert.equal(9, call(ring, "prep_writev", a, iovecs))
    local target = uring.buffer(20)
    assert.equal(9, call(ring, "prep_read", b, target))
    assert.equal("abcdefghc", target:sub(1, 9))
    ring:close()
    uring.close(a)
    uring.close(b)
  end)

  it("scatter into Buffers one after the other", function()
    local ring, a, b = uring.ring(2), pair()
    local first, second = uring.buffer(3), uring.buffer(6)
    local iovecs = uring.iovecs { first, second:slice(3, 4), second }
    assert.equal(8, call(ring, "prep_write", a, "abcdefgh"))
    assert.equal(8, call(ring, "prep_readv", b, iovecs))
    assert.equal("abc", first:tostring())
    assert.equal("fghe\0\0", second:tostring())
    ring:close()
    uring.close(a)
    uring.close(b)
  end)

  it("keep their parts while an op is in flight", function()
    local ring, a, b = uring.ring(4), pair()
    local target = uring.buffer(200000)
    local seen = target:slice(1, 11)
    ring:get_sqe():prep_readv(b, uring.iovecs { target })
    target = nil
    ring:submit()
    for _ = 1, 3 do collectgarbage() end
    ring:get_sqe():prep_send(a, "hello there")
    ring:submit_and_wait(2)
    for res in ring:cqes() do assert.equal(11, res) end
    assert.equal("hello there", seen:tostring())
    assert.is_nil(target)
    ring:close()
    uring.close(a)
    uring.close(b)
  end)

  it("keep their strings while an op is in flight", function()
    local ring, a, b = uring.ring(4), pair()
    local parts = {}
    for i = 1, 5 do parts[i] = ("part %d "):format(i):rep(10000) end
    local expected = table.concat(parts)
    local lists = {}
    for i = 1, 5 do lists[i] = ("part %d "):format(i):rep(10000) end
    ring:get_sqe():prep_writev(a, uring.iovecs(lists))
    lists = nil
    ring:submit() -- more than the socket takes at once: it waits
    for _ = 1, 3 do collectgarbage() end
    local got, buffer = {}, uring.buffer(65536)
    local size, written = 0, nil
    while not written or size < written do
      ring:get_sqe():prep_read(b, buffer):type() -- replaced below
    end
    assert.same({ expected, got, lists }, {})
  end)
end)
