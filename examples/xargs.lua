--- As xargs -P: runs a command for each line of its input, some at a time.
-- run: lua5.4 examples/xargs.lua 4 gzip -k        with files, one in a line
-- prints: what the commands print, that of each together, as they end
-- It exits with 123 where one of them has failed; Ctrl-C ends those that run.
local uring = require "uring"

local limit = math.tointeger(tonumber(arg[1]))
if not limit or limit < 1 or not arg[2] then
  io.stderr:write("usage: xargs.lua COUNT COMMAND [ARGUMENT...]\n")
  os.exit(2)
end

local failed = 0

local function tell(line, problem)
  failed = failed + 1
  uring.stderr:write(("xargs: %s: %s\n"):format(line, problem))
end

local function call(line)
  local command = { table.unpack(arg, 2) }
  command[#command + 1] = line
  local result, message = uring.process.run(command)
  if not result then return tell(line, message) end
  uring.stdout:write(result.stdout)
  uring.stderr:write(result.stderr)
  if result.signal then return tell(line, "ended by " .. result.signal) end
  if result.code ~= 0 then tell(line, "exit status " .. result.code) end
end

local ok, problem = pcall(uring.run, function()
  uring.scope({ max = limit }, function(scope)
    for line in uring.stdin:lines() do
      scope:spawn(call, line) -- waits while so many run
    end
  end)
end)
if not ok then
  io.stderr:write("xargs: ", tostring(problem), "\n")
  os.exit(1)
end
os.exit(failed > 0 and 123 or 0)
