--- Servers: started on a core of their own, stopped by their process id.
local net = require "uring.net"
local uring = require "uring"

local Server = {}
Server.__index = Server

local PATIENCE = 10 -- seconds until it has to listen

local function has_program(name)
  local path = (os.getenv "PATH" or "") .. ":/usr/sbin:/sbin"
  for folder in path:gmatch "[^:]+" do
    local file = io.open(folder .. "/" .. name)
    if file then
      file:close()
      return true
    end
  end
  return false
end

local function has_module(name)
  return package.searchpath(name, package.path) ~= nil
    or package.searchpath(name, package.cpath) ~= nil
    or package.searchpath(name, "/usr/share/lua/5.1/?.lua") ~= nil
end

--- What a program needs and this machine lacks.
---@param definition table needs = names of programs; modules = names of Lua's
---@return string? what nil where all is there
function Server.missing(definition)
  for _, name in ipairs(definition.needs or {}) do
    if name:find "/" then
      if not io.open(name) then return name end
    elseif not has_program(name) then
      return name
    end
  end
  for _, name in ipairs(definition.modules or {}) do
    if not has_module(name) then return name end
  end
end

local function free_port()
  local listener <close> = assert(net.listen "127.0.0.1:0")
  return listener:sockname().port
end

-- Who is told its port says nothing: it listens when it takes a connection.
local function wait_for(port)
  while true do
    local conn = net.connect("127.0.0.1:" .. port)
    if conn then return conn:close() and port end
    uring.sleep(0.02)
  end
end

local function read_port(process)
  for line in process.stdout:lines() do
    local port = line:match "^listening on .*:(%d+)"
    if port then return math.tointeger(tonumber(port)) end
  end
end

--- Starts a server.
---@param definition table name, argv (strings, or a function of {port =,
--- folder =, backend =} that returns them), says_port: it chooses one itself
---@param place table folder, cpu, backend
---@return table? server
---@return string? message
function Server.start(definition, place)
  local argv, port = definition.argv, nil
  if type(argv) == "function" then
    port = not definition.says_port and free_port() or nil
    argv = argv { port = port, folder = place.folder, backend = place.backend }
  end
  local words = { "taskset", "-c", tostring(place.cpu) }
  table.move(argv, 1, #argv, #words + 1, words)
  local process, message = uring.process.spawn(words,
    { stdout = port and "null" or "pipe" })
  if not process then return nil, message end
  port, message = uring.timeout(PATIENCE, function()
    return port and wait_for(port) or read_port(process)
  end)
  if not port then
    process:close()
    return nil, message or "it ends without a word"
  end
  return setmetatable({ name = definition.name, process = process,
    pid = process.pid, port = port }, Server)
end

--- Stops it: SIGTERM, and SIGKILL where that does not help.
function Server:close()
  self.process:close()
end

Server.__close = Server.close

return Server
