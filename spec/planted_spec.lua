--- The test of the tests: bugs that were planted are found by the seeds.
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"

leaks.watch()

local SEEDS = 1500

local function read(path)
  local file <close> = assert(io.open(path))
  return file:read "a"
end

local function write(path, text)
  local file <close> = assert(io.open(path, "w"))
  file:write(text)
end

-- A copy of the library with one bug more.
local function plant(bug, folder)
  assert(os.execute("cp -R lua " .. process.quote(folder "lua")))
  local path = folder("lua/" .. bug.file)
  local text = read(path)
  local first, last = text:find(bug.find, 1, true)
  assert.is_truthy(first, bug.file .. " has changed: " .. bug.find)
  assert.is_nil(text:find(bug.find, last + 1, true))
  write(path, text:sub(1, first - 1) .. bug.replace .. text:sub(last + 1))
end

local function run_seeds(bug, folder)
  local modules = ("%s;%s;%s"):format(folder "lua/?.lua",
    folder "lua/?/init.lua", package.path)
  return process.shell([[
    export LUA_PATH_5_4=$1
    exec timeout 100 "$2" tools/seeds.lua 1 $3 $4
  ]], modules, process.LUA, tostring(SEEDS), bug.history)
end

describe("the seeds find it where", function()
  for _, bug in ipairs(require "spec.planted") do
    it(bug.name, function()
      local folder <close> = process.folder()
      plant(bug, folder)
      local result = run_seeds(bug, folder)
      assert.equal(1, result.code, result.err:sub(1, 400))
      assert.matches("URING_SEED=%d+", result.err)
    end)
  end
end)
