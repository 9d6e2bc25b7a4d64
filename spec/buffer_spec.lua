--- A Buffer has the positions of a string, and shares its bytes with slices.
local leaks = require "spec.support.leaks"
local uring = require "uring.ring"

leaks.watch()

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

local CLOSED = "attempt to use a closed buffer, or a view that was recycled"

describe("a closed Buffer", function()
  it("prints as that, and is closed again without harm", function()
    local buffer = filled(TEXT)
    assert.is_nil(buffer:close())
    buffer:close()
    assert.equal("uring.Buffer (closed)", tostring(buffer))
    local slice = uring.slice(TEXT)
    slice:close()
    assert.equal("uring.Buffer (closed)", tostring(slice))
  end)

  it("is refused by each of its methods", function()
    local buffer = filled(TEXT)
    buffer:close()
    for name, method in pairs(getmetatable(buffer).__index) do
      if name ~= "close" then
        assert.error_matches(function() method(buffer, 1, "x") end, CLOSED)
      end
    end
    assert.error_matches(function() return #buffer end, CLOSED)
    assert.error_matches(function() uring.slice(buffer) end, CLOSED)
  end)

  it("leaves its slices their bytes", function()
    local buffer = filled(TEXT)
    local slice = buffer:slice(2, 4)
    local part = slice:slice(1, 2)
    buffer:close()
    slice:close()
    collectgarbage()
    assert.equal("el", part:tostring())
    part:set(1, "E")
    assert.equal("El", part:tostring())
  end)

  it("leaves others the string that it was a slice of", function()
    local text = ("z"):rep(1000) .. "end"
    local slice = uring.slice(text)
    local part = slice:slice(-3)
    slice:close()
    assert.equal("end", part:tostring())
    assert.equal(1003, #text)
  end)

  it("is what the end of a block leaves", function()
    local buffer = filled(TEXT)
    do local _same <close> = buffer end
    assert.error_matches(function() buffer:sub() end, CLOSED)
    assert.error_matches(function()
      local _again <close> = buffer
      error("raised")
    end, "raised")
  end)

  it("is refused wherever a Buffer is taken", function()
    local buffer = uring.buffer(256)
    buffer:close()
    assert.error_matches(function() uring.iovecs { "a", buffer } end,
      "iovecs: bad item 2 %(the buffer is closed%)")
    assert.error_matches(function() uring.message { iov = buffer } end,
      "message: 'iov'")
    assert.error_matches(function() uring.futexes { { buffer, 0 } } end,
      "futexes: bad item 1")
    assert.error_matches(function() uring.unpack_sockaddr(buffer) end,
      "the buffer is closed")
    for _, name in ipairs { "statx", "siginfo", "signalfd_siginfo", "pipe" } do
      assert.error_matches(function() uring["unpack_" .. name](buffer) end,
        CLOSED)
    end
    local ring <close> = assert(uring.ring(2))
    assert.error_matches(function() ring:register_buffers { buffer } end,
      "item 1: the buffer is closed")
    local sqe = ring:get_sqe()
    for _, row in ipairs { "read", "write", "send", "provide_buffers" } do
      assert.error_matches(function() sqe["prep_" .. row](sqe, 0, buffer) end,
        row == "provide_buffers" and "provide_buffers: bad argument 'buf'"
        or row .. ": bad argument '%a+' %(the buffer is closed%)")
    end
  end)
end)

describe("closing a Buffer", function()
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

  local function send(text)
    local other <close> = assert(uring.ring(1))
    other:get_sqe():prep_send(a, text)
    assert(other:submit_and_wait(1, 10))
  end

  -- A byte of junk for whoever has the memory now.
  local function overwrite(size)
    local junk = {}
    for i = 1, 50 do junk[i] = filled(("#"):rep(size)) end
    return junk
  end

  local function reap()
    assert(ring:submit_and_wait(1, 10))
    return (ring:cqes()(ring))
  end

  it("leaves an op in flight its bytes", function()
    local buffer = uring.buffer(100)
    local slice = buffer:slice(11, 20)
    ring:get_sqe():prep_recv(b, buffer:slice(1, 10))
    ring:submit()
    buffer:close()
    collectgarbage()
    send("0123456789")
    assert.equal(10, reap())
    assert.equal(("\0"):rep(10), slice:tostring())
    local all = uring.buffer(100)
    local part = all:slice(1, 4)
    ring:get_sqe():prep_recv(b, all)
    ring:submit()
    all:close()
    local junk = overwrite(100)
    send("text")
    assert.equal(4, reap())
    assert.equal("text", part:tostring())
    for _, other in ipairs(junk) do
      assert.equal(("#"):rep(100), other:tostring())
    end
  end)

  it("between prep and submit changes nothing", function()
    local buffer = filled("the bytes")
    ring:get_sqe():prep_send(a, buffer)
    buffer:close()
    local junk = overwrite(9)
    assert.equal(9, reap())
    local got = uring.buffer(20)
    ring:get_sqe():prep_recv(b, got)
    assert.equal(9, reap())
    assert.equal("the bytes", got:sub(1, 9))
    assert.equal(50, #junk)
  end)

  it("leaves iovecs and messages their parts", function()
    for _, row in ipairs { "writev", "sendmsg" } do
      local buffer, slice = filled("one"), uring.slice("a string", 3)
      local what = uring.iovecs { buffer, " ", slice }
      if row == "sendmsg" then what = uring.message { iov = what } end
      buffer:close()
      slice:close()
      local junk = overwrite(3)
      collectgarbage()
      local sqe = ring:get_sqe()
      sqe["prep_" .. row](sqe, a, what)
      assert.equal(10, reap())
      local got = uring.buffer(20)
      ring:get_sqe():prep_recv(b, got)
      assert.equal(10, reap())
      assert.equal("one string", got:sub(1, 10))
      assert.equal(50, #junk)
    end
  end)

  it("leaves registered buffers to the kernel", function()
    local buffer = filled(("."):rep(16))
    assert.is_true(ring:register_buffers { buffer })
    local slice = buffer:slice(1, 4)
    buffer:close()
    send("text")
    ring:get_sqe():prep_read_fixed(b, slice, nil, 0)
    assert.equal(4, reap())
    assert.equal("text", slice:tostring())
  end)
end)
