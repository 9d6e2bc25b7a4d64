--- Scripts in processes of their own that can fork, and have threads.
local assert = require "luassert"
local process = require "spec.support.process"

local native = {}

local BUILD = [[
  test build/native.so -nt spec/support/native.c && exit
  mkdir -p build
  LD_PRELOAD= ${CC:-cc} -shared -fPIC -o build/native.$$ \
    $(pkg-config --cflags "$(sh tools/deps lua.pc)") \
    spec/support/native.c -lpthread && mv build/native.$$ build/native.so
]]

--- Runs a script that has the module 'native', see native.c.
---@param script string
---@return table? result {code = or signal =, out =, err =}
---@return string? message where there is no compiler
function native.run(script)
  local built = process.shell(BUILD)
  if built.code ~= 0 then return nil, "no compiler: " .. built.err end
  return process.run { process.LUA, "-e", [[
    package.cpath = "build/?.so;" .. package.cpath
    local native = require "native"
    local uring = require "uring.ring"
  ]] .. script }
end

--- Asserts that a script writes what is expected and ends well.
---@param script string
---@param out string
---@return string? message why it could not be run
function native.expect(script, out)
  local result, message = native.run(script)
  if not result then return message end
  assert.same({ code = 0, out = out, err = "" }, result)
end

return native
