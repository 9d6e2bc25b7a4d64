--- Trap 4.21: close(2) cancels no op, and an SQE that waits for submission
-- names a descriptor by a number that another file may have by then.  A
-- handle that is closed ends its ops first, is closed once, and its number
-- is met by nobody's op.
local fs = require "uring.fs"
local leaks = require "spec.support.leaks"
local low = require "uring.ring"
local temp = require "spec.support.temp"
local uring = require "uring"
local within = require "spec.support.within"

local errno = uring.errno

uring.sleep(0) -- outside of a run there is a ring for good
leaks.watch()

local CLOSED = { n = 3, nil, "closed", errno.ECLOSED }

-- A handle of one end, and the descriptor of the other.
local function pair()
  local a, b = low.socketpair()
  return fs.from_fd(a), b
end

describe("a handle that is closed", function()
  it("in the tick in which an op was started does not name another file",
    function()
      local file <close> = temp.file "of another"
      within.run(function()
        for _ = 1, 20 do
          local handle, peer = pair()
          local fd, result = handle:fileno(), nil
          uring.spawn(function() result = table.pack(handle:read_some()) end)
          uring.spawn(function() handle:close() end) -- before any submit
          uring.yield()
          local other <close> = assert(uring.open(file.path))
          uring.sleep(0.0005)
          assert.same(CLOSED, result)
          assert.equal("of another", other:read "a")
          assert.is_true(fd >= 0)
          low.close(peer)
        end
      end)
    end)

  it("wakes all who wait for it, each once", function()
    within.run(function()
      local handle, peer = pair()
      local results, count = {}, 0
      local function note(...)
        count = count + 1
        results[count] = table.pack(...)
      end
      uring.spawn(function() note(handle:read_some()) end)
      for _ = 1, 2 do
        uring.spawn(function() note(uring.wait_readable(handle)) end)
        uring.spawn(function() note(uring.wait_readable(handle, 60)) end)
      end
      for _ = 1, 3 do uring.yield() end
      handle:close()
      uring.sleep(0.005)
      assert.equal(5, count)
      for _, result in ipairs(results) do assert.same(CLOSED, result) end
      low.close(peer)
    end)
  end)

  it("is gone for its peer, though ops were in flight", function()
    within.run(function()
      local handle, peer = pair()
      uring.spawn(function() handle:read_some() end)
      uring.yield()
      handle:close()
      assert.equal(0, (uring.op.recv(peer, low.buffer(1))))
      low.close(peer)
    end)
  end)

  it("is closed once, whoever closes it how often", function()
    within.run(function()
      local handle, peer = pair()
      local fd = handle:fileno()
      for _ = 1, 3 do assert.is_true(handle:close()) end
      uring.sleep(0.001)
      local again = low.eventfd()
      assert.equal(fd, again) -- the least number that is free
      for _ = 1, 3 do assert.is_true(handle:close()) end
      do local _guard <close> = handle end
      getmetatable(handle).__gc(handle)
      uring.sleep(0.001)
      assert.is_true(low.close(again)) -- so nobody else has
      low.close(peer)
    end)
  end)

  it("lends its number no more", function()
    within.run(function()
      local handle, peer = pair()
      handle:close()
      assert.is_nil(handle:fileno())
      assert.is_true(handle:closed())
      assert.matches("%(closed%)", tostring(handle))
      for _, call in ipairs {
        handle.read, handle.read_some, uring.wait_readable,
        uring.wait_writable,
      } do
        assert.same(CLOSED, table.pack(call(handle)))
      end
      assert.same({ nil, "closed", errno.ECLOSED, 0 }, { handle:write "x" })
      assert.same({ nil, "closed", errno.ECLOSED, 0 }, { handle:write "" })
      low.close(peer)
    end)
  end)

  it("while its reader is cancelled tells either, and is closed", function()
    within.run(function()
      for i = 1, 20 do
        local handle, peer = pair()
        local ok, first, message
        local task = uring.spawn(function()
          ok, first, message = pcall(handle.read_some, handle)
        end)
        uring.yield()
        if i % 2 == 0 then handle:close() end
        task:cancel()
        if i % 2 == 1 then handle:close() end
        task:result()
        assert.is_true(ok and message == "closed"
          or not ok and uring.is_cancelled(first))
        assert.equal(0, (uring.op.recv(peer, low.buffer(1))))
        low.close(peer)
      end
    end)
  end)
end)

describe("a handle that is closed where the task is to end", function()
  it("is closed, files too", function()
    local fds = {}
    within.run(function()
      uring.timeout(0.001, function()
        local handle, peer = pair()
        local file = assert(uring.open "/dev/null")
        local listener = assert(uring.listen "127.0.0.1:0")
        fds = { handle:fileno(), file:fileno(), listener:fileno() }
        pcall(uring.sleep, 60)
        for _, each in ipairs { handle, file, listener } do
          assert.is_true(each:close())
        end
        low.close(peer)
      end)
      uring.sleep(0.001)
      for _, fd in ipairs(fds) do
        assert.is_nil(io.open("/proc/self/fdinfo/" .. fd))
      end
    end)
    assert.equal(3, #fds)
  end)
end)
