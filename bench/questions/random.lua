--- How many blocks of 4 KiB are read here and there in a second?
local files = require "bench.harness.files"

local LUA = os.getenv "LUA" or "lua5.4"

local function path(context)
  return context.folder .. "/file"
end

-- Somebody may have needed the memory meanwhile.
local function warm(context)
  return { "cat", path(context) }
end

local function case(name, depth, how)
  local function subject(who, before, needs)
    return { name = who, needs = needs, ours = who:find "^uring" ~= nil,
      argv = function(context)
        local argv = table.move(before, 1, #before, 1, {})
        for _, word in ipairs { path(context), tostring(depth),
          tostring(math.ceil(context.window * 1000)) } do
          argv[#argv + 1] = word
        end
        argv[#argv + 1] = how
        return argv
      end }
  end
  return {
    name = name, figure = "printed", unit = "reads/s", better = "more",
    references = { "fio, io_uring", "C" }, prepare = not how and warm or nil,
    subjects = {
      subject("C", { "build/bench/random" }),
      subject("fio, io_uring", { "sh", "bench/peers/random_fio" }, { "fio" }),
      subject("uring, strings", { LUA, "bench/micro/random.lua", "strings" }),
      subject("uring, buffers", { LUA, "bench/micro/random.lua", "buffers" }),
      subject("uring, ops", { LUA, "bench/micro/random.lua", "ops" }),
    },
  }
end

return {
  title = "Random reads of 4 KiB",
  kind = "commands",
  setup = function(context)
    files.blocks(path(context), files.size(context))
  end,
  cases = {
    case("cached, depth 1", 1), case("cached, depth 32", 32),
    case("cached, depth 128", 128), case("O_DIRECT, depth 1", 1, "direct"),
    case("O_DIRECT, depth 32", 32, "direct"),
    case("O_DIRECT, depth 128", 128, "direct"),
  },
}
