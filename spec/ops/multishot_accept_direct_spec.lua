--- Proves the row multishot_accept_direct: one op takes connection after
-- connection into free slots of the registered files.
local loop = require "uring.loop"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local errno = uring.errno
local MORE = uring.consts.IORING_CQE_F_MORE
local NAME = "multishot_accept_direct"

rows.describe(NAME, function()
  local function loop_ring(slots)
    local ring = loop.current("this spec").ring
    assert(ring:register_files_sparse(slots))
    return ring
  end

  local function assert_closed(client)
    local res = rows.raw("recv", client, uring.buffer(1))
    assert.is_true(res == 0 or res == -errno.ECONNRESET)
  end

  local function connect(own, address, count)
    local clients = {}
    for i = 1, count do clients[i] = sockets.client(own, address) end
    return clients
  end

  it("completes with a slot for each connection", function()
    local own <close> = rows.owner()
    local listener, address = sockets.listener(own)
    local ring <close> = rows.ring()
    assert(ring:register_files_sparse(4))
    local id = rows.start(ring, NAME, listener)
    for slot = 0, 2 do
      local client = sockets.client(own, address)
      local res, flags, data = raw.take(ring)
      assert.same({ slot, MORE, NAME }, { res, flags & MORE, data })
      rows.raw("send", client, "hello")
      local buffer = uring.buffer(8)
      raw.prepare(ring, "recv", slot, buffer):set_fixed_file()
      ring:submit()
      assert.equal(5, (raw.take(ring)))
      assert.equal("hello", buffer:sub(1, 5))
      assert.equal(1, ring:in_flight())
    end
    rows.start(ring, "cancel", id)
    local ends = {}
    for _, cqe in ipairs(rows.reap(ring, 2)) do ends[cqe.data] = cqe.res end
    assert.same({ [NAME] = -errno.ECANCELED, cancel = 0 }, ends)
    assert.equal(0, ring:in_flight())
  end)

  it("takes a slot again that was emptied", function()
    local own <close> = rows.owner()
    local listener, address = sockets.listener(own)
    local ring <close> = rows.ring()
    assert(ring:register_files_sparse(1))
    rows.start(ring, NAME, listener)
    for _ = 1, 3 do
      local client = sockets.client(own, address)
      assert.equal(0, (raw.take(ring)))
      rows.start(ring, "close_direct", 0)
      assert.same({ 0, 0, "close_direct" }, { raw.take(ring) })
      assert_closed(client)
    end
  end)

  it("ends where no slot is free", function()
    local own <close> = rows.owner()
    local listener, address = sockets.listener(own)
    local clients = connect(own, address, 2)
    local ring <close> = rows.ring()
    assert(ring:register_files_sparse(1))
    rows.start(ring, NAME, listener)
    assert.equal(0, (raw.take(ring)))
    assert.same({ -errno.ENFILE, 0, NAME }, { raw.take(ring) })
    assert.equal(0, ring:in_flight())
    assert_closed(clients[2])
  end)

  it("is cancelled while nobody has come", function()
    local own <close> = rows.owner()
    rows.assert_cancelled(NAME, (sockets.listener(own)))
  end)

  it("fails for a socket that does not listen, and without slots",
    function()
      local own <close> = rows.owner()
      local listener, address = sockets.listener(own)
      assert.equal(-errno.EINVAL, (rows.raw(NAME, (sockets.bound(own)))))
      sockets.client(own, address)
      assert.equal(-errno.ENFILE, (rows.raw(NAME, listener)))
      sockets.client(own, address)
      within.run(function()
        assert.has_error(function()
          for _ in u.op.multishot_accept_direct(listener) do end
        end, NAME .. ": Too many open files in system")
      end)
    end)

  it("is a loop when awaited, up to the last slot", function()
    local own <close> = rows.owner()
    local listener, address = sockets.listener(own)
    local clients = connect(own, address, 4)
    within.run(function()
      loop_ring(3)
      local count = 0
      assert.has_error(function()
        for slot, flags in u.op.multishot_accept_direct(listener) do
          assert.equal(MORE, flags & MORE)
          assert.equal(count, slot)
          count = count + 1
        end
      end, NAME .. ": Too many open files in system")
      assert.equal(3, count)
      for slot = 0, 2 do
        assert.is_true(u.op.close_direct(slot))
        assert_closed(clients[slot + 1])
      end
    end)
  end)

  it("empties what came and was not taken when its loop is left", function()
    local own <close> = rows.owner()
    local listener, address = sockets.listener(own)
    local clients = connect(own, address, 4)
    within.run(function()
      local ring = loop_ring(8)
      local others, kept = ring:in_flight(), nil
      for slot in u.op.multishot_accept_direct(listener) do
        kept = slot
        for _ = 1, 5 do u.op.nop() end -- the others come meanwhile
        if kept == 0 then break end
      end
      while ring:in_flight() > others do u.yield() end
      for i = 2, 4 do assert_closed(clients[i]) end
      assert.is_true(u.op.close_direct(kept))
      assert.same({ nil, "close_direct: Bad file descriptor", errno.EBADF },
        { u.op.close_direct(kept + 1) })
    end)
    assert_closed(clients[1])
  end)

  it("raises in its loop where somebody cancels it", function()
    local own <close> = rows.owner()
    local listener = sockets.listener(own)
    within.run(function()
      local message
      u.spawn(function()
        message = select(2, pcall(function()
          for _ in u.op.multishot_accept_direct(listener) do end
        end))
      end)
      for _ = 1, 3 do u.yield() end
      assert.is_true(u.op.cancel_fd(listener))
      while not message do u.yield() end
      assert.matches(NAME .. ": Operation canceled$", message)
    end)
  end)
end)
