--- What a process has used, as the kernel has it in /proc.
local fs = require "uring.fs"

local account = {}

local TICK = 0.01 -- seconds, of utime and stime

local function contents(path)
  local file <close> = io.open(path)
  return file and file:read "a"
end

-- User and system ticks, of all threads.
local function ticks(pid)
  local text = contents(("/proc/%d/stat"):format(pid))
  if not text then return 0, 0 end
  local words = {}
  for word in text:match("%)(.*)"):gmatch "%S+" do words[#words + 1] = word end
  return tonumber(words[12]), tonumber(words[13])
end

-- Exact, but user and system together.
local function nanoseconds(pid)
  local folder, sum = ("/proc/%d/task"):format(pid), 0
  for _, thread in ipairs(fs.list(folder) or {}) do
    local text = contents(("%s/%s/schedstat"):format(folder, thread))
    sum = sum + (text and tonumber(text:match "%d+") or 0)
  end
  return sum
end

--- How much processor time it has had by now.
---@param pid integer
---@return table usage user, system, both: seconds; both is the exact one
function account.cpu(pid)
  local user, system = ticks(pid)
  return { user = user * TICK, system = system * TICK,
    both = nanoseconds(pid) / 1e9 }
end

--- Adds up what it has had between two points in time.
---@param sum table usage, or empty
---@param before table
---@param after table
function account.add(sum, before, after)
  for name, value in pairs(after) do
    sum[name] = (sum[name] or 0) + value - before[name]
  end
end

--- The memory that it has by now, and the most it ever had.
---@param pid integer
---@return integer? rss bytes; nil where it has ended
---@return integer? peak
function account.memory(pid)
  local text = contents(("/proc/%d/status"):format(pid))
  local rss = text and text:match "\nVmRSS:%s*(%d+)"
  if not rss then return nil end
  return tonumber(rss) * 1024, tonumber(text:match "\nVmHWM:%s*(%d+)") * 1024
end

return account
