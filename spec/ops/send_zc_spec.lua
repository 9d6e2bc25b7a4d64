--- Proves the row send_zc: bytes go out from where they are, and stay there
-- until a notification says that they are free again.
-- Here a ring is made before the sockets, and so is closed after them: else
-- a test that fails would wait for a notification that never comes.
local core = require "uring.core"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C, errno = uring.consts, uring.errno
local COPIED = C.IORING_NOTIF_USAGE_ZC_COPIED
local VECTORIZED = 1 << 5 -- IORING_SEND_VECTORIZED
local UNREAD = 1 << 18 -- more than a connection has room for
local BYTES = 1 << 14

rows.describe("send_zc", function()
  local function connect(own)
    local listener, address = sockets.listener(own)
    assert(uring.setsockopt(listener, C.SOL_SOCKET, C.SO_RCVBUF, 32768))
    local client = sockets.client(own, address)
    return client, own((rows.raw("accept", listener)))
  end

  -- Two ends of a connection, on which more is still to be read than it has
  -- room for: what is sent now waits behind that.
  local function busy(own)
    local client, server = connect(own)
    assert.equal(UNREAD, (rows.raw("send", client, ("."):rep(UNREAD))))
    return client, server
  end

  local function receive(fd, count)
    local reader <close> = rows.ring()
    raw.receive(reader, fd, UNREAD)
    return raw.receive(reader, fd, count)
  end

  local function text_of(letter)
    return (letter .. "23456789abcdef"):rep(BYTES // 15 + 1):sub(1, BYTES)
  end

  -- Starts one and takes its result, so that the notification is to come.
  local function start(ring, ...)
    rows.start(ring, "send_zc", ...)
    assert.same({ BYTES, C.IORING_CQE_F_MORE, "send_zc" },
      { raw.take(ring) })
    assert.equal(0, ring:cq_ready())
    assert.equal(1, ring:in_flight())
  end

  -- Takes what is still to come: a result, that of the notification, and
  -- that of a cancel; each may be nil.
  local function finish(ring)
    local results, notice = {}, nil
    repeat
      local res, flags, data = raw.take(ring)
      if flags & C.IORING_CQE_F_NOTIF ~= 0 then
        notice = res
      else
        results[data] = res
      end
    until ring:in_flight() == 0
    return results.send_zc, notice, results.cancel
  end

  it("completes with a count, then with a notification", function()
    local ring <close> = rows.ring()
    local own <close> = rows.owner()
    local a, b = connect(own)
    local buffer = uring.buffer(6):set(1, "buffer")
    for _, each in ipairs {
      { "string", "string" }, { buffer, "buffer" }, { "", "" },
      { buffer:slice(2, 3), "uf" }, { uring.slice("a slice", 3), "slice" },
    } do
      rows.start(ring, "send_zc", a, each[1])
      assert.same({ #each[2], C.IORING_CQE_F_MORE, "send_zc" },
        { raw.take(ring) })
      assert.equal(1, ring:in_flight())
      assert.same({ 0, C.IORING_CQE_F_NOTIF, "send_zc" },
        { raw.take(ring) })
      assert.equal(0, ring:in_flight())
      assert.equal(each[2], raw.receive(ring, b, #each[2]))
    end
  end)

  it("keeps a string until the notification", function()
    local ring <close> = rows.ring()
    local own <close> = rows.owner()
    local a, b = busy(own)
    start(ring, a, text_of("s"))
    raw.collect()
    local _junk = { text_of("j"), text_of("k"), text_of("l") }
    assert.is_true(receive(b, BYTES) == text_of("s"))
    assert.same({ nil, 0 }, { finish(ring) })
  end)

  it("keeps a Buffer until the notification, though it is closed", function()
    local ring <close> = rows.ring()
    local own <close> = rows.owner()
    local a, b = busy(own)
    local text, junk = text_of("b"), text_of("j")
    local buffer = uring.buffer(BYTES):set(1, text)
    start(ring, a, buffer)
    buffer:close()
    raw.collect()
    local _junk = { uring.buffer(BYTES):set(1, junk),
      uring.buffer(BYTES):set(1, junk) }
    assert.is_true(receive(b, BYTES) == text)
    assert.same({ nil, 0 }, { finish(ring) })
  end)

  it("tells whether it was copied after all, where told to", function()
    if rows.is_newer("6.2") then return pending("needs Linux 6.2") end
    local ring <close> = rows.ring()
    local own <close> = rows.owner()
    local a = connect(own)
    local report = C.IORING_SEND_ZC_REPORT_USAGE
    rows.start(ring, "send_zc", a, "by argument", nil, report)
    local res, notice = finish(ring)
    assert.same({ 11, COPIED }, { res, notice & 0xffffffff }) -- by loopback
    raw.prepare(ring, "send_zc", a, "by set_ioprio")
      :set_ioprio(report):set_data("send_zc")
    ring:submit()
    res, notice = finish(ring)
    assert.same({ 13, COPIED }, { res, notice & 0xffffffff })
  end)

  it("gives the count when awaited, once the notification is there",
    function()
      local own <close> = rows.owner()
      local a, b = busy(own)
      within.run(function()
        local got
        u.spawn(function() got = { u.op.send_zc(a, text_of("a")) } end)
        for _ = 1, 10 do u.op.nop() end
        raw.collect()
        local _junk = { text_of("j"), text_of("k"), text_of("l") }
        assert.is_nil(got)
        assert.is_true(receive(b, BYTES) == text_of("a"))
        while not got do u.yield() end
        assert.same({ BYTES, C.IORING_CQE_F_NOTIF }, got)
      end)
    end)

  it("is over where it fails, with a notification or without", function()
    local own <close> = rows.owner()
    local a = connect(own)
    for name, fd in pairs {
      EOPNOTSUPP = sockets.pair(own), -- Unix sockets only copy
      ENOTSOCK = own(uring.pipe()), EBADF = rows.NOT_OPEN,
      EPIPE = own(uring.socket(C.AF_INET, C.SOCK_STREAM)),
    } do
      local ring <close> = rows.ring()
      rows.start(ring, "send_zc", fd, "x")
      assert.equal(-errno[name], (finish(ring)))
      local message = "send_zc: " .. uring.strerror(errno[name])
      assert.same({ nil, message, errno[name] },
        { rows.await("send_zc", fd, "x") })
    end
    local ring <close> = rows.ring()
    raw.prepare(ring, "send_zc", a, "x"):set_personality(4711)
    ring:submit()
    assert.same({ -errno.EINVAL, 0 }, { raw.take(ring) })
    assert.equal(0, ring:in_flight())
  end)

  it("is cancelled while there is no room", function()
    local ring <close> = rows.ring()
    local own <close> = rows.owner()
    local a = connect(own)
    local id
    repeat -- where the peer's kernel has made room after all it goes
      raw.fill(a)
      id = rows.start(ring, "send_zc", a, "x")
    until ring:cq_ready() == 0 or finish(ring) ~= 1
    assert.equal(0, ring:cq_ready())
    rows.start(ring, "cancel", id)
    local res, _, cancel = finish(ring)
    assert.same({ -errno.ECANCELED, 0 }, { res, cancel })
  end)

  it("refuses flags that make the kernel take the bytes for pointers",
    function()
      local ring <close> = rows.ring()
      assert.error_matches(function()
        raw.prepare(ring, "send_zc", 0, "bytes", nil, VECTORIZED)
      end, "send_zc: bad argument 'zc_flags'")
      assert.error_matches(function()
        raw.prepare(ring, "send_zc", 0, "bytes"):set_ioprio(VECTORIZED)
      end, "set_ioprio")
    end)

  -- Closes a ring, and returns how many seconds that takes.
  local function closing(ring)
    local before = core.now()
    ring:close()
    return (core.now() - before) / 1e9
  end

  it("is waited for when the ring closes, up to the notification",
    function()
      local ring <close> = rows.ring()
      local own <close> = rows.owner()
      local a, b = busy(own)
      start(ring, a, text_of("s"))
      local reader <close> = rows.ring()
      local buffer = uring.buffer(UNREAD + BYTES)
      reader:chain(function(chain) -- which reads while the ring closes
        local timeout, recv = chain:get_sqe(), chain:get_sqe()
        timeout:prep_timeout(0.2)
        timeout:set_flags("io_hardlink")
        recv:prep_recv(b, buffer, C.MSG_WAITALL)
      end)
      reader:submit()
      assert.is_true(closing(ring) > 0.1)
      local results = rows.reap(reader, 2)
      assert.equal(UNREAD + BYTES, results[2].res)
      assert.is_true(buffer:sub(UNREAD + 1) == text_of("s"))
    end)

  it("is over at once where the connection is, when the ring closes",
    function()
      local ring <close> = rows.ring()
      local own <close> = rows.owner()
      local a, b = busy(own)
      start(ring, a, text_of("s"))
      own:close(b) -- which resets it
      assert.is_true(closing(ring) < 0.9)
    end)

  it("is given up after a second when the ring closes, with its Buffer",
    function()
      local own <close> = rows.owner()
      local a = busy(own)
      local ring <close> = rows.ring()
      start(ring, a, uring.buffer(BYTES))
      local taken = closing(ring)
      assert.is_true(0.9 < taken and taken < 5)
    end)
end)
