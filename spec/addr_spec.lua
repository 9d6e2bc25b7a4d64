--- Addresses are made of text, and say again what they are.
local abstract = require "spec.support.abstract"
local leaks = require "spec.support.leaks"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local uring = require "uring.ring"

local C, errno = uring.consts, uring.errno

leaks.watch()

describe("an address", function()
  it("of IPv4 has host, port and family", function()
    local address = assert(uring.sockaddr("127.0.0.1", 7000))
    assert.equal("127.0.0.1", address.host)
    assert.equal(7000, address.port)
    assert.equal("inet", address.family)
    assert.is_nil(address.path)
    assert.equal("127.0.0.1:7000", tostring(address))
  end)

  it("of IPv6 has host, port and family", function()
    local address = assert(uring.sockaddr("::1", 65535))
    assert.equal("::1", address.host)
    assert.equal(65535, address.port)
    assert.equal("inet6", address.family)
    assert.equal("[::1]:65535", tostring(address))
    assert.equal("[2001:db8::5]:0",
      tostring(uring.sockaddr("2001:DB8:0:0::5", 0)))
  end)

  it("of Unix has a path and family", function()
    local address = assert(uring.sockaddr("unix:/tmp/some path"))
    assert.equal("/tmp/some path", address.path)
    assert.equal("unix", address.family)
    assert.is_nil(address.host)
    assert.is_nil(address.port)
    assert.equal("unix:/tmp/some path", tostring(address))
  end)

  it("of Unix may be abstract", function()
    local address = assert(uring.sockaddr("unix:@name"))
    assert.equal("@name", address.path)
    assert.equal("unix:@name", tostring(address))
  end)

  it("has no other field", function()
    assert.is_nil(uring.sockaddr("::1", 1).name)
  end)

  it("equals one with the same content", function()
    local a = uring.sockaddr("127.0.0.1", 80)
    assert.is_true(a == uring.sockaddr("127.0.0.1", 80))
    assert.is_false(a == uring.sockaddr("127.0.0.1", 81))
    assert.is_false(a == uring.sockaddr("127.0.0.2", 80))
    assert.is_false(a == uring.sockaddr("::1", 80))
    assert.is_false(a == uring.sockaddr("unix:/a"))
    assert.is_true(uring.sockaddr("unix:@a") == uring.sockaddr("unix:@a"))
    assert.is_false(uring.sockaddr("unix:@a") == uring.sockaddr("unix:@ab"))
    assert.is_false(a == uring.buffer(16))
  end)
end)

describe("a text that is no address", function()
  it("of the internet gives nil, a message and EINVAL", function()
    for _, host in ipairs { "localhost", "", "1.2.3.4.5", "::g", "a b" } do
      local address, message, code = uring.sockaddr(host, 80)
      assert.is_nil(address)
      assert.equal(host .. ", port 80: not a numeric address", message)
      assert.equal(errno.EINVAL, code)
    end
  end)

  it("may have a port that is none", function()
    for _, port in ipairs { -1, 65536, math.maxinteger, math.mininteger } do
      local address, message, code = uring.sockaddr("127.0.0.1", port)
      assert.is_nil(address)
      assert.equal(("127.0.0.1, port %d: not a numeric address"):format(port),
        message)
      assert.equal(errno.EINVAL, code)
    end
  end)

  it("of Unix is empty, too long, or contains a zero", function()
    assert.equal(107, #assert(uring.sockaddr("unix:" .. ("x"):rep(107))).path)
    for _, path in ipairs { "", ("x"):rep(108), "a\0b" } do
      local address, message, code = uring.sockaddr("unix:" .. path)
      assert.is_nil(address)
      assert.matches("Invalid argument", message)
      assert.equal(errno.EINVAL, code)
    end
  end)

  it("raises where it is no text, or there is no port", function()
    assert.error_matches(function() uring.sockaddr() end, "string expected")
    assert.error_matches(function() uring.sockaddr("::1") end,
      "number expected")
    assert.error_matches(function() uring.sockaddr("::1", "http") end,
      "number expected")
  end)
end)

describe("an address in a Buffer", function()
  -- What accept says of a client that was bound to 'name', or not at all.
  local function accepted(where, name)
    local ring = assert(uring.ring(4))
    local domain = C["AF_" .. where.family:upper()]
    local server = uring.socket(domain, C.SOCK_STREAM)
    if not uring.bind(server, where) then
      uring.close(server)
      ring:close()
      pending("this machine has no " .. where.family)
    end
    assert(uring.listen(server))
    local client = uring.socket(domain, C.SOCK_STREAM)
    if name then assert(uring.bind(client, name)) end
    local peer = uring.buffer(128)
    raw.prepare(ring, "connect", client, uring.getsockname(server))
    ring:submit()
    assert.equal(0, raw.take(ring))
    local conn = rows.call(ring, "accept", server, peer)
    local known = uring.getsockname(client)
    for _, fd in ipairs { server, client, conn } do uring.close(fd) end
    ring:close()
    return uring.unpack_sockaddr(peer), known
  end

  it("of IPv4 is what the client has", function()
    local address, known = accepted(uring.sockaddr("127.0.0.1", 0))
    assert.equal("127.0.0.1", address.host)
    assert.equal(known.port, address.port)
    assert.is_true(address == known)
  end)

  it("of IPv6 is what the client has", function()
    local address, known = accepted(uring.sockaddr("::1", 0))
    assert.equal("inet6", address.family)
    assert.is_true(address == known)
  end)

  it("of an unnamed Unix client has an empty path", function()
    local address = accepted(uring.sockaddr(abstract "1"))
    assert.equal("unix", address.family)
    assert.equal("", address.path)
    assert.equal("unix:", tostring(address))
  end)

  it("of a named Unix client has its name", function()
    local name = assert(uring.sockaddr(abstract "client"))
    local address = accepted(uring.sockaddr(abstract "2"), name)
    assert.equal(abstract "client", "unix:" .. address.path)
  end)

  it("of all zeros has no family", function()
    local address = uring.unpack_sockaddr(uring.buffer(128))
    assert.equal("unspec", address.family)
    assert.equal("uring.Address", tostring(address))
  end)

  it("may be cut off: what is missing is zero", function()
    assert.equal("unspec", uring.unpack_sockaddr(uring.buffer(1)).family)
    local two = uring.buffer(2):set(1, string.pack("=I2", C.AF_INET))
    assert.equal("0.0.0.0:0", tostring(uring.unpack_sockaddr(two)))
  end)

  it("may stand in a string, and in nothing else", function()
    local bytes = string.pack("=I2", C.AF_INET)
    assert.equal("0.0.0.0:0", tostring(uring.unpack_sockaddr(bytes)))
    assert.error_matches(function() uring.unpack_sockaddr({}) end,
      "string expected, got table")
  end)
end)
