--- The examples of files do what cp -r and tail -F do.
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"

local LUA = process.LUA

leaks.watch()

local function shell(script, ...)
  local result = process.shell(script, ...)
  assert.same({ code = 0, out = "", err = "" }, result)
end

local function write(path, text, mode)
  local file <close> = assert(io.open(path, mode or "w"))
  file:write(text)
end

describe("examples/cp.lua", function()
  local function cp(...)
    return process.run { LUA, "examples/cp.lua", ... }
  end

  it("copies a tree as cp -r does", function()
    local folder <close> = process.folder()
    shell([[cd "$1" && mkdir -p from/a/b from/c && ln -s ../c from/a/link &&
      for i in $(seq 200); do echo "file $i" >from/a/b/$i; done &&
      chmod 600 from/a/b/7 && cp -r from due]], folder "")
    assert.same({ code = 0, err = "", out = ("%s bytes in 200 files and "
      .. "4 folders\n"):format(process.capture(
        "cat " .. folder "from/a/b/*" .. " | wc -c")) },
      cp(folder "from/", folder "to"))
    shell([[cd "$1" && diff -r --no-dereference due to &&
      test "$(stat -c %a to/a/b/7)" = 600]], folder "")
    assert.equal(0, cp("-f", folder "from", folder "to").code)
  end)

  it("copies one file, and says what is wrong in one line", function()
    local folder <close> = process.folder()
    write(folder "a", "12345")
    assert.equal("5 bytes in 1 files and 0 folders\n",
      cp(folder "a", folder "b").out)
    local result = cp(folder "a", folder "b")
    assert.same({ code = 1, out = "",
      err = "cp: " .. folder "b" .. ": File exists\n" }, result)
    assert.equal("cp: /none: No such file or directory\n",
      cp("/none", folder "c").err)
    assert.equal(1, cp("one").code)
  end)
end)

describe("examples/tail.lua", function()
  it("follows a file that grows, is cut off and replaced", function()
    local folder <close> = process.folder()
    local path = folder "log"
    write(path, "old\nlast\n")
    local tail <close> = process.start { LUA, "examples/tail.lua", path, "5" }
    tail:expect "^last\n$"
    write(path, "one\n", "a")
    tail:expect "^last\none\n$"
    write(path, "two\n", "a")
    tail:expect "one\ntwo\n$"
    write(path, "cut\n")
    tail:expect "two\ncut\n$"
    os.rename(path, folder "log.1")
    write(folder "log.1", "late\n", "a")
    write(path, "new\n")
    tail:expect "cut\nlate\nnew\n$"
    os.remove(path)
    write(path, "newer\n")
    tail:expect "new\nnewer\n$"
    tail:signal "INT"
    local result = tail:wait(10)
    assert.equal(0, result.code)
    local log = "tail: " .. path .. " "
    assert.equal(log .. "was cut off\n" .. log .. "is another file now\n"
      .. log .. "is another file now\n", result.err)
  end)

  it("waits for a file that is not there yet", function()
    local folder <close> = process.folder()
    local path = folder "log"
    local tail <close> = process.start { LUA, "examples/tail.lua", path }
    process.await("tail", function()
      return tail:errors():find "is not there yet"
    end)
    write(path, "first\n")
    tail:expect "^first\n$"
  end)

  it("says in one line why it cannot begin", function()
    assert.same({ code = 1, out = "", err = "tail: /none/: No such file or "
      .. "directory\n" }, process.run { LUA, "examples/tail.lua", "/none/x" })
  end)
end)
