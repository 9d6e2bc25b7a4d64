--- uring.compat.socket and uring.compat.io say to every scenario what
-- LuaSocket and Lua's io say to it, inside a run and outside of one.
local files = require "spec.compat.files"
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local scenarios = require "spec.compat.scenarios"

leaks.watch()

local LIMIT = 30 -- seconds

-- What each scenario says, by its name.
local function play(name, mode)
  local running <close> = process.lua { "spec/compat/play.lua", name, mode }
  local result = running:wait(LIMIT)
  -- of stock Lua, where it is told to read more than there can be
  assert.equal("", (result.err:gsub("==%d+==WARNING: AddressSanitizer failed "
    .. "to allocate [^\n]*\n", "")))
  local said = {}
  for title, text in (result.out .. "== "):gmatch "== ([^\n]*)\n(.-)%f[=\0]" do
    said[title] = text
  end
  return said
end

local function compare(name, list, is_missing)
  local theirs, ours, inside

  setup(function()
    if is_missing then return end
    theirs, ours = play(name, "theirs"), play(name, "ours")
    inside = play(name, "run")
  end)

  for _, scenario in ipairs(list) do
    it(scenario.name, function()
      if is_missing then pending("needs " .. is_missing) end
      local due = theirs[scenario.name]
      assert.is_truthy(due and due ~= "")
      assert.is_nil(due:match "FAILED[^\n]*")
      assert.equal(due, ours[scenario.name])
      assert.equal(due, inside[scenario.name])
    end)
  end
end

local has_luasocket = package.searchpath("socket.core", package.cpath)

describe("as LuaSocket does:", function()
  compare("socket", scenarios, not has_luasocket and "LuaSocket")
end)

describe("as Lua's io does:", function()
  compare("io", files)
end)
