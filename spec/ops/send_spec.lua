--- Proves the row send: bytes go to a peer, or part of them.
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C = uring.consts

rows.describe("send", function()
  local function received(fd, size)
    local buffer = uring.buffer(size)
    return buffer:sub(1, (rows.raw("recv", fd, buffer)))
  end

  it("sends a string, a Buffer, or a slice of either", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local buffer = uring.buffer(6):set(1, "buffer")
    for _, each in ipairs {
      { "string", "string" }, { buffer, "buffer" },
      { buffer:slice(2, 3), "uf" }, { uring.slice("a slice", 3), "slice" },
    } do
      assert.same({ #each[2], 0 }, { rows.raw("send", a, each[1]) })
      assert.equal(each[2], received(b, 64))
    end
  end)

  it("gives the count when awaited", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    assert.same({ 7, 0 }, { rows.await("send", a, "awaited") })
    assert.equal("awaited", received(b, 64))
  end)

  it("sends one message where the socket has messages", function()
    local own <close> = rows.owner()
    local a, b = own(uring.socketpair(C.SOCK_SEQPACKET))
    rows.raw("send", a, "one")
    rows.raw("send", a, "two")
    assert.equal("one", received(b, 64))
    assert.equal("two", received(b, 64))
  end)

  it("sends what there is room for", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local text = ("0123456789abcdef"):rep(1 << 19)
    local sent = rows.raw("send", a, text)
    assert.is_true(0 < sent and sent < #text)
    local got = {}
    for _ = 1, 1000 do
      local ready = rows.raw("recv", b, uring.buffer(1),
        C.MSG_PEEK | C.MSG_DONTWAIT)
      if ready ~= 1 then break end
      got[#got + 1] = received(b, 1 << 20)
    end
    assert.equal(text:sub(1, sent), table.concat(got))
  end)

  it("sends all where told to, while the peer receives", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local text = ("0123456789abcdef"):rep(1 << 18)
    within.run(function()
      local sent
      u.spawn(function()
        sent = u.op.send(a, text, C.MSG_NOSIGNAL | C.MSG_WAITALL)
      end)
      local parts, size, buffer = {}, 0, uring.buffer(65536)
      while size < #text do
        local count = assert(u.op.recv(b, buffer))
        parts[#parts + 1] = buffer:sub(1, count)
        size = size + count
      end
      u.op.nop()
      assert.equal(#text, sent)
      assert.equal(text, table.concat(parts))
    end)
  end)

  it("fails where the peer has gone, without a signal", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    own:close(b)
    rows.assert_fails("send", "EPIPE", "Broken pipe", a, "x")
  end)

  it("fails where there never was a peer", function()
    local own <close> = rows.owner()
    rows.assert_fails("send", "ENOTCONN",
      "Transport endpoint is not connected",
      own(uring.socket(C.AF_UNIX, C.SOCK_STREAM)), "x")
    rows.assert_fails("send", "ENOTSOCK", "Socket operation on non-socket",
      own(uring.pipe()), "x")
  end)

  it("is cancelled while there is no room", function()
    local own <close> = rows.owner()
    local a = sockets.pair(own)
    local text = ("x"):rep(1 << 16)
    while rows.raw("send", a, text, C.MSG_DONTWAIT) > 0 do end
    rows.assert_cancelled("send", a, text)
  end)

  it("keeps what it sends", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local ring <close> = rows.ring()
    local text = ("x"):rep(1 << 16)
    while rows.raw("send", a, text, C.MSG_DONTWAIT) > 0 do end
    rows.start(ring, "send", a, ("last"):rep(3))
    collectgarbage()
    local tail = ""
    repeat tail = tail:sub(-12) .. received(b, 1 << 20)
    until tail:sub(-12) == "lastlastlast"
    assert.equal(12, rows.reap(ring, 1)[1].res)
  end)
end)
