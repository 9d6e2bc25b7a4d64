--- Proves the row socket: a new socket of any kind.
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C = uring.consts
local SO_DOMAIN, SO_TYPE = 39, 3

rows.describe("socket", function()
  local function assert_is(domain, kind, fd)
    assert.equal(domain, uring.getsockopt(fd, C.SOL_SOCKET, SO_DOMAIN))
    assert.equal(kind, uring.getsockopt(fd, C.SOL_SOCKET, SO_TYPE))
  end

  it("makes a socket of the kind asked for", function()
    local own <close> = rows.owner()
    for _, each in ipairs {
      { C.AF_INET, C.SOCK_STREAM, C.IPPROTO_TCP }, { C.AF_INET, C.SOCK_DGRAM },
      { C.AF_UNIX, C.SOCK_STREAM }, { C.AF_UNIX, C.SOCK_SEQPACKET, 0, 0 },
    } do
      local res, flags = rows.raw("socket", table.unpack(each, 1, 4))
      assert.equal(0, flags)
      assert_is(each[1], each[2], own(res))
    end
  end)

  it("makes it close-on-exec", function()
    local own <close> = rows.owner()
    local fd = own((rows.raw("socket", C.AF_UNIX, C.SOCK_STREAM)))
    assert.is_true(sockets.cloexec(fd))
  end)

  it("gives the descriptor when awaited", function()
    local own <close> = rows.owner()
    local fd, flags = rows.await("socket", C.AF_INET, C.SOCK_STREAM)
    assert.equal(0, flags)
    assert_is(C.AF_INET, C.SOCK_STREAM, own(fd))
    assert.is_true(sockets.cloexec(fd))
    local _, address = sockets.listener(own)
    assert.equal(0, (rows.raw("connect", fd, address)))
  end)

  it("fails for what the kernel does not have", function()
    rows.assert_fails("socket", "EAFNOSUPPORT",
      "Address family not supported by protocol", 999, C.SOCK_STREAM)
    rows.assert_fails("socket", "ESOCKTNOSUPPORT",
      "Socket type not supported", C.AF_UNIX, 9)
    rows.assert_fails("socket", "EINVAL", "Invalid argument",
      C.AF_UNIX, C.SOCK_STREAM, 0, 1)
  end)

  it("closes a descriptor that nobody took when the ring closes", function()
    local ring <close> = rows.ring()
    for _ = 1, 4 do rows.start(ring, "socket", C.AF_UNIX, C.SOCK_STREAM) end
    ring:submit_and_wait(4)
    assert.equal(4, ring:cq_ready())
  end)

  it("gives its task the descriptor, though that is cancelled", function()
    assert.has_error(function()
      within.run(function()
        u.spawn(function()
          uring.close(u.op.socket(C.AF_UNIX, C.SOCK_STREAM))
        end)
        u.spawn(function() error({}) end)
      end)
    end, {})
  end)
end)
