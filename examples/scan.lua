--- Scans ports: which of them take a connection, many asked at once.
-- run: lua5.4 examples/scan.lua HOST FROM[-TO] [SECONDS [AT-ONCE]]
-- prints: PORT open, for each that is; then how many are open, closed and
-- silent (no answer in that many seconds)
local uring = require "uring"

local errno = uring.errno

local function fail(message)
  io.stderr:write("scan: ", message, "\n")
  os.exit(1, true)
end

local function numbers(host, range, seconds, max)
  local from, to = (range or ""):match "^(%d+)%-?(%d*)$"
  from, to = tonumber(from), tonumber(to) or tonumber(from)
  seconds, max = tonumber(seconds or 1), tonumber(max or 100)
  if not (host and from and from <= to and to <= 65535 and seconds
    and seconds >= 0 and max and max >= 1) then
    fail "usage: scan.lua HOST FROM[-TO] [SECONDS [AT-ONCE]]"
  end
  return from, to, seconds, max
end

-- A port that is free may be the one that the kernel gives to us, who then
-- are connected to ourselves.
local function is_another(conn)
  return tostring(conn:sockname()) ~= tostring(conn:peername())
end

local function ask(host, port, seconds)
  local conn <close>, message, code = uring.connect(host, port,
    { timeout = seconds })
  if conn then return is_another(conn) and "open" or "closed" end
  if code == errno.ECONNREFUSED then return "closed" end
  if code == errno.ETIMEDOUT then return "silent" end
  error(message, 0) -- ends the others, too
end

local function scan(host, ...)
  local from, to, seconds, max = numbers(host, ...)
  local ports, count = {}, { open = 0, closed = 0, silent = 0 }
  for port = from, to do table.insert(ports, port) end
  uring.map(ports, function(port)
    local state = ask(host, port, seconds)
    count[state] = count[state] + 1
    if state == "open" then print(port .. " open") end
  end, { max = max })
  print(("%d open, %d closed, %d silent"):format(count.open, count.closed,
    count.silent))
end

local ok, problem = pcall(uring.run, scan, table.unpack(arg))
if not ok then fail(tostring(problem):match "^[^\n]*") end
