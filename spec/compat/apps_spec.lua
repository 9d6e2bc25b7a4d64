--- Libraries that were written for LuaSocket run on ours as they are: each
-- in a program of its own, in a run and outside of one, with real servers.
local daemons = require "spec.support.daemons"
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"

local PATH = ";/usr/share/lua/5.3/?.lua;/usr/share/lua/5.1/?.lua"

local function has(module)
  return package.searchpath(module, package.path .. PATH)
    or package.searchpath(module, package.cpath)
end

local HEAD = [[
  require "uring.compat".install { "socket", "socket.core" }
  local uring = require "uring"
  local socket = require "socket"
  local function main(mode, port)
]]
local TAIL = [[
  end
  if arg[1] == "run" then uring.run(main, ...) else main(...) end
]]

-- Runs a body in both ways; returns what it prints.
local function play(body, port)
  local outputs = {}
  for _, mode in ipairs { "run", "block" } do
    local folder <close> = process.folder()
    daemons.write(folder "main.lua", HEAD .. body .. TAIL)
    local result = process.run {
      process.LUA, folder "main.lua", mode, port or 0,
      env = { LUA_PATH_5_4 = package.path .. PATH },
    }
    assert.equal("", result.err)
    assert.equal(0, result.code)
    outputs[mode] = result.out
  end
  assert.equal(outputs.block, outputs.run)
  return outputs.run
end

describe("unmodified on uring.compat.socket:", function()
  leaks.watch()

  local function it_runs(name, modules, test)
    it(name, function()
      for _, module in ipairs(modules) do
        if not has(module) then pending("needs the module " .. module) end
      end
      test()
    end)
  end

  it_runs("redis-lua talks to Redis", { "redis" }, function()
    local redis <close> = daemons.redis()
    assert.equal("PONG\tbar\tnil\n3\t1:a 2:b 3:c\ttrue\nOK\t100000\n", play([[
      local db = require "redis".connect("127.0.0.1", port)
      db:flushall()
      db:set("foo", "bar")
      print(db:ping() and "PONG", db:get("foo"), db:get("none"))
      for _, each in ipairs { "a", "b", "c" } do db:rpush("list", each) end
      local list = db:lrange("list", 0, -1)
      for i, each in ipairs(list) do list[i] = i .. ":" .. each end
      db:set("x", ("y"):rep(100000))
      print(db:llen("list"), table.concat(list, " "), db:exists("x"))
      print("OK", #db:get("x"))
      db:quit()
    ]], redis.port))
  end)

  it_runs("socket.http asks nginx", { "socket.http", "ltn12" }, function()
    local nginx <close> = daemons.nginx [[
      location /moved { return 302 /file; }
      location /post { client_max_body_size 1m; return 200 "$content_length"; }
    ]]
    daemons.write(nginx.folder "www/file", ("content\n"):rep(50000))
    assert.equal("200\t400000\ttext/plain\n404\n302\n5\n400000\n", play([[
      local http, ltn12 = require "socket.http", require "ltn12"
      local base = "http://127.0.0.1:" .. port
      local body, code, headers = http.request(base .. "/file")
      print(code, #body, headers["content-type"])
      print((select(2, http.request(base .. "/none"))))
      print((select(2, http.request { url = base .. "/moved",
        redirect = false })))
      print((http.request(base .. "/post", "12345")))
      local pieces = {}
      http.request { url = base .. "/file", sink = ltn12.sink.table(pieces) }
      print(#table.concat(pieces))
    ]], nginx.port))
  end)

  it_runs("socket.smtp sends a mail", { "socket.smtp", "mime" }, function()
    assert.equal("HELO MAIL RCPT DATA QUIT\tSubject: hi\tHello.\n1\n", play [[
      local smtp = require "socket.smtp"
      local server = socket.bind("127.0.0.1", 0)
      local _, port = server:getsockname()
      local words, lines = {}, {}
      local function serve()
        local conn = server:accept()
        conn:send("220 ready\r\n")
        repeat
          local line = conn:receive()
          words[#words + 1] = line:match "^%a+"
          if line == "DATA" then
            conn:send("354 go\r\n")
            repeat
              lines[#lines + 1] = conn:receive()
            until lines[#lines] == "."
          end
          conn:send(line == "QUIT" and "221 bye\r\n" or "250 OK\r\n")
        until line == "QUIT"
        conn:close()
      end
      local function send()
        return smtp.send {
          from = "<a@example.org>", rcpt = "<b@example.org>",
          server = "127.0.0.1", port = port, domain = "example.org",
          source = smtp.message {
            headers = { subject = "hi" }, body = "Hello.\r\n",
          },
        }
      end
      local sent
      if mode == "run" then
        uring.all { serve, function() sent = send() end }
      else
        uring.run(function()
          uring.all { serve, function() sent = send() end }
        end)
      end
      local text = table.concat(lines, "\n")
      print(table.concat(words, " "):gsub("EHLO", "HELO"),
        text:match "[Ss]ubject: hi" and "Subject: hi", text:match "Hello%.")
      print(sent)
      server:close()
    ]])
  end)

  it_runs("copas serves in one task", { "copas", "coxpcall" }, function()
    assert.equal("HELLO 1\nHELLO 2\nHELLO 3\n", play [[
      local copas = require "copas"
      local server = socket.bind("127.0.0.1", 0)
      local host, port = server:getsockname()
      copas.addserver(server, function(conn)
        conn = copas.wrap(conn)
        for line in function() return (conn:receive()) end do
          conn:send(line:upper() .. "\n")
        end
      end)
      local answers, left = {}, 3
      for i = 1, left do
        copas.addthread(function()
          local plain = socket.tcp()
          plain:settimeout(0)
          assert(copas.connect(plain, host, port))
          local conn = copas.wrap(plain)
          conn:send("hello " .. i .. "\n")
          answers[i] = conn:receive()
          plain:close()
          left = left - 1
        end)
      end
      while left > 0 do copas.step(1) end
      print(table.concat(answers, "\n"))
      server:close()
    ]])
  end)

  it_runs("examples/redis.lua counts", { "redis" }, function()
    local redis <close> = daemons.redis()
    local result = process.run {
      process.LUA, "examples/redis.lua", "127.0.0.1", redis.port,
      env = { LUA_PATH_5_4 = package.path .. PATH },
    }
    assert.same({ code = 0, err = "", out = "1000 1000 1000\n" }, result)
  end)
end)
