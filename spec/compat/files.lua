--- Scenarios of the io library: played with Lua's own and with ours.
local stage = require "spec.compat.stage"

local say_raised = stage.say_raised
local scenarios, add = stage.list()

-- A path with some contents, whose name is said as it is.
local PATH = "/tmp/uring-compat-io." .. tostring(os.time()) .. math.random(1e9)

local function with(text)
  local file <close> = assert(io.open(PATH, "wb"))
  file:write(text)
  return PATH
end

local function contents()
  local file <close> = assert(io.open(PATH, "rb"))
  return file:read("a")
end

-- Says what a failure returns, without the path.
local function say_failure(say, result, message, code)
  say(result, message and message:gsub("/tmp/uring%S-:", "PATH:"), code)
end

add("formats", function(lib, say)
  local file = lib.open(with "one\ntwo\n\n12 0x1F 3.5e2\nrest\nof it")
  say(file:read())
  say(file:read("L"))
  say(file:read("*l"))
  say(file:read("n", "*n", "n"))
  say(file:read(1))
  say(file:read(3, "l"))
  say(file:read(0))
  say(file:read("a"))
  say(file:read("a"))
  say(file:read(0))
  say(file:read("l"))
  say(file:read("L"))
  say(file:read(5, "a"))
  say(file:close())
end)

local NUMERALS = { "1", "-7", "+7", "0x", "0x1p4", "1e", "1e+", ".5", "5.",
  "-.5e-1", "nan", "inf", "- 1", "0x.8", "1.2.3", "--1", "e5", "00012",
  ("1"):rep(199), ("1"):rep(201), "0xg", "1,2", " \t\n 8", "" }

add("numerals", function(lib, say)
  for _, text in ipairs(NUMERALS) do
    local file = lib.open(with(text .. "|"))
    local value = file:read("n")
    say(text, value, file:read("a"))
    file:close()
  end
end)

add("reading stops where a format finds nothing", function(lib, say)
  local file = lib.open(with "a\n")
  say(file:read("l", "n", "l"))
  file:seek "set"
  say(file:read("l", "l", "l"))
  say_raised(say, file.read, file, "x")
  say_raised(say, file.read, file, "*x")
  say_raised(say, file.read, file, {})
  say_raised(say, file.read, file, 1.5)
  say((pcall(file.read, file, -1)))
  file:seek "set"
  say(file:read(1.0), file:seek())
  file:close()
end)

add("what was opened to be read is not written", function(lib, say)
  local file = lib.open(with "one\ntwo\n")
  say(file:write("x"))
  say(file:write("") == file, file:flush(), file:read(), file:close())
  local reads = lib.popen "echo a"
  say(reads:write("x"))
  say(reads:read(), reads:close())
end)

add("what is written", function(lib, say)
  local file = lib.open(PATH, "w")
  say(file:write("a", 1, " ", 2.5, " ", 1e100, " ", 2.0, "\n") == file)
  say(file:write() == file, file:write("") == file)
  say_raised(say, file.write, file, {})
  say_raised(say, file.write, file, nil)
  say(file:seek())
  say(file:flush() ~= nil, contents())
  say(file:close(), contents())
  say_raised(say, file.write, file, "x")
  say_raised(say, file.read, file)
  say_raised(say, file.lines, file)
  say_raised(say, file.close, file)
  say(tostring(file), lib.type(file))
end)

add("modes", function(lib, say)
  with "0123456789"
  local file = lib.open(PATH, "r+")
  say(file:read(3))
  file:seek("cur", 0)
  file:write("xx")
  file:seek("cur", 0)
  say(file:read(2), file:seek())
  file:close()
  say(contents())
  file = lib.open(PATH, "a+b")
  file:write("end")
  say(file:seek("set", 8), file:read("a"))
  file:seek("set", 0)
  file:write("!")
  file:close()
  say(contents())
  file = lib.open(PATH, "w+")
  file:write("new\n")
  file:seek "set"
  say(file:read("L"))
  file:close()
  say(contents())
  file = lib.open(PATH, "a")
  file:write("more")
  file:close()
  say(contents())
end)

add("seeking", function(lib, say)
  local file = lib.open(with "0123456789")
  say(file:seek(), file:read(2), file:seek())
  say(file:seek("end"), file:seek("end", -3), file:read(1))
  say(file:seek("cur", -2), file:read(1))
  say(file:seek("set", 100), file:read("a"), file:read("l"))
  say(file:seek("set", -1))
  say_raised(say, file.seek, file, "x")
  say_raised(say, file.seek, file, "set", 1.5)
  say_raised(say, file.seek, file, "set", "x")
  file:close()
end)

add("lines", function(lib, say)
  with "a\nb\nc"
  for line in lib.lines(PATH) do say(line) end
  for a, b in lib.lines(PATH, 1, "L") do say(a, b) end
  local file = lib.open(PATH)
  for line in file:lines("L") do say(line) end
  say(lib.type(file), file:read())
  file:close()
  local iterator = lib.lines(PATH)
  while iterator() do end
  say_raised(say, iterator)
  say(select("#", lib.lines(PATH)))
  say_raised(say, lib.lines, PATH .. "none")
end)

add("failures", function(lib, say)
  say_failure(say, lib.open(PATH .. "/none"))
  os.remove(PATH)
  say_failure(say, lib.open(PATH))
  say_failure(say, lib.open("/", "w"))
  local folder = lib.open("/")
  say(folder:read("l"))
  say(folder:read("a"))
  say(folder:read(1))
  say(folder:close())
  local file = lib.open(PATH, "w")
  say(file:read())
  file:close()
  file = lib.open(with "x", "r")
  file:setvbuf("no")
  say(file:write("x"))
  file:close()
  local full = lib.open("/dev/full", "w")
  full:write("x")
  say(full:flush())
  full:close()
  for _, mode in ipairs { "", "x", "rw", "r++", "wb+", "+r", "r b" } do
    say_raised(say, lib.open, PATH, mode)
  end
  say_raised(say, lib.open)
  say_raised(say, lib.open, {})
end)

add("buffering", function(lib, say)
  local file = lib.open(PATH, "w")
  say(file:setvbuf("full", 100))
  file:write("kept\n")
  say(contents())
  file:write(("x"):rep(200000))
  say(#contents() > 5)
  say(file:setvbuf("no"))
  file:write("y")
  say(contents():sub(-1))
  say_raised(say, file.setvbuf, file, "x")
  say_raised(say, file.setvbuf, file)
  file:close()
end)

add("the default files", function(lib, say)
  local input, output = lib.input(), lib.output()
  say(lib.type(input), lib.type(output), input == lib.stdin)
  say(lib.input(with "1 2\nx") == lib.input())
  say(lib.read("n", "n", "l", "a"))
  for line in lib.lines() do say(line) end
  lib.input():close()
  say_raised(say, lib.read)
  say(select(2, pcall(lib.read)):match "default.*")
  lib.output(PATH)
  say(lib.write("written") == lib.output(), contents())
  say(lib.flush(), contents(), lib.close())
  say(contents(), select(2, pcall(lib.write, "x")):match "default.*")
  say(select(2, pcall(lib.flush)):match "default.*")
  say(select(2, pcall(lib.close)):match "attempt.*")
  say(select(2, pcall(lib.lines)):match "attempt.*")
  lib.input(input)
  lib.output(output)
  say(lib.stdout:close())
  say(lib.stdin:setvbuf("full"))
  say(select(2, pcall(lib.input, PATH .. "/none")):match "%((.*)%)$")
  say_raised(say, lib.input, {})
end)

add("types", function(lib, say)
  local file = lib.tmpfile()
  say(lib.type(file), lib.type({}), lib.type(1), lib.type(io.stdout))
  say_raised(say, lib.type)
  file:write("temporary")
  file:seek "set"
  say(file:read("a"), tostring(file):match "^file %(0x%x+%)$" ~= nil)
  do
    local _closed <close> = file
  end
  say(lib.type(file), tostring(file))
end)

add("programs", function(lib, say)
  local reads = lib.popen("printf 'a\\nb'; exit 3")
  say(lib.type(reads), reads:read("l"), reads:read("a"), reads:read("l"))
  say(reads:close())
  local writes = lib.popen("cat >" .. PATH, "w")
  writes:write("piped ", 1)
  say(writes:close())
  say(contents())
  say(lib.popen("kill -9 $$"):close())
  say_raised(say, lib.popen, "true", "x")
end)

add("large files", function(lib, say)
  local line = ("0123456789"):rep(30) .. "\n"
  local file = lib.open(PATH, "w")
  for _ = 1, 1000 do file:write(line) end
  file:close()
  local count = 0
  for each in lib.lines(PATH, "L") do
    if each == line then count = count + 1 end
  end
  say(count, #contents())
  file = lib.open(PATH)
  say(#file:read(200000), #file:read("a"), file:read(1))
  file:close()
  os.remove(PATH)
end)

return scenarios
