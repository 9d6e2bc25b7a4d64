--- Some simulated histories; make seeds runs more of them.
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"

leaks.watch()

local SEEDS = tonumber(os.getenv "URING_SEEDS") or 2500
local HISTORIES = { "scopes", "streams", "handles", "files", "tokens" }

describe("seeds", function()
  for i, name in ipairs(HISTORIES) do
    local count = SEEDS // #HISTORIES
    it(("%d of %s keep what is promised"):format(count, name), function()
      local first = (i - 1) * count + 1
      local run <close> = process.lua { "tools/seeds.lua", tostring(first),
        tostring(first + count - 1), name }
      local result = run:wait(240)
      assert.same({ 0, "" }, { result.code, result.err })
    end)
  end
end)
