--- Handles are opened, accepted, connected and closed by tasks that are
-- cancelled meanwhile, with descriptors running out.
--   every descriptor is closed exactly once (the simulation checks it)
--   nobody gets another's file under his number
local uring = require "uring"

local random = math.random

local function use_file(number)
  local file <close> = uring.open("/tmp/file" .. number, "w+")
  if not file then return end
  local text = ("%d:"):format(number):rep(random(200))
  if not file:write(text) then return end
  if random(2) == 1 then uring.yield() end
  if random(3) == 1 then file:close() end
end

local function serve(listener)
  while true do
    local conn <close> = listener:accept()
    if not conn then
      if listener:closed() then return end
      uring.yield()
    elseif random(3) > 1 then
      conn:write(tostring(random(0)))
      uring.sleep(random(0, 3) / 1000)
    end
  end
end

local function visit(where)
  local conn <close> = uring.connect(where)
  if not conn then return end
  conn:settimeout(0.05) -- perhaps nobody serves any more
  if random(2) == 1 then conn:read_some() end
  if random(2) == 1 then conn:write("x") end
  if random(3) == 1 then conn:close() end
end

local function disturb(tasks)
  for _ = 1, random(6) do
    uring.sleep(random(0, 4) / 1000)
    tasks[random(#tasks)]:cancel("chance")
  end
end

return {
  faults = {
    late = 0.5, emfile = 0.1, abort = 0.1, refuse = 0.1, reset = 0.05,
    short = 0.2, line = 0.2, enospc = 0.02,
  },
  files = { ["/tmp/file0"] = "" },
  run = function()
    local listener <close> = uring.listen("127.0.0.1:0")
    if not listener then return end
    local where = listener:sockname()
    uring.scope(function(scope)
      local tasks = {}
      for i = 1, 3 do tasks[i] = scope:daemon(serve, listener) end
      for i = 1, random(6) do
        tasks[#tasks + 1] = scope:spawn(visit, where)
        tasks[#tasks + 1] = scope:spawn(use_file, i)
      end
      disturb(tasks)
      if random(3) == 1 then listener:close() end
    end)
  end,
}
