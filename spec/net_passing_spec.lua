--- Descriptors passed over Unix sockets, and who is on the other side.
local leaks = require "spec.support.leaks"
local net = require "uring.net"
local process = require "spec.support.process"
local raw = require "uring.ring"
local uring = require "uring"
local within = require "spec.support.within"

local errno = uring.errno

uring.op.nop() -- the ring of calls outside of a run is there from now on
leaks.watch()

local CLOSED = { nil, "closed", errno.ECLOSED }

local function pair(body)
  return within.run(function()
    local one <close>, two = assert(net.socketpair())
    local other <close> = two
    return body(one, other)
  end)
end

local function close_all(fds)
  for _, fd in ipairs(fds) do assert(raw.close(fd)) end
end

describe("a descriptor that is passed", function()
  it("is a copy, which the other side owns", function()
    pair(function(one, other)
      local listener <close> = assert(net.listen("127.0.0.1:0"))
      assert.equal(one, one:send_fd(listener, "take this"))
      local fd, data = other:recv_fd()
      assert.equal("take this", data)
      assert.is_false(fd == listener:fileno())
      local copy <close> = assert(net.fromfd(fd))
      assert.is_true(copy:sockname() == listener:sockname())
      listener:close()
      local conn <close> = assert(net.connect(copy:sockname()))
      local server <close> = assert(copy:accept())
      assert.is_true(server:peername() == conn:sockname())
    end)
  end)

  it("may be one of many, with bytes", function()
    pair(function(one, other)
      assert(one:send_fd({ 0, 1, one, 2 }, "four"))
      assert(one:send_fd(0))
      local fds, data = other:recv_fds()
      assert.equal(4, #fds)
      assert.equal("four", data)
      close_all(fds)
      fds, data = other:recv_fds()
      assert.equal(1, #fds)
      assert.equal("\0", data)
      close_all(fds)
      local many = {}
      for i = 1, 253 do many[i] = 0 end
      assert(one:send_fd(many))
      fds = other:recv_fds()
      assert.equal(253, #fds)
      close_all(fds)
    end)
  end)

  it("that nobody takes is closed", function()
    pair(function(one, other)
      assert(one:send_fd { 0, 1, 2 })
      local fds = other:recv_fds(2)
      assert.equal(2, #fds)
      close_all(fds)
      assert(one:send_fd { 0, 1, 2 })
      assert(raw.close((other:recv_fd())))
      assert(one:send_fd { 0, 1, 2 })
      assert.same({}, (other:recv_fds(0)))
      assert(one:send_fd { 0, 1 }, "unread")
    end)
  end)

  it("is close-on-exec", function()
    pair(function(one, other)
      assert(one:send_fd(0))
      local fd = assert(other:recv_fd())
      local info <close> = io.open("/proc/self/fdinfo/" .. fd)
      local flags = tonumber(info:read("a"):match("flags:%s*(%d+)"), 8)
      assert.is_true(flags & raw.consts.O_CLOEXEC ~= 0)
      assert(raw.close(fd))
    end)
  end)

  it("is missing where only bytes came", function()
    pair(function(one, other)
      assert(one:write("bytes"))
      assert.same({ false, "bytes" }, { other:recv_fd() })
      assert(one:write("more"))
      assert.same({ {}, "more" }, { other:recv_fds() })
      one:close()
      assert.is_nil(other:recv_fd())
      assert.is_nil(other:recv_fds())
    end)
  end)

  it("is waited for, until the time is over or the socket closed", function()
    pair(function(one, other)
      other:settimeout(0.01)
      assert.same({ nil, "timeout", errno.ETIMEDOUT }, { other:recv_fd() })
      other:settimeout()
      assert.is_nil((uring.timeout(0.01, other.recv_fd, other)))
      uring.spawn(function()
        uring.sleep(0.01)
        one:send_fd(0)
      end)
      assert(raw.close((other:recv_fd())))
      uring.spawn(function()
        uring.sleep(0.01)
        other:close()
      end)
      assert.same(CLOSED, { other:recv_fds() })
      assert.same(CLOSED, { other:recv_fd() })
      assert.same(CLOSED, { other:send_fd(0) })
      assert.same(CLOSED, { other:peercred() })
    end)
  end)

  it("needs a socket that can, and a descriptor that is", function()
    within.run(function()
      local listener <close> = assert(net.listen("127.0.0.1:0"))
      local conn <close> = assert(net.connect(listener:sockname()))
      assert.same({ nil, "send_fd: Operation not supported",
        errno.EOPNOTSUPP }, { conn:send_fd(0) })
      local one <close>, two = assert(net.socketpair())
      local _two <close> = two
      assert.equal(errno.EBADF, select(3, one:send_fd(4000)))
      local closed = assert(net.udp("127.0.0.1:0"))
      closed:close()
      for _, bad in ipairs { -1, "0", {}, closed, { "x" }, 1.5 } do
        assert.error_matches(function() one:send_fd(bad) end,
          "send_fd: bad argument 'fds'")
      end
      for _, bad in ipairs { "", 5 } do
        assert.error_matches(function() one:send_fd(0, bad) end,
          "send_fd: bad argument 'data'")
      end
      assert.error_matches(function() one:recv_fds(-1) end,
        "recv_fds: bad argument 'most'")
    end)
  end)

  it("works outside of a run", function()
    local one <close>, two = assert(net.socketpair())
    local other <close> = two
    assert(one:settimeout(5):send_fd(0, "x"))
    local fd, data = other:settimeout(5):recv_fd()
    assert.equal("x", data)
    assert(raw.close(fd))
  end)
end)

describe("the other side", function()
  it("of a Unix socket is told", function()
    pair(function(one)
      local own = process.capture("echo $PPID $(id -u) $(id -g)")
      local peer = one:peercred()
      assert.equal(own, ("%d %d %d"):format(peer.pid, peer.uid, peer.gid))
    end)
  end)

  it("of another socket is not known", function()
    within.run(function()
      local listener <close> = assert(net.listen("127.0.0.1:0"))
      local conn <close> = assert(net.connect(listener:sockname()))
      assert.same({ nil, "peercred: Operation not supported",
        errno.EOPNOTSUPP }, { conn:peercred() })
    end)
  end)
end)
