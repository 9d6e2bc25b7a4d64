--- Rules of order: a room knows only the rooms before it.

local Tree = require "tools.tidy.tree"

local INCLUDE = '#%s*include%s*"([^"]-)%.%w+"'
local REQUIRE = "%f[%w_]require%s*%(?%s*[\"']([^\"']+)[\"']"

local function ranks(rooms)
  local rank = {}
  for i, room in ipairs(rooms) do rank[room] = i end
  return rank
end

-- What is wrong with `from` using `to`; nil if nothing.
local function objection(rank, from, to)
  if not rank[to] then
    return ("%s is in no room; add it to tools/tidy.lua"):format(to)
  elseif rank[to] > rank[from] then
    return ("%s must not know %s"):format(from, to)
  end
end

local function check_room(tree, report, path, rank, room, use)
  if not rank[room] then
    return report(path, 1, objection(rank, room, room))
  end
  for number, line in ipairs(tree:lines(path, "code")) do
    for used in line:gmatch(use) do
      local message = objection(rank, room, used)
      if message then report(path, number, message) end
    end
  end
end

local rules = {}

function rules.c_rooms(tree, report, house)
  local rank = ranks(house.rooms.c)
  for path in tree:paths "^csrc/.*%.[ch]$" do
    local room = path:match "([^/]+)%.[ch]$"
    check_room(tree, report, path, rank, room, INCLUDE)
  end
end

function rules.lua_rooms(tree, report, house)
  local rank = ranks(house.rooms.lua)
  for path in tree:paths("^lua/.*%.lua$", house.generated) do
    check_room(tree, report, path, rank, Tree.module(path), REQUIRE)
  end
end

return rules
