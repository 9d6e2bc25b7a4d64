--- What ngx does with text, time and numbers, and what it lends of LuaJIT.
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local uring = require "uring"
local within = require "spec.support.within"

local compat = require "uring.compat.ngx"
local undo = compat.install()
local ngx, bit, ffi = compat.ngx, require "bit", require "ffi"
local nkeys, clone = require "table.nkeys", require "table.clone"
local isarray, isempty = require "table.isarray", require "table.isempty"
local clear, new = require "table.clear", require "table.new"
undo()

uring.sleep(0) -- outside of a run there is a ring for good
leaks.watch()

describe("URIs", function()
  it("are escaped and unescaped", function()
    assert.equal("a%20b%2Fc-._~%25%00%FF", ngx.escape_uri "a b/c-._~%\0\255")
    assert.equal("a%20b/c?", (ngx.escape_uri("a b/c", 0) .. "?"))
    assert.equal("a b c%zz%", ngx.unescape_uri "a+b%20c%zz%")
    assert.equal("3", ngx.escape_uri(3))
    assert.has_error(function() ngx.escape_uri("a", 9) end,
      '"type" 9 is not in [0, 2]')
  end)

  it("have arguments", function()
    assert.equal("a=1&b=x%20y&c=1&c=2&d",
      ngx.encode_args { b = "x y", a = 1, c = { 1, "2" }, d = true,
        e = false })
    assert.same({ a = "1", b = { "x y", "" }, c = true, d = "=" },
      ngx.decode_args "a=1&b=x+y&b=&c&=5&d=%3d")
    local some, problem = ngx.decode_args("a&b&c", 2)
    assert.same({ { a = true, b = true }, "truncated" }, { some, problem })
    assert.has_error(function() ngx.encode_args { a = print } end,
      "attempt to use function as query arg value")
  end)
end)

describe("base64", function()
  it("is what base64(1) says", function()
    for _, bytes in ipairs { "", "a", "ab", "abc", "\0\255\254" } do
      local encoded = process.capture(("printf '%s' | base64"):format(
        bytes:gsub(".", function(c) return ("\\%03o"):format(c:byte()) end)))
      assert.equal(encoded, ngx.encode_base64(bytes))
      assert.equal(bytes, ngx.decode_base64(encoded))
    end
    assert.equal("YQ", ngx.encode_base64("a", true))
    assert.equal("a", ngx.decode_base64 "YQ")
    assert.is_nil(ngx.decode_base64 "Y")
    assert.is_nil(ngx.decode_base64 "Y*==")
  end)
end)

describe("digests", function()
  it("are what the tools say", function()
    for _, size in ipairs { 0, 1, 55, 56, 63, 64, 65, 119, 1000 } do
      local bytes = ("abcdefghij"):rep(100):sub(1, size)
      local function tool(name)
        return process.capture(("printf %%s '%s' | %s"):format(bytes, name))
          :match "^%x+"
      end
      assert.equal(tool "md5sum", ngx.md5(bytes))
      assert.equal(tool "sha1sum", (ngx.sha1_bin(bytes):gsub(".",
        function(c) return ("%02x"):format(c:byte()) end)))
    end
    assert.equal(16, #ngx.md5_bin "")
  end)

  it("have known values", function()
    assert.equal(0xCBF43926, ngx.crc32_long "123456789")
    assert.equal(ngx.crc32_long "x", ngx.crc32_short "x")
    assert.equal("3nybhbi3iqa8ino29wqQcBydtNk=", ngx.encode_base64(
      ngx.hmac_sha1("key", "The quick brown fox jumps over the lazy dog")))
    assert.equal(20, #ngx.hmac_sha1(("k"):rep(100), "x"))
  end)
end)

describe("strings for SQL", function()
  it("are quoted", function()
    assert.equal([['a\'b\\\n\0\"']], ngx.quote_sql_str "a'b\\\n\0\"")
  end)
end)

describe("the time", function()
  it("is that of date(1)", function()
    for _ = 1, 3 do -- the second may end in between
      local before, now = os.time(), ngx.now()
      local time, after = ngx.time(), os.time()
      assert.is_true(now >= before - 0.1 and now < after + 1.1)
      assert.is_true(time >= before - 1 and time <= after + 1)
    end
    local exact = tonumber(process.capture "date +%s.%N")
    assert.is_true(math.abs(ngx.now() - exact) < 0.5)
    ngx.update_time()
  end)

  it("is told inside of a run too", function()
    within.run(function()
      assert.is_true(math.abs(ngx.now() - os.time()) < 2)
    end)
  end)

  it("is written, and read", function()
    assert.equal("Thu, 18 Nov 2010 11:27:35 GMT", ngx.http_time(1290079655))
    assert.equal("Thu, 18-Nov-10 11:27:35 GMT", ngx.cookie_time(1290079655))
    assert.equal("Fri, 01-Jan-2100 00:00:00 GMT", ngx.cookie_time(4102444800))
    for _, time in ipairs { 0, 951782400, 1290079655, 4107542400 } do
      assert.equal(time, ngx.parse_http_time(ngx.http_time(time)))
    end
    assert.is_nil(ngx.parse_http_time "yesterday")
    assert.matches("^%d%d%d%d%-%d%d%-%d%d$", ngx.today())
    assert.matches("^" .. ngx.today():gsub("%-", "%%-") .. " %d%d:%d%d:%d%d$",
      ngx.localtime())
    assert.matches("^%d+%-%d%d%-%d%d %d%d:%d%d:%d%d$", ngx.utctime())
  end)
end)

describe("ngx.re", function()
  for _, case in ipairs {
    -- subject, expression, flags, what is found
    { "hello, 1234", "[0-9]+", "", { [0] = "1234" } },
    { "hello, 1234", "([0-9])[0-9]+", "jo", { [0] = "1234", "1" } },
    { "hello, 1234", "([a-z])|(\\d+)", "", { [0] = "h", "h", false } },
    { "ws://host:80/p?x", [[^(wss?)://([^:/]+)(?::(\d+))?(.*)]], "jo",
      { [0] = "ws://host:80/p?x", "ws", "host", "80", "/p?x" } },
    { "wss://host", [[^(wss?)://([^:/]+)(?::(\d+))?(.*)]], "jo",
      { [0] = "wss://host", "wss", "host", false, "" } },
    { " HTTP/1.1 101 ", [[^\s*HTTP/1\.1\s+]], "jo",
      { [0] = " HTTP/1.1 " } },
    { "aXbX", "(.*?)X", "", { [0] = "aX", "a" } },
    { "aXbX", "(.*)X", "", { [0] = "aXbX", "aXb" } },
    { "HeLLo", "hello", "i", { [0] = "HeLLo" } },
    { "HeLLo", "[h-m]+", "i", { [0] = "H" } },
    { "a\nb", "^b$", "m", { [0] = "b" } },
    { "a\nb", "a.b", "s", { [0] = "a\nb" } },
    { "ababab", "(?:ab){2}", "", { [0] = "abab" } },
    { "ababab", "(?:ab){2,}", "", { [0] = "ababab" } },
    { "aaa", "a{1,2}?", "", { [0] = "a" } },
    { "foo bar", [[\bbar\b]], "", { [0] = "bar" } },
    { "k=v", "(?<key>\\w+)=(?P<value>\\w+)", "",
      { [0] = "k=v", "k", "v", key = "k", value = "v" } },
    { "]-^", "[]^-]+", "", { [0] = "]-^" } },
    { "\tA9", "\\x09[[:upper:]][[:digit:]]$", "", { [0] = "\tA9" } },
    { "xaab", "(?:a*)*b", "", { [0] = "aab" } },
    { "1.5e3", [=[^[-+]?\d+(\.\d+)?([eE]\d+)?$]=], "",
      { [0] = "1.5e3", ".5", "e3" } },
    { "ab", "b", "a", nil },
    { "hello", "x", "", nil },
    { "a\nb", "a.b", "", nil },
  } do
    it(("matches %q with %s"):format(case[1], case[2]), function()
      assert.same({ case[4] }, { (ngx.re.match(case[1], case[2], case[3])) })
    end)
  end

  it("finds, from a place on", function()
    assert.same({ 8, 11 }, { ngx.re.find("hello, 1234", "\\d+") })
    assert.same({ 9, 10 }, { ngx.re.find("hello, 1234", "1(23)", "", nil, 1) })
    local context = { pos = 3 }
    assert.same({ 3, 3 }, { ngx.re.find("abab", "a", "", context) })
    assert.equal(4, context.pos)
    assert.is_nil((ngx.re.find("x", "y")))
  end)

  it("iterates", function()
    local words = {}
    for found in ngx.re.gmatch("one, two", "(\\w)\\w*") do
      words[#words + 1] = found[0] .. found[1]
    end
    assert.same({ "oneo", "twot" }, words)
    local count = 0
    for _ in ngx.re.gmatch("abc", "x*") do count = count + 1 end
    assert.equal(4, count)
  end)

  it("replaces", function()
    assert.same({ "hello, [1]234", 1 },
      { ngx.re.sub("hello, 1234", "(\\d)", "[$1]") })
    assert.same({ "[h]ello [w]orld$", 2 },
      { ngx.re.gsub("hello world$", [[\b(\w)]], "[${1}]") })
    assert.same({ "a-$-b", 1 }, { ngx.re.sub("axb", "x", "-$$-") })
    assert.same({ "AbA", 2 }, { ngx.re.gsub("aba", "a",
      function(found) return found[0]:upper() end) })
    assert.same({ "x", 0 }, { ngx.re.gsub("x", "y", "z") })
  end)

  it("says what is wrong with an expression", function()
    for _, wrong in ipairs { "(a", "a)", "[a", "*a", "a\\", "(?=a)", "\\p" } do
      local found, problem = ngx.re.match("a", wrong)
      assert.is_nil(found)
      assert.matches("^pcre_compile%(%) failed: ", problem)
    end
    assert.same({ nil, 'unknown flag "q"' }, { ngx.re.match("a", "a", "q") })
    local _, _, problem = ngx.re.find("a", "(")
    assert.matches("missing %)", problem)
    assert.is_nil((ngx.re.gmatch("a", "(")))
  end)
end)

describe("what LuaJIT has", function()
  it("is bit", function()
    assert.equal(-1, bit.bnot(0))
    assert.equal(0x0F, bit.band(0xFF, 0x3F, 0x0F))
    assert.equal(0xFF, bit.bor(0xF0, 0x0F))
    assert.equal(-2147483648, bit.lshift(1, 31))
    assert.equal(1, bit.rshift(-1, 31))
    assert.equal(-1, bit.arshift(-1, 31))
    assert.equal(1, bit.rol(-2147483648, 1))
    assert.equal(-2147483648, bit.ror(1, 1))
    assert.equal(0x78563412, bit.bswap(0x12345678))
    assert.equal("ffffffff", bit.tohex(-1))
    assert.equal("ABCD", bit.tohex(0xABCD, -4))
    assert.equal(-1, bit.tobit(0xFFFFFFFF))
    assert.equal(6, bit.bxor(5, 3))
  end)

  it("is table.new and the like", function()
    assert.same({}, new(10, 10))
    assert.equal(2, nkeys { 1, x = 2 })
    local t = { 1, x = 2 }
    assert.same(t, clone(t))
    assert.not_equal(t, clone(t))
    assert.is_false(isarray(t))
    assert.is_true(isarray { 1, 2 })
    clear(t)
    assert.is_true(isempty(t))
  end)

  it("is of ffi only what it says", function()
    local array = ffi.new(ffi.typeof "char[?]", 5000)
    for i = 0, 4999 do array[i] = 65 + i % 26 end
    local bytes = ffi.string(array, 5000)
    assert.equal(5000, #bytes)
    assert.equal("ABCDEFGHIJ", bytes:sub(1, 10))
    assert.equal("", ffi.string(array, 0))
    assert.has_error(function() ffi.cdef "int x;" end,
      "ffi.cdef needs LuaJIT: only char[?] is here")
    assert.has_error(function() ffi.new "int" end,
      "ffi.new(int) needs LuaJIT: only char[?] is here")
  end)
end)
