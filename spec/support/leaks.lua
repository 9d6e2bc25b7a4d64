--- Watches that a test leaves nothing behind: no descriptor, no loop.
--   local leaks = require "spec.support.leaks"
--   leaks.watch() -- at the top of a spec file, or in a describe
-- After each test everything that nobody refers to is collected; then the
-- same descriptors must be open as before, and no loop may run.
local busted = require "busted"

local leaks = {}

-- Two: what the first one finalises may have kept other things alive.
local function collect()
  collectgarbage()
  collectgarbage()
end

-- The kernel's table of our descriptors has so many places.
local function places()
  local status <close> = assert(io.open("/proc/self/status"))
  return math.tointeger(status:read("a"):match("\nFDSize:%s*(%d+)"))
end

-- Says what is open as what: the number of the file, where the kernel tells.
local function identity(fd)
  local info <close> = io.open("/proc/self/fdinfo/" .. fd)
  if not info then return nil end
  info:read("l") -- the position in the file may change
  return (info:read(256) or ""):match("ino:%s*(%d+)") or "?"
end

--- Lists the open descriptors.
---@return table<integer, string> open descriptor -> which file
function leaks.snapshot()
  local open = {}
  for fd = 0, places() - 1 do open[fd] = identity(fd) end
  return open
end

-- "7 -> socket:[4711]", as ls -l /proc/self/fd has it.
local function describe(fd)
  local command = ("readlink /proc/$PPID/fd/%d"):format(fd)
  local link <close> = assert(io.popen(command))
  return ("%d -> %s"):format(fd, link:read("l") or "?")
end

--- Says how the open descriptors differ from those of a snapshot.
---@param before table<integer, string>
---@return string[] differences one sentence each
function leaks.compare(before)
  local after, found = leaks.snapshot(), {}
  for fd, file in pairs(after) do
    if not before[fd] then
      found[#found + 1] = "leaked descriptor " .. describe(fd)
    elseif before[fd] ~= file then
      found[#found + 1] = "descriptor became another " .. describe(fd)
    end
  end
  for fd in pairs(before) do
    if not after[fd] then
      found[#found + 1] = ("closed descriptor %d of somebody else"):format(fd)
    end
  end
  table.sort(found)
  return found
end

--- Fails where something is left behind since a snapshot.
---@param before table<integer, string>
---@param what? string names what has left it
function leaks.check(before, what)
  collect()
  local found = leaks.compare(before)
  if require("uring.loop").is_running() then
    found[#found + 1] = "a loop is still running"
  end
  if #found == 0 then return end
  table.insert(found, 1, (what or "this") .. ":")
  error(table.concat(found, "\n  "), 0)
end

--- Watches each test of the file, or of the describe, that calls this.
function leaks.watch()
  local before, test
  local names = busted.subscribe({ "test", "start" }, function(element)
    test = element.name
    return nil, true -- others may hear it too
  end)
  busted.before_each(function()
    collect()
    before = leaks.snapshot()
  end)
  busted.after_each(function() leaks.check(before, test) end)
  busted.teardown(function()
    busted.unsubscribe(names.id, { "test", "start" })
  end)
end

return leaks
