--- The example that serves files gives what is in its folder, and nothing else,
-- to curl, and to clients that misbehave.
local leaks = require "spec.support.leaks"
local peer = require "spec.support.peer"
local process = require "spec.support.process"
local uring = require "uring"

local LUA, MIB = process.LUA, 1 << 20

leaks.watch()

if not os.execute "command -v curl >/dev/null" then
  return pending("needs curl")
end

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
  write(folder "www/sub/index.html", "<p>sub</p>\n")
  write(folder "www/a b.txt", "a and b\n")
  write(folder "www/none", "")
  server = process.start { LUA, "examples/serve_files.lua", folder "www",
    "127.0.0.1:0" }
  local port = server:expect "^listening on http://127%.0%.0%.1:(%d+)/\n"
  server.port = tonumber(port)
  server.url = ("http://127.0.0.1:%d/"):format(port)
end

local function stop()
  local _folder <close> = folder
  local _server <close> = server
  server:signal "INT"
  local result = server:wait(10)
  assert.same({ 0, "" }, { result.code, result.err })
end

-- What curl gets for each path: the bodies, and the statuses.
local function get(paths, ...)
  local words = { "curl", "-s", "--path-as-is", "--max-time", "20", "-w",
    "%{stderr}%{http_code} ", ... }
  for path in paths:gmatch "[^\n]+" do
    words[#words + 1] = server.url .. path
  end
  local result = process.run(words)
  return result.err, result.out
end

-- What comes back for these bytes, to the end.
local function ask(bytes)
  return peer.run(function()
    local conn <close> = peer.connect(server)
    assert(conn:write(bytes))
    return conn:read "a"
  end)
end

local function status(answer)
  return tonumber(answer:match "^HTTP/1%.0 (%d+) [%w ]+\r\n")
end

describe("examples/serve_files.lua", function()
  setup(start)
  teardown(stop)

  it("gives files, with their types and sizes", function()
    assert.same({ "200 200 200 ", "<p>hello</p>\na and b\n" },
      { get "/\na%20b.txt?x=1\nnone" })
    assert.equal("HTTP/1.0 200 OK\r\n"
      .. "Content-Type: text/plain; charset=utf-8\r\n"
      .. "Content-Length: 8\r\n\r\na and b\n",
      ask "GET /a%20b.txt HTTP/1.1\r\nHost: x\r\n\r\n")
  end)

  it("gives the head alone where it is asked for that", function()
    assert.equal("HTTP/1.0 200 OK\r\n"
      .. "Content-Type: text/html; charset=utf-8\r\n"
      .. "Content-Length: 13\r\n\r\n", ask "HEAD / HTTP/1.0\n\n")
    assert.same({ "200 ", "HTTP/1.0 200 OK\r\n"
      .. "Content-Type: application/octet-stream\r\n"
      .. "Content-Length: 0\r\n\r\n" }, { get("none", "-I") })
  end)

  it("sends on who asks for a folder, never to another host", function()
    assert.same({ "301 ", "" }, { get "sub" })
    assert.same({ "200 ", "<p>sub</p>\n" }, { get("sub", "-L") })
    assert.matches("\r\nLocation: /sub/\r\n",
      ask "GET //sub HTTP/1.0\r\n\r\n")
  end)

  it("lets nobody out of its folder", function()
    local ln = "cd %s/www && ln -s ../secret up && ln -s %s/secret abs && "
      .. "ln -s .. parent && ln -s 'a b.txt' fine && ln -s loop loop"
    assert(os.execute(ln:format(folder "", folder "")))
    assert.same({ ("403 "):rep(11), "" }, { get [[
../secret
sub/../../secret
up
abs
parent/secret
%2e%2e/secret
..%2fsecret
%2e%2e%2fsecret
loop
sub/../..
../www/none]] })
    assert.same({ ("404 "):rep(7), "" }, { get([[
/etc/passwd
%2fetc/passwd
.../secret
..%5csecret
%252e%252e/secret
a%20b.txt/x
]] .. ("x"):rep(300)) })
    assert.same({ "200 200 ", "a and b\n" }, { get "fine\nsub/../none" })
  end)

  it("refuses what is no file, and what is no request", function()
    assert.same({ "404 403 ", "" }, { get "nothing\nfifo" })
    assert.same({ "405 ", "" }, { get("none", "-d", ("x"):rep(100000)) })
    for _, request in ipairs { "\r\n", "GET\r\n\r\n", "GET none HTTP/1.0\n\n",
      "GET / HTTP/2.0\r\n\r\n", "get / HTTP/1.0\r\n\r\n", "GET /\r\n\r\n",
      "GET /%00 HTTP/1.0\r\n\r\n", "GET / / HTTP/1.0\r\n\r\n",
      "GET /\1 HTTP/1.0\r\n\r\n" } do
      assert.equal(400, status(ask(request)), request)
    end
  end)

  it("refuses a line without end, and says so", function()
    local long = "GET /" .. ("x"):rep(8 * MIB) .. " HTTP/1.0\r\n\r\n"
    assert.equal(400, status(ask(long)))
    local head = "GET / HTTP/1.0\r\nx: "
    assert.equal(400, status(ask(head .. ("y"):rep(5000) .. "\n\n")))
    assert.equal(200, status(ask(head .. ("y"):rep(4000) .. "\n\n")))
  end)

  it("understands a request that comes byte by byte", function()
    local answer = peer.run(function()
      local conn <close> = peer.connect(server)
      for byte in ("GET /none HTTP/1.0\r\nA: b\r\n\r\n"):gmatch "." do
        assert(conn:write(byte))
        uring.sleep(0.001) -- so that each comes alone
      end
      return conn:read "a"
    end)
    assert.equal(200, status(answer))
  end)

  it("gives large files to several clients, and survives who leaves", function()
    assert(os.execute(("head -c %d /dev/urandom >%s"):format(20 * MIB,
      process.quote(folder "www/large"))))
    local function open()
      local list = process.capture(("ls -l /proc/%d/fd"):format(server.pid))
      local _, sockets = list:gsub("socket:", "")
      return { sockets, list:find("large", 1, true) }
    end
    assert.same({ 1 }, open())
    local result = process.shell([[unset LD_PRELOAD
      cd "$1" && for i in 1 2 3; do
      curl -s --max-time 20 "$2" >got$i & curl -s "$2" | head -c 99999 >cut &
      done; wait; cmp got1 www/large && cmp got2 got1 && cmp got3 got1]],
      folder "", server.url .. "large")
    assert.same({ code = 0, out = "", err = "" }, result)
    process.await("the connections to be closed", function()
      local now = open()
      return now[1] == 1 and not now[2]
    end)
    assert.same({ "200 ", "" }, { get "none" })
  end)

  it("says what is wrong in one line", function()
    assert.same({ code = 1, out = "",
      err = "serve_files: /none: No such file or directory\n" },
      process.run { LUA, "examples/serve_files.lua", "/none" })
  end)
end)
