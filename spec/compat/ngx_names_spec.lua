--- Cosockets connect to names, as where nginx has a resolver.
local leaks = require "spec.support.leaks"
local names = require "uring.net.names"
local raw = require "uring.ring"
local uring = require "uring"
local within = require "spec.support.within"

local errno, ngx = uring.errno, require "uring.compat.ngx".ngx

local LOCAL = "127.0.0.1:0"

-- Has names resolve as a function says, until the end of the block.
local function resolving(resolver)
  local before = names.resolver
  names.resolver = resolver
  return setmetatable({}, { __close = function()
    names.resolver = before
  end })
end

local function to_here(host, options)
  assert.equal("redis.here", host)
  return { raw.sockaddr("127.0.0.1", options.port) }
end

uring.op.nop() -- the ring of calls outside of a run is there from now on
leaks.watch()

describe("a cosocket", function()
  it("connects to a name", function()
    local _guard <close> = resolving(to_here)
    within.run(function()
      local listener <close> = assert(uring.listen(LOCAL))
      local socket <close> = ngx.socket.tcp()
      assert.equal(1, socket:connect("redis.here", listener:sockname().port))
      local peer <close> = assert(listener:accept())
      assert.equal(2, socket:send "hi")
      assert.equal("hi", peer:read(2))
    end)
  end)

  it("of datagrams has a name as its peer", function()
    local _guard <close> = resolving(to_here)
    within.run(function()
      local other <close> = assert(require "uring.net".udp(LOCAL))
      local socket <close> = ngx.socket.udp()
      local port = other:sockname().port
      for _, name in ipairs { "redis.here", "localhost" } do
        assert.equal(1, socket:setpeername(name, port))
        assert.equal(1, socket:send(name))
        assert.equal(name, other:recv())
      end
    end)
  end)

  for code, text in pairs {
    [errno.EDNS_NXDOMAIN] = "redis.here could not be resolved "
      .. "(3: Host not found)",
    [errno.EDNS_SERVFAIL] = "redis.here could not be resolved "
      .. "(2: Server failure)",
    [errno.ENOSYS] = 'no resolver defined to resolve "redis.here"',
  } do
    it("says why a name has no address: " .. text, function()
      local _guard <close> = resolving(function()
        return nil, "resolve redis.here: for a reason", code
      end)
      local function try()
        assert.same({ nil, text },
          { ngx.socket.tcp():connect("redis.here", 80) })
        assert.same({ nil, text },
          { ngx.socket.udp():setpeername("redis.here", 80) })
      end
      within.run(try)
      try()
    end)
  end
end)
