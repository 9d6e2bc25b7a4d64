--- Proves the row fixed_fd_install: a registered file gets a descriptor.
local loop = require "uring.loop"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C, errno = uring.consts, uring.errno
local NAME = "fixed_fd_install"

rows.describe(NAME, function()
  -- Puts a pipe's write end into the slot 1, and nowhere else; gives the
  -- other end.
  local function read_end(ring, own)
    local r, w = own(uring.pipe())
    assert(ring:register_files { -1, w })
    own:close(w)
    return r
  end

  local function assert_leads_to(fd, r)
    local buffer = uring.buffer(4)
    assert.equal(4, (rows.raw("write", fd, "text")))
    assert.equal(4, (rows.raw("read", r, buffer)))
    assert.equal("text", buffer:tostring())
  end

  it("gives a descriptor of the file, which stays in its slot", function()
    local own <close> = rows.owner()
    local ring <close> = rows.ring()
    local r = read_end(ring, own)
    local res, flags = rows.call(ring, NAME, 1)
    assert.equal(0, flags)
    assert_leads_to(own(res), r)
    assert_leads_to(own((rows.call(ring, NAME, 1))), r)
    assert.equal(0, (rows.call(ring, "close_direct", 1)))
    assert_leads_to(res, r)
  end)

  it("makes it close-on-exec, unless told not to", function()
    local own <close> = rows.owner()
    local ring <close> = rows.ring()
    read_end(ring, own)
    assert.is_true(sockets.cloexec(own((rows.call(ring, NAME, 1)))))
    assert.is_false(sockets.cloexec(own((rows.call(ring, NAME, 1,
      C.IORING_FIXED_FD_NO_CLOEXEC)))))
  end)

  it("means a slot, whatever other flags are set", function()
    local own <close> = rows.owner()
    local ring <close> = rows.ring()
    local r = read_end(ring, own)
    raw.prepare(ring, NAME, 1):set_flags("async")
    ring:submit()
    assert_leads_to(own((raw.take(ring))), r)
  end)

  it("gives the descriptor when awaited", function()
    local own <close> = rows.owner()
    within.run(function()
      local r = read_end(loop.current("this spec").ring, own)
      local fd, flags = u.op.fixed_fd_install(1)
      assert.equal(0, flags)
      assert_leads_to(own(fd), r)
      assert.same({ nil, NAME .. ": Bad file descriptor", errno.EBADF },
        { u.op.fixed_fd_install(0) })
      assert.same({ nil, NAME .. ": Invalid argument", errno.EINVAL },
        { u.op.fixed_fd_install(1, 1 << 31) })
    end)
  end)

  it("fails for a slot that is empty, or is not there", function()
    rows.assert_fails(NAME, "EBADF", "Bad file descriptor",
      0) -- there is no table
    local ring <close> = rows.ring()
    assert(ring:register_files { -1 })
    assert.equal(-errno.EBADF, (rows.call(ring, NAME, 0)))
    assert.equal(-errno.EBADF, (rows.call(ring, NAME, 1)))
  end)

  it("fails for flags that the kernel does not know", function()
    local own <close> = rows.owner()
    local ring <close> = rows.ring()
    read_end(ring, own)
    assert.equal(-errno.EINVAL, (rows.call(ring, NAME, 1, 1 << 31)))
  end)

  it("closes descriptors that nobody took when the ring closes", function()
    local own <close> = rows.owner()
    local ring <close> = rows.ring()
    local r = read_end(ring, own)
    for _ = 1, 3 do rows.start(ring, NAME, 1) end
    ring:submit_and_wait(2)
    ring:close()
    assert.equal(0, (rows.raw("read", r, uring.buffer(1)))) -- the end
  end)

  it("closes a descriptor that no task waits for", function()
    local own <close> = rows.owner()
    within.run(function()
      local ring = loop.current("this spec").ring
      local others = ring:in_flight()
      local r = read_end(ring, own)
      assert.is_true(loop.post(NAME, 1))
      while ring:in_flight() > others do u.yield() end
      assert.is_true(u.op.close_direct(1))
      assert.equal(0, (u.op.read(r, uring.buffer(1)))) -- the end
    end)
  end)
end)
