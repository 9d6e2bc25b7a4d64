--- Proves the row multishot_accept: one op takes connection after
-- connection, until it fails, is cancelled, or its loop is left.
local loop = require "uring.loop"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local ECANCELED = uring.errno.ECANCELED

rows.describe("multishot_accept", function()
  local function assert_closed(fd)
    local res = rows.raw("recv", fd, uring.buffer(1))
    assert.is_true(res == 0 or res == -uring.errno.ECONNRESET)
  end

  local function in_flight()
    return loop.current("this spec").ring:in_flight()
  end

  it("completes once for each connection, then with its end", function()
    local own <close> = rows.owner()
    local listener, address = sockets.listener(own)
    local ring <close> = rows.ring()
    local id = rows.start(ring, "multishot_accept", listener)
    for _ = 1, 3 do
      local client = sockets.client(own, address)
      local cqe = rows.reap(ring, 1)[1]
      assert.same({ more = true }, uring.cqe_flag_names(cqe.flags))
      assert.equal("multishot_accept", cqe.data)
      assert.equal(uring.getsockname(client),
        uring.getpeername(own(cqe.res)))
      assert.is_true(sockets.cloexec(cqe.res))
      assert.equal(1, ring:in_flight())
    end
    rows.start(ring, "cancel", id)
    local ends = {}
    for _, cqe in ipairs(rows.reap(ring, 2)) do ends[cqe.data] = cqe end
    assert.equal(0, ends.cancel.res)
    assert.equal(-ECANCELED, ends.multishot_accept.res)
    assert.equal(0, ends.multishot_accept.flags)
    assert.equal(0, ring:in_flight())
  end)

  it("is cancelled while nobody has come", function()
    local own <close> = rows.owner()
    rows.assert_cancelled("multishot_accept", (sockets.listener(own)))
  end)

  it("ends at once where it fails", function()
    local own <close> = rows.owner()
    local fd = sockets.bound(own)
    assert.equal(-uring.errno.EINVAL, (rows.raw("multishot_accept", fd)))
    within.run(function()
      assert.has_error(function()
        for _ in u.op.multishot_accept(fd) do end
      end, "multishot_accept: Invalid argument")
    end)
  end)

  it("closes what nobody took when the ring closes", function()
    local own <close> = rows.owner()
    local listener, address = sockets.listener(own)
    local ring <close> = rows.ring()
    local first = sockets.client(own, address)
    local second = sockets.client(own, address)
    rows.start(ring, "multishot_accept", listener)
    ring:submit_and_wait(2)
    assert.equal(2, ring:cq_ready())
    ring:close()
    assert_closed(first)
    assert_closed(second)
  end)

  it("is a loop when awaited", function()
    local own <close> = rows.owner()
    local listener, address = sockets.listener(own)
    local peers = {}
    within.run(function()
      u.spawn(function()
        for _ = 1, 3 do
          local client = own(uring.socket(uring.consts.AF_INET,
            uring.consts.SOCK_STREAM))
          u.op.connect(client, address)
          peers[#peers + 1] = uring.getsockname(client)
        end
      end)
      local count = 0
      for fd, flags in u.op.multishot_accept(listener) do
        count = count + 1
        assert.same({ more = true }, uring.cqe_flag_names(flags))
        local peer = uring.getpeername(own(fd))
        while not peers[count] do u.yield() end
        assert.equal(peers[count], peer)
        if count == 3 then break end
      end
    end)
  end)

  it("goes on in its loop where the CQ has overflowed", function()
    local own <close> = rows.owner()
    local listener, address = sockets.listener(own)
    for _ = 1, 20 do sockets.client(own, address) end
    within.run({ entries = 1 }, function()
      local ring, count = loop.current("this spec").ring, 0
      assert.is_true(ring:params().cq_entries < 20)
      for fd in u.op.multishot_accept(listener) do
        own(fd)
        count = count + 1
        if count == 20 then break end
      end
    end)
  end)

  it("is cancelled when its loop is left", function()
    local own <close> = rows.owner()
    local listener, address = sockets.listener(own)
    local first = sockets.client(own, address)
    within.run(function()
      local others, peer = in_flight(), nil
      for fd in u.op.multishot_accept(listener) do
        peer = uring.getpeername(own(fd))
        if peer then break end
      end
      assert.equal(uring.getsockname(first), peer)
      while in_flight() > others do u.yield() end
    end)
    local later = sockets.client(own, address)
    local fd = own((rows.raw("accept", listener)))
    assert.equal(uring.getsockname(later), uring.getpeername(fd))
  end)

  it("closes what came and was not taken when its loop is left", function()
    local own <close> = rows.owner()
    local listener, address = sockets.listener(own)
    local clients = {}
    for i = 1, 4 do clients[i] = sockets.client(own, address) end
    within.run(function()
      for fd in u.op.multishot_accept(listener) do
        for _ = 1, 5 do u.op.nop() end -- the others come meanwhile
        if own(fd) then break end
      end
    end)
    for i = 2, 4 do assert_closed(clients[i]) end
  end)

  it("closes what comes after its loop was left", function()
    local own <close> = rows.owner()
    local listener, address = sockets.listener(own)
    for _ = 1, 20 do sockets.client(own, address) end
    within.run({ entries = 1 }, function() -- the CQ has room for few
      local others = in_flight()
      for fd in u.op.multishot_accept(listener) do
        if own(fd) then break end
      end
      while in_flight() > others do u.yield() end
    end)
  end)

  it("closes it also where the body fails, or the run", function()
    local own <close> = rows.owner()
    local listener, address = sockets.listener(own)
    for _ = 1, 4 do sockets.client(own, address) end
    local function body()
      for fd in u.op.multishot_accept(listener) do
        u.op.close(fd)
        error("body", 0)
      end
    end
    within.run(function()
      assert.has_error(body, "body")
      for _ = 1, 4 do sockets.client(own, address) end
    end)
    assert.has_error(function()
      within.run(function()
        u.spawn(function()
          for fd in u.op.multishot_accept(listener) do
            u.op.close(fd)
            u.op.timeout(100)
          end
        end)
        for _ = 1, 5 do u.op.nop() end
        error({})
      end)
    end, {})
  end)

  it("raises in its loop where somebody cancels it", function()
    local own <close> = rows.owner()
    local listener = sockets.listener(own)
    within.run(function()
      local message
      u.spawn(function()
        local _
        _, message = pcall(function()
          for _ in u.op.multishot_accept(listener) do end
        end)
      end)
      for _ = 1, 3 do u.yield() end
      assert.is_true(u.op.cancel_fd(listener))
      while not message do u.yield() end
      assert.matches("^spec/ops/multishot_accept_spec.lua:%d+: "
        .. "multishot_accept: Operation canceled$", message)
    end)
  end)
end)
