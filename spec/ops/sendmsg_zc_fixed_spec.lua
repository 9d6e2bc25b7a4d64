--- Proves the row sendmsg_zc_fixed: parts of a registered Buffer go out from
-- where they are, then a notification says that they are free again.
local loop = require "uring.loop"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C, errno = uring.consts, uring.errno
local NAME = "sendmsg_zc_fixed"
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

  it("sends parts of a registered Buffer in their order, then notifies",
    function()
      local first = uring.buffer(16):set(1, "0123456789abcdef")
      local second = uring.buffer(8):set(1, "a second")
      local ring <close> = ring_with(first, second)
      local own <close> = rows.owner()
      local a, b = connect(own)
      local parts = uring.iovecs {
        first:slice(11, 16), first:slice(1, 2), first:slice(5, 5),
      }
      for _, each in ipairs {
        { "a second", second, 1 }, { "cond", second:slice(5), 1 },
        { "abcdef014", parts, 0 },
      } do
        local message = uring.message { iov = each[2] }
        rows.start(ring, NAME, a, message, nil, each[3])
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
        rows.start(ring, NAME, a, uring.message {
          iov = uring.iovecs { buffer:slice(BYTES // 2 + 1), buffer },
        }, nil, 0)
        buffer:close()
      end
      assert.same({ 3 * BYTES // 2, C.IORING_CQE_F_MORE, NAME },
        { raw.take(ring) })
      assert(ring:register_buffers_update(0, { false }))
      raw.collect()
      local _junk = { uring.buffer(BYTES):set(1, junk),
        uring.buffer(BYTES):set(1, junk) }
      assert.is_true(receive(b, 3 * BYTES // 2)
        == text:sub(BYTES // 2 + 1) .. text)
      assert.same({ {}, 0 }, { finish(ring) })
    end)

  it("tells whether it was copied after all, where told to", function()
    local buffer = uring.buffer(6):set(1, "buffer")
    local ring <close> = ring_with(buffer)
    local own <close> = rows.owner()
    local message = uring.message { iov = buffer }
    raw.prepare(ring, NAME, (connect(own)), message, nil, 0)
      :set_ioprio(C.IORING_SEND_ZC_REPORT_USAGE):set_data(NAME)
    ring:submit()
    local results, notice = finish(ring)
    assert.same({ [NAME] = 6 }, results)
    assert.equal(C.IORING_NOTIF_USAGE_ZC_COPIED, notice & 0xffffffff)
  end)

  it("gives the count when awaited", function()
    local own <close> = rows.owner()
    local a, b = connect(own)
    within.run(function()
      local buffer = uring.buffer(8):set(1, "awaited!")
      assert(loop.current("this spec").ring:register_buffers { buffer })
      local message = uring.message {
        iov = uring.iovecs { buffer:slice(1, 5), buffer:slice(6) },
      }
      assert.same({ 8, C.IORING_CQE_F_NOTIF },
        { u.op.sendmsg_zc_fixed(a, message, nil, 0) })
      local target = uring.buffer(64)
      assert.equal(8, (u.op.recv(b, target)))
      assert.equal("awaited!", target:sub(1, 8))
    end)
  end)

  it("refuses an index without a buffer, and a message of no Buffer",
    function()
      local buffer = uring.buffer(8)
      local ring <close> = ring_with(buffer)
      local function preparing(iov, index)
        return function()
          local message = uring.message { iov = iov }
          raw.prepare(ring, "nop"):prep_sendmsg_zc_fixed(0, message, nil,
            index)
        end
      end
      local message = NAME .. ": bad argument 'buf_index' "
      assert.has_error(preparing(buffer, 1),
        message .. "(no buffer is registered at this index)")
      assert.has_error(preparing("a string", 0), NAME .. ": bad argument "
        .. "'message' (its parts must be Buffers, not strings)")
    end)

  it("fails where a part is not of that Buffer", function()
    local buffer, other = uring.buffer(8), uring.buffer(8)
    local own <close> = rows.owner()
    local a = connect(own)
    local message = uring.message { iov = uring.iovecs { buffer, other } }
    local ring <close> = ring_with(buffer)
    rows.start(ring, NAME, a, message, nil, 0)
    assert.same({ [NAME] = -errno.EFAULT }, (finish(ring)))
    within.run(function()
      assert(loop.current("this spec").ring:register_buffers { buffer })
      assert.same({ nil, NAME .. ": Bad address", errno.EFAULT },
        { u.op.sendmsg_zc_fixed(a, message, nil, 0) })
    end)
  end)

  it("fails where there is no peer", function()
    local buffer = uring.buffer(8)
    local own <close> = rows.owner()
    local message = uring.message { iov = buffer }
    for name, fd in pairs {
      EOPNOTSUPP = sockets.pair(own), ENOTSOCK = own(uring.pipe()),
      EPIPE = own(uring.socket(C.AF_INET, C.SOCK_STREAM)),
    } do
      local ring <close> = ring_with(buffer)
      rows.start(ring, NAME, fd, message, nil, 0)
      assert.same({ [NAME] = -errno[name] }, (finish(ring)))
    end
  end)

  it("is cancelled while there is no room", function()
    local buffer = uring.buffer(8)
    local ring <close> = ring_with(buffer)
    local own <close> = rows.owner()
    local a = connect(own)
    raw.fill(a)
    local message = uring.message { iov = buffer }
    local id = rows.start(ring, NAME, a, message, nil, 0)
    assert.equal(0, ring:cq_ready())
    rows.start(ring, "cancel", id)
    assert.same({ [NAME] = -errno.ECANCELED, cancel = 0 }, (finish(ring)))
  end)
end)
