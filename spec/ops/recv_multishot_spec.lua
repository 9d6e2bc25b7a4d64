--- Proves the row recv_multishot: one op receives again and again, each
-- time into a buffer that the kernel picks.
local loop = require "uring.loop"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local ENOBUFS = uring.errno.ENOBUFS
local NAME = "recv_multishot"
local resume = coroutine.resume -- as it is outside of a run

rows.describe(NAME, function()
  local function buffers(ring, entries, size)
    return assert(ring:buf_ring { bgid = 5, entries = entries, size = size })
  end

  local function loop_ring()
    return loop.current("this spec").ring
  end

  it("completes each time that bytes come, then at their end", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local ring <close> = rows.ring()
    local bufring = buffers(ring, 2, 8)
    rows.start(ring, NAME, a, bufring)
    for i = 1, 5 do
      rows.raw("send", b, "text " .. i)
      local cqe = rows.reap(ring, 1)[1]
      local flags = uring.cqe_flag_names(cqe.flags)
      assert.is_true(flags.more and flags.buffer)
      assert.equal(NAME, cqe.data)
      assert.equal(1, bufring:available())
      assert.equal("text " .. i, bufring:string(cqe.flags, cqe.res))
      assert.equal(1, ring:in_flight())
    end
    own:close(b)
    local last = rows.reap(ring, 1)[1]
    assert.equal(0, last.res)
    assert.is_nil(uring.cqe_flag_names(last.flags).more)
    assert.equal(0, ring:in_flight())
  end)

  it("ends where the kernel has no buffer to pick", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local ring <close> = rows.ring()
    local bufring = buffers(ring, 1, 4)
    rows.raw("send", b, "12345678")
    rows.start(ring, NAME, a, bufring)
    local cqes = rows.reap(ring, 2)
    assert.equal(-ENOBUFS, cqes[2].res)
    assert.equal(0, ring:in_flight())
    assert.equal("1234", bufring:string(cqes[1].flags, cqes[1].res))
    local res, flags = rows.call(ring, "recv", a, bufring)
    assert.equal("5678", bufring:string(flags, res))
  end)

  it("is cancelled, and takes no buffer then", function()
    local own <close> = rows.owner()
    local ring <close> = rows.ring()
    local bufring = buffers(ring, 1, 4)
    local res, cancel = rows.cancelled(ring, NAME, sockets.pair(own), bufring)
    assert.same({ -uring.errno.ECANCELED, 0 }, { res, cancel })
    assert.equal(1, bufring:available())
  end)

  it("is a loop of strings when awaited, to the end of the stream", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    within.run(function()
      local bufring, got = buffers(loop_ring(), 4, 16), {}
      u.spawn(function()
        for i = 1, 3 do
          u.op.send(b, "text " .. i)
          while not got[i] do u.yield() end
        end
        u.op.shutdown(b, uring.consts.SHUT_WR)
      end)
      for text, flags in u.op.recv_multishot(a, bufring) do
        assert.is_true(uring.cqe_flag_names(flags).buffer)
        got[#got + 1] = text
      end
      assert.same({ "text 1", "text 2", "text 3" }, got)
      assert.equal(4, bufring:available())
    end)
  end)

  it("goes on in its loop where buffers were wanting", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local sent = ("0123456789abcdef"):rep(64)
    rows.raw("send", b, sent)
    own:close(b)
    within.run(function()
      local bufring, got = buffers(loop_ring(), 2, 8), {}
      for text in u.op.recv_multishot(a, bufring) do got[#got + 1] = text end
      assert.equal(sent, table.concat(got))
      assert.equal(2, bufring:available())
    end)
  end)

  it("is cancelled when its loop is left", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    within.run(function()
      local ring = loop_ring()
      local bufring, others = buffers(ring, 2, 8), ring:in_flight()
      u.op.send(b, "first")
      for text in u.op.recv_multishot(a, bufring) do
        if text == "first" then break end
      end
      while ring:in_flight() > others do u.yield() end
      assert.equal(2, bufring:available())
      u.op.send(b, "second")
      assert.equal("second", (u.op.recv(a, bufring)))
    end)
  end)

  it("holds a sender back whose bytes nobody takes", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local TOTAL <const> = 4 << 20
    within.run(function()
      local bufring = buffers(loop_ring(), 8, 4096)
      local sent, got, highest = 0, 0, 0
      u.spawn(function()
        local block = ("b"):rep(16384)
        while sent < TOTAL do sent = sent + assert(u.op.send(b, block)) end
        u.op.shutdown(b, uring.consts.SHUT_WR)
      end)
      for text in u.op.recv_multishot(a, bufring) do
        if got == 0 then u.sleep(0.05) end -- it would all be here by then
        got = got + #text
        highest = math.max(highest, sent - got)
      end
      assert.equal(TOTAL, got)
      assert.is_true(highest < 1 << 20, highest .. " bytes under way")
      assert.equal(8, bufring:available())
    end)
  end)

  it("fails where there is no peer", function()
    local own <close> = rows.owner()
    local fd = own(uring.socket(uring.consts.AF_INET,
      uring.consts.SOCK_STREAM))
    local ring <close> = rows.ring()
    local res, flags = rows.call(ring, NAME, fd, buffers(ring, 1, 4))
    assert.same({ -uring.errno.ENOTCONN, 0 }, { res, flags })
    within.run(function()
      local bufring = buffers(loop_ring(), 1, 4)
      assert.has_error(function()
        for _ in u.op.recv_multishot(fd, bufring) do end
      end, "recv_multishot: Transport endpoint is not connected")
    end)
  end)

  it("does not go on where there was no memory for what came", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    within.run(function()
      local ring = loop_ring()
      local bufring, before = buffers(ring, 2, 8), ring:in_flight()
      local take, stream, _, guard = u.op.recv_multishot(a, bufring)
      assert.is_true(resume(stream.pump, nil, uring.errno.ENOMEM))
      assert.has_error(function()
        for _ in take, stream, nil, guard do end
      end, "recv_multishot: Cannot allocate memory")
      assert.equal(4, u.op.send(b, "mine"))
      u.yield() -- until all that has completed was taken
      assert.equal(before, ring:in_flight())
      assert.equal(4, u.op.recv(a, uring.buffer(8)))
    end)
  end)

  it("raises in its loop where somebody cancels it", function()
    local own <close> = rows.owner()
    local a = sockets.pair(own)
    within.run(function()
      local message
      u.spawn(function()
        local _
        _, message = pcall(function()
          local bufring = buffers(loop_ring(), 1, 4)
          for _ in u.op.recv_multishot(a, bufring) do end
        end)
      end)
      for _ = 1, 3 do u.yield() end
      assert.is_true(u.op.cancel_fd(a))
      while not message do u.yield() end
      assert.matches("^spec/ops/recv_multishot_spec.lua:%d+: recv_multishot: "
        .. "Operation canceled$", message)
    end)
  end)
end)
