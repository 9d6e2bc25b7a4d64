--- The examples of tasks do what their headers say: time limits and clean-up,
-- and a parser that is a generator.
local leaks = require "spec.support.leaks"
local peer = require "spec.support.peer"
local process = require "spec.support.process"

local LUA = process.LUA

leaks.watch()

describe("examples/cleanup.lua", function()
  local EXPECTED = "answer:\tnil\ttimeout\t110\n"
    .. "slow has cleaned up\n"
    .. "winner:\tfast\tfast was fast enough\n"
    .. "saved:\ttrue\n"
    .. "failed:\tfalse\ta sibling gave up\n"
    .. "state:\thalf of the work\n"

  it("prints what its header says, and saves the state", function()
    local folder <close> = process.folder()
    local result = process.run { LUA, "examples/cleanup.lua",
      folder "" }
    assert.same({ code = 0, out = EXPECTED, err = "" }, result)
    local file <close> = assert(io.open(folder "state.txt"))
    assert.equal("half of the work\n", file:read "a")
  end)

  it("finds a folder by itself", function()
    local folder <close> = process.folder()
    local result = process.run { LUA, "examples/cleanup.lua",
      env = { TMPDIR = folder "" } }
    assert.same({ code = 0, out = EXPECTED, err = "" }, result)
  end)

  it("says that it cannot save: the failure of clean-up is one", function()
    local result = process.run { LUA, "examples/cleanup.lua",
      "/nonexistent" }
    assert.equal(1, result.code)
    assert.matches("failed:\tfalse\ta sibling gave up\n$", result.out)
    assert.matches("/nonexistent/state.txt: No such file or directory",
      result.err)
  end)
end)

describe("examples/parser.lua", function()
  -- Starts the server on a port that it finds.
  local function serve()
    return peer.serve { file = "examples/parser.lua", where = "127.0.0.1:%s" }
  end

  it("prints what its client gets, and ends", function()
    assert.same({ code = 0, err = "",
      out = "PONG\nOK\nb|c!\n(error) ERR unknown command\n" },
      process.run { LUA, "examples/parser.lua" })
  end)

  it("parses messages however they are cut into pieces", function()
    local running <close> = serve()
    local message = "*3\r\n$3\r\nset\r\n$3\r\nkey\r\n$4\r\nv\r\nw\r\n"
      .. "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n*2\r\n$3\r\nGET\r\n$2\r\nno\r\n"
    for size = 1, #message, 7 do
      peer.run(function()
        local conn <close> = peer.connect(running)
        for at = 1, #message, size do
          assert(conn:write(message:sub(at, at + size - 1)))
        end
        assert(conn:shutdown "w")
        assert.equal("+OK\r\n$4\r\nv\r\nw\r\n$-1\r\n", conn:read "a")
      end)
    end
    assert.equal("", running:errors())
  end)

  it("serves the others while one stands in the middle of a message",
    function()
      local running <close> = serve()
      peer.run(function()
        local slow <close> = peer.connect(running)
        assert(slow:write "*1\r\n$4\r\nPI")
        for _ = 1, 3 do
          local quick <close> = peer.connect(running)
          assert(quick:write "*1\r\n$4\r\nping\r\n")
          assert.equal("+PONG", quick:read())
        end
        assert(slow:write "NG\r\n")
        assert.equal("+PONG", slow:read())
      end)
    end)

  it("drops who sends nonsense, and goes on", function()
    local running <close> = serve()
    peer.run(function()
      for _, nonsense in ipairs { "GET / HTTP/1.0\r\n\r\n", "*1\r\n+\r\n*0\r\n",
        "$4\r\nabcd\r\n", "*1\r\n$9\r\nshort" } do
        local conn <close> = peer.connect(running)
        assert(conn:write(nonsense))
        assert(conn:shutdown "w")
        assert.is_nil((conn:read "a" or ""):match "PONG")
      end
      local conn <close> = peer.connect(running)
      assert(conn:write "*1\r\n$4\r\nPING\r\n")
      assert.equal("+PONG", conn:read())
    end)
    assert.is_true(running:is_alive())
    assert.equal("", running:errors())
  end)
end)
