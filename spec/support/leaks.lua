--- Watches that a test leaves nothing behind: no descriptor, no loop, no op,
-- no lent buffer, no job, no child, and signals as they were.
--   local leaks = require "spec.support.leaks"
--   leaks.watch() -- at the top of a spec file, or in a describe
-- After each test, once everything is collected that nobody refers to, the
-- same descriptors must be open as before, and nothing may go on: see audit.
local audit = require "spec.support.audit"
local busted = require "busted"
local lfs = require "lfs"
local loop = require "uring.loop"
local system = require "system" -- which busted uses

local FOLDER = "/proc/self/fd/"
local PATIENCE = 2 -- seconds for a thread to end a job, a child to be gone
local STEP = 0.005

local leaks = {}

-- Whether what others have left is collected: before the first test, and of
-- each file where the collector is restless and may do so during a test.
local is_clean = false

-- Two: what the first one finalises may have kept other things alive.
local function collect()
  collectgarbage()
  collectgarbage()
end

--- Lists the open descriptors.
---@return table<integer, integer> open descriptor -> number of the file
function leaks.snapshot()
  local names, open = {}, {}
  for name in lfs.dir(FOLDER) do names[#names + 1] = name end
  for _, name in ipairs(names) do -- that of the folder is closed again
    local fd = math.tointeger(name)
    if fd then open[fd] = lfs.attributes(FOLDER .. name, "ino") end
  end
  return open
end

-- "7 -> socket:[4711]", as ls -l /proc/self/fd has it.
local function describe(fd)
  return ("%d -> %s"):format(fd,
    lfs.symlinkattributes(FOLDER .. fd, "target") or "?")
end

--- Says how the open descriptors differ from those of a snapshot.
---@param before table<integer, integer>
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

-- What is left behind, one sentence each.
local function look(before, goes_on)
  local found = leaks.compare(before)
  for _, line in ipairs(goes_on and audit.look(goes_on) or {}) do
    found[#found + 1] = line
  end
  if loop.is_running() then found[#found + 1] = "a loop is still running" end
  return found
end

--- Fails where something is left behind since a snapshot.  What is garbage
-- may hold it until then; what others do for us may take a moment.
---@param before table<integer, integer>
---@param what? string names what has left it
---@param goes_on? table of audit.before: then all that goes on is looked at,
--- and not descriptors only
function leaks.check(before, what, goes_on)
  local found = look(before, goes_on)
  local deadline = os.time() + PATIENCE
  while #found > 0 and os.time() <= deadline do
    collect()
    found = look(before, goes_on)
    if #found > 0 then system.sleep(STEP) end
  end
  if #found == 0 then return end
  table.insert(found, 1, (what or "this") .. ":")
  error(table.concat(found, "\n  "), 0)
end

--- Watches each test of the file, or of the describe, that calls this.
function leaks.watch()
  local before, test, goes_on
  if os.getenv "URING_RESTLESS" then is_clean = false end
  local names = busted.subscribe({ "test", "start" }, function(element)
    test = element.name
    return nil, true -- others may hear it too
  end)
  busted.before_each(function()
    if not is_clean then collect() end -- what was left before is no test's
    is_clean = true
    goes_on = audit.before()
    before = leaks.snapshot()
  end)
  busted.after_each(function() leaks.check(before, test, goes_on) end)
  busted.teardown(function()
    busted.unsubscribe(names.id, { "test", "start" })
  end)
end

return leaks
