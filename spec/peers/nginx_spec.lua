--- nginx as what stands behind a server of ours, which hands bytes on both
-- ways: many clients, files of megabytes, an answer that breaks off.
local daemons = require "spec.support.daemons"
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local uring = require "uring"
local within = require "spec.support.within"

leaks.watch()

local MIB = 1 << 20

local BIG = {}
for i = 1, MIB // 4 do BIG[i] = ("%015d\n"):format(i) end
BIG = table.concat(BIG) -- 4 MiB

local function start()
  local nginx = daemons.nginx "location /slow/ { limit_rate 1m; }"
  os.execute("mkdir " .. process.quote(nginx.folder "www/slow"))
  daemons.write(nginx.folder "www/small", "a small file\n")
  daemons.write(nginx.folder "www/big", BIG)
  daemons.write(nginx.folder "www/slow/big", BIG)
  return nginx
end

-- Hands on what one says to the other, until it says no more.
local function hand_on(from, to)
  for bytes in from:chunks() do
    if not to:write(bytes) then break end
  end
  to:shutdown "w"
end

-- Runs a body while a proxy of ours stands before nginx; it is given what
-- connects to that.
local function with_proxy(nginx, body)
  within.run(function()
    local listener = assert(uring.listen "127.0.0.1:0")
    local port = listener:sockname().port
    uring.scope(function(scope)
      scope:daemon(uring.serve, listener, function(client)
        local server <close> = assert(uring.connect("127.0.0.1", nginx.port))
        uring.spawn(hand_on, client, server)
        pcall(hand_on, server, client)
      end, { shutdown_grace = 0 })
      body(function() return assert(uring.connect("127.0.0.1", port)) end)
    end)
  end)
end

local function ask(conn, path)
  assert(conn:write("GET ", path, " HTTP/1.1\r\nHost: here\r\n\r\n"))
  local status, size = conn:read "l", nil
  for line in conn:lines() do
    if line == "" then break end
    size = size or tonumber(line:match "^Content%-Length: (%d+)")
  end
  return status and status:match "%d%d%d", size
end

local function get(conn, path)
  local status, size = ask(conn, path)
  return status, conn:read(size)
end

describe("nginx behind a server of ours", function()
  local nginx

  lazy_setup(function() nginx = daemons.find "nginx" and start() end)

  lazy_teardown(function()
    if nginx then nginx:close() end
  end)

  it("answers twenty clients, ten times each on one connection", function()
    daemons.need "nginx"
    with_proxy(nginx, function(connect)
      local clients = {}
      for i = 1, 20 do clients[i] = i end
      local sums = uring.map(clients, function()
        local conn <close> = connect()
        for _ = 1, 10 do
          assert.same({ "200", "a small file\n" }, { get(conn, "/small") })
        end
        return get(conn, "/none")
      end)
      for i = 1, 20 do assert.equal("404", sums[i]) end
    end)
  end)

  it("answers a hundred requests that are sent at once", function()
    daemons.need "nginx"
    with_proxy(nginx, function(connect)
      local conn <close> = connect()
      local request = "GET /small HTTP/1.1\r\nHost: here\r\n\r\n"
      assert(conn:write((request:rep(100))))
      local found = 0
      while found < 100 do
        if conn:read "l" == "a small file" then found = found + 1 end
      end
    end)
  end)

  it("sends five clients a file of megabytes", function()
    daemons.need "nginx"
    with_proxy(nginx, function(connect)
      uring.map({ 1, 2, 3, 4, 5 }, function()
        local conn <close> = connect()
        local status, text = get(conn, "/big")
        assert.equal("200", status)
        assert.is_true(text == BIG)
      end)
    end)
  end)

  it("breaks off where it is killed in mid-answer, and all is closed",
    function()
      daemons.need "nginx"
      local victim <close> = start()
      with_proxy(victim, function(connect)
        local conn <close> = connect()
        local status, size = ask(conn, "/slow/big")
        assert.same({ "200", #BIG }, { status, size })
        assert.equal(BIG:sub(1, 100), conn:read(100))
        victim.process:signal "KILL"
        local count = 100
        for bytes in conn:chunks() do count = count + #bytes end
        assert.is_true(count < #BIG)
      end)
    end)
end)
