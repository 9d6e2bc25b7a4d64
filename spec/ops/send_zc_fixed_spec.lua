--- Proves the row send_zc_fixed: a registered Buffer goes out from where it
-- is, and stays there until a notification says that it is free again.
local loop = require "uring.loop"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C, errno = uring.consts, uring.errno
local NAME = "send_zc_fixed"
local UNREAD = 1 << 18 -- more than a connection has room for
local BYTES = 1 << 14

rows.describe(NAME, function()
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

  -- A ring that is closed after the sockets, which ends what is in flight.
  local function ring_with(...)
    local ring = rows.ring()
    assert(ring:register_buffers { ... })
    return ring
  end

  local function text_of(letter)
    return (letter .. "23456789abcdef"):rep(BYTES // 15 + 1):sub(1, BYTES)
  end

  -- Takes what is still to come: results by the data of their ops, and what
  -- the notification gave.
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
    return results, notice
  end

  it("sends a registered Buffer, or a slice of one, then notifies",
    function()
      local first = uring.buffer(5):set(1, "first")
      local second = uring.buffer(8):set(1, "in parts")
      local ring <close> = ring_with(first, second)
      local own <close> = rows.owner()
      local a, b = connect(own)
      for _, each in ipairs {
        { "first", first, 0 }, { "in parts", second, 1 },
        { "part", second:slice(4, 7), 1 },
      } do
        rows.start(ring, NAME, a, each[2], nil, nil, each[3])
        assert.same({ #each[1], C.IORING_CQE_F_MORE, NAME },
          { raw.take(ring) })
        assert.equal(1, ring:in_flight())
        assert.same({ 0, C.IORING_CQE_F_NOTIF, NAME }, { raw.take(ring) })
        assert.equal(0, ring:in_flight())
        assert.equal(each[1], raw.receive(ring, b, #each[1]))
      end
    end)

  it("keeps the Buffer until the notification, registered or not",
    function()
      local ring <close> = ring_with(uring.buffer(1))
      local own <close> = rows.owner()
      local a, b = busy(own)
      local text, junk = text_of("b"), text_of("j")
      do
        local buffer = uring.buffer(BYTES):set(1, text)
        assert(ring:register_buffers_update(0, { buffer }))
        rows.start(ring, NAME, a, buffer, nil, nil, 0)
        buffer:close()
      end
      assert.same({ BYTES, C.IORING_CQE_F_MORE, NAME }, { raw.take(ring) })
      assert(ring:register_buffers_update(0, { false }))
      raw.collect()
      local _junk = { uring.buffer(BYTES):set(1, junk),
        uring.buffer(BYTES):set(1, junk) }
      assert.is_true(receive(b, BYTES) == text)
      assert.same({ {}, 0 }, { finish(ring) })
    end)

  it("tells whether it was copied after all, where told to", function()
    if rows.is_newer("6.2") then return pending("needs Linux 6.2") end
    local buffer = uring.buffer(6):set(1, "buffer")
    local ring <close> = ring_with(buffer)
    local own <close> = rows.owner()
    rows.start(ring, NAME, (connect(own)), buffer, nil,
      C.IORING_SEND_ZC_REPORT_USAGE, 0)
    local results, notice = finish(ring)
    assert.same({ [NAME] = 6 }, results)
    assert.equal(C.IORING_NOTIF_USAGE_ZC_COPIED, notice & 0xffffffff)
  end)

  it("gives the count when awaited, once the notification is there",
    function()
      local own <close> = rows.owner()
      local a, b = busy(own)
      within.run(function()
        local buffer, got = uring.buffer(BYTES):set(1, text_of("a")), nil
        assert(loop.current("this spec").ring:register_buffers { buffer })
        u.spawn(function()
          got = { u.op.send_zc_fixed(a, buffer, nil, nil, 0) }
        end)
        for _ = 1, 10 do u.op.nop() end
        assert.is_nil(got)
        assert.is_true(receive(b, BYTES) == text_of("a"))
        while not got do u.yield() end
        assert.same({ BYTES, C.IORING_CQE_F_NOTIF }, got)
      end)
    end)

  it("refuses what is not registered at its index, in both layers",
    function()
      local buffer, other = uring.buffer(8), uring.buffer(8)
      local ring <close> = ring_with(buffer)
      for why, arguments in pairs {
        ["it is not the buffer registered at this index"] = { other, 0 },
        ["no buffer is registered at this index"] = { buffer, 1 },
      } do
        local message = NAME .. ": bad argument 'buf_index' (" .. why .. ")"
        assert.has_error(function()
          raw.prepare(ring, "nop"):prep_send_zc_fixed(0, arguments[1], nil,
            nil, arguments[2])
        end, message)
        within.run(function()
          assert(loop.current("this spec").ring:register_buffers { buffer })
          assert.has_error(function()
            local _ = u.op.send_zc_fixed(0, arguments[1], nil, nil,
              arguments[2])
          end, message)
        end)
      end
    end)

  it("fails where there is no peer, or none any more", function()
    local buffer = uring.buffer(8)
    local own <close> = rows.owner()
    for name, fd in pairs {
      EOPNOTSUPP = sockets.pair(own), ENOTSOCK = own(uring.pipe()),
      EPIPE = own(uring.socket(C.AF_INET, C.SOCK_STREAM)),
    } do
      local ring <close> = ring_with(buffer)
      rows.start(ring, NAME, fd, buffer, nil, nil, 0)
      assert.same({ [NAME] = -errno[name] }, (finish(ring)))
      within.run(function()
        assert(loop.current("this spec").ring:register_buffers { buffer })
        assert.same({ nil, NAME .. ": " .. uring.strerror(errno[name]),
          errno[name] }, { u.op.send_zc_fixed(fd, buffer, nil, nil, 0) })
      end)
    end
  end)

  it("is cancelled while there is no room", function()
    local buffer = uring.buffer(8)
    local ring <close> = ring_with(buffer)
    local own <close> = rows.owner()
    local a = connect(own)
    raw.fill(a)
    local id = rows.start(ring, NAME, a, buffer, nil, nil, 0)
    assert.equal(0, ring:cq_ready())
    rows.start(ring, "cancel", id)
    assert.same({ [NAME] = -errno.ECANCELED, cancel = 0 }, (finish(ring)))
  end)
end)
