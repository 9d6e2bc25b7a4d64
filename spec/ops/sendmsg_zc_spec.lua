--- Proves the row sendmsg_zc: the parts of a message go out from where they
-- are, and stay there until a notification says that they are free again.
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C, errno = uring.consts, uring.errno
local NAME = "sendmsg_zc"
local UNREAD = 1 << 18 -- more than a connection has room for
local BYTES = 1 << 14

-- What may be sent must be Buffers: strings cannot outlive Lua.
local function bytes(text)
  return uring.buffer(#text):set(1, text)
end

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

  local function text_of(letter)
    return (letter .. "23456789abcdef"):rep(BYTES // 15 + 1):sub(1, BYTES)
  end

  -- A message of a string and a Buffer, which only it refers to.
  local function message_of(letter)
    local buffer = uring.buffer(BYTES):set(1, text_of(letter))
    return uring.message {
      iov = uring.iovecs { bytes(text_of(letter)), buffer },
    }
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

  it("sends the parts of a message in their order, then notifies",
    function()
      local ring <close> = rows.ring()
      local own <close> = rows.owner()
      local a, b = connect(own)
      local buffer = uring.buffer(6):set(1, "buffer")
      local parts = uring.iovecs { bytes("one "), buffer:slice(2, 3),
        bytes(" two") }
      for _, each in ipairs {
        { "string", "string" }, { buffer, "buffer" }, { parts, "one uf two" },
      } do
        local iov = type(each[1]) == "string" and bytes(each[1]) or each[1]
        rows.start(ring, NAME, a, uring.message { iov = iov })
        assert.same({ #each[2], C.IORING_CQE_F_MORE, NAME },
          { raw.take(ring) })
        assert.equal(1, ring:in_flight())
        assert.same({ 0, C.IORING_CQE_F_NOTIF, NAME }, { raw.take(ring) })
        assert.equal(0, ring:in_flight())
        assert.equal(each[2], raw.receive(ring, b, #each[2]))
      end
    end)

  it("sends a datagram to the address of the message", function()
    local own <close> = rows.owner()
    local here = own(uring.socket(C.AF_INET, C.SOCK_DGRAM))
    local there = own(uring.socket(C.AF_INET, C.SOCK_DGRAM))
    assert(uring.bind(there, uring.sockaddr("127.0.0.1", 0)))
    local ring <close> = rows.ring()
    rows.start(ring, NAME, here, uring.message {
      iov = uring.iovecs { bytes("data"), bytes("gram") },
      name = uring.getsockname(there),
    })
    assert.same({ [NAME] = 8 }, (finish(ring)))
    local buffer = uring.buffer(64)
    assert.equal(8, (rows.raw("recv", there, buffer)))
    assert.equal("datagram", buffer:sub(1, 8))
  end)

  it("keeps all parts until the notification, though the message is gone",
    function()
      local ring <close> = rows.ring()
      local own <close> = rows.owner()
      local a, b = busy(own)
      rows.start(ring, NAME, a, message_of("m"))
      assert.same({ 2 * BYTES, C.IORING_CQE_F_MORE, NAME },
        { raw.take(ring) })
      assert.equal(1, ring:in_flight())
      raw.collect()
      local _junk = { message_of("j"), message_of("k") }
      assert.is_true(receive(b, 2 * BYTES) == text_of("m"):rep(2))
      assert.same({ {}, 0 }, { finish(ring) })
    end)

  it("tells whether it was copied after all, where told to", function()
    if rows.is_newer("6.2") then return pending("needs Linux 6.2") end
    local ring <close> = rows.ring()
    local own <close> = rows.owner()
    local message = uring.message { iov = bytes("report") }
    raw.prepare(ring, NAME, (connect(own)), message)
      :set_ioprio(C.IORING_SEND_ZC_REPORT_USAGE):set_data(NAME)
    ring:submit()
    local results, notice = finish(ring)
    assert.same({ [NAME] = 6 }, results)
    assert.equal(C.IORING_NOTIF_USAGE_ZC_COPIED, notice & 0xffffffff)
  end)

  it("gives the count when awaited, once the notification is there",
    function()
      local own <close> = rows.owner()
      local a, b = busy(own)
      within.run(function()
        local got
        u.spawn(function() got = { u.op.sendmsg_zc(a, message_of("a")) } end)
        for _ = 1, 10 do u.op.nop() end
        raw.collect()
        local _junk = { message_of("j"), message_of("k") }
        assert.is_nil(got)
        assert.is_true(receive(b, 2 * BYTES) == text_of("a"):rep(2))
        while not got do u.yield() end
        assert.same({ 2 * BYTES, C.IORING_CQE_F_NOTIF }, got)
      end)
    end)

  it("refuses strings, which the kernel might outlive", function()
    local why = NAME .. ": bad argument 'message' "
      .. "(its parts must be Buffers, not strings)"
    for _, iov in ipairs { "text", uring.slice("text"),
      uring.iovecs { bytes("a"), "b" } } do
      local ring <close> = rows.ring()
      local message = uring.message { iov = iov }
      assert.has_error(function()
        raw.prepare(ring, "nop"):prep_sendmsg_zc(0, message)
      end, why)
    end
  end)

  it("fails where there is no peer, or none that it can be sent to",
    function()
      local own <close> = rows.owner()
      local message = uring.message { iov = bytes("x") }
      for name, fd in pairs {
        EOPNOTSUPP = sockets.pair(own), ENOTSOCK = own(uring.pipe()),
        EPIPE = own(uring.socket(C.AF_INET, C.SOCK_STREAM)),
        EDESTADDRREQ = own(uring.socket(C.AF_INET, C.SOCK_DGRAM)),
      } do
        local ring <close> = rows.ring()
        rows.start(ring, NAME, fd, message)
        assert.same({ [NAME] = -errno[name] }, (finish(ring)))
        assert.same({ nil, NAME .. ": " .. uring.strerror(errno[name]),
          errno[name] }, { rows.await(NAME, fd, message) })
      end
    end)

  it("is cancelled while there is no room", function()
    local ring <close> = rows.ring()
    local own <close> = rows.owner()
    local a = connect(own)
    raw.fill(a)
    local id = rows.start(ring, NAME, a, uring.message { iov = bytes("x") })
    assert.equal(0, ring:cq_ready())
    rows.start(ring, "cancel", id)
    assert.same({ [NAME] = -errno.ECANCELED, cancel = 0 }, (finish(ring)))
  end)
end)
