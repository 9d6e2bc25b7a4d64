--- Trap 4.2: what the kernel has really produced is delivered, or, where
-- nobody is left to take it, put away: a descriptor is closed.
local leaks = require "spec.support.leaks"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local low = require "uring.ring"
local uring = require "uring"
local within = require "spec.support.within"

local C, errno = low.consts, low.errno

leaks.watch() -- each test here fails where a descriptor is left

describe("a result that comes with a cancel", function()
  it("is not lost: it is delivered, or stays in the socket", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    for _, flags in ipairs { {}, { "single_issuer", "defer_taskrun" } } do
      local ring <close> = assert(low.ring(8, { flags = flags }))
      for _ = 1, 50 do
        local buffer = low.buffer(5)
        local sqe, id = raw.prepare(ring, "recv", b, buffer)
        sqe:set_data("recv")
        ring:submit()
        raw.prepare(ring, "send", a, "hello")
        raw.prepare(ring, "cancel", id)
        ring:submit()
        local res
        for _ = 1, 3 do
          local value, _, data = raw.take(ring)
          if data == "recv" then res = value end
        end
        if res ~= 5 then
          assert.equal(-errno.ECANCELED, res)
          assert.equal(5, (rows.call(ring, "recv", b, buffer)))
        end
        assert.equal("hello", buffer:tostring())
      end
    end
  end)

  it("closes no connection that was accepted all the same", function()
    local own <close> = rows.owner()
    local server, address = sockets.listener(own)
    local ring <close> = assert(low.ring(8))
    for _ = 1, 20 do
      local sqe, id = raw.prepare(ring, "accept", server)
      sqe:set_data("accept")
      ring:submit()
      local client = sockets.client(own, address)
      raw.prepare(ring, "cancel", id)
      ring:submit()
      local fd
      for _ = 1, 2 do
        local value, _, data = raw.take(ring)
        if data == "accept" then fd = value end
      end
      if fd < 0 then fd = rows.call(ring, "accept", server) end
      assert.equal(1, rows.call(ring, "send", client, "x"))
      assert.equal("x", raw.receive(ring, fd, 1))
      assert.is_true(low.close(fd))
    end
  end)
end)

describe("a ring that closes", function()
  it("closes what its ops have opened for nobody", function()
    local own <close> = rows.owner()
    local server, address = sockets.listener(own)
    local ring = assert(low.ring(16))
    raw.prepare(ring, "multishot_accept", server)
    ring:submit()
    for _ = 1, 3 do sockets.client(own, address) end
    for _ = 1, 3 do
      raw.prepare(ring, "openat", C.AT_FDCWD, "/dev/null")
      raw.prepare(ring, "socket", C.AF_UNIX, C.SOCK_STREAM)
      raw.prepare(ring, "openat", C.AT_FDCWD, "/dev/null"):set_flags("async")
    end
    ring:submit_and_wait(12)
    ring:close()
  end)

  it("closes what completes while it closes", function()
    local own <close> = rows.owner()
    local server, address = sockets.listener(own)
    for _ = 1, 20 do
      local ring = assert(low.ring(16))
      raw.prepare(ring, "accept", server)
      raw.prepare(ring, "openat", C.AT_FDCWD, "/dev/null"):set_flags("async")
      ring:submit()
      local client = own(low.socket(C.AF_INET, C.SOCK_STREAM))
      raw.prepare(ring, "connect", client, address)
      ring:submit()
      ring:close()
    end
  end)

  it("closes what the CQ had no room for", function()
    local ring = assert(low.ring(4, { cq_entries = 4 }))
    for _ = 1, 30 do
      local sqe = ring:get_sqe() or ring:submit() and ring:get_sqe()
      sqe:prep_openat(C.AT_FDCWD, "/dev/null")
    end
    ring:submit()
    ring:close()
  end)
end)

describe("a run that ends with an error", function()
  local function fail_during(body)
    assert.error_matches(function()
      uring.run(function()
        uring.spawn(body)
        uring.yield()
        error("on purpose")
      end)
    end, "on purpose")
  end

  it("gives a task what it was about to open, or does not open it", function()
    for _ = 1, 20 do
      fail_during(function()
        local file <close> = assert(uring.open("/dev/null"))
        uring.sleep(60)
        return file
      end)
      fail_during(function()
        low.close(uring.op.socket(C.AF_UNIX, C.SOCK_STREAM))
      end)
    end
  end)

  it("closes connections that were accepted meanwhile", function()
    assert.error_matches(function()
      uring.run(function()
        local listener <close> = assert(uring.listen("127.0.0.1:0"))
        uring.spawn(function() listener:accept() end)
        uring.spawn(function()
          for fd in uring.op.multishot_accept(listener:fileno()) do
            low.close(fd) -- the first; the others come while it sleeps
            uring.sleep(60)
          end
        end)
        local address <const> = listener:sockname()
        for _ = 1, 8 do assert(uring.connect(address)) end
        error("on purpose")
      end)
    end, "on purpose")
  end)

  it("gives a generator what it was about to open", function()
    fail_during(function()
      coroutine.wrap(function()
        local file <close> = assert(uring.open("/dev/null"))
        uring.sleep(60)
        return file
      end)()
    end)
  end)
end)

describe("a coroutine that was closed while it waited", function()
  local close = coroutine.close -- which lets it happen; that of inside does not

  it("leaves nothing that its op opens", function()
    within.run(function()
      for _ = 1, 5 do
        local thread = coroutine.create(function()
          return uring.op.openat(C.AT_FDCWD, "/dev/null")
        end)
        local ok
        uring.spawn(function() ok = coroutine.resume(thread) end)
        uring.yield()
        close(thread)
        while ok == nil do uring.yield() end
        assert.is_false(ok)
      end
    end)
  end)
end)

describe("a multishot loop that is left", function()
  it("closes the connections that nobody took", function()
    within.run(function()
      local listener <close> = assert(uring.listen("127.0.0.1:0"))
      local clients = {}
      uring.spawn(function()
        for i = 1, 8 do
          clients[i] = assert(uring.connect(listener:sockname()))
        end
      end)
      for fd in uring.op.multishot_accept(listener:fileno()) do
        low.close(fd)
        uring.sleep(0.005)
        if #clients == 8 then break end
      end
      for _ = 1, 3 do uring.yield() end
      for _, client in ipairs(clients) do client:close() end
    end)
  end)
end)
