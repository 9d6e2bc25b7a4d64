--- The example servers survive what clients do to them: crowds, half-closed
-- and reset connections, clients that never read, no descriptors left.
local uring = require "uring"
local peer = require "spec.support.peer"
local process = require "spec.support.process"

local POLLIN = uring.op and require("uring.ring").consts.POLLIN
local CROWD = 1000

local function open_limit()
  local limits <close> = assert(io.open "/proc/self/limits")
  return tonumber(limits:read("a"):match "Max open files%s+(%d+)")
end

local function resets()
  local file <close> = assert(io.open "/proc/net/netstat")
  local names, values = file:read("a"):match "(TcpExt:[^\n]+)\n(TcpExt:[^\n]+)"
  local value = values:gmatch "%S+"
  for name in names:gmatch "%S+" do
    local count = value()
    if name == "TCPAbortOnClose" then return tonumber(count) end
  end
end

local function survives(server)
  it("serves 1,000 connections at once", function()
    if open_limit() < CROWD + 20 then
      pending("this process may open only " .. open_limit() .. " files")
    end
    local running <close> = peer.serve(server, { limits = "-n 1100" })
    local equal = 0
    peer.run(function()
      local conns = {}
      peer.each(CROWD, function(i) conns[i] = peer.connect(running) end)
      for _ = 1, 2 do
        peer.each(CROWD, function(i)
          local bytes = peer.bytes(100 + i)
          if peer.exchange(conns[i], bytes) == bytes then equal = equal + 1 end
        end)
      end
      for i = 1, CROWD do conns[i]:close() end
      assert.is_true(peer.is_served(running))
    end)
    assert.are.equal(2 * CROWD, equal)
    assert.are.equal("", running:errors())
  end)

  it("sends all that is due to a client that has half-closed", function()
    local running <close> = peer.serve(server)
    local bytes = peer.bytes(3 << 20)
    peer.run(function()
      peer.each(8, function()
        local conn <close> = peer.connect(running)
        uring.spawn(function()
          assert(conn:write(bytes))
          assert(conn:shutdown("w"))
        end)
        assert.is_true(conn:read("a") == bytes)
        assert.is_nil((conn:read_some()))
      end)
    end)
  end)

  it("closes the connection of a client that sends nothing", function()
    local running <close> = peer.serve(server)
    peer.run(function()
      local conn <close> = peer.connect(running)
      assert.is_true(conn:shutdown("w"))
      local bytes, message = conn:read_some()
      assert.is_nil(bytes)
      assert.is_nil(message)
    end)
  end)

  it("is not harmed by clients that reset their connections", function()
    local running <close> = peer.serve(server)
    local before = resets()
    peer.run(function()
      local bystander <close> = peer.connect(running)
      local progress = { sent = 0 }
      for round = 1, 20 do
        local idle, busy = peer.connect(running), peer.connect(running)
        assert(idle:write("to be reset"))
        uring.spawn(peer.flood, busy, peer.bytes(65536), 16 << 20, progress)
        -- a socket that is closed with bytes unread sends a reset
        assert(uring.op.poll_add(idle:fileno(), POLLIN))
        assert(uring.op.poll_add(busy:fileno(), POLLIN))
        idle:close()
        busy:close()
        local bytes = peer.bytes(1000 * round)
        assert.is_true(peer.exchange(bystander, bytes) == bytes)
      end
      assert.is_true(peer.is_served(running))
    end)
    assert.is_true(resets() - before >= 40)
    assert.are.equal("", running:errors())
  end)

  it("keeps little of what a client sends that never reads", function()
    local running <close> = peer.serve(server, {
      env = { ASAN_OPTIONS = (os.getenv "ASAN_OPTIONS" or "")
        .. ":quarantine_size_mb=1" },
    })
    local before = running:resident()
    peer.run(function()
      local progress, block = { sent = 0 }, peer.bytes(65536)
      for _ = 1, 40 do
        uring.spawn(peer.flood, peer.connect(running), block, 10 << 20,
          progress)
      end
      local sent = peer.settled(0.3, function() return progress.sent end)
      print(("sent %d MiB, %d MiB"):format(sent>>20, (running:resident()-before)>>20))
      assert.is_true(sent < 40 * (10 << 20), "nobody had to wait")
      assert.is_true(sent > 40 << 20, "only " .. sent .. " bytes were taken")
      assert.is_true(peer.is_served(running))
    end)
    assert.is_true(running:resident() - before < 64 << 20)
    assert.are.equal("", running:errors())
  end)

  it("waits, without spinning, while it has no descriptors left", function()
    local running <close> = peer.serve(server, { limits = "-n 64" })
    peer.run(function()
      local conns, served, count = {}, {}, 0
      peer.each(80, function(i) conns[i] = peer.connect(running) end)
      for i = 1, 80 do
        uring.spawn(function()
          while peer.exchange(conns[i], "ping") == "ping" do
            count = count + (served[i] and 0 or 1)
            served[i] = (served[i] or 0) + 1
            uring.sleep(0.1)
          end
        end)
      end
      process.await("50 clients served", function() return count >= 50 end)
      local cpu = running:cpu()
      uring.sleep(1)
      cpu = running:cpu() - cpu
      print(cpu, count)
      assert.is_true(count < 64, count .. " clients were served")
      assert.is_true(cpu < 0.2, "it took " .. cpu .. " s of one second")
      local leaving = 0
      for i = 1, 80 do
        if served[i] and leaving < 40 then
          assert.is_true(served[i] > 2, "a client was left waiting")
          leaving = leaving + 1
          conns[i]:close()
        end
      end
      process.await("all clients served", function() return count == 80 end)
    end)
    assert.are.equal("", running:errors())
  end)

  it("goes on after it was stopped and continued", function()
    local running <close> = peer.serve(server)
    for _ = 1, 3 do
      running:signal "STOP"
      running:signal "CONT"
      assert.is_true(peer.run(function() return peer.is_served(running) end))
    end
  end)
end

for _, server in ipairs(peer.SERVERS) do
  describe(server.file, function() survives(server) end)
end
