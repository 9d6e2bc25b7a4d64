--- Counts the system calls of a process, by perf: apart from what is timed,
-- as counting takes time.
local uring = require "uring"

local calls = {}

local EVENT = "raw_syscalls:sys_enter"
local PATIENCE = 5 -- seconds

-- perf takes commands on its standard input, and says when they are done.
local function command(perf, word)
  return uring.timeout(PATIENCE, function()
    return perf.stdin:write(word, "\n") and perf.stdout:read() ~= nil
  end)
end

local function count_of(path)
  local file <close> = io.open(path)
  local text = file and file:read "a" or ""
  return tonumber(text:match("(%d+),[^\n]*" .. EVENT:gsub("[_:]", "%%%0")))
end

local function spawn(pid, path)
  return uring.process.spawn({ "perf", "stat", "-x,", "-e", EVENT, "-o", path,
    "-p", tostring(pid), "--control", "fd:0,1", "--delay", "-1" },
    { stdin = "pipe", stdout = "pipe", stderr = "null", signal = "INT" })
end

--- Counts while something runs.
---@param pid integer
---@param folder string where it may put a file
---@param body function what makes the process work
---@return integer? count nil where there is no perf, or it may not count
function calls.during(pid, folder, body)
  local path = folder .. "/calls"
  do
    local perf <close> = spawn(pid, path)
    if not perf or not command(perf, "enable") then
      body()
      return nil
    end
    body()
    command(perf, "disable")
  end
  local count = count_of(path)
  os.remove(path)
  return count
end

return calls
