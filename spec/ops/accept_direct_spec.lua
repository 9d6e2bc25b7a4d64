--- Proves the row accept_direct: a connection becomes a registered file, in
-- a slot that is chosen or in any that is free.
local loop = require "uring.loop"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C, errno = uring.consts, uring.errno
local ANY = C.IORING_FILE_INDEX_ALLOC

rows.describe("accept_direct", function()
  local function ring_with(slots)
    local ring = rows.ring()
    assert(ring:register_files_sparse(slots))
    return ring
  end

  local function loop_ring()
    return loop.current("this spec").ring
  end

  -- Asserts that a slot is the other side of a client.
  local function assert_connected(ring, slot, client)
    assert.equal(5, (rows.raw("send", client, "hello")))
    local buffer = uring.buffer(8)
    raw.prepare(ring, "recv", slot, buffer):set_fixed_file()
    ring:submit()
    assert.equal(5, (raw.take(ring)))
    assert.equal("hello", buffer:sub(1, 5))
  end

  local function assert_closed(client)
    local res = rows.raw("recv", client, uring.buffer(1))
    assert.is_true(res == 0 or res == -errno.ECONNRESET)
  end

  it("puts a connection into the slot that is chosen, which gives 0",
    function()
      local own <close> = rows.owner()
      local listener, address = sockets.listener(own)
      local client = sockets.client(own, address)
      local ring <close> = ring_with(4)
      assert.equal(0, (rows.call(ring, "accept_direct", listener, nil, nil,
        3)))
      assert_connected(ring, 3, client)
    end)

  it("gives the slot that the kernel chose, by default too", function()
    local own <close> = rows.owner()
    local listener, address = sockets.listener(own)
    local ring <close> = ring_with(4)
    assert(ring:register_file_alloc_range(2, 2))
    for slot, chosen in pairs { [2] = ANY, [3] = false } do
      local client = sockets.client(own, address)
      assert.equal(slot, (rows.call(ring, "accept_direct", listener, nil,
        nil, chosen or nil)))
      assert_connected(ring, slot, client)
    end
  end)

  it("replaces what the slot had", function()
    local own <close> = rows.owner()
    local listener, address = sockets.listener(own)
    local ring <close> = ring_with(1)
    local first = sockets.client(own, address)
    rows.call(ring, "accept_direct", listener, nil, nil, 0)
    local second = sockets.client(own, address)
    rows.call(ring, "accept_direct", listener, nil, nil, 0)
    assert_closed(first)
    assert_connected(ring, 0, second)
  end)

  it("tells the peer's address", function()
    local own <close> = rows.owner()
    local listener, address = sockets.listener(own)
    local client = sockets.client(own, address)
    local ring <close> = ring_with(1)
    local peer = uring.buffer(128)
    rows.call(ring, "accept_direct", listener, peer)
    assert.equal(uring.getsockname(client), uring.unpack_sockaddr(peer))
  end)

  it("gives the slot when awaited", function()
    local own <close> = rows.owner()
    local listener, address = sockets.listener(own)
    within.run(function()
      local ring = loop_ring()
      assert(ring:register_files_sparse(2))
      local clients = {}
      for slot = 0, 1 do
        clients[slot] = sockets.client(own, address)
        assert.same({ slot, 0 }, { u.op.accept_direct(listener) })
      end
      for slot = 0, 1 do
        assert.is_true(u.op.close_direct(slot))
        assert_closed(clients[slot])
      end
    end)
  end)

  it("empties the slot that was chosen for a task that has gone", function()
    local own <close> = rows.owner()
    local listener, address = sockets.listener(own)
    within.run(function()
      local ring = loop_ring()
      assert(ring:register_files_sparse(1))
      local others = ring:in_flight()
      for _ = 1, 2 do -- there is but one slot
        local client = sockets.client(own, address)
        assert.is_true(loop.post("accept_direct", listener))
        while ring:in_flight() > others do u.yield() end
        assert_closed(client)
      end
    end)
  end)

  it("fails where there are no slots, none that is free, or no such",
    function()
      local own <close> = rows.owner()
      local listener, address = sockets.listener(own)
      local function failure(slots, ...)
        sockets.client(own, address)
        local ring <close> = rows.ring()
        if slots then assert(ring:register_files(slots)) end
        return (rows.call(ring, "accept_direct", listener, nil, nil, ...))
      end
      assert.equal(-errno.ENXIO, failure(nil, 0))
      assert.equal(-errno.ENFILE, failure { listener })
      assert.equal(-errno.EINVAL, failure({ listener }, 1))
      sockets.client(own, address)
      assert.same({ nil, "accept_direct: Too many open files in system",
        errno.ENFILE }, { rows.await("accept_direct", listener) })
    end)

  it("fails for a socket that does not listen, and for no socket",
    function()
      local own <close> = rows.owner()
      rows.assert_fails("accept_direct", "EINVAL", "Invalid argument",
        (sockets.bound(own)))
      rows.assert_fails("accept_direct", "ENOTSOCK",
        "Socket operation on non-socket", (own(uring.pipe())))
    end)

  it("fails for close-on-exec, which a slot always is", function()
    local own <close> = rows.owner()
    rows.assert_fails("accept_direct", "EINVAL", "Invalid argument",
      (sockets.listener(own)), nil, C.SOCK_CLOEXEC)
  end)

  it("is cancelled while it waits, and takes no slot then", function()
    local own <close> = rows.owner()
    local listener, address = sockets.listener(own)
    local ring <close> = ring_with(1)
    local res, cancel = rows.cancelled(ring, "accept_direct", listener)
    assert.same({ -errno.ECANCELED, 0 }, { res, cancel })
    sockets.client(own, address)
    assert.equal(0, (rows.call(ring, "accept_direct", listener)))
  end)
end)
