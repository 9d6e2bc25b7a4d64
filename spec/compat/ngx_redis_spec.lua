--- lua-resty-redis and lua-resty-memcached, as they are, and their servers.
local daemons = require "spec.support.daemons"
local foreign = require "spec.support.foreign"
local leaks = require "spec.support.leaks"
local uring = require "uring"
local within = require "spec.support.within"

local undo = require "uring.compat.ngx".install()
local ngx = _G.ngx
local redis = foreign.load("nginx.redis", "lua-nginx-redis")
local memcached = foreign.load("nginx.memcached", "lua-nginx-memcached")
undo()

leaks.watch()

local server, cache

setup(function()
  server = daemons.find "redis-server" and daemons.redis()
  cache = daemons.find "memcached" and daemons.memcached()
end)

teardown(function()
  if server then server:close() end
  if cache then cache:close() end
end)

local function needs(library, daemon, name)
  if library and daemon then return true end
  pending("needs " .. name)
end

local function client()
  local self = assert(redis:new())
  self:set_timeout(2000)
  assert(self:connect("127.0.0.1", server.port))
  assert(self:flushall())
  return self
end

local function with_redis(body)
  if not needs(redis, server, "lua-nginx-redis and redis-server") then
    return
  end
  within.run(function()
    local red = client()
    body(red)
    if red._sock.conn then assert(red:close()) end
  end)
end

describe("lua-resty-redis", function()
  it("sets and gets", function()
    with_redis(function(red)
      assert.equal("OK", red:set("cat", "Tom\r\n$9"))
      assert.equal("Tom\r\n$9", red:get("cat"))
      assert.equal(ngx.null, red:get("dog"))
      assert.equal(3, red:incrby("count", 3))
      assert.same({ "Tom\r\n$9", ngx.null }, red:mget("cat", "dog"))
    end)
  end)

  it("carries a large value", function()
    with_redis(function(red)
      local value = ("0123456789abcdef"):rep(65536)
      assert.equal("OK", red:set("big", value))
      assert.is_true(value == red:get("big"))
    end)
  end)

  it("tells errors of the server", function()
    with_redis(function(red)
      assert.equal("OK", red:set("cat", "Tom"))
      assert.same({ false,
        "ERR value is not an integer or out of range" }, { red:incr "cat" })
    end)
  end)

  it("takes lists, hashes and scripts", function()
    with_redis(function(red)
      assert.equal(2, red:rpush("list", "a", "b"))
      assert.same({ "a", "b" }, red:lrange("list", 0, -1))
      assert.equal("OK", red:hmset("hash", { x = 1 }))
      assert.same({ x = "1" }, red:array_to_hash(red:hgetall "hash"))
      assert.same({ 1, { "x" } }, red:eval("return {1, {'x'}}", 0))
    end)
  end)

  it("pipelines", function()
    with_redis(function(red)
      red:init_pipeline()
      red:set("a", 1)
      red:incr "a"
      red:incr("a", "too many")
      red:get "a"
      local results = assert(red:commit_pipeline())
      assert.same({ "OK", 2 }, { results[1], results[2] })
      assert.is_false(results[3][1])
      assert.equal("2", results[4])
    end)
  end)

  it("subscribes, in a task while another publishes", function()
    with_redis(function(red)
      assert.same({ "subscribe", "news", 1 }, red:subscribe "news")
      red:set_timeout(5)
      assert.same({ nil, "timeout" }, { red:read_reply() })
      red:set_timeout(2000)
      local task = uring.spawn(function() return red:read_reply() end)
      local other = redis:new()
      assert(other:connect("127.0.0.1", server.port))
      assert.equal(1, other:publish("news", "hello"))
      assert.same({ "message", "news", "hello" }, task:await())
      assert.same({ "unsubscribe", "news", 0 }, red:unsubscribe "news")
      assert(other:close())
    end)
  end)

  it("keeps connections alive", function()
    with_redis(function(red)
      assert.equal(0, red:get_reused_times())
      local id = red:client "id"
      assert.equal(1, red:set_keepalive(10000, 10))
      assert.same({ nil, "closed" }, { red:get "x" })
      local other = redis:new()
      assert(other:connect("127.0.0.1", server.port))
      assert.equal(1, other:get_reused_times())
      assert.equal(id, other:client "id")
      assert(other:close())
    end)
  end)

  it("serves many tasks from one pool", function()
    with_redis(function(red)
      uring.scope(function(scope)
        for i = 1, 16 do
          scope:spawn(function()
            for j = 1, 10 do
              local each = redis:new()
              assert(each:connect("127.0.0.1", server.port))
              local key = ("key %d %d"):format(i, j)
              assert(each:set(key, j))
              assert.equal(tostring(j), each:get(key))
              assert(each:set_keepalive(1000, 16))
            end
          end)
        end
      end)
      assert.equal(160, red:dbsize())
    end)
  end)

  it("does not give an answer to somebody else", function()
    with_redis(function(red)
      assert.equal("OK", red:set("mine", "mine"))
      local _, why = uring.timeout(0.02, function()
        red:blpop("nothing", 10)
      end)
      assert.equal("timeout", why)
      assert.same({ nil, "invalid connection" }, { red:set_keepalive() })
    end)
  end)

  it("works by a Unix socket, and outside of a run", function()
    if not needs(redis, server, "lua-nginx-redis and redis-server") then
      return
    end
    local red = redis:new()
    red:set_timeout(2000)
    assert(red:connect("unix:" .. server.folder "redis.sock"))
    assert.equal("OK", red:set("x", 1))
    assert.equal("1", red:get "x")
    assert.equal(1, red:set_keepalive(1000, 10))
    assert.same({ nil, "closed" }, { red:get "x" })
  end)

  it("says why it cannot connect", function()
    if not needs(redis, server, "lua-nginx-redis and redis-server") then
      return
    end
    local port = daemons.free_port()
    within.run(function()
      local red = redis:new()
      assert.same({ nil, "connection refused" },
        { red:connect("127.0.0.1", port) })
      assert.same({ nil, "no such file or directory" },
        { red:connect("unix:/nowhere/redis.sock") })
    end)
  end)
end)

describe("lua-resty-memcached", function()
  local function with_cache(body)
    if not needs(memcached, cache, "lua-nginx-memcached and memcached") then
      return
    end
    within.run(function()
      local mem = assert(memcached:new())
      mem:set_timeout(2000)
      assert(mem:connect("127.0.0.1", cache.port))
      assert(mem:flush_all())
      body(mem)
      mem:close()
    end)
  end

  it("sets, gets, counts and deletes", function()
    with_cache(function(mem)
      assert.equal(1, mem:set("a key", "value\r\n", 0, 17))
      assert.same({ "value\r\n", "17" }, { mem:get "a key" })
      assert.same({ n = 3, nil, nil, nil }, table.pack(mem:get "none"))
      assert.same({ nil, "NOT_STORED" }, { mem:add("a key", "x") })
      assert.equal(1, mem:set("n", 5))
      assert.equal("7", mem:incr("n", 2))
      assert.equal(1, mem:delete "a key")
      assert.same({ nil, "NOT_FOUND" }, { mem:delete "a key" })
    end)
  end)

  it("gets several at once", function()
    with_cache(function(mem)
      mem:set("a", 1)
      mem:set("b", "two")
      local found = assert(mem:get { "a", "b", "c" })
      assert.same({ a = { "1", "0" }, b = { "two", "0" } }, found)
    end)
  end)

  it("tells its statistics, and keeps alive", function()
    with_cache(function(mem)
      assert.matches("STAT pid %d+", table.concat(assert(mem:stats()), "\n"))
      assert.equal(1, mem:set_keepalive(1000, 2))
      assert(mem:connect("127.0.0.1", cache.port))
      assert.equal(1, mem:get_reused_times())
      assert.equal("string", type(mem:version()))
    end)
  end)
end)
