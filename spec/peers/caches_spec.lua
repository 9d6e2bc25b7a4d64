--- Redis and memcached over plain uring.connect: requests by the thousand in
-- one go, values of megabytes, and servers that are killed in mid-reply.
local daemons = require "spec.support.daemons"
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local uring = require "uring"
local within = require "spec.support.within"

leaks.watch()

local MIB = 1 << 20

-- Bytes of which each part differs from the next.
local function bytes(size)
  local parts = {}
  for i = 1, size // 8 + 1 do parts[i] = ("%07x\n"):format(i) end
  return table.concat(parts):sub(1, size)
end

-- Reads what there is until the connection ends; how many bytes it was.
local function drain(conn)
  local count = 0
  while true do
    local part, message, code = conn:read_some()
    if not part then return count, message, code end
    count = count + #part
  end
end

-- Nothing more comes: the end of the stream, or a reset.
local function assert_ended(message, code)
  if message then assert.equal(uring.errno.ECONNRESET, code) end
end

describe("Redis over uring.connect", function()
  local redis

  local function with_redis(body)
    daemons.need "redis-server"
    within.run(function()
      local conn <close> = assert(uring.connect("127.0.0.1", redis.port))
      body(conn)
    end)
  end

  lazy_setup(function()
    redis = daemons.find "redis-server" and daemons.redis()
  end)

  lazy_teardown(function()
    if redis then redis:close() end
  end)

  local function command(...)
    local parts = { ("*%d\r\n"):format(select("#", ...)) }
    for _, word in ipairs { ... } do
      parts[#parts + 1] = ("$%d\r\n%s\r\n"):format(#word, word)
    end
    return table.concat(parts)
  end

  local function bulk(conn)
    local size = tonumber(assert(conn:read("l")):match "^%$(%d+)$")
    local value = conn:read(size)
    assert.equal("\r\n", conn:read(2))
    return value
  end

  it("answers ten thousand requests in one go, in order", function()
    with_redis(function(conn)
      assert(conn:write(command("SET", "n", "0")))
      assert.equal("+OK", conn:read "l")
      uring.spawn(function()
        assert(conn:write((command("INCR", "n"):rep(10000))))
      end)
      for i = 1, 10000 do assert.equal((":%d"):format(i), conn:read "l") end
    end)
  end)

  it("takes and gives a value of eight megabytes", function()
    with_redis(function(conn)
      local value = bytes(8 * MIB + 3)
      assert(conn:write(command("SET", "big", value)))
      assert.equal("+OK", conn:read "l")
      assert(conn:write(command("GET", "big")))
      assert.is_true(value == bulk(conn))
    end)
  end)

  it("answers who asks by a unix socket", function()
    with_redis(function()
      local path = "unix:" .. redis.folder "redis.sock"
      local conn <close> = assert(uring.connect(path))
      assert(conn:write "PING\r\n")
      assert.equal("+PONG", conn:read "l")
    end)
  end)

  it("publishes to thirty tasks that wait", function()
    with_redis(function(conn)
      local all <close> = setmetatable({}, { __close = function(self)
        for _, each in ipairs(self) do each:close() end
      end })
      local tasks = {}
      for i = 1, 30 do
        all[i] = assert(uring.connect("127.0.0.1", redis.port))
        assert(all[i]:write(command("SUBSCRIBE", "news")))
        assert.equal("*3", all[i]:read "l")
        assert.same({ "subscribe", "news" }, { bulk(all[i]), bulk(all[i]) })
        assert.equal(":1", all[i]:read "l")
        tasks[i] = uring.spawn(function()
          assert.equal("*3", all[i]:read "l")
          return { bulk(all[i]), bulk(all[i]), bulk(all[i]) }
        end)
      end
      assert(conn:write(command("PUBLISH", "news", "good")))
      assert.equal(":30", conn:read "l")
      for _, task in ipairs(tasks) do
        assert.same({ "message", "news", "good" }, task:await())
      end
    end)
  end)

  it("is missed at once where it is killed in mid-reply", function()
    local victim <close> = daemons.redis()
    within.run(function()
      local conn <close> = assert(uring.connect("127.0.0.1", victim.port))
      local size = 32 * MIB
      assert(conn:write(command("SETRANGE", "huge", tostring(size - 1), "x")))
      assert.equal((":%d"):format(size), conn:read "l")
      assert(conn:write(command("GET", "huge")))
      assert.equal(("$%d"):format(size), conn:read "l")
      victim.process:signal "KILL"
      local count, message, code = drain(conn)
      assert.is_true(count < size)
      assert_ended(message, code)
      local refusal
      process.await("nobody listens", function() -- its threads end one by one
        local again <close>, why = uring.connect("127.0.0.1", victim.port)
        refusal = why
        return not again
      end)
      assert.matches("refused", refusal)
    end)
  end)
end)

describe("memcached over uring.connect", function()
  local cache

  local function with_memcached(body)
    daemons.need "memcached"
    within.run(function()
      local conn <close> = assert(uring.connect("127.0.0.1", cache.port))
      body(conn)
    end)
  end

  lazy_setup(function()
    cache = daemons.find "memcached" and daemons.memcached()
  end)

  lazy_teardown(function()
    if cache then cache:close() end
  end)

  local function set(key, value)
    return ("set %s 0 0 %d\r\n%s\r\n"):format(key, #value, value)
  end

  it("stores and gives a thousand values in one go", function()
    with_memcached(function(conn)
      local requests = {}
      for i = 1, 1000 do
        requests[i] = set("k" .. i, "v" .. i) .. "get k" .. i .. "\r\n"
      end
      uring.spawn(function() assert(conn:write(table.concat(requests))) end)
      for i = 1, 1000 do
        local value = "v" .. i
        local reply = ("STORED\r\nVALUE k%d 0 %d\r\n%s\r\nEND\r\n"):format(i,
          #value, value)
        assert.equal(reply, conn:read(#reply))
      end
    end)
  end)

  it("keeps a value of a million bytes", function()
    with_memcached(function(conn)
      local value = bytes(1000000)
      assert(conn:write(set("big", value), "get big\r\n"))
      assert.equal("STORED", conn:read "l")
      assert.equal("VALUE big 0 1000000", conn:read "l")
      assert.is_true(value == conn:read(#value))
      assert.equal("\r\nEND\r\n", conn:read(7))
    end)
  end)

  it("is missed at once where it is killed in mid-reply", function()
    local victim <close> = daemons.memcached()
    within.run(function()
      local conn <close> = assert(uring.connect("127.0.0.1", victim.port))
      assert(conn:write(set("big", bytes(1000000))))
      assert.equal("STORED", conn:read "l")
      assert(conn:write((("get big\r\n"):rep(64))))
      assert.equal("VALUE big 0 1000000", conn:read "l")
      victim.process:signal "KILL"
      local count, message, code = drain(conn)
      assert.is_true(count < 64 * 1000000)
      assert_ended(message, code)
    end)
  end)
end)
