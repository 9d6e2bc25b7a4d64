--- Proves the row uring_cmd128: a command of up to 80 bytes goes to the
-- driver of a file, in a ring whose other SQEs may be of 64 bytes.
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local uring = require "uring.ring"

local C = uring.consts
local SIOCINQ = 0 -- of the commands that sockets take
local ADMIN = 0xc0484e82 -- of those that NVMe controllers take
local GET_FEATURES, NUMBER_OF_QUEUES, NO_FEATURE = 0x0a, 0x07, 0x7f
local INVALID_FIELD = 0x02 -- a status of NVMe

rows.describe("uring_cmd128", function()
  local function null(own)
    return own((rows.raw("openat", C.AT_FDCWD, "/dev/null", C.O_RDWR)))
  end

  -- A socket that has 5 bytes to receive.
  local function receiver(own)
    local listener, address = sockets.listener(own)
    local client = sockets.client(own, address)
    local server = own((rows.raw("accept", listener)))
    rows.raw("send", client, "hello")
    rows.raw("poll_add", server, C.POLLIN)
    return server
  end

  local function mixed(...)
    return assert(uring.ring(8, { flags = { "sqe_mixed", ... } }))
  end

  -- Submits one command, whose CQE brings "wide".
  local function start_wide(ring, ...)
    local sqe = assert(ring:get_sqe128())
    local id = sqe:prep_uring_cmd128(...)
    sqe:set_data("wide")
    assert(ring:submit())
    return id
  end

  -- struct nvme_uring_cmd, whose cdw10 says which feature.
  local function get_feature(number)
    return string.pack("<B xxx I4 I4 I4 I8 I8 I4 I4 I4", GET_FEATURES, 0, 0,
      0, 0, 0, 0, 0, number) .. ("\0"):rep(28)
  end

  it("hands a command over, and its result back", function()
    local own <close> = rows.owner()
    local fd = receiver(own)
    local ring <close> = mixed()
    start_wide(ring, SIOCINQ, fd)
    assert.same({ { res = 5, flags = 0, data = "wide" } },
      rows.reap(ring, 1))
    assert.equal(0, ring:in_flight())
    assert.equal(0, ring:cq_ready())
  end)

  it("does so where all SQEs are wide", function()
    local own <close> = rows.owner()
    local fd = receiver(own)
    local ring <close> = assert(uring.ring(4, { flags = { "sqe128" } }))
    assert.same({ 5, 0 }, { rows.call(ring, "uring_cmd128", SIOCINQ, fd) })
  end)

  it("has room for 80 bytes", function()
    local own <close> = rows.owner()
    local fd = null(own)
    local ring <close> = mixed()
    for _, command in ipairs { "", "x", ("x"):rep(80), uring.buffer(80) } do
      start_wide(ring, 1, fd, command)
      assert.equal(0, rows.reap(ring, 1)[1].res)
    end
    local sqe = ring:get_sqe128()
    assert.error_matches(function()
      sqe:prep_uring_cmd128(1, fd, ("x"):rep(81))
    end, "uring_cmd128: bad argument 'cmd' %(more than 80 bytes%)$")
  end)

  it("hands all the bytes over, and more of the result back", function()
    local own <close> = rows.owner()
    local fd = rows.raw("openat", C.AT_FDCWD, "/dev/nvme0")
    if fd < 0 then return pending("no NVMe controller that we may ask") end
    own(fd)
    local ring <close> = mixed("cqe32")
    start_wide(ring, ADMIN, fd, get_feature(NUMBER_OF_QUEUES))
    local cqe = assert(ring:wait_cqe(10))
    assert.equal(0, cqe.res)
    assert.is_true(cqe:big() & 0xffff > 0) -- queues, less one
    ring:cqe_seen(cqe)
    start_wide(ring, ADMIN, fd, get_feature(NO_FEATURE))
    assert.equal(INVALID_FIELD, rows.reap(ring, 1)[1].res & 0xff)
  end)

  it("stands between SQEs of 64 bytes, anywhere in the SQ", function()
    local own <close> = rows.owner()
    local fd = receiver(own)
    local ring <close> = mixed()
    for _ = 1, 20 do
      local first, second = ring:get_sqe(), ring:get_sqe128()
      local third = ring:get_sqe()
      first:prep_nop()
      first:set_data("first")
      second:prep_uring_cmd128(SIOCINQ, fd)
      second:set_data("second")
      third:prep_nop()
      third:set_data("third")
      ring:submit()
      local res = {}
      for _, cqe in ipairs(rows.reap(ring, 3)) do res[cqe.data] = cqe.res end
      assert.same({ first = 0, second = 5, third = 0 }, res)
    end
    assert.equal(0, ring:in_flight())
  end)

  it("fails for a file whose driver takes none", function()
    local own <close> = rows.owner()
    local ring <close> = mixed()
    start_wide(ring, 0, (own(uring.pipe())))
    assert.equal(-uring.errno.EOPNOTSUPP, rows.reap(ring, 1)[1].res)
    start_wide(ring, 0, rows.NOT_OPEN)
    assert.equal(-uring.errno.EBADF, rows.reap(ring, 1)[1].res)
  end)

  it("is refused in an SQE of 64 bytes, as those of a run are", function()
    local own <close> = rows.owner()
    assert.same({ nil, "uring_cmd128: needs an SQE of 128 bytes: see "
      .. "ring:get_sqe128", uring.errno.EINVAL },
      { rows.await("uring_cmd128", 1, null(own)) })
  end)
end)
