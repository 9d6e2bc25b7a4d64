--- Proves the row send_bundle: the buffers that were added to a ring go out
-- in their order, by one op.
local loop = require "uring.loop"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C, errno = uring.consts, uring.errno
local ENTRIES = 4

rows.describe("send_bundle", function()
  local function source_of(ring, entries, size)
    return assert(ring:buf_ring {
      bgid = 3, entries = entries or ENTRIES, size = size or 16, source = true,
    })
  end

  local function loop_ring()
    return loop.current("this spec").ring
  end

  local function add(source, ...)
    for _, text in ipairs { ... } do assert.is_number(source:add(text)) end
  end

  -- Adds texts until nothing is free, and returns how many there were.
  local function fill(source)
    for count = 0, 1000 do
      local bid, message, code = source:add("again")
      if not bid then
        assert.same({ "add: No buffer space available", errno.ENOBUFS },
          { message, code })
        return count
      end
    end
  end

  it("sends all the buffers that were added, in their order", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local ring <close> = rows.ring()
    local source = source_of(ring)
    for i = 1, 3 do -- goes round
      add(source, "first ", "second ", "third")
      assert.equal(3, source:available())
      local res, flags = rows.call(ring, "send_bundle", a, source)
      assert.equal(18, res)
      assert.same({ buffer = true }, uring.cqe_flag_names(flags))
      assert.equal(0, source:available())
      assert.equal(3 * i, source:head())
      assert.equal("first second third", source:string(flags, res))
      assert.equal("first second third", raw.receive(ring, b, 18))
    end
  end)

  it("shows what it has sent, a view for each buffer", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local ring <close> = rows.ring()
    local source = source_of(ring)
    add(source, "one", "fifteen bytes.")
    local res, flags = rows.call(ring, "send_bundle", a, source)
    local first, second, third = source:view(flags, res)
    assert.equal("one", first:tostring())
    assert.equal("fifteen bytes.", second:tostring())
    assert.is_nil(third)
    assert.equal("onefifteen bytes.", raw.receive(ring, b, 17))
    assert.equal(2, fill(source)) -- the other two
    second:close()
    source:recycle(first)
    assert.equal(2, fill(source))
  end)

  it("gives the count when awaited, and the buffers are free again",
    function()
      local own <close> = rows.owner()
      local a, b = sockets.pair(own)
      local got = within.run(function()
        local source, buffer = source_of(loop_ring()), uring.buffer(64)
        for _ = 1, 3 do
          add(source, "1", "2", "3", "4")
          assert.equal(4, (u.op.send_bundle(a, source)))
        end
        assert.equal(ENTRIES, fill(source))
        return buffer:sub(1, (u.op.recv(b, buffer)))
      end)
      assert.equal("123412341234", got)
    end)

  it("ends once when awaited, however often the kernel goes", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local texts = {}
    for i = 1, 300 do texts[i] = ("%03d,"):format(i) end
    within.run(function()
      local source = source_of(loop_ring(), 512)
      add(source, table.unpack(texts))
      assert.equal(1200, (u.op.send_bundle(a, source)))
      assert.same({ true, 0 }, { u.op.timeout(0.001) }) -- its own result
      local buffer = uring.buffer(2048)
      assert.equal(1200, (u.op.recv(b, buffer)))
      assert.equal(table.concat(texts), buffer:sub(1, 1200))
    end)
  end)

  it("waits until there is room for all", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local filled = raw.fill(a)
    local ring <close> = rows.ring()
    local source = source_of(ring, ENTRIES, 65536)
    local part = ("0123456789abcdef"):rep(4096)
    add(source, part, part, part, "end")
    rows.start(ring, "send_bundle", a, source)
    assert.equal(0, ring:submit_and_wait(0))
    assert.equal(0, ring:cq_ready())
    local reader <close> = rows.ring()
    raw.receive(reader, b, filled)
    assert.equal(part .. part .. part .. "end",
      raw.receive(reader, b, 3 * #part + 3))
    local cqe = rows.reap(ring, 1)[1]
    assert.equal(3 * #part + 3, cqe.res)
    assert.equal(part .. part .. part .. "end",
      source:string(cqe.flags, cqe.res))
  end)

  it("fails where nothing was added", function()
    local own <close> = rows.owner()
    local a = sockets.pair(own)
    local ring <close> = rows.ring()
    assert.same({ -errno.ENOBUFS, 0 },
      { rows.call(ring, "send_bundle", a, source_of(ring)) })
    within.run(function()
      assert.same(
        { nil, "send_bundle: No buffer space available", errno.ENOBUFS },
        { u.op.send_bundle(a, source_of(loop_ring())) })
    end)
  end)

  it("fails where the peer has gone, and has all its buffers again",
    function()
      local own <close> = rows.owner()
      local a, b = sockets.pair(own)
      own:close(b)
      within.run(function()
        local source = source_of(loop_ring())
        add(source, "one", "two", "three")
        assert.same({ nil, "send_bundle: Broken pipe", errno.EPIPE },
          { u.op.send_bundle(a, source) })
        assert.equal(0, source:available())
        assert.equal(ENTRIES, fill(source))
      end)
    end)

  it("tells what it has sent when it is cancelled, and all is free again",
    function()
      local own <close> = rows.owner()
      local a, b = sockets.pair(own)
      assert(uring.setsockopt(a, C.SOL_SOCKET, C.SO_SNDBUF, 4096))
      local part = ("0123456789abcdef"):rep(1024)
      within.run(function()
        local source, count = source_of(loop_ring(), ENTRIES, #part), nil
        add(source, part, part, part)
        u.spawn(function() count = u.op.send_bundle(a, source) end)
        for _ = 1, 3 do u.yield() end
        assert.is_nil(count)
        assert.is_true(u.op.cancel_fd(a))
        while not count do u.yield() end
        assert.is_true(0 < count and count < 3 * #part)
        local buffer = uring.buffer(3 * #part)
        assert.equal(count, (u.op.recv(b, buffer)))
        assert.equal((part .. part .. part):sub(1, count),
          buffer:sub(1, count))
        assert.equal(0, source:available()) -- the kernel has let go of all
        assert.equal(ENTRIES, fill(source))
      end)
    end)

  it("refuses a buffer ring that is to receive", function()
    local own <close> = rows.owner()
    local a = sockets.pair(own)
    local ring <close> = rows.ring()
    local bufring = ring:buf_ring { bgid = 1, entries = 1, size = 1 }
    assert.error_matches(function()
      rows.start(ring, "send_bundle", a, bufring)
    end, "send_bundle: bad argument 'ring' "
      .. "%(the buffer ring is to receive, not a source%)")
  end)
end)
