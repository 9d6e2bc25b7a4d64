--- Trap 4.1: memory that the kernel may still write or read is not freed,
-- whatever becomes of the objects that stood for it.
local leaks = require "spec.support.leaks"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local temp = require "spec.support.temp"
local low = require "uring.ring"
local uring = require "uring"
local within = require "spec.support.within"

local C, errno = low.consts, low.errno
local SIZE = 5000 -- of what malloc gives to the next who asks

leaks.watch()

-- Takes what was just freed, so that a late write would be seen, or crash.
local function reuse()
  local hoard = {}
  for i = 1, 50 do
    hoard[i] = low.buffer(SIZE):set(1, ("#"):rep(SIZE))
    hoard[50 + i] = ("%d#"):format(i):rep(SIZE // 3)
  end
  return hoard
end

local function intact(hoard)
  for i = 1, 50 do
    assert.equal(("#"):rep(SIZE), hoard[i]:tostring())
    assert.equal(("%d#"):format(i):rep(SIZE // 3), hoard[50 + i])
  end
end

describe("an op in flight keeps", function()
  local ring, other, a, b, own

  before_each(function()
    own = rows.owner()
    ring, other = assert(low.ring(8)), assert(low.ring(8))
    a, b = sockets.pair(own)
  end)

  after_each(function()
    ring:close()
    other:close()
    getmetatable(own).__close(own)
  end)

  it("the Buffer that it fills", function()
    local seen
    do
      local buffer = low.buffer(SIZE)
      seen = buffer:slice(-10)
      raw.prepare(ring, "recv", b, buffer)
    end
    ring:submit()
    raw.collect()
    local hoard = reuse()
    rows.call(other, "send", a, ("x"):rep(SIZE - 3) .. "end")
    assert.equal(SIZE, (raw.take(ring)))
    assert.equal("xxxxxxxend", seen:tostring())
    intact(hoard)
  end)

  it("the Buffer of which nobody has even a slice", function()
    raw.prepare(ring, "recv", b, low.buffer(SIZE))
    ring:submit()
    raw.collect()
    local hoard = reuse()
    rows.call(other, "send", a, ("x"):rep(SIZE))
    assert.equal(SIZE, (raw.take(ring)))
    intact(hoard)
  end)

  it("the string that it sends", function()
    local filled = raw.fill(a)
    raw.prepare(ring, "send", a, ("string"):rep(1000))
    ring:submit()
    raw.collect()
    local hoard = reuse()
    raw.receive(other, b, filled)
    assert.equal(6000, (raw.take(ring)))
    assert.equal(("string"):rep(1000), raw.receive(other, b, 6000))
    intact(hoard)
  end)

  it("the string of a slice that it sends", function()
    local filled = raw.fill(a)
    raw.prepare(ring, "send", a, low.slice(("string"):rep(1000), 7):slice(7))
    ring:submit()
    raw.collect()
    local hoard = reuse()
    raw.receive(other, b, filled)
    assert.equal(5988, (raw.take(ring)))
    assert.equal(("string"):rep(998), raw.receive(other, b, 5988))
    intact(hoard)
  end)

  it("the Buffer that it sends", function()
    local filled = raw.fill(a)
    raw.prepare(ring, "send", a, low.buffer(SIZE):set(1, ("b"):rep(SIZE)))
    ring:submit()
    raw.collect()
    local hoard = reuse()
    raw.receive(other, b, filled)
    assert.equal(SIZE, (raw.take(ring)))
    assert.equal(("b"):rep(SIZE), raw.receive(other, b, SIZE))
    intact(hoard)
  end)

  it("iovecs, and all their parts", function()
    local seen
    do
      local first, second = low.buffer(SIZE), low.buffer(SIZE)
      seen = second:slice(1, 5)
      raw.prepare(ring, "readv", b, low.iovecs { first, second })
    end
    ring:submit()
    raw.collect()
    local hoard = reuse()
    rows.call(other, "send", a, ("x"):rep(SIZE) .. "after")
    assert.equal(SIZE + 5, (raw.take(ring)))
    assert.equal("after", seen:tostring())
    intact(hoard)
  end)

  it("the address that it connects to, and the one that it is told", function()
    local server, address = sockets.listener(own)
    local client = own(low.socket(C.AF_INET, C.SOCK_STREAM))
    local peer = low.buffer(128)
    local seen = peer:slice(1)
    raw.prepare(ring, "accept", server, peer):set_data("accept")
    ring:submit()
    peer = nil
    raw.prepare(ring, "connect", client, low.sockaddr("127.0.0.1",
      address.port)):set_data("connect")
    raw.collect() -- prepared, not submitted yet
    local hoard = reuse()
    local res = {}
    ring:submit()
    for _ = 1, 2 do
      local value, _, data = raw.take(ring)
      res[data] = value
    end
    assert.equal(0, res.connect)
    own(res.accept)
    assert.is_true(low.getsockname(client) == low.unpack_sockaddr(seen))
    assert.is_nil(peer)
    intact(hoard)
  end)

  it("the path and the Buffer of statx", function()
    local file <close> = temp.file(("x"):rep(77))
    local seen
    do
      local stat = low.buffer(256)
      seen = stat:slice(1)
      raw.prepare(ring, "statx", C.AT_FDCWD, file.path .. "", 0, C.STATX_SIZE,
        stat):set_flags("async")
    end
    ring:submit()
    raw.collect()
    local hoard = reuse()
    assert.equal(0, (raw.take(ring)))
    assert.equal(77, low.unpack_statx(seen).size)
    intact(hoard)
  end)

  it("the time that it waits for", function()
    for i = 1, 5 do
      raw.prepare(ring, "timeout", i % 2 == 0 and { 0, 1000000 } or 0.001)
    end
    ring:submit()
    raw.collect()
    local hoard = reuse()
    for _ = 1, 5 do assert.equal(-errno.ETIME, (raw.take(ring))) end
    intact(hoard)
  end)

  it("the bytes of a BufRing", function()
    raw.prepare(ring, "recv", b, assert(ring:buf_ring {
      bgid = 1, entries = 2, size = SIZE,
    }))
    ring:submit()
    raw.collect()
    local hoard = reuse()
    rows.call(other, "send", a, ("x"):rep(SIZE))
    assert.equal(SIZE, (raw.take(ring)))
    intact(hoard)
  end)

  it("it all until its final CQE, though it was cancelled", function()
    local seen
    local id
    do
      local buffer = low.buffer(SIZE)
      seen = buffer:slice(1, 5)
      id = select(2, raw.prepare(ring, "recv", b, buffer))
    end
    ring:submit()
    raw.prepare(ring, "cancel", id)
    rows.call(other, "send", a, "hello")
    raw.collect()
    local hoard = reuse()
    ring:submit_and_wait(2)
    local received = 0
    for res in ring:cqes() do received = math.max(received, res) end
    if received == 0 then -- the cancel won: nothing was written, nor lost
      assert.equal("\0\0\0\0\0", seen:tostring())
      assert.equal("hello", raw.receive(other, b, 5))
    else
      assert.equal("hello", seen:tostring())
    end
    intact(hoard)
  end)

  it("nothing longer than that", function()
    local weak = setmetatable({}, { __mode = "v" })
    do
      local buffer, text = low.buffer(SIZE), low.slice(("x"):rep(SIZE))
      local data = {}
      weak.buffer, weak.text, weak.data = buffer, text, data
      raw.prepare(ring, "recv", b, buffer):set_data(data)
      raw.prepare(ring, "send", a, text)
    end
    raw.collect()
    assert.is_truthy(weak.text)
    assert.is_truthy(weak.data)
    ring:submit_and_wait(2)
    for res in ring:cqes() do assert.equal(SIZE, res) end
    raw.collect()
    assert.same({}, weak)
  end)
end)

describe("an op in flight when its ring closes", function()
  it("does not write afterwards", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local from, to = own(low.pipe())
    local ring = assert(low.ring(8))
    local buffers = {}
    for i, fd in ipairs { b, from } do
      buffers[i] = low.buffer(SIZE)
      raw.prepare(ring, "read", fd, buffers[i])
      buffers[2 + i] = low.buffer(SIZE)
      raw.prepare(ring, "read", fd, buffers[2 + i]):set_flags("async")
    end
    ring:submit()
    ring:close()
    rows.raw("write", a, "late")
    rows.raw("write", to, "late")
    for i = 1, 4 do
      assert.equal(("\0"):rep(SIZE), buffers[i]:tostring())
    end
    assert.equal("late", raw.receive(assert(low.ring(1)), b, 4))
  end)

  it("does not write to what is collected with the ring", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    for _ = 1, 20 do
      local ring = assert(low.ring(8))
      raw.prepare(ring, "recv", b, low.buffer(SIZE))
      raw.prepare(ring, "send", a, ("x"):rep(100)):set_flags("io_drain")
      ring:submit()
    end
    raw.collect()
    local hoard = reuse()
    rows.raw("send", a, ("y"):rep(SIZE))
    intact(hoard)
  end)
end)

describe("a task keeps", function()
  it("what its op uses, where nobody else does", function()
    within.run(function()
      local own <close> = rows.owner()
      local a, b = sockets.pair(own)
      local got
      uring.spawn(function()
        local buffer = low.buffer(SIZE)
        got = buffer:slice(1, 5)
        uring.op.recv(b, buffer:slice(1))
      end)
      uring.yield()
      raw.collect()
      local hoard = reuse()
      assert(uring.op.send(a, "hello"))
      uring.yield()
      assert.equal("hello", got:tostring())
      intact(hoard)
    end)
  end)

  it("itself alive, and its generators", function()
    within.run(function()
      local own <close> = rows.owner()
      local a, b = sockets.pair(own)
      local got
      uring.spawn(function()
        for bytes in coroutine.wrap(function()
          local buffer = low.buffer(10)
          local count = uring.op.recv(b, buffer)
          coroutine.yield(buffer:sub(1, count))
        end) do got = bytes end
      end)
      for _ = 1, 5 do
        uring.yield()
        raw.collect()
      end
      assert(uring.op.send(a, "alive"))
      for _ = 1, 3 do uring.yield() end
      assert.equal("alive", got)
    end)
  end)
end)
