--- Proves the row uring_cmd: a command goes to the driver of a file.
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local uring = require "uring.ring"

local C = uring.consts
local SIOCINQ = 0 -- of the commands that sockets take
local ADMIN = 0xc0484e82 -- of those that NVMe controllers take
local GET_FEATURES, NUMBER_OF_QUEUES, NO_FEATURE = 0x0a, 0x07, 0x7f
local INVALID_FIELD = 0x02 -- a status of NVMe

rows.describe("uring_cmd", function()
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
    if rows.raw("cmd_siocinq", server) == -uring.errno.EOPNOTSUPP then
      pending("needs Linux 6.5, for sockets")
    end
    return server
  end

  -- struct nvme_uring_cmd, whose cdw10 says which feature.
  local function get_feature(number)
    return string.pack("<B xxx I4 I4 I4 I8 I8 I4 I4 I4", GET_FEATURES, 0, 0,
      0, 0, 0, 0, 0, number) .. ("\0"):rep(28)
  end

  it("hands a command over, and its result back", function()
    local own <close> = rows.owner()
    assert.same({ 5, 0 }, { rows.raw("uring_cmd", SIOCINQ, receiver(own)) })
  end)

  it("has room for 16 bytes of it", function()
    local own <close> = rows.owner()
    local fd = null(own)
    local buffer = uring.buffer(16)
    assert.equal(0, (rows.raw("uring_cmd", 1, fd)))
    assert.equal(0, (rows.raw("uring_cmd", 1, fd, "")))
    assert.equal(0, (rows.raw("uring_cmd", 1, fd, "0123456789abcdef")))
    assert.equal(0, (rows.raw("uring_cmd", 1, fd, buffer)))
    local ring <close> = rows.ring()
    local sqe = ring:get_sqe()
    assert.error_matches(function()
      sqe:prep_uring_cmd(1, fd, "0123456789abcdefg")
    end, "uring_cmd: bad argument 'cmd' %(more than 16 bytes%)$")
  end)

  it("has room for 80 bytes where all SQEs are wide", function()
    local own <close> = rows.owner()
    local fd = null(own)
    local ring <close> = assert(uring.ring(4, { flags = { "sqe128" } }))
    assert.equal(0, (rows.call(ring, "uring_cmd", 1, fd, ("x"):rep(80))))
    local sqe = ring:get_sqe()
    assert.error_matches(function()
      sqe:prep_uring_cmd(1, fd, ("x"):rep(81))
    end, "uring_cmd: bad argument 'cmd' %(more than 80 bytes%)$")
  end)

  it("hands all the bytes over, and more of the result back", function()
    local own <close> = rows.owner()
    local fd = rows.raw("openat", C.AT_FDCWD, "/dev/nvme0")
    if fd < 0 then return pending("no NVMe controller that we may ask") end
    own(fd)
    local ring <close> = assert(uring.ring(4,
      { flags = { "sqe128", "cqe32" } }))
    rows.start(ring, "uring_cmd", ADMIN, fd, get_feature(NUMBER_OF_QUEUES))
    local cqe = assert(ring:wait_cqe(10))
    assert.equal(0, cqe.res)
    assert.is_true(cqe:big() & 0xffff > 0) -- queues, less one
    ring:cqe_seen(cqe)
    local status = rows.call(ring, "uring_cmd", ADMIN, fd,
      get_feature(NO_FEATURE))
    assert.equal(INVALID_FIELD, status & 0xff)
  end)

  it("gives the driver's number when awaited", function()
    local own <close> = rows.owner()
    assert.same({ 5, 0 },
      { rows.await("uring_cmd", SIOCINQ, receiver(own), "") })
    assert.same({ 0, 0 }, { rows.await("uring_cmd", 1, null(own), "bytes") })
  end)

  it("fails for a file whose driver takes none, or not this one", function()
    local own <close> = rows.owner()
    rows.assert_fails("uring_cmd", "EOPNOTSUPP", "Operation not supported",
      0, (own(uring.pipe())))
    rows.assert_fails("uring_cmd", "EOPNOTSUPP", "Operation not supported",
      9999, (own(uring.socketpair())))
    rows.assert_fails("uring_cmd", "EBADF", "Bad file descriptor",
      0, rows.NOT_OPEN)
  end)
end)
