--- What waits is small: bytes of Lua's that each takes which does nothing.
local core = require "uring.core"
local leaks = require "spec.support.leaks"
local Conn = require "uring.net.conn"
local Stream = require "uring.stream"
local uring = require "uring"
local within = require "spec.support.within"

leaks.watch()

local COUNT = 400

local function bytes()
  collectgarbage()
  collectgarbage()
  return collectgarbage "count" * 1024
end

-- Of each that 'start' starts, once it waits.
local function measure(start)
  local before, each
  within.run(function()
    uring.scope(function(scope)
      uring.sleep(0.001)
      before = bytes()
      for place = 1, COUNT do start(scope, place) end
      uring.sleep(0.01)
      each = (bytes() - before) / COUNT
      scope:cancel "measured"
    end)
  end)
  return each
end

local function assert_at_most(limit, value)
  assert(value <= limit, ("%.0f bytes, not %d"):format(value, limit))
end

describe("what waits is small:", function()
  it("a task that sleeps", function()
    assert_at_most(1550, measure(function(scope)
      scope:spawn(function() uring.sleep(60) end)
    end))
  end)

  it("a connection on which a message was echoed", function()
    local peers = {}
    local function echo(conn)
      local _conn <close> = conn
      for message in conn:chunks() do assert(conn:write(message)) end
    end
    local each = measure(function(scope, place)
      local near, far = assert(core.socketpair())
      peers[place] = far
      local conn = Stream.own(Conn.new(), near)
      local peer = assert(require("uring.net").fromfd(far))
      assert(peer:write "hello")
      peers[place] = assert(peer:detach())
      scope:spawn(pcall, echo, conn)
    end)
    for _, fd in ipairs(peers) do core.close(fd) end
    assert_at_most(2050, each)
  end)
end)
