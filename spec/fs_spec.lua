--- Files are opened, read, written and closed as io does it, but waiting
-- lets others run.
local fs = require "uring.fs"
local leaks = require "spec.support.leaks"
local raw = require "uring.ring"
local rows = require "spec.support.rows"
local temp = require "spec.support.temp"
local uring = require "uring"
local within = require "spec.support.within"

local C, errno = raw.consts, uring.errno

leaks.watch()

local MODES = { "r", "w", "a", "r+", "w+", "a+" }

-- What remains, and what could be done, after some steps on a file.
local function trace(open, path, mode)
  local file = open(path, mode)
  if not file then return "cannot open" end
  local got = { tostring((file:read("l"))), file:write("WRITTEN") and "w",
    tostring((file:read("a"))) }
  file:close()
  return table.concat(got, "|", 1, 3)
end

describe("opening a file", function()
  for _, mode in ipairs(MODES) do
    it("with mode " .. mode .. " allows what io allows", function()
      local one <close> = temp.file("one\ntwo\n")
      local new <close> = temp.name()
      local stats = {}
      within.run(function()
        for _, path in ipairs { one.path, new.path } do
          local file = uring.open(path, mode)
          if file then
            stats[#stats + 1] = tostring(file:read("l") ~= nil)
            stats[#stats + 1] = tostring(file:write("") ~= nil)
            file:close()
          else
            stats[#stats + 1] = "none"
          end
        end
      end)
      local plus = mode:find("+", 1, true)
      local keeps = mode:find("[ra]") ~= nil
      local readable = mode == "r" or plus
      assert.equal(tostring(readable ~= nil and readable ~= false and keeps),
        stats[1])
      if mode:find("r") then
        assert.equal("none", stats[3])
      else
        assert.equal("false", stats[3])
      end
      assert.equal(keeps and "one\ntwo\n" or "", one:read())
    end)
  end
end)

assert(trace and C and rows and fs and errno)
