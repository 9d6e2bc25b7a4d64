--- Proves the row sendmsg: the parts of a message go out as one.
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C, errno = uring.consts, uring.errno

rows.describe("sendmsg", function()
  local function received(fd, size)
    local buffer = uring.buffer(size)
    return buffer:sub(1, (rows.raw("recv", fd, buffer)))
  end

  it("sends a string, a Buffer, or several parts in their order", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local buffer = uring.buffer(6):set(1, "buffer")
    local parts = uring.iovecs { "one ", buffer:slice(2, 3), " two" }
    for _, each in ipairs {
      { "string", "string" }, { buffer, "buffer" },
      { uring.slice("a slice", 3), "slice" }, { parts, "one uf two" },
    } do
      local message = uring.message { iov = each[1] }
      assert.same({ #each[2], 0 }, { rows.raw("sendmsg", a, message) })
      assert.equal(each[2], received(b, 64))
    end
  end)

  it("gives the count when awaited", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local message = uring.message { iov = uring.iovecs { "awai", "ted" } }
    assert.same({ 7, 0 }, { rows.await("sendmsg", a, message) })
    assert.equal("awaited", received(b, 64))
  end)

  it("sends one message where the socket has messages", function()
    local own <close> = rows.owner()
    local a, b = own(uring.socketpair(C.SOCK_SEQPACKET))
    local message = uring.message { iov = uring.iovecs { "o", "ne" } }
    rows.raw("sendmsg", a, message)
    rows.raw("sendmsg", a, message)
    assert.equal("one", received(b, 64))
    assert.equal("one", received(b, 64))
  end)

  it("sends what there is room for, and nothing where told to", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local part = ("0123456789abcdef"):rep(1 << 14)
    local message = uring.message {
      iov = uring.iovecs { part, part, part, part },
    }
    local sent = rows.raw("sendmsg", a, message)
    assert.is_true(0 < sent and sent < 4 * #part)
    sent = sent + raw.fill(a)
    assert.equal(-errno.EAGAIN,
      (rows.raw("sendmsg", a, message, C.MSG_DONTWAIT)))
    local ring <close> = rows.ring()
    local bytes = raw.receive(ring, b, sent)
    assert.equal("0123456789abcdef", bytes:sub(1, 16))
    assert.equal(-errno.EAGAIN,
      (rows.raw("recv", b, uring.buffer(1), C.MSG_DONTWAIT)))
  end)

  it("sends all where told to, while the peer receives", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local text = ("0123456789abcdef"):rep(1 << 16)
    local message = uring.message { iov = uring.iovecs { text, text } }
    within.run(function()
      local sent
      u.spawn(function()
        sent = u.op.sendmsg(a, message, C.MSG_NOSIGNAL | C.MSG_WAITALL)
      end)
      local got, size, buffer = {}, 0, uring.buffer(65536)
      while size < 2 * #text do
        local count = assert(u.op.recv(b, buffer))
        got[#got + 1] = buffer:sub(1, count)
        size = size + count
      end
      u.op.nop()
      assert.equal(2 * #text, sent)
      assert.equal(text .. text, table.concat(got))
    end)
  end)

  it("keeps what it sends, though the message is collected", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local ring <close> = rows.ring()
    local filled = raw.fill(a)
    rows.start(ring, "sendmsg", a, uring.message {
      iov = uring.iovecs { ("last"):rep(3), uring.slice(("tail"):rep(9), 5) },
    })
    assert.equal(0, ring:cq_ready())
    raw.collect()
    local _junk = ("junk"):rep(3) .. ("trash"):rep(8)
    local reader <close> = rows.ring()
    raw.receive(reader, b, filled)
    assert.equal(44, rows.reap(ring, 1)[1].res)
    assert.equal(("last"):rep(3) .. ("tail"):rep(8),
      raw.receive(reader, b, 44))
  end)

  it("fails where the peer has gone, without a signal", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    own:close(b)
    rows.assert_fails("sendmsg", "EPIPE", "Broken pipe", a,
      uring.message { iov = "x" })
  end)

  it("fails where there is nobody to send to, and for no socket", function()
    local own <close> = rows.owner()
    local message = uring.message { iov = "x" }
    rows.assert_fails("sendmsg", "ENOTCONN",
      "Transport endpoint is not connected",
      own(uring.socket(C.AF_UNIX, C.SOCK_STREAM)), message)
    rows.assert_fails("sendmsg", "EDESTADDRREQ",
      "Destination address required",
      own(uring.socket(C.AF_INET, C.SOCK_DGRAM)), message)
    rows.assert_fails("sendmsg", "ENOTSOCK",
      "Socket operation on non-socket", own(uring.pipe()), message)
  end)

  it("is cancelled while there is no room", function()
    local own <close> = rows.owner()
    local a = sockets.pair(own)
    raw.fill(a)
    rows.assert_cancelled("sendmsg", a, uring.message { iov = "x" })
  end)
end)
