--- Proves the row recv_multishot_bundle: one op receives again and again,
-- each time into as many buffers as that fills.
local loop = require "uring.loop"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C, errno = uring.consts, uring.errno
local MORE = C.IORING_CQE_F_MORE
local NAME = "recv_multishot_bundle"

rows.describe(NAME, function()
  local function buffers(ring, entries, size)
    return assert(ring:buf_ring { bgid = 5, entries = entries, size = size })
  end

  local function loop_ring()
    return loop.current("this spec").ring
  end

  -- Two ends of a connection; of TCP every kernel knows how much is there.
  local function connect(own)
    local listener, address = sockets.listener(own)
    local client = sockets.client(own, address)
    return own((rows.raw("accept", listener))), client
  end

  -- Takes CQEs, with the op in flight, until so many bytes have come; what
  -- they have brought, and how many buffers the most of them has.
  local function take(ring, fd, bufring, count)
    local parts, most = {}, 0
    while count > 0 do
      if ring:in_flight() == 0 then rows.start(ring, NAME, fd, bufring) end
      local res, flags = raw.take(ring)
      assert.is_true(res > 0)
      local views = { bufring:view(flags, res) }
      for _, view in ipairs(views) do
        parts[#parts + 1] = view:tostring()
        view:close()
      end
      count = count - res
      most = math.max(most, #views)
    end
    return table.concat(parts), most
  end

  it("completes each time that bytes come, then at their end", function()
    local own <close> = rows.owner()
    local a, b = connect(own)
    local ring <close> = rows.ring()
    local bufring = buffers(ring, 16, 8) -- it ends where it takes the last
    rows.start(ring, NAME, a, bufring)
    for i = 1, 5 do
      local text = ("0123456789ab"):rep(i)
      rows.raw("send", b, text)
      assert.equal(text, (take(ring, a, bufring, #text)))
      assert.equal(16, bufring:available())
      assert.equal(1, ring:in_flight())
    end
    own:close(b)
    local last = rows.reap(ring, 1)[1]
    assert.equal(0, last.res)
    assert.equal(0, last.flags & MORE)
    assert.equal(0, ring:in_flight())
  end)

  it("brings several buffers at once", function()
    local own <close> = rows.owner()
    local a, b = connect(own)
    local ring <close> = rows.ring()
    local bufring = buffers(ring, 16, 8)
    local text = ("0123456789abcdef"):rep(7)
    rows.raw("send", b, text)
    local got, most = take(ring, a, bufring, #text)
    assert.equal(text, got)
    assert.is_true(most > 1)
    assert.equal(16, bufring:available())
  end)

  it("ends where the kernel has no buffer to pick", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local ring <close> = rows.ring()
    local bufring = buffers(ring, 2, 4)
    rows.raw("send", b, "12345678 and more")
    rows.start(ring, NAME, a, bufring)
    local count, lent = 0, {}
    repeat
      local res, flags = raw.take(ring)
      if res > 0 then
        count = count + res
        lent[#lent + 1] = { flags, res }
      else
        assert.equal(-errno.ENOBUFS, res)
      end
    until flags & MORE == 0
    assert.equal(0, ring:in_flight())
    assert.equal(8, count)
    assert.equal(0, bufring:available())
    local got = ""
    for _, each in ipairs(lent) do
      got = got .. bufring:string(table.unpack(each))
    end
    assert.equal("12345678", got)
  end)

  it("is cancelled, and takes no buffer then", function()
    local own <close> = rows.owner()
    local ring <close> = rows.ring()
    local bufring = buffers(ring, 1, 4)
    local res, cancel = rows.cancelled(ring, NAME, sockets.pair(own), bufring)
    assert.same({ -errno.ECANCELED, 0 }, { res, cancel })
    assert.equal(1, bufring:available())
  end)

  it("is a loop of strings when awaited, where buffers are wanting too",
    function()
      local own <close> = rows.owner()
      local a, b = sockets.pair(own)
      local sent = {}
      for i = 1, 1000 do sent[i] = ("%07d,"):format(i) end
      within.run(function()
        local bufring, got = buffers(loop_ring(), 4, 20), {}
        u.spawn(function()
          for _, text in ipairs(sent) do assert(u.op.send(b, text)) end
          u.op.shutdown(b, C.SHUT_WR)
        end)
        for text, flags in u.op.recv_multishot_bundle(a, bufring) do
          assert.is_true(uring.cqe_flag_names(flags).buffer)
          got[#got + 1] = text
        end
        assert.equal(table.concat(sent), table.concat(got))
        assert.equal(4, bufring:available())
      end)
    end)

  it("is cancelled when its loop is left", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    within.run(function()
      local ring = loop_ring()
      local bufring, others = buffers(ring, 4, 4), ring:in_flight()
      u.op.send(b, "leave")
      local got = ""
      for text in u.op.recv_multishot_bundle(a, bufring) do
        got = got .. text
        if got == "leave" then break end
      end
      while ring:in_flight() > others do u.yield() end
      assert.equal(4, bufring:available())
      u.op.send(b, "next")
      assert.equal("next", (u.op.recv(a, bufring)))
    end)
  end)

  it("fails where there is no peer", function()
    local own <close> = rows.owner()
    local fd = own(uring.socket(C.AF_INET, C.SOCK_STREAM))
    local ring <close> = rows.ring()
    assert.same({ -errno.ENOTCONN, 0 },
      { rows.call(ring, NAME, fd, buffers(ring, 1, 4)) })
    within.run(function()
      local bufring = buffers(loop_ring(), 1, 4)
      assert.has_error(function()
        for _ in u.op.recv_multishot_bundle(fd, bufring) do end
      end, NAME .. ": Transport endpoint is not connected")
    end)
  end)
end)
