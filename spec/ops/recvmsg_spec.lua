--- Proves the row recvmsg: one message comes into the parts of a Message.
local loop = require "uring.loop"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C, errno = uring.consts, uring.errno

rows.describe("recvmsg", function()
  local function send(fd, text)
    assert.equal(#text, (rows.raw("send", fd, text)))
  end

  it("fills the parts in their order", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local first, second = uring.buffer(3), uring.buffer(6)
    local message = uring.message {
      iov = uring.iovecs { first, second:slice(3, 4), second:slice(6) },
    }
    send(b, "abcdefg")
    assert.equal(6, (rows.raw("recvmsg", a, message)))
    assert.equal("abc", first:tostring())
    assert.equal("\0\0de\0f", second:tostring())
    assert.same({ 1, 0 }, { rows.raw("recvmsg", a, message) })
    assert.equal("gbc", first:tostring())
  end)

  it("gives 0 at the end of the stream", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local message = uring.message { iov = uring.buffer(8) }
    own:close(b)
    assert.same({ 0, 0 }, { rows.raw("recvmsg", a, message) })
    assert.same({ 0, 0 }, { rows.await("recvmsg", a, message) })
  end)

  it("gives the count when awaited", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local buffer = uring.buffer(8)
    within.run(function()
      u.spawn(function() u.op.send(b, "awaited") end)
      local message = uring.message { iov = buffer }
      assert.same({ 7, 0 }, { u.op.recvmsg(a, message) })
    end)
    assert.equal("awaited", buffer:sub(1, 7))
  end)

  it("takes one message at a time, and says what it has cut off", function()
    local own <close> = rows.owner()
    local a, b = own(uring.socketpair(C.SOCK_SEQPACKET))
    local buffer = uring.buffer(4)
    local message = uring.message { iov = buffer }
    send(b, "one")
    send(b, "three")
    send(b, "seven!!")
    assert.equal(3, (rows.raw("recvmsg", a, message)))
    assert.equal(0, message:flags() & C.MSG_TRUNC)
    assert.equal(4, (rows.raw("recvmsg", a, message)))
    assert.equal(("three"):sub(1, 4), buffer:tostring())
    assert.equal(C.MSG_TRUNC, message:flags() & C.MSG_TRUNC)
    -- the whole length, where it is asked for
    assert.equal(7, (rows.raw("recvmsg", a, message, C.MSG_TRUNC)))
  end)

  it("only looks where told to, or waits until all is full", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local buffer = uring.buffer(4)
    local message = uring.message { iov = buffer }
    send(b, "ab")
    assert.equal(2, (rows.raw("recvmsg", a, message, C.MSG_PEEK)))
    local ring <close> = rows.ring()
    rows.start(ring, "recvmsg", a, message, C.MSG_WAITALL)
    ring:submit_and_wait(0)
    assert.equal(0, ring:cq_ready())
    send(b, "cd")
    assert.equal(4, rows.reap(ring, 1)[1].res)
    assert.equal("abcd", buffer:tostring())
  end)

  it("lets the kernel pick a buffer where a group is set", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local ring <close> = rows.ring()
    local bufring = ring:buf_ring { bgid = 2, entries = 1, size = 4 }
    send(b, "hello")
    raw.prepare(ring, "recvmsg", a, uring.message {}):set_buf_group(2)
    ring:submit()
    local cqe = rows.reap(ring, 1)[1]
    assert.equal(4, cqe.res)
    assert.equal("hell", bufring:string(cqe.flags, cqe.res))
    assert.equal(1, bufring:available())
  end)

  it("keeps what it fills, though the message is collected", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local kept
    within.run(function()
      local ring = loop.current("this spec").ring
      local others = ring:in_flight()
      do
        local buffer = uring.buffer(200000)
        kept = buffer:slice(1, 4)
        loop.post("recvmsg", a, uring.message {
          iov = uring.iovecs { buffer }, name = true, control = 1000,
        })
      end
      u.yield()
      raw.collect()
      u.op.send(b, "late")
      while ring:in_flight() > others do u.yield() end
    end)
    assert.equal("late", kept:tostring())
  end)

  it("fails where there is no peer, and for no socket", function()
    local own <close> = rows.owner()
    local message = uring.message { iov = uring.buffer(1) }
    rows.assert_fails("recvmsg", "ENOTCONN",
      "Transport endpoint is not connected",
      own(uring.socket(C.AF_INET, C.SOCK_STREAM)), message)
    rows.assert_fails("recvmsg", "ENOTSOCK",
      "Socket operation on non-socket", own(uring.pipe()), message)
    local a = sockets.pair(own)
    rows.assert_fails("recvmsg", "EAGAIN",
      "Resource temporarily unavailable", a, message, C.MSG_DONTWAIT)
  end)

  it("is cancelled while it waits, and loses nothing", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local message = uring.message { iov = uring.buffer(8) }
    rows.assert_cancelled("recvmsg", a, message)
    within.run(function()
      local got
      u.spawn(function() got = { u.op.recvmsg(a, message) } end)
      u.yield()
      assert.is_true(u.op.cancel_fd(a))
      u.yield()
      assert.same({ nil, "recvmsg: Operation canceled", errno.ECANCELED },
        got)
    end)
    send(b, "kept")
    assert.equal(4, (rows.raw("recvmsg", a, message)))
  end)
end)
