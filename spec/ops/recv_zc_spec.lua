--- Proves that the row recv_zc refuses clearly where no network card serves
-- it: loopback has no queue that register_ifq could take.
local loop = require "uring.loop"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local errno = uring.errno
local LOOPBACK = 1 -- its index, always
local NO_CARD = "register_ifq (it needs a network card with header split): "

rows.describe("recv_zc", function()
  local function connect(own)
    local listener, address = sockets.listener(own)
    local client = sockets.client(own, address)
    return client, own((rows.raw("accept", listener)))
  end

  local function big_ring()
    return assert(uring.ring(8, {
      flags = { "single_issuer", "defer_taskrun", "cqe32" },
    }))
  end

  it("fails where no queue was registered, and leaves the bytes", function()
    local own <close> = rows.owner()
    local a, b = connect(own)
    rows.raw("send", a, "hello")
    for _, open in ipairs { rows.ring, big_ring } do
      local ring <close> = open()
      assert.same({ -errno.EINVAL, 0 },
        { rows.call(ring, "recv_zc", b, 0) })
      assert.same({ -errno.EINVAL, 0 },
        { rows.call(ring, "recv_zc", b, 7, 4096) })
    end
    assert.equal(5, (rows.raw("recv", b, uring.buffer(8))))
  end)

  it("fails for what is no such socket", function()
    local own <close> = rows.owner()
    for _, fd in ipairs {
      sockets.pair(own), own(uring.pipe()), rows.NOT_OPEN,
    } do
      assert.is_true(rows.raw("recv_zc", fd, 0) < 0)
    end
  end)

  it("raises in its loop when awaited, and the loop goes on", function()
    local own <close> = rows.owner()
    local a, b = connect(own)
    within.run(function()
      local ring = loop.current("this spec").ring
      local others = ring:in_flight()
      assert.has_error(function()
        for _ in u.op.recv_zc(b, 0) do end
      end, "recv_zc: Invalid argument")
      assert.equal(others, ring:in_flight())
      u.op.send(a, "hello")
      assert.equal(5, (u.op.recv(b, uring.buffer(8))))
    end)
  end)

  it("names the argument that is wrong", function()
    local ring <close> = rows.ring()
    local message = "recv_zc: bad argument 'zcrx_id' "
      .. "(integer expected, got nil)"
    assert.has_error(function() ring:get_sqe():prep_recv_zc(0) end, message)
    within.run(function()
      assert.has_error(function() u.op.recv_zc(0) end, message)
    end)
  end)

  it("has no queue of loopback, nor of what is no network card", function()
    local ring <close> = big_ring()
    local queue, message, code = ring:register_ifq { if_idx = LOOPBACK }
    if code == errno.EPERM then return pending("needs CAP_NET_ADMIN") end
    assert.is_nil(queue)
    assert.same({ NO_CARD .. "Operation not supported", errno.EOPNOTSUPP },
      { message, code })
    assert.same({ nil, NO_CARD .. "No such device", errno.ENODEV },
      { ring:register_ifq { if_idx = 123456789 } })
  end)

  it("has none in a ring without large CQEs", function()
    local ring <close> = rows.ring()
    local queue, message, code = ring:register_ifq { if_idx = LOOPBACK }
    if code == errno.EPERM then return pending("needs CAP_NET_ADMIN") end
    assert.is_nil(queue)
    assert.same({ NO_CARD .. "Invalid argument", errno.EINVAL },
      { message, code })
  end)
end)
