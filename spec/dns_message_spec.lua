--- Answers of servers, as bytes, become records; what is malformed does not.
local core = require "uring.core"
local leaks = require "spec.support.leaks"
local message = require "uring.dns.message"
local records = require "uring.dns.records"

leaks.watch()

local ROOT = "\0"
local QUESTION = "\1a\4test\0" -- its name is at byte 12

-- An answer with one question, and so many records as text.
local function answer(type, ...)
  local number = records.types[type].number
  local parts = { string.pack(">I2I2I2I2I2I2", 1, 0x8180, 1, select("#", ...),
    0, 0), QUESTION, string.pack(">I2I2", number, 1) }
  for _, data in ipairs { ... } do
    parts[#parts + 1] = string.pack(">I2I2I2I4s2", 0xC00C, number, 1, 60, data)
  end
  return table.concat(parts)
end

local function only(type, data)
  local list = assert(message.parse(answer(type, data), type))
  assert.equal(1, #list)
  local record = list[1]
  assert.equal("a.test", record.name)
  assert.equal(type, record.type)
  assert.equal(60, record.ttl)
  record.name, record.type, record.ttl = nil, nil, nil
  return record
end

describe("a record", function()
  it("of type NS, CNAME, PTR has a host", function()
    for _, type in ipairs { "NS", "CNAME", "PTR" } do
      assert.same({ host = "ns.a.test" }, only(type, "\2ns\xC0\x0C"))
      assert.same({ host = "." }, only(type, ROOT))
    end
  end)

  it("of type SOA has all its fields", function()
    assert.same({ mname = "ns.a.test", rname = "host\\.master.a.test",
      serial = 4294967295, refresh = 2, retry = 3, expire = 4, minimum = 5 },
      only("SOA", "\2ns\xC0\x0C\11host.master\xC0\x0C"
        .. string.pack(">I4I4I4I4I4", 4294967295, 2, 3, 4, 5)))
  end)

  it("of type TXT may be empty, and hold any bytes", function()
    assert.same({ text = "", strings = { "" } }, only("TXT", "\0"))
    assert.same({ text = "\0\255x", strings = { "\0\255", "", "x" } },
      only("TXT", "\2\0\255\0\1x"))
  end)

  it("of type CAA has a tag and a value", function()
    assert.same({ critical = false, tag = "iodef", value = "" },
      only("CAA", "\0\5iodef"))
  end)

  it("of type AAAA is written as everywhere", function()
    assert.same({ address = "2001:db8::1" },
      only("AAAA", "\x20\x01\x0d\xb8" .. ("\0"):rep(11) .. "\1"))
  end)

  it("has a name that is escaped as in zone files", function()
    assert.same({ host = "a\\.b.c\\\\d.\\000\\032\\255.*._x" },
      only("PTR", "\3a.b\3c\\d\3\0 \255\1*\2_x\0"))
  end)

  it("with a TTL that is none holds for no time", function()
    local bytes = answer("A", "\1\2\3\4")
    local at = #bytes - 4 - 2 - 4
    bytes = bytes:sub(1, at) .. "\x80\0\0\1" .. bytes:sub(at + 5)
    assert.equal(0, message.parse(bytes, "A")[1].ttl)
  end)

  it("of another type or class is passed over", function()
    local bytes = answer("A", "\1\2\3\4")
    assert.same({}, message.parse(bytes, "MX"))
    local class = bytes:sub(1, -13) .. "\3" .. bytes:sub(-11)
    assert.same({}, message.parse(class, "A"))
  end)
end)

describe("a message", function()
  it("that ends too early at any byte is malformed", function()
    for type, data in pairs {
      A = "\1\2\3\4", AAAA = ("x"):rep(16), MX = "\0\1\1x\0",
      SRV = "\0\1\0\2\0\3\1x\0", TXT = "\3abc", CAA = "\0\1ab", PTR = "\1x\0",
      SOA = ("\1x\0"):rep(2) .. ("x"):rep(20),
    } do
      local bytes = answer(type, data)
      assert.equal(1, #message.parse(bytes, type))
      for size = 0, #bytes - 1 do
        assert.is_nil(message.parse(bytes:sub(1, size), type), type)
      end
    end
  end)

  it("with data of a wrong size is malformed", function()
    for type, list in pairs {
      A = { "", "\1\2\3", "\1\2\3\4\5" }, AAAA = { ("x"):rep(15), "" },
      TXT = { "\4abc" }, CAA = { "\0\9ab" }, MX = { "\0" },
      PTR = { "\64", "\xC0", "\200\1" },
    } do
      for _, data in ipairs(list) do
        assert.is_nil(message.parse(answer(type, data), type), type)
      end
    end
  end)

  it("with a name that goes in circles is malformed", function()
    local start = #answer("PTR", "") -- where the data begins, from 0
    for _, data in ipairs {
      string.pack(">I2", 0xC000 | start),
      "\1x" .. string.pack(">I2", 0xC000 | start),
      string.pack(">I2I2", 0xC000 | start + 2, 0xC000 | start),
    } do
      assert.is_nil(message.parse(answer("PTR", data), "PTR"))
    end
  end)

  it("of any bytes is parsed or malformed, and nothing else", function()
    local state = 4711
    local function random(limit)
      state = (state * 6364136223846793005 + 1442695040888963407)
      return (state >> 33) % limit
    end
    local types = {}
    for type in pairs(records.types) do types[#types + 1] = type end
    table.sort(types)
    for _ = 1, 3000 do
      local type = types[random(#types) + 1]
      local bytes = { answer(type, ("\1x\0"):rep(10)):byte(1, -1) }
      for _ = 1, random(8) + 1 do bytes[random(#bytes) + 1] = random(256) end
      local list = message.parse(string.char(table.unpack(bytes)), type)
      for _, record in ipairs(list or {}) do
        assert.equal(type, record.type)
        if record.address then
          assert.is_truthy(core.sockaddr(record.address, 0))
        end
      end
    end
  end)
end)
