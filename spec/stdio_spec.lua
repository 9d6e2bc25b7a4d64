--- The standard streams of a process are read and written through its ring.
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local temp = require "spec.support.temp"

leaks.watch()

-- Runs a script between shell commands that feed and take its streams.
local function piped(before, script, after)
  return process.shell(before .. '"$@"' .. after, process.LUA, "-e",
    'local uring = require "uring" ' .. script)
end

local COPY = [[
  uring.run(function()
    for chunk in uring.stdin:chunks() do assert(uring.stdout:write(chunk)) end
  end)
]]

describe("standard input", function()
  it("is read by lines", function()
    local result = piped("printf 'one\\ntwo\\nlast' | ", [[
      uring.run(function()
        for line in uring.stdin:lines() do print("<" .. line .. ">") end
        print(uring.stdin:read())
      end)
    ]], "")
    assert.same({ code = 0, out = "<one>\n<two>\n<last>\nnil\n", err = "" },
      result)
  end)

  it("may be a file, or nothing", function()
    local file <close> = temp.file("content\n")
    for path, content in pairs {
      [file.path] = "content\n", ["/dev/null"] = "",
    } do
      assert.equal(content, piped("", COPY, " <" .. path).out)
    end
  end)

  it("lets other tasks run while it waits", function()
    local sign <close> = temp.name()
    local late = ("(until [ -e %s ]; do sleep 0.01; done; echo late) | ")
      :format(sign.path)
    local result = piped(late, ([[
      uring.run(function()
        uring.spawn(function()
          print("meanwhile")
          io.open(%q, "w"):close()
        end)
        print(uring.stdin:read())
      end)
    ]]):format(sign.path), "")
    assert.equal("meanwhile\nlate\n", result.out)
  end)
end)

describe("standard output", function()
  it("carries everything, in order", function()
    local result = piped("seq 200000 | ", COPY, " | cksum")
    assert.equal(process.capture("seq 200000 | cksum") .. "\n", result.out)
    assert.equal("", result.err)
  end)

  it("has a neighbour for errors", function()
    local result = piped("", [[
      uring.run(function()
        assert(uring.stderr:write("to err\n"))
        assert(uring.stdout:write("to out\n"))
      end)
    ]], "")
    assert.same({ code = 0, out = "to out\n", err = "to err\n" }, result)
  end)

  it("loses nothing that io has not written yet when the program ends",
    function()
      local result = piped("", "io.write('by io')", " | cat")
      assert.same({ code = 0, out = "by io", err = "" }, result)
      result = piped("", [[
        io.write("first, ")
        uring.run(function() uring.sleep(0) end)
        io.write("last")
      ]], " | cat")
      assert.same({ code = 0, out = "first, last", err = "" }, result)
    end)

  it("is not closed by the collector", function()
    local result = piped("", [[
      uring.stdout, uring.stderr, uring.stdin = nil, nil, nil
      for name in pairs(package.loaded) do
        if name:find("^uring") then package.loaded[name] = nil end
      end
      uring = nil
      for _ = 1, 3 do collectgarbage() end
      print("still there")
    ]], "")
    assert.same({ code = 0, out = "still there\n", err = "" }, result)
  end)

  it("tells the task that its reader has gone", function()
    local result = piped("", [[
      uring.run(function()
        local ok, message, code
        repeat
          ok, message, code = uring.stdout:write(("x"):rep(10000))
        until not ok
        io.stderr:write(message, " ", code)
      end)
    ]], " | head -c 5")
    assert.equal("stdout: Broken pipe 32", result.err)
    assert.equal("xxxxx", result.out)
  end)

  it("ends the program quietly where nobody cares that it has", function()
    local result = piped("(", [[
      uring.run(function()
        while true do assert(uring.stdout:write(("x"):rep(10000))) end
      end)
    ]], '; echo "status $?" >&2) | head -c 5')
    assert.equal("xxxxx", result.out)
    assert.equal("status 141\n", result.err)
  end)
end)

describe("a standard stream", function()
  it("prints with its number", function()
    local result = piped("", [[
      print(uring.stdin, uring.stdout, uring.stderr)
    ]], "")
    assert.equal("uring.File (fd 0)\turing.File (fd 1)\turing.File (fd 2)\n",
      result.out)
  end)

  it("can be closed", function()
    local result = piped("", [[
      uring.run(function()
        assert(uring.stdout:write("before"))
        assert(uring.stdout:close())
        assert(select(2, uring.stdout:write("after")) == "closed")
      end)
    ]], "")
    assert.same({ code = 0, out = "before", err = "" }, result)
  end)
end)
