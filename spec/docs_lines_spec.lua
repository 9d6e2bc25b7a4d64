--- Proves that the lines run which docs/opcodes.md and docs/register.md show
-- for each row and each register call, after the preamble of the page.
local core = require "uring.core"
local leaks = require "spec.support.leaks"
local lines = require "tools.gen.lines"
local process = require "spec.support.process"
local rows = require "spec.support.rows"

-- What cannot go well: it needs hardware.
local REFUSED = { uring_cmd = true }

-- What a line shows of a call may be newer than the call.
local function since(call, line)
  return line:find("incremental = true", 1, true) and "6.12" or call.since
end

local function shown(line)
  if load("return " .. line) then return "print((" .. line .. "))" end
  assert(load(line))
  return line .. " print(true)"
end

local function run(program)
  local result = process.run { process.LUA, "-e", program }
  assert.equal("", result.err)
  assert.equal(0, result.code)
  return result.out:match("^nil") and true
end

describe("the line of", function()
  leaks.watch()

  for _, row in ipairs(core.ops) do
    it("row " .. row.name .. " runs", function()
      local line = assert(lines.ROWS[row.name], "no line for the row")
      if rows.is_missing(row) then pending("needs Linux " .. row.since) end
      local program = lines.PREAMBLE:gsub("%-%- the line comes here",
        function() return shown(line) end)
      assert.equal(REFUSED[row.name], run(program))
    end)
  end

  local seen = {}
  for _, call in ipairs(core.registers) do
    local line = lines.REGISTERS[call.name]
    if not seen[call.name] then
      it("register call " .. call.name .. " runs", function()
        assert.is_string(line)
        local version = since(call, line)
        if not line:find(" or ") and rows.is_newer(version) then
          pending("needs Linux " .. version)
        end
        assert.is_nil(run(lines.REGISTER_PREAMBLE .. shown(line)))
      end)
    end
    seen[call.name] = true
  end
end)
