--- The kernel consumes an incremental buffer piece by piece: each piece is
-- found where it is, and the buffer goes back when all of them are taken.
local leaks = require "spec.support.leaks"
local loop = require "uring.loop"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local temp = require "spec.support.temp"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C, errno = uring.consts, uring.errno
local SHIFT = C.IORING_CQE_BUFFER_SHIFT
local MORE = C.IORING_CQE_F_BUF_MORE or 16

leaks.watch()

local ring, buffers, own, a, b

local function make(entries, size, mapped)
  buffers = ring:buf_ring {
    bgid = 3, entries = entries, size = size, incremental = true,
    mapped = mapped,
  }
  if not buffers then pending "needs Linux 6.12" end
end

local function set_up()
  own = rows.owner()
  a, b = sockets.pair(own)
  ring = assert(uring.ring(16))
end

local function tear_down()
  ring:close()
  getmetatable(own).__close(own)
  ring, buffers, own = nil, nil, nil
end

-- One op, whatever else is in flight: {res =, flags =, bid =, more =}
local function reap()
  local cqe = rows.reap(ring, 1)[1]
  cqe.bid, cqe.more = cqe.flags >> SHIFT, cqe.flags & MORE ~= 0
  return cqe
end

local function receive(text, row, ...)
  assert.equal(#text, (rows.raw("send", a, text)))
  rows.start(ring, row or "recv", b, buffers, ...)
  return reap()
end

local function string_of(cqe)
  return buffers:string(cqe.flags, cqe.res)
end

-- The bytes of the completions, of one or several pieces, that bring them.
local function gather(size)
  local got = ""
  while #got < size do
    assert(ring:submit_and_wait(1, 10))
    for res, flags in ring:cqes() do
      got = got .. buffers:string(flags, res)
    end
  end
  return got
end

local function counts()
  return { buffers:available(), buffers:head() }
end

describe("an incremental buffer", function()
  before_each(set_up)
  after_each(tear_down)

  for _, row in ipairs { "recv", "read" } do
    for name, mapped in pairs { [""] = false, [" and mapped"] = true } do
      it("is filled" .. name .. " piece by piece by " .. row, function()
        make(2, 16, mapped)
        local first = receive("12345", row)
        assert.same({ 0, true }, { first.bid, first.more })
        assert.same({ 2, 0 }, counts()) -- it can still be picked
        local second = receive("6789", row)
        assert.same({ 0, true }, { second.bid, second.more })
        local third = receive("abcdefghij", row) -- more than is left
        assert.same({ 0, false, 7 }, { third.bid, third.more, third.res })
        assert.same({ 1, 1 }, counts())
        assert.equal("12345", string_of(first))
        assert.equal("6789", string_of(second))
        assert.same({ 1, 1 }, counts())
        assert.equal("abcdefg", string_of(third))
        assert.same({ 2, 1 }, counts())
        local fourth = receive("!", row)
        assert.same({ 1, true }, { fourth.bid, fourth.more })
        assert.equal("hij!", string_of(fourth))
      end)
    end
  end

  it("is filled piece by piece by one recv_multishot", function()
    make(4, 64)
    rows.start(ring, "recv_multishot", b, buffers)
    for i = 1, 200 do
      local text = ("%d,"):format(i):rep(i % 3 + 1)
      assert.equal(#text, (rows.raw("send", a, text)))
      assert.equal(text, gather(#text))
    end
    assert.equal(1, ring:in_flight())
    assert.equal(4, buffers:available())
  end)

  it("is filled piece by piece by one read_multishot", function()
    make(2, 16)
    local from, to = own(uring.pipe())
    rows.start(ring, "read_multishot", from, buffers)
    for i = 1, 50 do
      local text = ("%04d"):format(i)
      assert.equal(4, (rows.raw("write", to, text)))
      local cqe = reap()
      assert.equal(i % 4 ~= 0, cqe.more)
      assert.equal(text, string_of(cqe))
    end
  end)

  it("comes back only when all pieces were taken", function()
    make(1, 10)
    local first, second = receive("12345"), receive("6789")
    local third = receive("0")
    assert.same({ 0, 1 }, counts())
    assert.same({ true, true, false }, { first.more, second.more, third.more })
    for i, cqe in ipairs { first, second } do
      string_of(cqe)
      assert.equal(0, buffers:available(), i)
      assert.equal(-errno.ENOBUFS, receive("x").res)
    end
    string_of(third)
    assert.equal(1, buffers:available())
    assert.equal("xx", string_of(receive("")))
  end)

  it("is given back unread with all its pieces by its number", function()
    make(1, 8)
    receive("1234")
    receive("5678")
    assert.equal(0, buffers:available())
    buffers:recycle(0)
    assert.equal(1, buffers:available())
    assert.error_matches(function() buffers:recycle(0) end,
      "the buffer is not out")
    assert.equal("again", string_of(receive("again")))
  end)

  it("goes on behind a piece that was recycled", function()
    make(1, 16)
    assert.is_true(receive("1234").more)
    buffers:recycle(0)
    local cqe = receive("5678")
    assert.same({ 0, true }, { cqe.bid, cqe.more })
    assert.equal("5678", string_of(cqe))
    assert.error_matches(function() buffers:recycle(0) end,
      "the buffer is not out")
  end)

  it("is taken in the order in which it was filled", function()
    make(1, 64)
    local first, second = receive("first"), receive("second one")
    assert.error_matches(function() string_of(second) end, "not a byte count")
    for _, res in ipairs { -1, 0, 4, 6, 15, 64, math.maxinteger } do
      assert.error_matches(function() buffers:string(first.flags, res) end,
        "not a byte count")
    end
    assert.equal("first", string_of(first))
    assert.error_matches(function() string_of(first) end, "not a byte count")
    assert.equal("second one", string_of(second))
    assert.error_matches(function() string_of(second) end,
      "the buffer is not out")
  end)

  it("serves several ops in turn", function()
    make(2, 32)
    local c, d = sockets.pair(own)
    rows.start(ring, "recv_multishot", b, buffers)
    rows.start(ring, "recv_multishot", d, buffers)
    for i = 1, 100 do
      local text = ("%03d"):format(i)
      rows.raw("send", i % 2 == 0 and a or c, text)
      assert.equal(text, gather(3))
    end
    assert.equal(2, ring:in_flight())
  end)

  it("ends a multishot op where it is the last, until it is back", function()
    make(1, 8)
    rows.start(ring, "recv_multishot", b, buffers)
    rows.raw("send", a, "12345678")
    local res, flags = raw.take(ring)
    assert.equal(0, flags & MORE)
    rows.raw("send", a, "more")
    assert.equal(-errno.ENOBUFS, (raw.take(ring))) -- in older kernels at once
    assert.equal(0, ring:in_flight())
    assert.equal("12345678", buffers:string(flags, res))
    rows.start(ring, "recv_multishot", b, buffers)
    assert.equal("more", string_of(reap()))
  end)

  it("is no matter to who awaits", function()
    if rows.is_newer "6.12" then pending "needs Linux 6.12" end
    within.run(function()
      local mine = assert(loop.current("this spec").ring:buf_ring {
        bgid = 3, entries = 2, size = 16, incremental = true,
      })
      for i = 1, 50 do
        local text = ("message %d"):format(i)
        assert(u.op.send(a, text))
        local got = ""
        while #got < #text do got = got .. assert(u.op.recv(b, mine)) end
        assert.equal(text, got)
      end
      assert.equal(2, mine:available())
    end)
  end)
end)

describe("views of an incremental buffer", function()
  before_each(set_up)
  after_each(tear_down)

  it("keep it, each with its own bytes", function()
    make(1, 10)
    local views = {}
    for _, text in ipairs { "123", "4567", "890" } do
      local cqe = receive(text)
      views[#views + 1] = buffers:view(cqe.flags, cqe.res)
    end
    assert.equal(0, buffers:available())
    views[2]:close()
    views[1]:close()
    assert.equal(-errno.ENOBUFS, receive("abc").res)
    assert.equal("890", views[3]:tostring())
    assert.error_matches(function() buffers:recycle(views[1]) end,
      "the view was recycled")
    buffers:recycle(views[3])
    assert.equal(1, buffers:available())
    assert.equal("abc", string_of(receive("")))
  end)

  it("that are closed before it is full do not bring it back", function()
    make(2, 8)
    local cqe = receive("1234")
    buffers:view(cqe.flags, cqe.res):close()
    assert.same({ 2, 0 }, counts())
    cqe = receive("5678")
    assert.same({ 0, false }, { cqe.bid, cqe.more })
    assert.same({ 1, 1 }, counts())
    local view <close> = buffers:view(cqe.flags, cqe.res)
    assert.equal("5678", view:tostring())
  end)

  it("may be more than 16 bits count", function()
    make(1, 1 << 17)
    local from, to = own(uring.socketpair(C.SOCK_SEQPACKET))
    local views, other = {}, rows.ring()
    rows.start(ring, "recv_multishot", to, buffers)
    while #views < (1 << 16) + 1 do
      for _ = 1, 16 do raw.prepare(other, "send", from, "x") end
      other:submit_and_wait(16)
      for _ in other:cqes() do end
      ring:submit_and_wait(0)
      for res, flags in ring:cqes() do
        views[#views + 1] = buffers:view(flags, res)
      end
    end
    other:close()
    ring:get_sqe():prep_cancel_any()
    ring:submit_and_wait(2)
    for _ in ring:cqes() do end
    buffers:recycle(views[1])
    -- All the rest of it, in one piece: it is picked now.
    local rest = (1 << 17) - #views
    assert(uring.setsockopt(a, C.SOL_SOCKET, C.SO_SNDBUF, 1 << 19))
    local cqe = receive(("y"):rep(rest))
    assert.same({ rest, false }, { cqe.res, cqe.more })
    string_of(cqe)
    assert.same({ 0, 1 }, counts())
    assert.equal("x", views[2]:tostring())
    for _, view in ipairs(views) do view:close() end
    assert.equal(1, buffers:available())
  end)
end)

-- Some ops take more of a buffer than they fill, and none tells how much.
describe("a piece begins where it does", function()
  before_each(set_up)
  after_each(tear_down)

  local function assert_next(text)
    local cqe = receive(text)
    assert.equal(#text, cqe.res)
    assert.equal(text, string_of(cqe))
  end

  it("after a file, for which the kernel cannot wait", function()
    make(4, 64)
    local file <close> = temp.file("abc")
    local fd = own((rows.raw("openat", C.AT_FDCWD, file.path)))
    for _ = 1, 6 do
      rows.start(ring, "read", fd, buffers, 0)
      assert.equal("abc", string_of(reap()))
      assert_next("def")
    end
  end)

  it("after a file's end", function()
    make(2, 64)
    local file <close> = temp.file("")
    local fd = own((rows.raw("openat", C.AT_FDCWD, file.path)))
    for _ = 1, 6 do
      rows.start(ring, "read", fd, buffers, 0)
      local cqe = reap()
      assert.equal(0, cqe.res)
      if cqe.flags & C.IORING_CQE_F_BUFFER ~= 0 then
        assert.equal("", string_of(cqe))
      end
      assert_next("def")
    end
    assert.equal(2, buffers:available())
  end)

  for _, flag in ipairs { false, "async" } do
    local name = flag and " by a worker" or ""
    it("after fewer bytes than were asked for" .. name, function()
      make(4, 64)
      for _ = 1, 6 do
        rows.raw("send", a, "abc")
        local sqe = raw.prepare(ring, "recv", b, uring.buffer(8))
        if flag then sqe:set_flags(flag) end
        sqe:set_buf_group(3)
        ring:submit()
        assert.equal("abc", string_of(reap()))
        assert_next("def")
      end
    end)
  end

  it("after fewer bytes of a file than were asked for", function()
    make(4, 64)
    local file <close> = temp.file("abc")
    local fd = own((rows.raw("openat", C.AT_FDCWD, file.path)))
    for _ = 1, 6 do
      raw.prepare(ring, "read", fd, uring.buffer(8), 0):set_buf_group(3)
      ring:submit()
      assert.equal("abc", string_of(reap()))
      assert_next("def")
    end
  end)

  it("after a vector of which a file fills a part, or that is refused",
    function()
      make(4, 64)
      local file <close> = temp.file("abc")
      local fd = own((rows.raw("openat", C.AT_FDCWD, file.path)))
      local sqe = raw.prepare(ring, "readv", fd,
        uring.iovecs { uring.buffer(8) }, 0)
      if pcall(sqe.set_buf_group, sqe, 3) then
        ring:submit()
        assert.equal("abc", string_of(reap()))
      else
        ring:submit()
        assert.equal(3, reap().res)
      end
      assert_next("def")
    end)

  it("after an op by a worker was cancelled", function()
    make(2, 64)
    for _ = 1, 4 do
      local sqe, id = raw.prepare(ring, "recv", b, uring.buffer(8))
      sqe:set_flags("async"):set_buf_group(3):set_data("recv")
      ring:submit()
      while ring:in_flight() > 0 do -- a worker at work is not cancelled
        ring:get_sqe():prep_cancel(id)
        ring:submit_and_wait(1)
        for _, flags in ring:cqes() do
          if flags & C.IORING_CQE_F_BUFFER ~= 0 then
            buffers:recycle(flags >> SHIFT)
          end
        end
      end
      assert_next("def")
    end
  end)

  it("after MSG_WAITALL has waited, or that is refused", function()
    make(4, 64)
    local c, d = sockets.pair(own)
    local sqe = ring:get_sqe()
    if not pcall(sqe.prep_recv, sqe, d, buffers, C.MSG_WAITALL) then return end
    ring:submit()
    for _, text in ipairs { "0123456789", "abcdefghij" } do
      rows.raw("send", c, text)
      ring:submit_and_wait(0)
    end
    rows.raw("shutdown", c, C.SHUT_WR)
    local cqe = reap()
    assert.equal(20, cqe.res)
    local view <close> = buffers:view(cqe.flags, cqe.res)
    for i = 1, 3 do assert_next("message " .. i) end
    assert.equal("0123456789abcdefghij", view:tostring())
  end)
end)

describe("closing with pieces out", function()
  before_each(set_up)
  after_each(tear_down)

  it("the BufRing leaves them to be taken", function()
    make(1, 64)
    local first, second = receive("first"), receive("second")
    local view = buffers:view(first.flags, first.res)
    buffers:close()
    assert.equal("second", string_of(second))
    assert.equal("first", view:tostring())
    view:close()
  end)

  it("the ring leaves them to be taken", function()
    make(1, 64)
    local first, second = receive("first"), receive("second")
    local view = buffers:view(first.flags, first.res)
    ring:close()
    assert.equal("second", string_of(second))
    buffers = nil
    raw.collect()
    assert.equal("first", view:tostring())
  end)
end)
