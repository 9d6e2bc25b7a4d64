--- A Buffer has the positions of a string, and shares its bytes with slices.
local uring = require "uring.ring"

local TEXT = "hello"
local EDGES = { math.mininteger, -7, -6, -5, -4, -1, 0, 1, 2, 4, 5, 6, 7,
  math.maxinteger }

local function filled(text)
  return uring.buffer(#text):set(1, text)
end

describe("a Buffer", function()
  it("is zeroed when it is new", function()
    assert.equal(("\0"):rep(1000), uring.buffer(1000):tostring())
    assert.equal(("\0"):rep(5000), uring.buffer(5000, 4096):tostring())
  end)

  it("has a size", function()
    assert.equal(1, #uring.buffer(1))
    assert.equal(70000, #uring.buffer(70000))
  end)

  it("prints as what it is", function()
    assert.equal("uring.Buffer (4096 bytes)", tostring(uring.buffer(4096)))
  end)

  it("refuses a size that is none", function()
    for _, size in ipairs { 0, -1, 1 << 31, math.mininteger } do
      assert.error_matches(function() uring.buffer(size) end,
        "size out of range")
    end
    assert.error_matches(function() uring.buffer("many") end, "number expected")
    assert.error_matches(function() uring.buffer(1.5) end, "integer")
  end)

  it("takes an alignment that is a power of two up to 2 MiB", function()
    assert.equal(10, #uring.buffer(10, 1))
    assert.equal(10, #uring.buffer(10, 2097152))
    for _, align in ipairs { 0, -8, 3, 4097, 4194304 } do
      assert.error_matches(function() uring.buffer(10, align) end,
        "not a power of two")
    end
  end)

  it("gives parts as string.sub does", function()
    local buffer = filled(TEXT)
    assert.equal(TEXT, buffer:sub())
    for _, i in ipairs(EDGES) do
      assert.equal(TEXT:sub(i), buffer:sub(i))
      for _, j in ipairs(EDGES) do
        assert.equal(TEXT:sub(i, j), buffer:sub(i, j))
        assert.equal(TEXT:sub(i, j), buffer:slice(i, j):tostring())
        assert.equal(TEXT:sub(i, j), uring.slice(TEXT, i, j):tostring())
      end
    end
  end)

  it("gives a byte as string.byte does", function()
    local buffer = filled(TEXT)
    assert.equal(("h"):byte(), buffer:byte())
    for _, i in ipairs(EDGES) do
      assert.same({ TEXT:byte(i) }, { buffer:byte(i) })
    end
    assert.equal(255, filled("\255"):byte())
  end)

  it("holds bytes of any value", function()
    local every = {}
    for byte = 0, 255 do every[byte + 1] = string.char(byte) end
    every = table.concat(every)
    assert.equal(every, filled(every):tostring())
  end)

  it("finds a text as string.find does, without patterns", function()
    local buffer = filled("a.b\0c.b")
    assert.same({ 2, 3 }, { buffer:find(".b") })
    assert.same({ 6, 7 }, { buffer:find(".b", 3) })
    assert.same({ 6, 7 }, { buffer:find(".b", -2) })
    assert.same({ 4, 4 }, { buffer:find("\0") })
    assert.is_nil(buffer:find("%."))
    assert.is_nil(buffer:find(".b", 7))
    assert.is_nil(buffer:find("a.b\0c.bb"))
  end)

  it("refuses what is no string, number or Buffer", function()
    local buffer = uring.buffer(1)
    assert.error_matches(function() buffer:find({}) end, "string expected")
    assert.error_matches(function() buffer:sub({}) end, "number expected")
    assert.error_matches(function() buffer.sub("text", 1) end,
      "uring.Buffer expected, got string")
    assert.error_matches(function() uring.slice(12) end, "string expected")
  end)
end)

describe("setting bytes of a Buffer", function()
  it("writes at a position, and gives the Buffer back", function()
    local buffer = uring.buffer(6)
    assert.equal(buffer, buffer:set(1, "abc"))
    buffer:set(4, "def"):set(2, "X")
    assert.equal("aXcdef", buffer:tostring())
  end)

  it("may write nothing right behind the end", function()
    local buffer = filled("ab")
    buffer:set(3, "")
    assert.equal("ab", buffer:tostring())
  end)

  it("refuses to write outside of it", function()
    local buffer = filled("abcd")
    for _, i in ipairs { 0, -1, 6, math.mininteger, math.maxinteger } do
      assert.error_matches(function() buffer:set(i, "x") end,
        "position out of range")
    end
    assert.error_matches(function() buffer:set(5, "x") end,
      "string reaches beyond the buffer")
    assert.error_matches(function() buffer:set(2, "1234") end,
      "string reaches beyond the buffer")
    assert.equal("abcd", buffer:tostring())
  end)
end)

describe("a slice", function()
  it("shares its bytes with the Buffer", function()
    local buffer = filled("hello world")
    local slice = buffer:slice(7)
    slice:set(1, "W")
    assert.equal("hello World", buffer:tostring())
    buffer:set(8, "O")
    assert.equal("WOrld", slice:tostring())
  end)

  it("of a slice counts from the slice", function()
    local slice = filled("0123456789"):slice(3, 8):slice(2, -2)
    assert.equal("3456", slice:tostring())
    assert.equal(4, #slice)
  end)

  it("cannot be written beyond its end", function()
    local slice = filled("0123456789"):slice(3, 5)
    assert.error_matches(function() slice:set(1, "abcd") end,
      "string reaches beyond the buffer")
  end)

  it("keeps the bytes when the Buffer is gone", function()
    local slice = filled(("x"):rep(100000) .. "end"):slice(-3)
    collectgarbage()
    collectgarbage()
    assert.equal("end", slice:tostring())
  end)

  it("may be empty", function()
    local slice = filled("abc"):slice(3, 2)
    assert.equal(0, #slice)
    assert.equal("", slice:tostring())
    assert.is_nil(slice:byte())
    assert.equal("uring.Buffer (0 bytes)", tostring(slice))
  end)
end)

describe("a slice of a string", function()
  it("has the bytes of the string", function()
    local slice = uring.slice("hello", 2, 4)
    assert.equal("ell", slice:tostring())
    assert.equal("l", slice:slice(2, 2):tostring())
    assert.same({ 2, 3 }, { slice:find("ll") })
  end)

  it("is read-only", function()
    local slice = uring.slice("hello")
    assert.error_matches(function() slice:set(1, "J") end, "read%-only")
    assert.error_matches(function() slice:slice(2):set(1, "J") end,
      "read%-only")
  end)

  it("keeps the string, also where it is a slice of a slice", function()
    local slice = uring.slice(("y"):rep(100000) .. "end"):slice(2):slice(-3)
    collectgarbage()
    collectgarbage()
    assert.equal("end", slice:tostring())
  end)

  it("is refused where the kernel would write to it", function()
    local ring = assert(uring.ring(2))
    local sqe = ring:get_sqe()
    assert.error_matches(function()
      sqe:prep_recv(0, uring.slice("hello"))
    end, "recv: bad argument 'buf' %(a slice of a string is read%-only%)")
    assert.error_matches(function()
      sqe:prep_read(0, uring.slice("hello"):slice(2))
    end, "read: bad argument 'buf' %(a slice of a string is read%-only%)")
    ring:close()
  end)
end)
