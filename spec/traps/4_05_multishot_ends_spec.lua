--- Trap 4.5: a multishot op lives until a completion without F_MORE, which
-- may be any: an error, no buffers, no room in the CQ, the end, a cancel.
local leaks = require "spec.support.leaks"
local loop = require "uring.loop"
local process = require "spec.support.process"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local low = require "uring.ring"
local uring = require "uring"
local within = require "spec.support.within"

local C, errno = low.consts, uring.errno
local MORE = C.IORING_CQE_F_MORE

leaks.watch()

-- How to start each multishot row so that it waits, and to make it complete.
local ROWS = {
  poll_multishot = function(own)
    local a, b = sockets.pair(own)
    return function() return b, C.POLLIN end,
      function() rows.raw("send", a, "x") end
  end,
  multishot_accept = function(own)
    local fd, address = sockets.listener(own)
    return function() return fd end,
      function() sockets.client(own, address) end
  end,
  recv_multishot = function(own, buffers)
    local a, b = sockets.pair(own)
    return function() return b, buffers end,
      function() rows.raw("send", a, "x") end
  end,
  recvmsg_multishot = function(own, buffers)
    local a, b = sockets.pair(own)
    local message = low.message {}
    return function() return b, message, buffers end,
      function() rows.raw("send", a, "x") end
  end,
  read_multishot = function(own, buffers)
    local from, to = own(low.pipe())
    return function() return from, buffers end,
      function() rows.raw("write", to, "x") end
  end,
  timeout_multishot = function()
    return function() return 0.001 end, function() end
  end,
}

-- Calls body(own, ring, start, provoke) for a row that this kernel has.
local function with(row, options, body)
  for _, known in ipairs(low.ops) do
    if known.name == row and rows.is_newer(known.since) then
      pending("needs Linux " .. known.since)
    end
  end
  local own <close> = rows.owner()
  local ring <close> = assert(low.ring(4, options))
  local buffers = assert(ring:buf_ring { bgid = 1, entries = 64, size = 64 })
  local arguments, provoke = ROWS[row](own, buffers)
  body(own, ring, function()
    return rows.start(ring, row, arguments())
  end, provoke)
end

-- Takes a completion, and what it brings: res, whether there will be more.
local function take(own, ring, row)
  local res, flags, data = raw.take(ring)
  assert.equal(row, data)
  if row == "multishot_accept" and res >= 0 then own(res) end
  return res, flags & MORE ~= 0
end

for row in pairs(ROWS) do
  describe("the op of " .. row, function()
    it("ends when it is cancelled, and may be started again", function()
      with(row, nil, function(own, ring, start, provoke)
        for _ = 1, 2 do
          local id = start()
          provoke()
          local _, more = take(own, ring, row)
          assert.is_true(more)
          assert.equal(1, ring:in_flight())
          rows.start(ring, "cancel", id)
          local last, cancelled
          while ring:in_flight() > 0 do
            local res, flags, data = raw.take(ring)
            if data == "cancel" then cancelled = res else last = res end
            if ring:in_flight() == 0 then assert.equal(0, flags & MORE) end
          end
          assert.same({ 0, -errno.ECANCELED }, { cancelled, last })
        end
      end)
    end)

    it("ends where the CQ has overflowed, and loses nothing", function()
      with(row, { cq_entries = 4 }, function(own, ring, start, provoke)
        local provoked = row == "timeout_multishot" and 0 or 8
        start()
        for _ = 1, provoked do
          provoke()
          ring:submit_and_wait(0)
        end
        while provoked == 0 and not ring:cq_has_overflow() do
          ring:submit_and_wait(4, 0.01)
        end
        local ended = false
        while not ended do
          local res, more = take(own, ring, row)
          assert.is_true(res > 0 or res == -errno.ETIME, res)
          ended = not more
        end
        assert.equal(0, ring:in_flight())
        start()
        provoke()
        local res, more = take(own, ring, row)
        assert.is_true((res > 0 or res == -errno.ETIME) and more)
      end)
    end)
  end)
end

describe("a multishot op", function()
  for row, events in pairs { multishot_accept = 0, poll_multishot = 1 } do
    it("ends at once where its descriptor is not open, " .. row, function()
      assert.same({ -errno.EBADF, 0 },
        { rows.raw(row, rows.NOT_OPEN, events) })
    end)
  end

  for _, row in ipairs { "recv_multishot", "read_multishot" } do
    it("ends at the end of the stream, and there again, " .. row, function()
      with(row, nil, function(own, ring)
        local a, b = sockets.pair(own)
        local buffers = ring:buf_ring { bgid = 2, entries = 2, size = 8 }
        rows.start(ring, row, b, buffers)
        rows.raw("send", a, "last")
        local cqe = rows.reap(ring, 1)[1]
        assert.equal("last", buffers:string(cqe.flags, cqe.res))
        rows.raw("shutdown", a, C.SHUT_WR)
        assert.same({ { data = row, res = 0, flags = 0 } },
          rows.reap(ring, 1))
        for _ = 1, 2 do
          assert.equal(0, ring:in_flight())
          assert.same({ 0, 0 }, { rows.call(ring, row, b, buffers) })
        end
        assert.equal(2, buffers:available())
      end)
    end)
  end

  it("ends where the peer resets the connection", function()
    with("recv_multishot", nil, function(own, ring)
      local listener, address = sockets.listener(own)
      local client = sockets.client(own, address)
      local fd = own((rows.raw("accept", listener)))
      local buffers = ring:buf_ring { bgid = 2, entries = 2, size = 8 }
      rows.start(ring, "recv_multishot", fd, buffers)
      rows.raw("send", fd, "unread, so that a close is a reset")
      own:close(client)
      assert.same({ { data = "recv_multishot", res = -errno.ECONNRESET,
        flags = 0 } }, rows.reap(ring, 1))
      assert.equal(0, ring:in_flight())
      assert.equal(2, buffers:available())
    end)
  end)

  it("fails without any data where no buffer is left, or waits", function()
    with("recv_multishot", nil, function(own, ring)
      local a, b = sockets.pair(own)
      local buffers = ring:buf_ring { bgid = 2, entries = 1, size = 4 }
      rows.raw("send", a, "1234")
      local out, flags = rows.call(ring, "recv", b, buffers)
      local id = rows.start(ring, "recv_multishot", b, buffers)
      ring:submit_and_wait(0)
      local waits = ring:cq_ready() == 0
      if waits then rows.start(ring, "cancel", id) end
      for _, cqe in ipairs(rows.reap(ring, waits and 2 or 1)) do
        assert.is_true(cqe.data == "cancel" and cqe.res == 0
          or cqe.res == (waits and -errno.ECANCELED or -errno.ENOBUFS))
      end
      assert.equal(0, ring:in_flight())
      buffers:string(flags, out)
      rows.start(ring, "recv_multishot", b, buffers)
      rows.raw("send", a, "more")
      local res
      res, flags = raw.take(ring) -- there may be an ENOBUFS at once
      assert.is_true(flags & MORE ~= 0)
      assert.equal("more", buffers:string(flags, res))
    end)
  end)

  it("loses no byte where buffers are wanting again and again", function()
    with("recv_multishot", nil, function(own, ring)
      local a, b = sockets.pair(own)
      local buffers = ring:buf_ring { bgid = 2, entries = 2, size = 4 }
      local sent, got, ends = ("0123456789"):rep(50), {}, 0
      rows.raw("send", a, sent)
      own:close(a)
      local over = false
      while not over do
        rows.start(ring, "recv_multishot", b, buffers)
        while ring:in_flight() > 0 do
          local res, flags = raw.take(ring)
          if res > 0 then got[#got + 1] = buffers:string(flags, res) end
          if res == -errno.ENOBUFS then ends = ends + 1 end
          over = over or res == 0
        end
      end
      assert.equal(sent, table.concat(got))
      assert.is_true(ends > 0)
    end)
  end)

  it("expires for the last time without F_MORE", function()
    with("timeout_multishot", nil, function(_, ring)
      rows.start(ring, "timeout_multishot", 0.001, 3)
      for i = 1, 3 do
        local res, flags = raw.take(ring)
        assert.same({ -errno.ETIME, i < 3 }, { res, flags & MORE ~= 0 })
        assert.equal(i < 3 and 1 or 0, ring:in_flight())
      end
    end)
  end)
end)

describe("multishot_accept without a free descriptor", function()
  local function run(script)
    local result = process.run { process.LUA, "-e", [[
      local uring = require "uring.ring"
      local C = uring.consts
      local listener = uring.socket(C.AF_INET, C.SOCK_STREAM)
      assert(uring.bind(listener, uring.sockaddr("127.0.0.1", 0)))
      assert(uring.listen(listener))
      local address = uring.getsockname(listener)
      local function client()
        local fd = assert(uring.socket(C.AF_INET, C.SOCK_STREAM))
        local ring <close> = assert(uring.ring(1))
        ring:get_sqe():prep_connect(fd, address)
        assert(ring:submit_and_wait(1, 10))
        return fd
      end
      client() client() client()
    ]] .. script, limits = "-n 24" }
    assert.equal("", result.err)
    return result.out
  end

  it("ends, and takes the rest when it is started again", function()
    assert.equal("true\ttrue\t0\ntrue\n", run [[
      local ring = assert(uring.ring(4))
      local own = {}
      while true do
        local fd = uring.eventfd()
        if not fd then break end
        own[#own + 1] = fd
      end
      assert(uring.close(table.remove(own)))
      ring:get_sqe():prep_multishot_accept(listener)
      local emfile, more
      ring:submit_and_wait(2)
      for res, flags in ring:cqes() do
        emfile = res == -uring.errno.EMFILE
        more = flags & C.IORING_CQE_F_MORE ~= 0
      end
      print(emfile, not more, ring:in_flight())
      for _ = 1, 2 do assert(uring.close(table.remove(own))) end
      ring:get_sqe():prep_multishot_accept(listener)
      ring:submit_and_wait(1)
      local res = ring:cqes()(ring)
      print(res > 0)
    ]])
  end)

  it("raises in its loop by that name", function()
    assert.matches("^%d+\tmultishot_accept: Too many open files\t24\n$", run [[
      local u = require "uring"
      local own, taken = {}, 0
      print(u.run(function()
        while true do
          local fd = uring.eventfd()
          if not fd then break end
          own[#own + 1] = fd
        end
        uring.close(table.remove(own))
        local ok, why = pcall(function()
          for _ in u.op.multishot_accept(listener) do taken = taken + 1 end
        end)
        assert(not ok)
        return taken, why:gsub("^.-: ", ""), u.errno.EMFILE
      end))
    ]])
  end)
end)

describe("a loop over a multishot op", function()
  it("does not see that others took all the buffers", function()
    local own <close> = rows.owner()
    local block <const> = ("0123456789abcdef"):rep(256)
    within.run(function()
      local buffers = loop.current("this spec").ring:buf_ring {
        bgid = 9, entries = 4, size = 64,
      }
      local sums, ended = {}, 0
      for i = 1, 4 do
        local a, b = sockets.pair(own)
        local times = i == 1 and 64 or 1 -- one of them is hungry
        uring.spawn(function()
          for _ = 1, times do assert(uring.op.send(a, block)) end
          uring.op.shutdown(a, C.SHUT_WR)
        end)
        uring.spawn(function()
          local parts = {}
          for bytes in uring.op.recv_multishot(b, buffers) do
            parts[#parts + 1] = bytes
          end
          sums[i] = table.concat(parts) == block:rep(times)
          ended = ended + 1
        end)
      end
      while ended < 4 do uring.yield() end
      assert.same({ true, true, true, true }, sums)
      assert.equal(4, buffers:available())
    end)
  end)

  it("raises where its buffer ring is closed", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    within.run(function()
      local buffers = loop.current("this spec").ring:buf_ring {
        bgid = 9, entries = 4, size = 64,
      }
      local got
      assert.error_matches(function()
        uring.spawn(function() uring.op.send(a, "first") end)
        for bytes in uring.op.recv_multishot(b, buffers) do
          got = bytes
          buffers:close()
          uring.spawn(function() uring.op.send(a, "second") end)
        end
      end, "the buffer ring is closed")
      assert.equal("first", got)
    end)
  end)
end)
