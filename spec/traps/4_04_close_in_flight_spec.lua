--- Trap 4.4: closing a ring cancels and waits for what is in flight, and
-- takes a moment, not for ever.
local leaks = require "spec.support.leaks"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local temp = require "spec.support.temp"
local core = require "uring.core"
local low = require "uring.ring"
local uring = require "uring"

local C = low.consts
local MOMENT = 0.9 -- seconds; what does not end is given up after one

leaks.watch()

-- Closes a ring and asserts that it takes a moment.
local function close_quickly(ring)
  local before = core.now()
  ring:close()
  local taken = (core.now() - before) / 1e9
  assert.is_true(taken < MOMENT, "closing took " .. taken .. " s")
end

-- What may be in flight for ever, by name.
local STUCK = {
  recv = function(ring, fds)
    raw.prepare(ring, "recv", fds.b, low.buffer(9))
  end,
  ["recv in a worker"] = function(ring, fds)
    raw.prepare(ring, "recv", fds.b, low.buffer(9)):set_flags("async")
  end,
  ["recv from a buffer ring"] = function(ring, fds)
    raw.prepare(ring, "recv", fds.b,
      ring:buf_ring { bgid = 1, entries = 4, size = 64 })
  end,
  ["multishot recv"] = function(ring, fds)
    raw.prepare(ring, "recv_multishot", fds.b,
      ring:buf_ring { bgid = 1, entries = 4, size = 64 })
  end,
  send = function(ring, fds)
    raw.fill(fds.a)
    raw.prepare(ring, "send", fds.a, ("x"):rep(1e6))
  end,
  writev = function(ring, fds)
    raw.fill(fds.a)
    raw.prepare(ring, "writev", fds.a, low.iovecs { "one", "two" })
  end,
  timeout = function(ring) raw.prepare(ring, "timeout", 1e6) end,
  poll = function(ring, fds)
    raw.prepare(ring, "poll_add", fds.b, C.POLLIN)
  end,
  accept = function(ring, fds)
    raw.prepare(ring, "accept", fds.server, low.buffer(128))
  end,
  ["multishot accept"] = function(ring, fds)
    raw.prepare(ring, "multishot_accept", fds.server)
  end,
  ["a big read of a pipe"] = function(ring, fds)
    raw.prepare(ring, "read", fds.from, low.buffer(1 << 24))
  end,
  ["a big read of a pipe in a worker"] = function(ring, fds)
    raw.prepare(ring, "read", fds.from, low.buffer(1 << 24))
      :set_flags("async")
  end,
  ["a chain of links"] = function(ring, fds)
    raw.prepare(ring, "recv", fds.b, low.buffer(9)):set_flags("io_link")
    raw.prepare(ring, "send", fds.b, "never"):set_flags("io_link")
    raw.prepare(ring, "timeout", 1e6)
  end,
  ["what waits behind io_drain"] = function(ring, fds)
    raw.prepare(ring, "recv", fds.b, low.buffer(9))
    raw.prepare(ring, "send", fds.b, "never"):set_flags("io_drain")
  end,
  ["more than the CQ holds"] = function(ring, fds)
    for _ = 1, 300 do
      local sqe = ring:get_sqe()
      while not sqe do -- a kernel thread takes them when it comes round
        ring:submit()
        sqe = ring:get_sqe()
      end
      sqe:prep_recv(fds.b, low.buffer(9))
    end
  end,
}

local FLAGS = {
  none = {}, ["deferred work"] = { "single_issuer", "defer_taskrun" },
  ["a kernel thread"] = { "sqpoll" },
}

describe("closing ends", function()
  for what, start in pairs(STUCK) do
    for name, flags in pairs(FLAGS) do
      it(what .. ", of a ring with " .. name, function()
        local own <close> = rows.owner()
        local fds = {}
        fds.a, fds.b = sockets.pair(own)
        fds.from, fds.to = own(low.pipe())
        fds.server = sockets.listener(own)
        local ring = assert(low.ring(8, { flags = flags }))
        start(ring, fds)
        ring:submit()
        assert.is_true(ring:in_flight() > 0)
        close_quickly(ring)
        assert.equal("uring.Ring (closed)", tostring(ring))
      end)
    end
  end
end)

describe("a closing ring", function()
  it("lets a write to a file finish, or takes none of it back", function()
    local file <close> = temp.file()
    local fd = rows.raw("openat", C.AT_FDCWD, file.path, C.O_WRONLY)
    local text = ("0123456789"):rep(100000)
    local ring = assert(low.ring(8))
    raw.prepare(ring, "write", fd, text, 0):set_flags("async")
    ring:submit()
    close_quickly(ring)
    local left = file:read()
    assert.is_true(left == "" or left == text)
    low.close(fd)
  end)

  it("executes nothing that was not submitted", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local file <close> = temp.file("before")
    local fd = own((rows.raw("openat", C.AT_FDCWD, file.path, C.O_WRONLY)))
    local name <close> = temp.name()
    local ring = assert(low.ring(8))
    raw.prepare(ring, "recv", b, low.buffer(9))
    ring:submit()
    raw.prepare(ring, "write", fd, "AFTER", 0)
    raw.prepare(ring, "send", a, "never"):set_flags("io_link")
    raw.prepare(ring, "openat", C.AT_FDCWD, name.path, C.O_CREAT | C.O_WRONLY)
    close_quickly(ring)
    assert.equal("before", file:read())
    assert.is_nil(io.open(name.path))
    assert.equal(-low.errno.EAGAIN,
      (rows.raw("recv", b, low.buffer(9), C.MSG_DONTWAIT)))
  end)

  it("is the collector's business where nobody closes it", function()
    local own <close> = rows.owner()
    local _, b = sockets.pair(own)
    for _ = 1, 20 do
      local ring = assert(low.ring(8))
      for _ = 1, 8 do raw.prepare(ring, "recv", b, low.buffer(4096)) end
      ring:submit()
    end
    raw.collect()
  end)

  it("is closed though it refers to itself", function()
    local own <close> = rows.owner()
    local _, b = sockets.pair(own)
    for _ = 1, 20 do
      local ring = assert(low.ring(8))
      local cycle = { ring = ring }
      cycle.self = cycle
      raw.prepare(ring, "recv", b, low.buffer(4096)):set_data(cycle)
      ring:submit()
    end
    raw.collect()
  end)

  it("is what a run leaves, though ops nobody waits for are in flight",
    function()
      local own <close> = rows.owner()
      local a = sockets.pair(own)
      local before = core.now()
      pcall(uring.run, function()
        for _ = 1, 10 do
          uring.spawn(uring.op.recv, a, low.buffer(10))
          uring.spawn(uring.op.timeout, 1e6)
        end
        uring.yield()
        error("on purpose")
      end)
      assert.is_true((core.now() - before) / 1e9 < MOMENT)
    end)
end)
