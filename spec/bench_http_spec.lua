--- The server of files of the bench: what others serve, on connections that
-- are kept, and what it refuses.
local leaks = require "spec.support.leaks"
local peer = require "spec.support.peer"
local process = require "spec.support.process"
local uring = require "uring"

local LUA, LARGE = process.LUA, 100000
local HOST = "Host: x\r\n"

leaks.watch()

local function write(path, bytes)
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(bytes))
end

local folder, server -- of all tests

local function start()
  folder = process.folder()
  assert(os.execute(("cd %s && mkdir -p www/sub && mkfifo www/fifo")
    :format(process.quote(folder ""))))
  write(folder "secret", "secret\n")
  write(folder "www/index.html", "<p>hello</p>\n")
  write(folder "www/a b.txt", "a and b\n")
  write(folder "www/none", "")
  write(folder "www/large", peer.bytes(LARGE))
  server = process.start { LUA, "bench/servers/http.lua", folder "www" }
  local port = server:expect "^listening on http://127%.0%.0%.1:(%d+)/\n"
  server.port = tonumber(port)
  server.url = ("http://127.0.0.1:%d/"):format(port)
end

local function stop()
  local _folder <close> = folder
  local _server <close> = server
  assert.equal("", server:errors())
end

local function converse(body)
  return peer.run(function()
    local conn <close> = peer.connect(server)
    return body(conn)
  end)
end

-- Status, fields by their names, and the body.
local function read_answer(conn, is_head)
  local head = assert(conn:read_until "\r\n\r\n")
  local status, at = head:match "^HTTP/1%.1 (%d+) [%w ]+()\r\n"
  local fields = {}
  for name, value in head:gmatch("\r\n([%w-]+): ([^\r\n]*)", at) do
    fields[name] = value
  end
  local size = not is_head and tonumber(fields["Content-Length"]) or 0
  return tonumber(status), fields, size > 0 and conn:read(size) or ""
end

-- What comes back for these bytes, and whether the connection is kept.
local function ask(bytes, is_head)
  return converse(function(conn)
    assert(conn:write(bytes))
    local status, fields, body = read_answer(conn, is_head)
    local is_kept = fields.Connection == "keep-alive"
    if not is_kept then assert.equal("", conn:read "a") end
    return { status, body, is_kept }, fields
  end)
end

local function get(target, more)
  return ask(("GET %s HTTP/1.1\r\n%s%s\r\n"):format(target, HOST, more or ""))
end

describe("bench/servers/http.lua", function()
  setup(start)
  teardown(stop)

  it("gives files, small and large, with their types and sizes", function()
    local answer, fields = get "/a%20b.txt?x=1"
    assert.same({ 200, "a and b\n", true }, answer)
    assert.equal("text/plain; charset=utf-8", fields["Content-Type"])
    assert.equal("8", fields["Content-Length"])
    assert.equal(process.capture(
      "TZ=GMT date -r " .. process.quote(folder "www/a b.txt")
      .. " '+%a, %d %b %Y %H:%M:%S GMT'"), fields["Last-Modified"])
    assert.same({ 200, peer.bytes(LARGE), true }, (get "/large"))
    assert.same({ 200, "<p>hello</p>\n", true }, (get "/"))
    assert.same({ 200, "", true }, (get "/none"))
  end)

  it("answers one request after the other on a connection", function()
    converse(function(conn)
      for _, name in ipairs { "none", "large", "nothing", "a%20b.txt" } do
        assert(conn:write("GET /", name, " HTTP/1.1\r\n", HOST, "\r\n"))
        local status, fields, body = read_answer(conn)
        assert.equal(name == "nothing" and 404 or 200, status)
        assert.equal(tonumber(fields["Content-Length"]), #body)
      end
    end)
  end)

  it("answers requests that come at once, in order", function()
    local request = "GET /%s HTTP/1.1\r\n" .. HOST .. "\r\n"
    converse(function(conn)
      assert(conn:write(request:format "large", request:format "a%20b.txt",
        request:format "none"))
      for _, size in ipairs { LARGE, 8, 0 } do
        assert.equal(size, #select(3, read_answer(conn)))
      end
    end)
  end)

  it("understands a request that comes byte by byte", function()
    converse(function(conn)
      for byte in ("GET /none HTTP/1.0\r\nA: b\r\n\r\n"):gmatch "." do
        assert(conn:write(byte))
        uring.sleep(0.001) -- so that each comes alone
      end
      assert.equal(200, (read_answer(conn)))
    end)
  end)

  it("keeps a connection of HTTP/1.0 where it is asked to", function()
    assert.same({ 200, "", false }, (ask "GET /none HTTP/1.0\r\n\r\n"))
    assert.same({ 200, "", true }, (ask("GET /none HTTP/1.0\r\n"
      .. "connection: Keep-Alive\r\n\r\n")))
  end)

  it("ends a connection that is to be closed, or has a body", function()
    assert.same({ 200, "", false }, (get("/none", "Connection: close\r\n")))
    assert.same({ 200, "", false },
      (get("/none", "Content-Length: 5\r\n\r\nhello")))
    assert.same({ 405, "", false }, (ask("POST /none HTTP/1.1\r\n" .. HOST
      .. "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")))
  end)

  it("gives the head alone where it is asked for that", function()
    local answer, fields = ask("HEAD /large HTTP/1.1\r\n" .. HOST .. "\r\n",
      true)
    assert.same({ 200, "", true }, answer)
    assert.equal(tostring(LARGE), fields["Content-Length"])
  end)

  it("does not send again what has not changed", function()
    local _, fields = get "/large"
    local condition = "If-Modified-Since: " .. fields["Last-Modified"] .. "\r\n"
    assert.same({ 304, "", true }, (get("/large", condition)))
    assert(os.execute("touch -d @1 " .. process.quote(folder "www/large")))
    assert.equal(200, get("/large", condition)[1])
  end)

  it("lets nobody out of its folder", function()
    assert(os.execute(("cd %s/www && ln -s ../secret up && ln -s /etc/passwd "
      .. "abs && ln -s .. parent && ln -s 'a b.txt' fine && ln -s loop loop")
      :format(process.quote(folder ""))))
    for _, name in ipairs { "../secret", "sub/../../secret", "up", "abs",
      "parent/secret", "%2e%2e/secret", "..%2fsecret", "loop", "fifo" } do
      assert.same({ 403, "", true }, (get("/" .. name)), name)
    end
    for _, name in ipairs { "etc/passwd", "%2fetc/passwd", "a%20b.txt/x",
      "..%5csecret", "%252e%252e/secret", ("x"):rep(300) } do
      assert.same({ 404, "", true }, (get("/" .. name)), name)
    end
    assert.same({ 200, "a and b\n", true }, (get "/fine"))
  end)

  it("sends on who asks for a folder, never to another host", function()
    local answer, fields = get "//sub?x"
    assert.same({ 301, "", true }, answer)
    assert.equal("/sub/", fields.Location)
  end)

  it("refuses what is no request", function()
    for _, request in ipairs { "\r\n\r\n", "GET\r\n\r\n",
      "GET none HTTP/1.0\r\n\r\n", "GET / HTTP/2.0\r\n\r\n",
      "get / HTTP/1.0\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
      "GET /%00 HTTP/1.0\r\n\r\n", "GET / / HTTP/1.0\r\n\r\n",
      "GET / HTTP/1.0\r\nx: " .. ("y"):rep(9000) .. "\r\n\r\n" } do
      assert.same({ 400, "", false }, (ask(request)), request)
    end
    assert.equal(200, ask("GET / HTTP/1.0\r\nx: " .. ("y"):rep(8000)
      .. "\r\n\r\n")[1])
  end)

  it("holds nothing open when its clients have left", function()
    local function open()
      local list = process.capture(("ls -l /proc/%d/fd"):format(server.pid))
      local _, sockets = list:gsub("socket:", "")
      return { sockets, list:find("large", 1, true) }
    end
    assert(os.execute(("head -c 20000000 /dev/zero >%s")
      :format(process.quote(folder "www/huge large"))))
    converse(function(conn)
      assert(conn:write("GET /huge%20large HTTP/1.1\r\n", HOST, "\r\n"))
      assert.equal(10, #conn:read_some(10))
    end)
    process.await("the connections to be closed", function()
      local now = open()
      return now[1] == 1 and not now[2]
    end)
  end)
end)

describe("bench/servers/http.lua, and other clients:", function()
  setup(start)
  teardown(stop)

  it("curl keeps its connection, and gets each byte", function()
    if not os.execute "command -v curl >/dev/null" then
      return pending "needs curl"
    end
    local result = process.run { "curl", "-s", "--max-time", "20", "-w",
      "%{stderr}%{http_code} %{num_connects} ", server.url .. "large",
      server.url .. "a%20b.txt" }
    assert.equal("200 1 200 0 ", result.err)
    assert.is_true(result.out == peer.bytes(LARGE) .. "a and b\n")
  end)

  for _, name in ipairs { "large", "none" } do
    it("ab misses no answer of " .. name, function()
      if not os.execute "command -v ab >/dev/null" then
        return pending "needs ab"
      end
      local result = process.run { "ab", "-q", "-k", "-c", "8", "-n", "400",
        server.url .. name }
      assert.matches("Complete requests: +400\n", result.out)
      assert.matches("Failed requests: +0\n", result.out)
      assert.matches("Keep%-Alive requests: +400\n", result.out)
    end)
  end
end)
