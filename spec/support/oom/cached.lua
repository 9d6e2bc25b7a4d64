--- Bytes that are in the page cache: read without an op.
local rings = require "uring.ring"
local uring = require "uring"

local after = require "spec.support.oom.after.run"

local path = os.tmpname()

function attempt()
  local out <close> = assert(io.open(path, "w"))
  out:write(("0123456789"):rep(10)):close()
  uring.run(function()
    local file <close> = assert(uring.open(path))
    assert(file:pread(10, 90) == "0123456789")
    local buffer = rings.buffer(100)
    assert(file:pread_into(buffer, 5, 11) == 90)
    assert(buffer:sub(11, 15) == "56789")
    assert(#file:read "a" == 100)
  end)
end

function verify()
  os.remove(path)
  after()
end
