--- How long does it take to copy a cached file to standard output?
local files = require "bench.harness.files"
local uring = require "uring"

local LUA = os.getenv "LUA" or "lua5.4"
local STOCK = [[
local file <close> = assert(io.open(arg[1], "rb"))
io.stdout:setvbuf "no"
while true do
  local bytes = file:read(65536)
  if not bytes then break end
  io.write(bytes)
end]]

local function path(context)
  return context.folder .. "/file"
end

local function subject(name, ...)
  local words = { ... }
  return { name = name, needs = { words[1] }, ours = name == "uring",
    argv = function(context)
      local argv = {}
      for i, word in ipairs(words) do
        argv[i] = word:gsub("%%FILE", (path(context):gsub("%%", "%%%%")))
      end
      return argv
    end }
end

local function case(name, stdout, check)
  return {
    name = name, stdout = stdout, check = check, references = { "C" },
    rounds = check and 3 or nil, -- disks are slow
    subjects = {
      subject("C", "build/bench/cat", "%FILE"),
      subject("GNU cat", "cat", "%FILE"),
      subject("dd bs=128K", "dd", "if=%FILE", "bs=128K", "status=none"),
      subject("socat", "socat", "-u", "-b131072", "%FILE", "STDOUT"),
      subject("stock Lua", "sh", "-c", LUA .. ' - "$1" <<"EOF"\n' .. STOCK
        .. "\nEOF", "sh", "%FILE"),
      subject("uring", LUA, "examples/cat.lua", "%FILE"),
    },
  }
end

local function copy(context)
  return context.folder .. "/copy"
end

local function is_same(context)
  local result = uring.process.run { "cmp", path(context), copy(context) }
  return result and result.code == 0
end

return {
  title = "cat of a cached file of 1 GiB",
  kind = "commands",
  setup = function(context)
    files.blocks(path(context), files.size(context))
  end,
  cases = {
    case("to the null device", "/dev/null"),
    case("to a pipe", "|"),
    case("to a file", copy, is_same),
  },
}
