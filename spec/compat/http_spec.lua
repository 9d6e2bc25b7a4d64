--- lua-http in our loop: its server and its client, each in a task, and
-- clients of others.
local foreign = require "spec.support.foreign"
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local uring = require "uring"
local within = require "spec.support.within"

local cqueues = foreign.load("cqueues", "lua-cqueues")
local http = cqueues and foreign.load("http.server", "lua-http")
local request = http and foreign.load("http.request", "lua-http")
if not request then return end
local headers = foreign.load("http.headers", "lua-http")
local compat = require "uring.compat.cqueues"

local SECONDS = 5 -- for a request
-- Bytes.  Of more than 1 KiB by HTTP/2 its server and client hang alone too.
local BODY = { [1.1] = 300000, [2] = 1000 }

uring.sleep(0) -- outside of a run there is a ring for good
cqueues.sleep(0) -- and a controller
leaks.watch()

local function close(server)
  server:close()
  server.task:cancel("the test is over")
end

local function answer(_, stream)
  local asked = assert(stream:get_headers())
  local body = assert(stream:get_body_as_string())
  local head = headers.new()
  head:append(":status", "200")
  assert(stream:write_headers(head, false))
  assert(stream:write_body_from_string(("%s %s %s"):format(
    asked:get ":method", asked:get ":path", body)))
end

-- A client of HTTP/2 that has all it wants resets its stream.
local function note_error(_, _, what, problem)
  if tostring(problem):find "Graceful shutdown" then return end
  error(("%s: %s"):format(what, problem))
end

-- A server in a driven controller: {port}, a <close> variable.
local function serve(version)
  local cq = cqueues.new()
  local server = assert(http.listen {
    cq = cq, host = "127.0.0.1", port = 0, tls = false, version = version,
    onstream = answer, onerror = note_error,
  })
  assert(server:listen())
  local _, _, port = server:localname()
  return setmetatable({
    port = port, task = uring.spawn(compat.drive, cq),
    close = function() server:close() end,
  }, { __close = close })
end

-- What a client of lua-http gets, which waits as our tasks do.
local function fetch(port, path, version, body)
  return compat.wrap(function()
    local asking = request.new_from_uri(
      ("http://127.0.0.1:%d%s"):format(port, path))
    asking.version = version
    if body then
      asking.headers:upsert(":method", "POST")
      asking:set_body(body)
    end
    local head, stream = assert(asking:go(SECONDS))
    local got = assert(stream:get_body_as_string(SECONDS))
    return head:get ":status", got, stream.connection.version
  end)
end

describe("lua-http", function()
  for _, version in ipairs { 1.1, 2 } do
    it(("serves its own client, by HTTP/%s"):format(version), function()
      within.run(function()
        local server <close> = serve(version == 2 and 2 or nil)
        assert.same({ "200", "GET /hello ", version },
          { fetch(server.port, "/hello", version) })
        local body = ("y"):rep(BODY[version])
        assert.same({ "200", "POST /x " .. body, version },
          { fetch(server.port, "/x", version, body) })
      end)
    end)
  end

  it("serves many of its clients at once, and our tasks go on", function()
    within.run(function()
      local server <close> = serve()
      local left, ours = 8, 0
      for i = 1, 8 do
        uring.spawn(function()
          for j = 1, 4 do
            local path = ("/%d/%d"):format(i, j)
            local _, body = fetch(server.port, path, 1.1)
            assert.equal("GET " .. path .. " ", body)
          end
          left = left - 1
        end)
      end
      while left > 0 do
        uring.sleep(0.0001)
        ours = ours + 1
      end
      assert.is_true(ours > 3)
    end)
  end)

  it("serves a connection of ours", function()
    within.run(function()
      local server <close> = serve()
      local conn <close> = assert(uring.connect("127.0.0.1", server.port))
      conn:write "GET /ours HTTP/1.0\r\n\r\n"
      assert.matches("^HTTP/1.0 200 .*\r\n\r\nGET /ours $", conn:read "a")
    end)
  end)

  it("serves curl", function()
    if not os.execute "command -v curl >/dev/null" then
      pending "needs curl"
      return
    end
    within.run(function()
      local server <close> = serve()
      local url = ("http://127.0.0.1:%d/curl"):format(server.port)
      local curl <close> = process.start {
        "env", "-u", "LD_PRELOAD", -- the sanitizers' library
        "curl", "-s", "--max-time", SECONDS, "-d", "body", url,
      }
      local ended = curl:wait()
      assert.equal(0, ended.code)
      assert.equal("POST /curl body", ended.out)
    end)
  end)

  it("is a client of what we serve", function()
    within.run(function()
      local listener <close> = assert(uring.listen "127.0.0.1:0")
      uring.spawn(function()
        local conn <close> = assert(listener:accept())
        repeat until conn:read "l" == ""
        conn:write "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
      end)
      assert.same({ "200", "hello", 1.1 },
        { fetch(listener:sockname().port, "/", 1.1) })
    end)
  end)

  it("has its requests cancelled as our waits are", function()
    within.run(function()
      local listener <close> = assert(uring.listen "127.0.0.1:0")
      local port = listener:sockname().port
      local _, why = uring.timeout(0.01, fetch, port, "/", 1.1)
      assert.equal("timeout", why)
      local conn <close> = assert(listener:accept())
      assert.matches("^GET / HTTP/1.1", conn:read "l")
      collectgarbage()
      collectgarbage()
      repeat local line = conn:read "l" until not line -- it was closed
    end)
  end)

  it("stops serving where its server is closed", function()
    within.run(function()
      local server = serve()
      assert.equal("200", (fetch(server.port, "/", 1.1)))
      server.close()
      server.task:await() -- the controller has become empty
    end)
  end)
end)
