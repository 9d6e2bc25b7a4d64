--- The proxy does what its header says, seen from outside: by nc and socat.
local leaks = require "spec.support.leaks"
local peer = require "spec.support.peer"
local process = require "spec.support.process"
local raw = require "uring.ring"
local uring = require "uring"

local C = raw.consts

uring.sleep(0) -- outside of a run there is a ring for good

local FILE = "examples/proxy.lua"

-- Runs a test with the proxy before an address.
local function before(address, body)
  local proxy <close> = process.lua { FILE, "127.0.0.1:0", address }
  proxy.port = tonumber(proxy:expect "^listening on 127%.0%.0%.1:(%d+)\n")
  peer.run(body, proxy)
end

-- The same before an echo server.
local function proxied(body)
  local echo <close> = peer.serve(peer.SERVERS[1])
  before("127.0.0.1:" .. echo.port, body)
end

describe(FILE, function()
  leaks.watch()

  it("brings every byte there and back, for nc and socat", function()
    proxied(function(proxy)
      local closes = process.shell("nc -h 2>&1 | grep -q -e -N").code == 0
      for _, client in ipairs {
        "nc " .. (closes and "-N " or "") .. "127.0.0.1 $1",
        "socat -t 20 - TCP:127.0.0.1:$1",
      } do
        local result = process.shell(
          "head -c 3000000 /dev/urandom >$2; " .. client
            .. " <$2 | cmp - $2; status=$?; rm $2; exit $status",
          proxy.port, os.tmpname())
        assert.same({ code = 0, out = "", err = "" }, result)
        proxy:expect ": 3000000 bytes there, 3000000 back %(splice%)\n"
      end
    end)
  end)

  it("serves many at once", function()
    proxied(function(proxy)
      peer.each(50, function(i)
        local conn <close> = peer.connect(proxy)
        local bytes = peer.bytes(10000 + i)
        assert.is_true(peer.exchange(conn, bytes) == bytes)
      end)
    end)
  end)

  it("says who could not be served, and goes on", function()
    local fd = assert(raw.socket(C.AF_INET, C.SOCK_STREAM)) -- not listening
    local _guard <close> = setmetatable({}, {
      __close = function() raw.close(fd) end,
    })
    assert(raw.bind(fd, raw.sockaddr("127.0.0.1", 0)))
    before(tostring(raw.getsockname(fd)), function(proxy)
      for _ = 1, 2 do
        local conn <close> = peer.connect(proxy)
        assert.is_nil(conn:read_some())
      end
      local refused = "\n127%.0%.0%.1:%d+: connect [%d.:]+: Connection refused"
      proxy:expect(refused .. refused .. "\n$")
    end)
  end)

  it("says how it is called", function()
    local result = process.run { process.LUA, FILE, "127.0.0.1:0" }
    assert.same({ code = 2, out = "",
      err = "usage: lua5.4 examples/proxy.lua HERE THERE\n" }, result)
  end)
end)
