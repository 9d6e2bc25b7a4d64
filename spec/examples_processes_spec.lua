--- The examples of processes do what their headers say: an echo server on
-- all processors, and xargs.
local children = require "spec.support.children"
local leaks = require "spec.support.leaks"
local peer = require "spec.support.peer"
local process = require "spec.support.process"
local server = require "spec.worker.server"
local temp = require "spec.support.temp"
local uring = require "uring"

local LUA = process.LUA

leaks.watch()

describe("examples/workers.lua", function()
  local SERVER = { file = "examples/workers.lua", where = "127.0.0.1:%s" }

  it("echoes from as many processes as there are processors", function()
    local running <close> = peer.serve(SERVER)
    peer.run(function()
      server.await(running, tonumber(process.capture "nproc"))
      local crowd <close> = peer.crowd(running, 20)
      for i, conn in ipairs(crowd) do
        assert.equal("hello " .. i, peer.exchange(conn, "hello " .. i))
      end
    end)
    running:signal "INT"
    local result = running:wait(8)
    assert.same({ 0, "" }, { result.code, result.err })
  end)

  it("serves on while its workers are replaced", function()
    local running <close> = peer.serve(SERVER)
    peer.run(function()
      local old <close> = peer.connect(running)
      assert.equal("before", peer.exchange(old, "before"))
      local first = server.workers(running)
      running:signal "HUP"
      process.await("new workers", function()
        assert.is_true(peer.is_served(running))
        for pid in pairs(server.workers(running)) do
          if not first[pid] then return true end
        end
      end)
      assert.equal("after", peer.exchange(old, "after"))
    end)
    assert.equal("", running:errors())
  end)

  it("says why it cannot listen", function()
    local running <close> = peer.serve(SERVER)
    local result = process.run { LUA, "examples/workers.lua",
      "127.0.0.1:" .. running.port }
    assert.same({ code = 1, out = "", err = ("workers: listen 127.0.0.1:%d: "
      .. "Address already in use\n"):format(running.port) }, result)
  end)
end)

describe("examples/xargs.lua", function()
  local function xargs(input, ...)
    local file <close> = temp.file(input)
    return process.run { LUA, "examples/xargs.lua", stdin = file.path, ... }
  end

  it("calls a command for each line, and keeps together what it prints",
    function()
      local result = xargs("a\nb c\n", 1, "sh", "-c",
        "echo $1; sleep 0.01; echo $1", "sh")
      assert.same({ code = 0, out = "a\na\nb c\nb c\n", err = "" }, result)
    end)

  it("calls so many at a time", function()
    local start = uring.now()
    local result = xargs(("0.3\n"):rep(6), 6, "sleep")
    assert.same({ code = 0, out = "", err = "" }, result)
    assert.is_true(uring.now() - start < 1.8)
  end)

  it("tells what has failed", function()
    assert.same({ code = 123, out = "",
      err = "xargs: 3: exit status 3\nxargs: 4: exit status 4\n" },
      xargs("3\n4\n0\n", 1, "sh", "-c", "exit $1", "sh"))
    assert.same({ code = 123, out = "",
      err = "xargs: x: spawn nope: No such file or directory\n" },
      xargs("x\n", 1, "nope"))
    assert.same({ code = 123, out = "", err = "xargs: x: ended by KILL\n" },
      xargs("x\n", 1, "sh", "-c", "kill -9 $$"))
  end)

  it("says how it is used", function()
    for _, arguments in ipairs { {}, { "x", "y" }, { "0", "y" }, { "1" } } do
      local result = xargs("", table.unpack(arguments))
      assert.same({ code = 2, out = "",
        err = "usage: xargs.lua COUNT COMMAND [ARGUMENT...]\n" }, result)
    end
  end)

  it("ends what it has started at Ctrl-C", function()
    local file <close> = temp.file "61.5\n"
    local running <close> = process.lua { "examples/xargs.lua", 2, "sleep",
      stdin = file.path }
    local child = process.await("the command", function()
      return next(server.workers(running))
    end)
    running:signal "INT"
    assert.same({ code = 1, out = "", err = "xargs: interrupted!\n" },
      running:wait(8))
    assert.is_nil(children.state(child))
  end)
end)
