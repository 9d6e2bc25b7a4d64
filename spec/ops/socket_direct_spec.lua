--- Proves the row socket_direct: a new socket becomes a registered file, in
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

rows.describe("socket_direct", function()
  local function ring_with(slots)
    local ring = rows.ring()
    assert(ring:register_files_sparse(slots))
    return ring
  end

  -- Does an op on a slot.
  local function call(ring, row, ...)
    raw.prepare(ring, row, ...):set_fixed_file()
    ring:submit()
    return (raw.take(ring))
  end

  local function make(ring, ...)
    return (rows.call(ring, "socket_direct", C.AF_INET, C.SOCK_STREAM, ...))
  end

  it("makes a socket in the slot that is chosen, which gives 0", function()
    local own <close> = rows.owner()
    local listener, address = sockets.listener(own)
    local ring <close> = ring_with(4)
    assert.equal(0, make(ring, C.IPPROTO_TCP, 3))
    assert.equal(0, call(ring, "connect", 3, address))
    local server = own((rows.raw("accept", listener)))
    assert.equal(5, call(ring, "send", 3, "hello"))
    assert.equal("hello", raw.receive(ring, server, 5))
    assert.equal(-errno.EBADF, call(ring, "send", 2, "hello"))
  end)

  it("gives the slot that the kernel chose, by default too", function()
    local ring <close> = ring_with(4)
    assert(ring:register_file_alloc_range(2, 2))
    assert.equal(2, make(ring, nil, ANY))
    assert.equal(3, make(ring))
    for slot = 2, 3 do
      assert.equal(-errno.EPIPE, call(ring, "send", slot, "x"))
    end
  end)

  it("makes other kinds of sockets", function()
    local own <close> = rows.owner()
    local here = own(uring.socket(C.AF_INET6, C.SOCK_DGRAM))
    assert(uring.bind(here, uring.sockaddr("::1", 0)))
    local ring <close> = ring_with(1)
    assert.equal(0, (rows.call(ring, "socket_direct", C.AF_INET6,
      C.SOCK_DGRAM, C.IPPROTO_UDP, 0, 0)))
    assert.equal(4, call(ring, "sendto", 0, "text", nil,
      uring.getsockname(here)))
    assert.equal("text", raw.receive(ring, here, 4))
  end)

  it("replaces what the slot had, which is closed", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local ring <close> = rows.ring()
    assert(ring:register_files { a })
    own:close(a)
    assert.equal(0, make(ring, nil, 0))
    assert.same({ 0, 0 }, { rows.raw("recv", b, uring.buffer(1)) })
    assert.equal(-errno.ENOTCONN, call(ring, "recv", 0, uring.buffer(1)))
  end)

  it("gives the slot when awaited", function()
    within.run(function()
      local ring = loop.current("this spec").ring
      assert(ring:register_files_sparse(2))
      for slot = 0, 1 do
        assert.same({ slot, 0 },
          { u.op.socket_direct(C.AF_UNIX, C.SOCK_STREAM) })
      end
      assert.is_true(u.op.close_direct(1))
      assert.same({ 1, 0 }, { u.op.socket_direct(C.AF_UNIX, C.SOCK_STREAM) })
    end)
  end)

  it("empties the slot that was chosen for a task that has gone", function()
    within.run(function()
      local ring = loop.current("this spec").ring
      assert(ring:register_files_sparse(1))
      local others = ring:in_flight()
      assert.is_true(loop.post("socket_direct", C.AF_UNIX, C.SOCK_STREAM))
      while ring:in_flight() > others do u.yield() end
      assert.same({ nil, "close_direct: Bad file descriptor", errno.EBADF },
        { u.op.close_direct(0) })
    end)
  end)

  it("leaves a slot to a task that has gone, where that had chosen it",
    function()
      within.run(function()
        local ring = loop.current("this spec").ring
        assert(ring:register_files_sparse(1))
        local others = ring:in_flight()
        assert.is_true(loop.post("socket_direct", C.AF_UNIX, C.SOCK_STREAM,
          nil, 0))
        while ring:in_flight() > others do u.yield() end
        assert.is_true(u.op.close_direct(0))
      end)
    end)

  it("fails where there are no slots, none that is free, or no such",
    function()
      local own <close> = rows.owner()
      local r = own(uring.pipe())
      local ring <close> = rows.ring()
      assert.equal(-errno.ENXIO, make(ring, nil, 0))
      assert.equal(-errno.ENFILE, make(ring))
      assert(ring:register_files { r })
      assert.equal(-errno.ENFILE, make(ring))
      assert.equal(-errno.EINVAL, make(ring, nil, 1))
      assert.same({ nil, "socket_direct: Too many open files in system",
        errno.ENFILE },
        { rows.await("socket_direct", C.AF_INET, C.SOCK_STREAM) })
    end)

  it("fails for what the kernel does not have", function()
    rows.assert_fails("socket_direct", "EAFNOSUPPORT",
      "Address family not supported by protocol", 999, C.SOCK_STREAM)
    rows.assert_fails("socket_direct", "ESOCKTNOSUPPORT",
      "Socket type not supported", C.AF_UNIX, 9)
    rows.assert_fails("socket_direct", "EINVAL", "Invalid argument",
      C.AF_UNIX, C.SOCK_STREAM | C.SOCK_CLOEXEC) -- a slot always is
  end)
end)
