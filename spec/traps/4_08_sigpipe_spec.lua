--- Trap 4.8: inside run a write without a reader is an error of that write;
-- outside, SIGPIPE does what it did before.
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"

leaks.watch()

local SIGPIPE = 13

-- Runs a script that can look at, and try, what SIGPIPE does to it.
local function script(text, before)
  return process.shell((before or "") .. '"$@"', process.LUA, "-e", [[
    local uring = require "uring"
    local low = require "uring.ring"
    local function ignored()
      local status <close> = io.open("/proc/self/status")
      local mask = tonumber(status:read("a"):match("\nSigIgn:%s*(%x+)"), 16)
      return mask >> 12 & 1 == 1
    end
  ]] .. text)
end

describe("inside of run", function()
  it("a write to a pipe without a reader fails with EPIPE", function()
    local result = script [[
      uring.run(function()
        local from, to = low.pipe()
        low.close(from)
        print(uring.op.write(to, "x"))
        print(uring.op.writev(to, low.iovecs { "x" }))
      end)
    ]]
    assert.same({ code = 0, err = "",
      out = "nil\twrite: Broken pipe\t32\nnil\twritev: Broken pipe\t32\n" },
      result)
  end)

  it("a send to a socket without a reader fails with EPIPE", function()
    local result = script [[
      uring.run(function()
        local a, b = low.socketpair()
        low.close(b)
        print(uring.op.send(a, "x"))
      end)
      local ring = low.ring(1)
      local a, b = low.socketpair()
      low.close(b)
      ring:get_sqe():prep_send(a, "x")
      ring:submit_and_wait(1)
      print(ring:peek_cqe().res, ignored())
    ]]
    assert.same({ code = 0, err = "",
      out = "nil\tsend: Broken pipe\t32\n-32\tfalse\n" }, result)
  end)
end)

describe("SIGPIPE", function()
  it("is ignored while it runs, and acts as before afterwards", function()
    local result = script [[
      print(ignored())
      uring.run(function() print(ignored()) end)
      print(ignored())
    ]]
    assert.same({ code = 0, err = "", out = "false\ntrue\nfalse\n" }, result)
  end)

  it("acts as before also after an error", function()
    local result = script [[
      pcall(uring.run, error, "on purpose")
      pcall(uring.run, function()
        uring.spawn(error, "on purpose")
        uring.sleep(60)
      end)
      pcall(uring.run, function() uring.sleep(math.huge) end)
      print(ignored())
    ]]
    assert.same({ code = 0, err = "", out = "false\n" }, result)
  end)

  it("stays ignored where it was", function()
    local result = script([[
      uring.run(function() print(ignored()) end)
      print(ignored())
    ]], "trap '' PIPE; ")
    assert.same({ code = 0, err = "", out = "true\ntrue\n" }, result)
  end)

  it("kills a program whose output nobody reads, after a run", function()
    local result = script [[
      uring.run(function() end)
      local pipe <close> = io.popen("exit", "w")
      for _ = 1, 2 do pipe:write(("x"):rep(1 << 20)) end
      print "not reached"
    ]]
    assert.equal("", result.out)
    assert.equal(128 + SIGPIPE, result.code or 128 + result.signal)
  end)

  it("is what ends a run that fails for want of a reader of stdout",
    function()
      local result = process.shell('("$@"; echo "status $?" >&2) | true',
        process.LUA, "-e", [[
          local uring = require "uring"
          uring.run(function()
            while true do assert(uring.stdout:write("x")) end
          end)
        ]])
      assert.equal("status 141\n", result.err)
    end)

  it("is not what ends one that fails for another reason", function()
    local result = script [[
      uring.run(function()
        local from, to = low.pipe()
        low.close(from)
        assert(uring.op.write(to, "x"))
      end)
    ]]
    assert.equal(1, result.code)
    assert.matches("write: Broken pipe", result.err)
  end)
end)
