--- Servers of others, for tests: each on a port of its own of 127.0.0.1,
-- with a folder of its own, and always stopped.
--   daemons.need("redis-server") -- pending where it is not installed
--   local redis <close> = daemons.redis()
--   uring.connect("127.0.0.1", redis.port)
-- Programs that have no entry here: daemons.start{...}.
local busted = require "busted"
local process = require "spec.support.process"
local uring = require "uring"

local daemons = {}

-- The ring that calls outside of a run keep is there before tests look.
uring.blocking(function() end)

local SBIN = "PATH=$PATH:/usr/sbin:/sbin; "

--- Where a program is.
---@param program string
---@return string? path nil where it is not installed
function daemons.find(program)
  local path = process.capture(SBIN .. "command -v " .. program)
  return path ~= "" and path or nil
end

--- Ends a test as pending where a program is not installed.
---@param program string
---@return string path
function daemons.need(program)
  return daemons.find(program)
    or busted.pending("needs " .. program) or error("no " .. program)
end

--- Ends a test as pending where Lua 5.4 finds no such module.
---@param name string
function daemons.need_module(name)
  if package.searchpath(name, package.path)
    or package.searchpath(name, package.cpath) then
    return
  end
  busted.pending("needs the Lua module " .. name)
end

--- A port of 127.0.0.1 on which nobody listens.
---@return integer
function daemons.free_port()
  local listener <close> = assert(uring.listen "127.0.0.1:0")
  return listener:sockname().port
end

-- Whether somebody answers there.
local function answers(where)
  local conn <close> = uring.connect(where)
  return conn ~= nil
end

---@class Daemon
---@field port integer
---@field folder fun(name: string): string
---@field process Process
local Daemon = {}
Daemon.__index = Daemon

--- Stops it, and removes its folder; once more is nothing.
function Daemon:close()
  if self.process then
    if self.last_signal and self.process:is_alive() then
      self.process:signal(self.last_signal)
      pcall(self.process.wait, self.process)
    end
    self.process:close()
  end
  if self.folder then getmetatable(self.folder).__close() end
  self.process, self.folder = nil, nil
end

Daemon.__close = Daemon.close

--- Starts a server and waits until it answers.
---@param make fun(port: integer, folder: function): table a command for
--- process.start, which does not leave the foreground; its field 'where' is
--- the address where it answers, default "127.0.0.1:port"; 'last_signal'
--- names one that has it clean up and end, default KILL
---@return Daemon a <close> variable, please
function daemons.start(make)
  local self = setmetatable({
    port = daemons.free_port(), folder = process.folder(),
  }, Daemon)
  local command = make(self.port, self.folder)
  local where = command.where or "127.0.0.1:" .. self.port
  self.last_signal = command.last_signal
  command.where, command.last_signal = nil, nil
  local ok, problem = pcall(function()
    self.process = process.start(command)
    process.await(command[1] .. " answers", function()
      assert(self.process:is_alive(), "it has ended")
      return answers(where)
    end)
  end)
  if ok then return self end
  problem = self.process and tostring(problem) .. "\n"
    .. self.process:output() .. self.process:errors() or problem
  self:close()
  error(problem, 2)
end

--- Writes a file.
---@param path string
---@param text string
---@return string path
function daemons.write(path, text)
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(text))
  return path
end

--- Redis, without persistence; its unix socket is folder "redis.sock".
---@return Daemon
function daemons.redis()
  local program = daemons.need "redis-server"
  return daemons.start(function(port, folder)
    return { program, "--port", port, "--bind", "127.0.0.1", "--save", "",
      "--appendonly", "no", "--daemonize", "no", "--dir", folder ".",
      "--unixsocket", folder "redis.sock" }
  end)
end

--- memcached.
---@return Daemon
function daemons.memcached()
  local program = daemons.need "memcached"
  return daemons.start(function(port)
    return { program, "-l", "127.0.0.1", "-p", port, "-U", "0", "-u", "root" }
  end)
end

local NOBODY = 65534 -- who runs PostgreSQL where we are root: root may not
local FRUGAL = { -- no port, nothing kept in good order, little memory
  "listen_addresses=", "fsync=off", "autovacuum=off", "shared_buffers=1MB",
  "max_connections=40", "dynamic_shared_memory_type=mmap",
}

-- Makes an empty cluster, of the user "spec", who needs no password.
local function init_postgres(bin, folder, uid)
  local path = folder "data"
  assert(os.execute(("mkdir %s && chmod 711 %s"):format(path, folder ".")))
  if uid then assert(os.execute(("chown %d %s"):format(uid, path))) end
  local result = process.run { bin .. "initdb", "-D", path, "-U", "spec",
    "-A", "trust", "--no-sync", "--no-locale", "-E", "UTF8", uid = uid }
  assert(result.code == 0, result.err)
  return path
end

--- PostgreSQL on a unix socket, folder "data/.s.PGSQL.5432", for the user
--- "spec"; its field 'where' is the address for uring.connect.
---@return Daemon
function daemons.postgres()
  local bin = process.capture "ls -d /usr/lib/postgresql/*/bin/ /usr/bin/ | \
    while read d; do test -x $d/initdb && echo $d && break; done"
  if bin == "" then busted.pending "needs PostgreSQL" end
  local uid = process.capture "id -u" == "0" and NOBODY or nil
  local where
  local server = daemons.start(function(_, folder)
    local path = init_postgres(bin, folder, uid)
    local command = { bin .. "postgres", "-D", path, "-k", path, uid = uid,
      last_signal = "QUIT" }
    for _, setting in ipairs(FRUGAL) do
      command[#command + 1] = "-c"
      command[#command + 1] = setting
    end
    where = "unix:" .. path .. "/.s.PGSQL.5432"
    command.where = where
    return command
  end)
  server.where = where
  process.await("PostgreSQL is ready", function()
    return server.process:errors():find("ready to accept", 1, true)
  end)
  return server
end

local NGINX = [[
daemon off; master_process off; pid %s; error_log stderr;
events { worker_connections 64; }
http {
  access_log off; default_type text/plain;
  client_body_temp_path %s; proxy_temp_path %s; fastcgi_temp_path %s;
  uwsgi_temp_path %s; scgi_temp_path %s;
  server { listen 127.0.0.1:%d; root %s; %s }
}
]]

--- nginx: serves the files of its folder "www".
---@param server? string more of its server block
---@return Daemon
function daemons.nginx(server)
  local program = daemons.need "nginx"
  return daemons.start(function(port, folder)
    assert(os.execute("mkdir " .. process.quote(folder "www")))
    local temp = folder "temp"
    local text = NGINX:format(folder "pid", temp, temp, temp, temp, temp,
      port, folder "www", server or "")
    daemons.write(folder "nginx.conf", text)
    return { program, "-p", folder ".", "-c", folder "nginx.conf" }
  end)
end

return daemons
