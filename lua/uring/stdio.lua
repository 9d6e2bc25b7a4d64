--- The standard streams, read and written through the ring.
-- They belong to the process: the collector does not close them.
local fs = require "uring.fs"

local stdio = {}

--- What a write to a standard output says whose reader has gone.
stdio.BROKEN = "stdout: Broken pipe"

for fd, name in pairs { [0] = "stdin", [1] = "stdout", [2] = "stderr" } do
  stdio[name] = fs.from_fd(fd, name)
  stdio[name].is_lent = true -- others write to it yet when we are collected
end

return stdio
