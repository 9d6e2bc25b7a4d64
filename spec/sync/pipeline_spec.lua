--- The example of a pipeline counts as standard tools do, and says what it
-- cannot read.
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"

local EXAMPLE = "examples/pipeline.lua"

local function run(...)
  return process.run { process.LUA, EXAMPLE, ... }
end

local function write(path, text)
  local file <close> = assert(io.open(path, "w"))
  assert(file:write(text))
end

describe(EXAMPLE, function()
  leaks.watch()

  it("counts the words of several files", function()
    local files = { "README.md", "LICENSE", "docs/ring.md", "csrc/ring.c" }
    local standard = process.shell([[cat "$@" | LC_ALL=C tr -cs A-Za-z '\n' |
      LC_ALL=C tr A-Z a-z | grep . | LC_ALL=C sort | uniq -c |
      LC_ALL=C sort -k1,1nr -k2 | head -10]], table.unpack(files))
    local result = run(table.unpack(files))
    assert.same({ code = 0, err = "" },
      { code = result.code, err = result.err })
    assert.equal((standard.out:gsub(" +", " ")), (result.out:gsub(" +", " ")))
  end)

  it("prints what there is where that is less than ten words", function()
    local folder <close> = process.folder()
    write(folder "a", "one two\n\n2 x 2\nTwo")
    write(folder "b", "")
    local counts = "     2 two\n     1 one\n     1 x\n"
    assert.same({ code = 0, err = "", out = counts },
      run(folder "a", folder "b"))
    assert.same({ code = 0, err = "", out = "" }, run(folder "b"))
  end)

  it("names what it cannot read, and counts the rest", function()
    local folder <close> = process.folder()
    write(folder "there", "there")
    local result = run(folder "none", folder "there", folder "")
    assert.equal(1, result.code)
    assert.equal("     1 there\n", result.out)
    local lines = {}
    for line in result.err:gmatch "[^\n]+" do table.insert(lines, line) end
    table.sort(lines)
    local expected = {
      ("pipeline: %s: No such file or directory"):format(folder "none"),
      ("pipeline: %s: Is a directory"):format(folder ""),
    }
    table.sort(expected)
    assert.same(expected, lines)
  end)

  it("says how to call it where no file is named", function()
    assert.same({ code = 2, out = "",
      err = "usage: lua5.4 examples/pipeline.lua FILE...\n" }, run())
  end)
end)
