--- uring.compat.socket says to every scenario what LuaSocket says to it,
-- inside a run and outside of one.
local process = require "spec.support.process"
local scenarios = require "spec.compat.scenarios"

local LIMIT = 30 -- seconds

-- What each scenario says, by its name.
local function play(mode)
  local running <close> = process.lua { "spec/compat/play.lua", mode }
  local result = running:wait(LIMIT)
  assert.equal("", result.err)
  local said = {}
  for name, text in (result.out .. "== "):gmatch "== ([^\n]*)\n(.-)%f[=\0]" do
    said[name] = text
  end
  return said
end

local has_luasocket = package.searchpath("socket.core", package.cpath)

describe("as LuaSocket does:", function()
  local theirs, ours, inside

  setup(function()
    if not has_luasocket then return end
    theirs, ours, inside = play "socket", play "ours", play "run"
  end)

  for _, scenario in ipairs(scenarios) do
    it(scenario.name, function()
      if not has_luasocket then pending("needs LuaSocket") end
      local due = theirs[scenario.name]
      assert.is_truthy(due and due ~= "")
      assert.is_nil(due:match "FAILED")
      assert.equal(due, ours[scenario.name])
      assert.equal(due, inside[scenario.name])
    end)
  end
end)
