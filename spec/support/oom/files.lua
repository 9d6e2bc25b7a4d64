--- Files: written, read by lines and as a whole, and not there.
local uring = require "uring"

local after = require "spec.support.oom.after.run"

local path = os.tmpname()

function attempt()
  uring.run(function()
    local file = assert(uring.open(path, "w"))
    assert(file:write("one\n", 2, "\n"))
    assert(file:close())
    local again <close> = assert(uring.open(path))
    local lines, message = again:read("l", "L")
    assert(lines == "one", message)
    lines, message = again:read("a")
    assert(lines == "", message)
    local none, _, code = uring.open(path .. "/none")
    assert(not none and uring.errno[code])
  end)
end

function verify()
  os.remove(path)
  after()
end
