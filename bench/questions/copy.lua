--- How long does it take to copy 10,000 small files?
local files = require "bench.harness.files"
local uring = require "uring"

local LUA = os.getenv "LUA" or "lua5.4"

-- Put aside and not removed: ext4 gives an inode out again only after some
-- seconds, and looks for another one for long.
local ASIDE = '[ ! -e "$1/to" ] || mv "$1/to" "$1/was.$$"'

local function subject(name, ...)
  local words = { ... }
  return { name = name, ours = name == "uring", argv = function(context)
    local argv = {}
    for i, word in ipairs(words) do
      argv[i] = word == "FROM" and context.folder .. "/from"
        or word == "TO" and context.folder .. "/to" or word
    end
    return argv
  end }
end

return {
  title = "Copy of 10,000 small files",
  kind = "commands",
  setup = function(context)
    files.tree(context.folder .. "/from", math.ceil(10000 * context.scale))
  end,
  cases = {
    {
      name = "1 B to 8 KiB each", references = { "C, 32 at once" },
      prepare = function(context)
        return { "sh", "-c", ASIDE, "sh", context.folder }
      end,
      check = function(context)
        local result = uring.process.run { "diff", "-rq",
          context.folder .. "/from", context.folder .. "/to" }
        return result and result.code == 0
      end,
      subjects = {
        subject("C, 32 at once", "build/bench/copy", "FROM", "TO", "32"),
        subject("GNU cp -r", "cp", "-r", "FROM", "TO"),
        subject("uring", LUA, "examples/cp.lua", "FROM", "TO"),
      },
    },
  },
}
