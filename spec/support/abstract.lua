--- Names of abstract Unix sockets that no other process has: several that
-- run the specs share one space of them.
--   local where = abstract "late" --> "unix:@uring-4711-late"
local stat <close> = assert(io.open "/proc/self/stat")
local PID = stat:read "n"

--- The address of a name of our own.
---@param name string
---@return string where as for uring.listen
return function(name)
  return ("unix:@uring-%d-%s"):format(PID, name)
end
