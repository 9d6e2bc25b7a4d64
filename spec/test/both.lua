--- Programs that are run twice: on the real ring and in the simulation.
-- What they return must be the same.
local assert = require "luassert"
local busted = require "busted"
local test = require "uring.test"
local within = require "spec.support.within"

local SEEDS = 25

local both = {}

local function run_really(program)
  local folder = os.tmpname()
  os.remove(folder)
  assert(os.execute("mkdir " .. folder))
  local ok, result = pcall(within.run, program, folder)
  os.execute("rm -r " .. folder)
  if not ok then error(result, 0) end
  return result
end

--- A test that a program returns the same table in both worlds.
---@param name string
---@param program function gets a folder for its files; returns a table
---@param options? table of test.run
---@param seeds? integer how many
function both.it(name, program, options, seeds)
  busted.it(name .. ", really and simulated", function()
    local expected = run_really(program)
    assert.is_table(expected)
    test.seeds(1, seeds or SEEDS, options or {}, function()
      local got = program "/tmp"
      assert.same(expected, got)
    end)
  end)
end

--- What is left of a failure where the name of a folder does not count.
---@param value any
---@param message? string
---@param code? integer
---@return table
function both.outcome(value, message, code)
  if type(message) == "string" then
    message = message:gsub("/tmp/lua_%w+", "/tmp")
  end
  return { value, message, code }
end

return both
