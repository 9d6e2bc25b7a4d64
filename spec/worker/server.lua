--- A server with workers, for specs: each connection is asked by lines.
local children = require "spec.support.children"
local process = require "spec.support.process"
local uring = require "uring"

local server = {}

local SCRIPT = [[
  local uring = require "uring"
  local worker = uring.worker
  local count, options, prelude = ...
  local listener = assert(worker.listen("127.0.0.1:0"))
  print("port " .. listener:sockname().port)
  io.stdout:flush()

  local function pid()
    local stat <close> = io.open("/proc/self/stat")
    return stat:read("n")
  end

  local answers = {
    pid = pid,
    index = function() return worker.index() end,
    draining = function() return tostring(worker.draining()) end,
    exit = function() os.exit(3) end,
    spin = function() while true do end end,
    sleep = function() uring.sleep(0.3) return "slept" end,
    fail = function()
      uring.spawn(error, "on purpose", 0)
      uring.sleep(60)
    end,
  }

  local function serve(conn)
    local _conn <close> = conn
    for line in conn:lines() do
      conn:write(tostring(answers[line]()), "\n")
    end
  end

  load("local uring = ... " .. prelude)(uring)
  print("over", pcall(worker.run, count, function(index)
    if before then before(index) end
    for conn in listener:iter() do
      if line_of_work then
        line_of_work(conn, serve)
      else
        uring.spawn(serve, conn)
      end
    end
  end, load("return " .. options)()))
]]

--- Starts it.
---@param count integer
---@param options? string a table of worker.run, as text
---@param prelude? string that may define before(index), called in each worker
---@param uid? integer the user that runs it, if not ours
---@return Process a <close> variable, please; with the field port
function server.start(count, options, prelude, uid)
  local running = process.lua { uid = uid, "-e",
    ("local function main(...) %s end main(%d, %q, %q)"):format(SCRIPT, count,
      options or "{}", prelude or "") }
  local ok, port = pcall(running.expect, running, "port (%d+)\n")
  if not ok then
    running:close()
    error(port, 0)
  end
  running.port = tonumber(port)
  return running
end

--- Connects to it.
---@param running Process
---@return uring.Conn
function server.connect(running)
  return assert(uring.connect("127.0.0.1", running.port))
end

--- Asks over a connection.
---@param conn uring.Conn
---@param what string
---@return string? answer
---@return string? message
---@return integer? code
function server.ask(conn, what)
  local ok, message, code = conn:write(what, "\n")
  if not ok then return nil, message, code end
  return conn:read()
end

--- Asks over a new connection.
---@param running Process
---@param what string
---@return string? answer
function server.ask_once(running, what)
  local conn <close> = server.connect(running)
  return server.ask(conn, what)
end

--- The pids of the workers.
---@param running Process
---@return table<string, string> set pids to how they are
function server.workers(running)
  local set = children.of(running.pid)
  for pid, state in pairs(set) do
    if state == "Z" then set[pid] = nil end
  end
  return set
end

--- How many there are.
---@param set table
---@return integer
function server.size(set)
  local count = 0
  for _ in pairs(set) do count = count + 1 end
  return count
end

--- Waits until there are so many workers.
---@param running Process
---@param count integer
---@return table<string, true> set
function server.await(running, count)
  return process.await(count .. " workers", function()
    local set = server.workers(running)
    return server.size(set) == count and set
  end)
end

return server
