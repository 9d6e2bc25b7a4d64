--- Proves the row recvmsg_multishot: one op receives message after message,
-- each with its sender and control data in a buffer that the kernel picks.
local loop = require "uring.loop"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C, errno = uring.consts, uring.errno
local NAME = "recvmsg_multishot"
local HEAD = 16 -- bytes before the sender's address

rows.describe(NAME, function()
  local function udp(own)
    local fd = own(uring.socket(C.AF_INET, C.SOCK_DGRAM))
    assert(uring.bind(fd, uring.sockaddr("127.0.0.1", 0)))
    return fd, assert(uring.getsockname(fd))
  end

  local function buffers(ring, size)
    return assert(ring:buf_ring { bgid = 5, entries = 4, size = size })
  end

  local function loop_ring()
    return loop.current("this spec").ring
  end

  -- Starts it on a ring; returns what takes the next message from there.
  local function start(ring, fd, size, message, flags)
    local bufring = buffers(ring, size)
    rows.start(ring, NAME, fd, message, bufring, flags)
    return function()
      local res, cqe_flags = raw.take(ring)
      local bytes = bufring:string(cqe_flags, res)
      return uring.unpack_recvmsg(bytes, message), res, cqe_flags
    end
  end

  it("completes for each message, with its sender", function()
    local own <close> = rows.owner()
    local here, address = udp(own)
    local ring <close> = rows.ring()
    local take = start(ring, here, 256, uring.message { name = true })
    for _, text in ipairs { "one", "two", ("x"):rep(256 - HEAD - 128) } do
      local there, sender = udp(own)
      rows.raw("sendto", there, text, nil, address)
      local received, res, flags = take()
      assert.is_true(uring.cqe_flag_names(flags).more)
      assert.equal(HEAD + 128 + #text, res)
      assert.equal(sender, uring.unpack_sockaddr(received.name))
      received.name = nil
      assert.same({ payload = text, control = "", flags = 0,
        truncated = false }, received)
      assert.equal(1, ring:in_flight())
    end
  end)

  it("ends with a message of no bytes, which it tells", function()
    local own <close> = rows.owner()
    local here, address = udp(own)
    local ring <close> = rows.ring()
    local take = start(ring, here, 256, uring.message {})
    rows.raw("sendto", here, "", nil, address)
    local received, res, flags = take()
    assert.same({ payload = "", control = "", flags = 0, truncated = false },
      received)
    assert.equal(HEAD, res)
    assert.is_nil(uring.cqe_flag_names(flags).more)
    assert.equal(0, ring:in_flight())
  end)

  it("gives control data, of which there may be none", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local r = own(uring.pipe())
    local ring <close> = rows.ring()
    local take = start(ring, a, 128, uring.message { control = 64 })
    rows.raw("sendmsg", b, uring.message {
      iov = "with", control = uring.pack_rights { r, r },
    })
    rows.raw("send", b, "without")
    local first, second = take(), take()
    local fds = { own(table.unpack(uring.unpack_rights(first.control))) }
    assert.equal(2, #fds)
    assert.equal("with", first.payload)
    assert.equal("", second.control)
    assert.equal("without", second.payload)
  end)

  it("says what it has cut off", function()
    local own <close> = rows.owner()
    local here, address = udp(own)
    for _, flags in ipairs { C.MSG_TRUNC, 0 } do
      local ring <close> = rows.ring()
      local take = start(ring, here, HEAD + 4, uring.message {}, flags)
      rows.raw("sendto", here, "fits", nil, address)
      rows.raw("sendto", here, "does not", nil, address)
      assert.is_false(take().truncated)
      local received = take()
      assert.equal("does", received.payload)
      assert.equal(C.MSG_TRUNC, received.flags & C.MSG_TRUNC)
      assert.is_true(received.truncated)
    end
  end)

  it("unpacks nothing of what is no such message", function()
    local message = uring.message { name = true, control = 8 }
    assert.is_nil(uring.unpack_recvmsg("", message))
    local room = HEAD + 128 + 8
    assert.is_nil(uring.unpack_recvmsg(("\0"):rep(room - 1), message))
    assert.same({ payload = "", control = "", flags = 0, truncated = false },
      uring.unpack_recvmsg(("\0"):rep(room), message))
  end)

  it("fails where a buffer has no room for a sender", function()
    local own <close> = rows.owner()
    local here, address = udp(own)
    local message = uring.message { name = true }
    rows.raw("sendto", here, "x", nil, address)
    local ring <close> = rows.ring()
    local bufring = buffers(ring, HEAD)
    assert.equal(-errno.EFAULT,
      (rows.call(ring, NAME, here, message, bufring)))
    assert.equal(4, bufring:available())
  end)

  it("is cancelled, and takes no buffer then", function()
    local own <close> = rows.owner()
    local ring <close> = rows.ring()
    local bufring = buffers(ring, 64)
    local res, cancel = rows.cancelled(ring, NAME, (udp(own)),
      uring.message {}, bufring)
    assert.same({ -errno.ECANCELED, 0 }, { res, cancel })
    assert.equal(4, bufring:available())
  end)

  it("is a loop of strings when awaited, where buffers are wanting too",
    function()
      local own <close> = rows.owner()
      local here, address = udp(own)
      local message = uring.message { name = true }
      for i = 1, 20 do
        rows.raw("sendto", here, "text " .. i, nil, address)
      end
      within.run(function()
        local bufring, count = buffers(loop_ring(), 256), 0
        for bytes, flags in u.op.recvmsg_multishot(here, message, bufring) do
          count = count + 1
          assert.is_true(uring.cqe_flag_names(flags).buffer)
          local received = uring.unpack_recvmsg(bytes, message)
          assert.equal("text " .. count, received.payload)
          assert.equal(address, uring.unpack_sockaddr(received.name))
          raw.collect()
          if count == 20 then break end
        end
        assert.equal(4, bufring:available())
      end)
    end)

  it("goes on in its loop after a message of no bytes", function()
    local own <close> = rows.owner()
    local here, address = udp(own)
    for _, text in ipairs { "one", "", "three" } do
      rows.raw("sendto", here, text, nil, address)
    end
    within.run(function()
      local message, got = uring.message {}, {}
      local bufring = buffers(loop_ring(), 64)
      for bytes in u.op.recvmsg_multishot(here, message, bufring) do
        got[#got + 1] = uring.unpack_recvmsg(bytes, message).payload
        if #got == 3 then break end
      end
      assert.same({ "one", "", "three" }, got)
    end)
  end)

  it("ends its loop with a stream", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    rows.raw("send", b, "all")
    own:close(b)
    within.run(function()
      local message, got = uring.message {}, {}
      local bufring = buffers(loop_ring(), 64)
      for bytes in u.op.recvmsg_multishot(a, message, bufring) do
        got[#got + 1] = uring.unpack_recvmsg(bytes, message).payload
        if #got == 100 then error("it goes on after the end") end
      end
      assert.equal("all", table.concat(got))
    end)
  end)

  it("is cancelled when its loop is left", function()
    local own <close> = rows.owner()
    local here, address = udp(own)
    within.run(function()
      local ring, message = loop_ring(), uring.message {}
      local bufring, others = buffers(ring, 64), ring:in_flight()
      rows.raw("sendto", here, "first", nil, address)
      for bytes in u.op.recvmsg_multishot(here, message, bufring) do
        if bytes:sub(HEAD + 1) == "first" then break end
      end
      while ring:in_flight() > others do u.yield() end
      rows.raw("sendto", here, "second", nil, address)
      assert.equal("second", (u.op.recv(here, bufring)))
    end)
  end)

  it("closes descriptors that came and were not taken", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local control = uring.pack_rights { own(uring.pipe()) }
    for _ = 1, 3 do
      rows.raw("sendmsg", b, uring.message { iov = "x", control = control })
    end
    within.run(function()
      local message = uring.message { control = 64 }
      local bufring = buffers(loop_ring(), 128)
      for bytes in u.op.recvmsg_multishot(a, message, bufring) do
        local received = uring.unpack_recvmsg(bytes, message)
        for _ = 1, 5 do u.op.nop() end -- the others come meanwhile
        if own(table.unpack(uring.unpack_rights(received.control))) then
          break
        end
      end
    end)
  end)

  it("raises in its loop where it fails", function()
    local own <close> = rows.owner()
    local r = own(uring.pipe())
    within.run(function()
      local bufring = buffers(loop_ring(), 64)
      assert.has_error(function()
        for _ in u.op.recvmsg_multishot(r, uring.message {}, bufring) do end
      end, "recvmsg_multishot: Socket operation on non-socket")
    end)
  end)
end)
