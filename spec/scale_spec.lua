--- As many connections at once as may be, up to ten thousand: a server in one
-- process, its clients in another.  All are served, nothing is left, and
-- what one of them costs is measured and printed.
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local rows = require "spec.support.rows"
local uring = require "uring"
local within = require "spec.support.within"

leaks.watch()

local MOST, LEAST = 10000, 1000
local OTHERS = 50 -- descriptors that are no connections
local KEPT = 12000 -- bytes of Lua for each connection, at the most
local IS_RESTLESS = os.getenv "URING_RESTLESS" ~= nil
local LIMITS = [[-S -n "$(ulimit -H -n)"]]

local SERVER = [[
  local uring = require "uring"
  local count = 0
  uring.run(function()
    local listener <close> = assert(uring.listen("127.0.0.1:0",
      { backlog = 4096 }))
    print("port " .. listener:sockname().port)
    io.stdout:flush()
    uring.serve(listener, function(conn)
      count = count + 1
      for line in conn:lines() do
        if line == "how many?" then
          collectgarbage() collectgarbage()
          line = ("%d %d"):format(count, collectgarbage "count" * 1024)
        end
        conn:write(line, "\n")
      end
      count = count - 1
    end, { max = 20000 })
  end)
]]

local CLIENTS = [[
  local uring = require "uring"
  local port, count, hands = tonumber(arg[1]), tonumber(arg[2]), 100
  local conns, right = {}, 0
  uring.run(function()
    uring.scope(function(scope)
      for hand = 1, hands do
        scope:spawn(function()
          for i = hand, count, hands do
            conns[i] = assert(uring.connect("127.0.0.1", port))
          end
        end)
      end
    end)
    uring.scope(function(scope) -- all at once
      for i, conn in ipairs(conns) do
        scope:spawn(function()
          local line = "line of " .. i
          assert(conn:write(line, "\n"))
          if conn:read "l" == line then right = right + 1 end
        end)
      end
    end)
    print("right " .. right)
    io.stdout:flush()
    uring.sleep(60)
  end)
]]

-- How many connections the limit on descriptors allows, with the others.
local function room()
  local limit = process.capture "ulimit -H -n"
  if limit == "unlimited" then return MOST end
  return math.min(MOST, tonumber(limit) - OTHERS)
end

local function start(script, ...)
  return process.lua { "-e", script, "-", limits = LIMITS, ... }
end

-- What the server says of itself: how many connections, bytes of Lua.
local function ask(port)
  return within.run(function()
    local conn <close> = assert(uring.connect("127.0.0.1", port))
    assert(conn:write "how many?\n")
    return conn:read("n", "n")
  end)
end

local function descriptors(pid)
  local command = ("ls /proc/%d/fd | wc -l"):format(pid)
  return tonumber(process.capture(command))
end

-- The connection by which it was asked last may still be about to close.
local function await_connections(server, count)
  process.await(count .. " connections", function()
    return descriptors(server.pid) == server.open + count
  end)
end

-- Has so many clients come, be served and end at once; returns by how much
-- the server's Lua has grown meanwhile.
local function crowd(server, port, count)
  local _, before = ask(port)
  local clients <close> = start(CLIENTS, port, count)
  assert.equal(tostring(count), clients:expect "right (%d+)\n")
  local served, now = ask(port)
  assert.equal(count + 1, served)
  await_connections(server, count)
  server.peak = server:resident()
  clients:close()
  process.await("all are gone", function() return ask(port) == 1 end)
  await_connections(server, 0)
  return now - before
end

describe("a server", function()
  it("serves as many connections as may be, and nothing is left", function()
    local count = room()
    if count < LEAST then
      pending("this process may open only so many files: " .. count)
    elseif os.getenv "URING_EMULATED" or rows.is_newer "5.19" then
      pending "this is for a machine of today"
    end
    local server <close> = start(SERVER)
    local port = tonumber(server:expect "port (%d+)\n")
    server.open = descriptors(server.pid)
    ask(port)
    local resident = server:resident()
    local lua = crowd(server, port, count)
    io.write(("  %d connections: %.0f bytes of Lua, %.0f resident, each;")
      :format(count, lua / count, (server.peak - resident) / count))
    assert.is_true(lua / count < KEPT or IS_RESTLESS, lua)
    local left = select(2, ask(port))
    crowd(server, port, count)
    local more = select(2, ask(port)) - left
    assert.is_true(more < 100000, more .. " bytes are left of each crowd")
    await_connections(server, 0)
    assert.equal("", server:errors())
  end)
end)
