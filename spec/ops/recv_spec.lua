--- Proves the row recv: bytes from a peer, into a Buffer or into one that
-- the kernel picks.
local loop = require "uring.loop"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C = uring.consts
local ECANCELED, ENOBUFS = uring.errno.ECANCELED, uring.errno.ENOBUFS

rows.describe("recv", function()
  local function send(fd, text)
    assert.equal(#text, (rows.raw("send", fd, text)))
  end

  local function small_ring(ring)
    return ring:buf_ring { bgid = 2, entries = 1, size = 4 }
  end

  it("fills a Buffer with what there is", function()
    local own <close> = rows.owner()
    local server, address = sockets.listener(own)
    local b = sockets.client(own, address) -- TCP tells what is left, from 5.19
    local a = own((rows.raw("accept", server)))
    local buffer = uring.buffer(4)
    send(b, "hello!")
    local res, flags = rows.raw("recv", a, buffer)
    assert.equal(4, res)
    assert.same({ sock_nonempty = true }, uring.cqe_flag_names(flags))
    assert.equal("hell", buffer:tostring())
    assert.same({ 2, 0 }, { rows.raw("recv", a, buffer) })
    assert.equal("o!ll", buffer:tostring())
  end)

  it("gives 0 at the end of the stream", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    send(b, "end")
    own:close(b)
    assert.equal(3, (rows.raw("recv", a, uring.buffer(8))))
    assert.same({ 0, 0 }, { rows.raw("recv", a, uring.buffer(8)) })
    assert.same({ 0, 0 }, { rows.await("recv", a, uring.buffer(8)) })
  end)

  it("gives the count when awaited", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local buffer = uring.buffer(8)
    within.run(function()
      u.spawn(function() u.op.send(b, "awaited") end)
      assert.equal(7, (u.op.recv(a, buffer)))
    end)
    assert.equal("awaited", buffer:sub(1, 7))
  end)

  it("only looks where told to, or waits until the Buffer is full", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local buffer = uring.buffer(4)
    send(b, "ab")
    assert.equal(2, (rows.raw("recv", a, buffer, C.MSG_PEEK)))
    local ring <close> = rows.ring()
    rows.start(ring, "recv", a, buffer, C.MSG_WAITALL)
    ring:submit_and_wait(0)
    assert.equal(0, ring:cq_ready())
    send(b, "cd")
    assert.equal(4, rows.reap(ring, 1)[1].res)
    assert.equal("abcd", buffer:tostring())
  end)

  it("fails where there is no peer, and for no socket", function()
    local own <close> = rows.owner()
    rows.assert_fails("recv", "ENOTCONN",
      "Transport endpoint is not connected",
      own(uring.socket(C.AF_INET, C.SOCK_STREAM)), uring.buffer(1))
    rows.assert_fails("recv", "ENOTSOCK", "Socket operation on non-socket",
      own(uring.pipe()), uring.buffer(1))
  end)

  it("fails where the peer has reset the connection", function()
    local own <close> = rows.owner()
    local listener, address = sockets.listener(own)
    for _ = 1, 2 do
      local client = sockets.client(own, address)
      local server = own((rows.raw("accept", listener)))
      send(client, "never read") -- so that closing resets
      assert.equal(1, (rows.raw("recv", server, uring.buffer(1), C.MSG_PEEK)))
      own:close(server)
      local res = rows.raw("recv", client, uring.buffer(1))
      assert.equal(-uring.errno.ECONNRESET, res)
    end
  end)

  it("is cancelled while it waits, and loses nothing", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local buffer = uring.buffer(8)
    rows.assert_cancelled("recv", a, buffer)
    within.run(function()
      local got
      u.spawn(function() got = { u.op.recv(a, buffer) } end)
      u.yield()
      assert.is_true(u.op.cancel_fd(a))
      u.yield()
      assert.same({ nil, "recv: Operation canceled", ECANCELED }, got)
    end)
    send(b, "kept")
    assert.equal(4, (rows.raw("recv", a, buffer)))
  end)

  it("keeps the Buffer that it receives into", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local ring <close> = rows.ring()
    local kept = uring.buffer(8)
    rows.start(ring, "recv", a, kept:slice(5))
    collectgarbage()
    send(b, "late")
    assert.equal(4, rows.reap(ring, 1)[1].res)
    assert.equal("\0\0\0\0late", kept:tostring())
  end)

  it("lets the kernel pick a buffer when bytes are there", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local ring <close> = rows.ring()
    local bufring = small_ring(ring)
    rows.start(ring, "recv", a, bufring)
    ring:submit_and_wait(0)
    assert.equal(1, bufring:available())
    send(b, "hello")
    local cqe = rows.reap(ring, 1)[1]
    assert.equal(4, cqe.res)
    assert.equal(0, bufring:available())
    assert.equal("hell", bufring:string(cqe.flags, cqe.res))
    assert.equal(1, bufring:available())
  end)

  it("fails where the kernel has no buffer to pick", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local ring <close> = rows.ring()
    local bufring = small_ring(ring)
    send(b, "12345678")
    local _, flags = rows.call(ring, "recv", a, bufring)
    assert.equal(-ENOBUFS, (rows.call(ring, "recv", a, bufring)))
    assert.equal("1234", bufring:string(flags, 4))
    _, flags = rows.call(ring, "recv", a, bufring)
    assert.equal("5678", bufring:string(flags, 4))
  end)

  it("gives a string when awaited with a buffer ring", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    send(b, "hello")
    own:close(b)
    within.run(function()
      local bufring = small_ring(loop.current("this spec").ring)
      assert.equal("hell", (u.op.recv(a, bufring)))
      assert.equal("o", (u.op.recv(a, bufring)))
      assert.equal("", (u.op.recv(a, bufring)))
      assert.equal(1, bufring:available())
    end)
  end)

  it("takes no buffer for good where no task waits for it", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    within.run(function()
      local ring = loop.current("this spec").ring
      local bufring, others = small_ring(ring), ring:in_flight()
      for _ = 1, 3 do
        u.op.send(b, "lost")
        assert.is_true(loop.post("recv", a, bufring))
        while ring:in_flight() > others do u.yield() end
        assert.equal(1, bufring:available())
      end
    end)
  end)

  it("says so when awaited where there is no buffer", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local c, d = sockets.pair(own)
    send(b, "b")
    send(d, "d")
    within.run(function()
      local bufring = small_ring(loop.current("this spec").ring)
      local got = {}
      for _, fd in ipairs { a, c } do
        u.spawn(function() got[fd] = { u.op.recv(fd, bufring) } end)
      end
      repeat u.yield() until got[a] and got[c]
      assert.equal("b", got[a][1])
      assert.same({ nil, "recv: No buffer space available", ENOBUFS }, got[c])
      assert.equal("d", (u.op.recv(c, bufring)))
    end)
  end)

  it("never gives the bytes of another buffer ring", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    within.run(function()
      local ring, got = loop.current("this spec").ring, nil
      local first = small_ring(ring)
      u.spawn(function() got = table.pack(u.op.recv(a, first)) end)
      for _ = 1, 3 do u.yield() end
      first:close()
      small_ring(ring) -- of the same number, if it is given one
      u.op.send(b, "1234")
      repeat u.yield() until got
      if got[1] then assert.equal("1234", got[1]) end
    end)
  end)
end)
