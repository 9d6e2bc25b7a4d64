--- The example servers survive what clients do to them: crowds, half-closed
-- and reset connections, clients that never read, no descriptors left.
local leaks = require "spec.support.leaks"
local peer = require "spec.support.peer"
local process = require "spec.support.process"
local uring = require "uring"

local POLLIN = require "uring.ring".consts.POLLIN
local MIB = 1 << 20
local CROWD = 1000

-- A second of spinning is a second; serving takes longer where emulated.
local BUSY = os.getenv "URING_EMULATED" and 0.7 or 0.2

local function open_limit()
  local limits <close> = assert(io.open "/proc/self/limits")
  return tonumber(limits:read("a"):match "Max open files%s+(%d+)")
end

-- How many connections of this machine were reset since bytes were unread.
local function count_resets()
  local file <close> = assert(io.open "/proc/net/netstat")
  local names, values = file:read("a"):match "(TcpExt:[^\n]+)\n(TcpExt:[^\n]+)"
  local value = values:gmatch "%S+"
  for name in names:gmatch "%S+" do
    local count = value()
    if name == "TCPAbortOnClose" then return tonumber(count) end
  end
end

-- Closes a connection on which bytes have come that nobody has read: then
-- the kernel sends a reset.
local function reset(conn)
  assert(uring.op.poll_add(conn:fileno(), POLLIN))
  conn:close()
end

for _, server in ipairs(peer.SERVERS) do
  describe(server.file, function()
    leaks.watch()

    it("serves 1,000 connections at once", function()
      if open_limit() < CROWD + 20 then
        pending("this process may open only " .. open_limit() .. " files")
      end
      local running <close> = peer.serve(server, {
        limits = [[-S -n "$(ulimit -H -n)"]],
      })
      local equal = 0
      peer.run(function()
        local conns <close> = peer.crowd(running, CROWD)
        for _ = 1, 2 do
          peer.each(CROWD, function(i)
            local bytes = peer.bytes(100 + i)
            if peer.exchange(conns[i], bytes) == bytes then
              equal = equal + 1
            end
          end)
        end
      end)
      assert.equal(2 * CROWD, equal)
      assert.is_true(peer.run(peer.is_served, running))
      assert.equal("", running:errors())
    end)

    it("sends all that is due to a client that has half-closed", function()
      local running <close> = peer.serve(server)
      local bytes = peer.bytes(3 * MIB)
      peer.run(peer.each, 8, function()
        local conn <close> = peer.connect(running)
        uring.spawn(function()
          assert(conn:write(bytes))
          assert(conn:shutdown "w")
        end)
        assert.is_true(conn:read "a" == bytes)
        assert.is_nil((conn:read_some()))
      end)
    end)

    it("ends the connection of a client that sends nothing", function()
      local running <close> = peer.serve(server)
      peer.run(function()
        local conn <close> = peer.connect(running)
        assert.is_true(conn:shutdown "w")
        assert.same({ n = 1 }, table.pack(conn:read_some()))
      end)
    end)

    it("is not harmed by clients that reset their connections", function()
      local running <close> = peer.serve(server)
      local before = count_resets()
      peer.run(function()
        local bystander <close> = peer.connect(running)
        for round = 1, 20 do
          local idle <close> = peer.connect(running)
          local busy <close> = peer.connect(running)
          assert(idle:write "to be reset")
          peer.flood(busy, 16 * MIB, { sent = 0 })
          reset(idle)
          reset(busy)
          local bytes = peer.bytes(1000 * round)
          assert.is_true(peer.exchange(bystander, bytes) == bytes)
        end
        assert.is_true(peer.is_served(running))
      end)
      process.await("40 resets", function()
        return count_resets() - before >= 40
      end)
      assert.equal("", running:errors())
    end)

    it("keeps little of what clients send that never read", function()
      local asan = os.getenv "ASAN_OPTIONS"
      local running <close> = peer.serve(server, {
        env = { ASAN_OPTIONS = asan and asan .. ":quarantine_size_mb=1" },
      })
      local before = running:resident()
      peer.run(function()
        local deaf <close> = peer.crowd(running, 40)
        local progress = { sent = 0 }
        for _, conn in ipairs(deaf) do peer.flood(conn, 16 * MIB, progress) end
        local sent = peer.settled(0.5, function() return progress.sent end)
        assert.is_true(sent < 640 * MIB, "nobody had to wait")
        assert.is_true(sent > 40 * MIB, "only " .. sent .. " bytes were taken")
        assert.is_true(peer.is_served(running))
        assert.is_true(running:resident() - before < 64 * MIB)
      end)
      assert.is_true(peer.run(peer.is_served, running))
      assert.equal("", running:errors())
    end)

    it("waits, without spinning, while it has no descriptors", function()
      local running <close> = peer.serve(server, { limits = "-n 64" })
      peer.run(function()
        local conns <close> = peer.crowd(running, 80)
        local served, turns = 0, {}
        for i, conn in ipairs(conns) do
          turns[i] = 0
          uring.spawn(function()
            while peer.exchange(conn, "ping") == "ping" do
              if turns[i] == 0 then served = served + 1 end
              turns[i] = turns[i] + 1
              uring.sleep(0.1)
            end
          end)
        end
        process.await("50 clients served", function() return served >= 50 end)
        local cpu = running:cpu()
        uring.sleep(1)
        cpu = running:cpu() - cpu
        assert.is_true(cpu < BUSY, "it took " .. cpu .. " s of one second")
        assert.is_true(served < 64, served .. " clients were served")
        for i, conn in ipairs(conns) do
          if turns[i] > 0 then
            assert.is_true(turns[i] > 2, "a client was left waiting")
            if i % 2 == 0 then conn:close() end
          end
        end
        process.await("all clients served", function()
          return served == 80
        end)
      end)
      assert.equal("", running:errors())
    end)

    it("goes on after it was stopped and continued", function()
      local running <close> = peer.serve(server)
      for _ = 1, 3 do
        running:interrupt()
        assert.is_true(running:is_alive(), "it has ended")
        assert.is_true(peer.run(peer.is_served, running))
      end
    end)
  end)
end
