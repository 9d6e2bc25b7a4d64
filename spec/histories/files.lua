--- A file is copied while reads and writes are short, interrupted and late,
-- and the disk may be full.
--   the copy is the original, or an error says why not
--   what was written to a pipe by several is whole and complete
local uring = require "uring"

local random = math.random

local function original()
  local list = {}
  for i = 1, random(0, 4000) do list[i] = string.char(random(0, 255)) end
  return table.concat(list)
end

local FAILURES = {
  ["Interrupted system call"] = true, ["No space left on device"] = true,
}

local function check_failure(message)
  local reason = tostring(message):match "([^:]+)$":gsub("^ ", "")
  assert(FAILURES[reason], message)
end

local function copy()
  local from <close> = assert(uring.open("/from"))
  local to <close> = assert(uring.open("/to", "w"))
  while true do
    local bytes, message = from:read_some(random(1, 1000))
    if not bytes and message then return nil, message end
    if not bytes then return true end
    local done, problem = to:write(bytes)
    if not done then return nil, problem end
  end
end

local function read_back()
  local file <close> = assert(uring.open("/to"))
  return file:read "a"
end

local function persist(step)
  for _ = 1, 50 do
    local value, message = step()
    if value then return value end
    check_failure(message)
  end
end

return {
  faults = { short = 0.4, eintr = 0.02, eagain = 0.1, enospc = 0.02,
    slow = 0.1, line = 0.1 },
  run = function()
    local text = original()
    local made = persist(function() return uring.open("/from", "w") end)
    if not made then return end
    local ok = made:write(text)
    made:close()
    if not ok or not persist(copy) then return end
    local content = persist(read_back)
    assert(not content or content == text, "the copy is another")
  end,
}
