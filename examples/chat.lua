--- A chat server: what one says, all the others hear.
-- run: lua5.4 examples/chat.lua [host:port]   then: nc 127.0.0.1 7000
-- prints: listening on 127.0.0.1:7000         Ctrl-C says goodbye to all
local sync = require "uring.sync"
local uring = require "uring"

local BACKLOG, PATIENCE = 1 << 20, 5 -- bytes, seconds that a client may lag

local clients = {} -- by name

local Client = {}
Client.__index = Client

-- Nobody waits for a client that does not read: it has to leave.
function Client:tell(text)
  self.lag = self.lag + #text + 1
  table.insert(self.lines, text .. "\n")
  self.news:set()
  if self.lag > BACKLOG then self.conn:close() end
end

function Client:deliver()
  while true do
    self.news:wait()
    local text = table.concat(self.lines)
    self.lines, self.lag = {}, 0
    self.news:clear()
    if not self.conn:write(text) then return self.conn:close() end
  end
end

local function tell_all(text, but)
  for _, client in pairs(clients) do
    if client ~= but then client:tell(text) end
  end
end

function Client:__close(problem)
  clients[self.name] = nil
  tell_all("* " .. self.name .. " has left")
  if uring.is_cancelled(problem) then -- Ctrl-C
    uring.shield(1, self.conn.write, self.conn, "* goodbye\n")
  end
end

local function ask_name(conn)
  conn:write "your name? "
  for name in conn:lines() do
    if name:find "^%w+$" and not clients[name] then return name end
    conn:write "that is no word, or somebody's; your name? "
  end
end

local function serve(conn)
  local _conn <close> = conn
  conn:settimeout(PATIENCE, "write")
  local name = ask_name(conn)
  if not name then return end
  local self <close> = setmetatable({ conn = conn, name = name, lines = {},
    lag = 0, news = sync.event() }, Client)
  clients[name] = self
  tell_all("* " .. name .. " is here")
  uring.scope(function(scope)
    scope:daemon(self.deliver, self)
    for line in conn:lines() do tell_all(name .. ": " .. line, self) end
  end)
end

local ok, problem = pcall(uring.run, function(where)
  local listener <close> = assert(uring.listen(where))
  print("listening on " .. tostring(listener:sockname()))
  io.stdout:flush()
  for conn in listener:iter() do uring.spawn(pcall, serve, conn) end
end, arg[1] or "127.0.0.1:7000")
if not ok and problem ~= "interrupted!" then
  local reason = tostring(problem):match "^[^\n]*":gsub("^%S+:%d+: ", "")
  io.stderr:write("chat: ", reason, "\n")
  os.exit(1, true)
end
