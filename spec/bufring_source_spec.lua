--- What is sent from buffer rings: views of what was received, which keep
-- their buffer for as long, and sources, which are filled to be sent.
local leaks = require "spec.support.leaks"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local uring = require "uring.ring"

local C, errno = uring.consts, uring.errno
local ENTRIES, SIZE = 4, 16
local SHIFT = C.IORING_CQE_BUFFER_SHIFT

leaks.watch()

local ring, own, a, b

local function set_up()
  own = rows.owner()
  a, b = sockets.pair(own)
  ring = assert(uring.ring(16))
end

local function tear_down()
  ring:close()
  getmetatable(own).__close(own)
  ring, own = nil, nil
end

-- One op, whatever else is in flight.
local function call(...)
  rows.start(ring, ...)
  local cqe = rows.reap(ring, 1)[1]
  assert.equal((...), cqe.data)
  return cqe.res, cqe.flags
end

describe("a view in flight", function()
  local buffers

  before_each(function()
    set_up()
    buffers = assert(ring:buf_ring {
      bgid = 3, entries = ENTRIES, size = SIZE,
    })
  end)

  after_each(function()
    tear_down()
    buffers = nil
  end)

  local function view_of(text)
    call("send", a, text)
    local res, flags = call("recv", b, buffers)
    return buffers:view(flags, res)
  end

  -- Starts a send that cannot go on before room() was called.
  local function blocked(row, what)
    local c, d = sockets.pair(own)
    local filled = raw.fill(c)
    rows.start(ring, row, c, what)
    assert.equal(0, ring:submit_and_wait(0))
    assert.equal(0, ring:cq_ready())
    return function()
      local reader <close> = rows.ring()
      raw.receive(reader, d, filled)
      assert.equal(row, rows.reap(ring, 1)[1].data)
      return raw.receive(reader, d, 5)
    end
  end

  local function keeps(row, wrap)
    local view = view_of("hello")
    local room = blocked(row, wrap(view))
    view:close()
    raw.collect()
    assert.equal(ENTRIES - 1, buffers:available())
    for i = 1, 2 * ENTRIES do
      view_of(("%16d"):format(i)):close()
      assert.equal(ENTRIES - 1, buffers:available())
    end
    assert.equal("hello", room())
    raw.collect()
    assert.equal(ENTRIES, buffers:available())
  end

  it("as what is sent keeps its buffer", function()
    keeps("send", function(view) return view end)
  end)

  it("as a slice keeps its buffer", function()
    keeps("send", function(view) return view:slice(1, 5) end)
  end)

  it("in iovecs keeps its buffer", function()
    keeps("writev", function(view) return uring.iovecs { view } end)
  end)

  it("in a message keeps its buffer", function()
    keeps("sendmsg", function(view) return uring.message { iov = view } end)
  end)

  it("goes from one connection to the other without a copy", function()
    local c, d = sockets.pair(own)
    for i = 1, 50 do
      local view = view_of("message " .. i)
      rows.start(ring, "send", c, view)
      view:close()
      local length = #tostring(i) + 8
      assert.equal(length, rows.reap(ring, 1)[1].res)
      assert.equal("message " .. i, raw.receive(ring, d, length))
    end
    assert.equal(ENTRIES, buffers:available())
  end)

  it("may be all that is left when the ring closes", function()
    local view = view_of("hello")
    blocked("send", view)
    view:close()
    assert.equal(ENTRIES - 1, buffers:available())
    ring:close()
    assert.equal(ENTRIES, buffers:available()) -- the send was over before
  end)
end)

-- Adds texts until nothing is free, and returns how many there were.
local function fill(source, text)
  for count = 0, 1000 do
    local bid, message, code = source:add(text or "again")
    if not bid then
      assert.same({ "add: No buffer space available", errno.ENOBUFS },
        { message, code })
      return count
    end
  end
end

for kind, options in pairs {
  ["a source"] = { since = "6.10" }, -- what sends from one
  ["a source that is mapped"] = { since = "6.10", mapped = true },
  ["a source that is incremental"] = { since = "6.12", incremental = true },
} do
describe(kind, function()
  if rows.is_newer(options.since) then
    return pending("needs Linux " .. options.since)
  end
  local source

  local function make(size)
    source = assert(ring:buf_ring {
      bgid = 3, entries = ENTRIES, size = size or SIZE, source = true,
      mapped = options.mapped, incremental = options.incremental,
    })
  end

  before_each(function()
    set_up()
    make()
  end)

  after_each(function()
    tear_down()
    source = nil
  end)

  local function counts()
    return { source:available(), source:head() }
  end

  it("begins empty, and is filled buffer by buffer", function()
    assert.same({ 0, 0 }, counts())
    local seen = {}
    for i = 1, ENTRIES do
      local bid = source:add("text " .. i)
      assert.is_nil(seen[bid])
      assert.is_true(0 <= bid and bid < ENTRIES)
      seen[bid] = true
      assert.same({ i, 0 }, counts())
    end
    assert.equal(0, fill(source))
  end)

  it("takes strings of 1 to as many bytes as a buffer has", function()
    local full = ("x"):rep(SIZE)
    assert.is_number(source:add(full))
    assert.is_number(source:add("\0"))
    for _, text in ipairs { "", full .. "x" } do
      assert.error_matches(function() source:add(text) end,
        "empty, or longer than a buffer")
    end
    assert.error_matches(function() source:add({}) end, "string expected")
    assert.equal(2, source:available())
    assert.equal(SIZE + 1, (call("send_bundle", a, source)))
    assert.equal(full .. "\0", raw.receive(ring, b, SIZE + 1))
  end)

  it("has its buffers again when they were sent and taken", function()
    for round = 1, 10 do
      for i = 1, 3 do source:add(("%d.%d "):format(round, i)) end
      local text = ("%d.1 %d.2 %d.3 "):format(round, round, round)
      local res, flags = call("send_bundle", a, source)
      assert.equal(#text, res)
      assert.same({ 0, 3 * round }, counts())
      assert.equal(text, source:string(flags, res))
      assert.equal(text, raw.receive(ring, b, #text))
    end
    assert.equal(ENTRIES, fill(source))
  end)

  it("does not fill a buffer that is out", function()
    for i = 1, 3 do source:add("text " .. i) end
    local res, flags = call("send_bundle", a, source)
    assert.equal(1, fill(source, "other"))
    assert.equal("text 1text 2text 3", source:string(flags, res))
    assert.equal(3, fill(source))
  end)

  it("shows what it has sent until the views are closed", function()
    source:add("one")
    source:add("two")
    local res, flags = call("send_bundle", a, source)
    assert.equal(6, res)
    local one, two = source:view(flags, res)
    assert.equal(2, fill(source))
    assert.same({ "one", "two" }, { one:tostring(), two:tostring() })
    one:close()
    assert.equal(1, fill(source))
    assert.equal("two", two:tostring())
    source:recycle(two)
    assert.error_matches(function() source:recycle(two) end,
      "the view was recycled")
    assert.equal(1, fill(source))
  end)

  it("is recycled by the number of the first that was sent", function()
    source:add("one")
    source:add("two")
    local _, flags = call("send_bundle", a, source)
    source:recycle(flags >> SHIFT)
    assert.error_matches(function() source:recycle(flags >> SHIFT) end,
      "the buffer is not out")
    assert.equal(ENTRIES, fill(source))
  end)

  it("serves a plain send too, buffer by buffer", function()
    source:add("one")
    source:add("three")
    for _, text in ipairs { "one", "three" } do
      raw.prepare(ring, "send", a, ("x"):rep(SIZE)):set_buf_group(3)
      ring:submit()
      local res, flags = raw.take(ring)
      assert.equal(#text, res)
      assert.equal(text, source:string(flags, res))
      assert.equal(text, raw.receive(ring, b, #text))
    end
    assert.equal(0, source:available())
    assert.equal(ENTRIES, fill(source))
  end)

  it("knows what a short send has let go of", function()
    local size <const> = 30000
    source:close()
    make(size)
    assert(uring.setsockopt(a, C.SOL_SOCKET, C.SO_SNDBUF, 4096))
    local all = ""
    for i = 1, ENTRIES do
      local text = string.char(64 + i):rep(size)
      source:add(text)
      all = all .. text
    end
    local res, flags = call("send_bundle", a, source,
      C.MSG_DONTWAIT | C.MSG_NOSIGNAL)
    assert.is_true(0 < res and res < #all)
    assert.equal(all:sub(1, res), source:string(flags, res))
    assert.equal(all:sub(1, res), raw.receive(ring, b, res))
    local rest, left = all:sub(res + 1), source:available()
    assert.equal(ENTRIES - left, fill(source, "!"))
    if left > 0 then -- the kernel has kept what it did not send
      res, flags = call("send_bundle", a, source)
      assert.equal((rest .. "!"):sub(1, res), source:string(flags, res))
    end
  end)

  it("is as it was where the peer has gone", function()
    own:close(b)
    for i = 1, 3 do source:add("lost " .. i) end
    local res, flags = call("send_bundle", a, source)
    assert.equal(-errno.EPIPE, res)
    if flags & C.IORING_CQE_F_BUFFER ~= 0 then
      source:recycle(flags >> SHIFT)
    end
    assert.equal(0, source:available())
    assert.equal(ENTRIES, fill(source))
  end)

  it("that is closed takes no more, and what is in flight is sent", function()
    local filled = raw.fill(a)
    source:add("in flight")
    rows.start(ring, "send_bundle", a, source)
    assert.equal(0, ring:submit_and_wait(0))
    source:close()
    assert.error_matches(function() source:add("more") end,
      "attempt to use a closed buffer ring")
    assert.error_matches(function() source:head() end,
      "attempt to use a closed buffer ring")
    local reader <close> = rows.ring()
    raw.receive(reader, b, filled)
    local cqe = rows.reap(ring, 1)[1]
    assert.equal(9, cqe.res)
    assert.equal("in flight", source:string(cqe.flags, cqe.res))
    assert.equal("in flight", raw.receive(reader, b, 9))
  end)
end)
end

describe("a BufRing that is no source", function()
  before_each(set_up)
  after_each(tear_down)

  it("cannot be added to", function()
    local buffers = ring:buf_ring { bgid = 3, entries = 1, size = SIZE }
    assert.error_matches(function() buffers:add("text") end,
      "not a source: it is to receive")
  end)

  it("cannot be sent from, nor a source be received into", function()
    local buffers = ring:buf_ring { bgid = 3, entries = 1, size = SIZE }
    local source = ring:buf_ring {
      bgid = 4, entries = 1, size = SIZE, source = true,
    }
    local sqe = ring:get_sqe()
    assert.error_matches(function() sqe:prep_send_bundle(a, buffers) end,
      "the buffer ring is to receive, not a source")
    for _, row in ipairs { "recv", "read", "recv_multishot", "recv_bundle",
      "read_multishot", "recv_multishot_bundle" } do
      assert.error_matches(function() sqe["prep_" .. row](sqe, b, source) end,
        "the buffer ring is a source, to send from")
    end
  end)
end)
