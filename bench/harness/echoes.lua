--- The echo servers: ours, those in C, and the peers.

local LUA = os.getenv "LUA" or "lua5.4"

local function lua(path, ...)
  return { LUA, path, ... }
end

local function peer(name, module)
  return { name = module, argv = lua("bench/peers/" .. name .. ".lua"),
    modules = { module == "LuaSocket" and "socket" or module } }
end

local echoes = {
  c_oneshot = { name = "C, one-shot", argv = { "build/bench/echo_oneshot" } },
  c_multishot = { name = "C, multishot",
    argv = { "build/bench/echo_multishot" } },
  c_epoll = { name = "C, epoll", argv = { "build/bench/echo_epoll" } },
  strings = { name = "uring", ours = true,
    argv = lua("examples/echo.lua", "127.0.0.1:0") },
  views = { name = "uring, views", ours = true,
    argv = lua "bench/servers/echo_views.lua" },
  luv = peer("echo_luv", "luv"),
  cqueues = peer("echo_cqueues", "cqueues"),
  copas = peer("echo_copas", "copas"),
  luasocket = peer("echo_luasocket", "LuaSocket"),
  node = { name = "Node", argv = { "node", "bench/peers/echo.js" },
    needs = { "node" } },
  go = { name = "Go", argv = { "build/bench/echo_go" },
    needs = { "build/bench/echo_go" } },
  asyncio = { name = "asyncio", argv = { "python3", "bench/peers/echo.py" },
    needs = { "python3" } },
}

--- The names of those that others are measured against.
echoes.REFERENCES = { "C, one-shot", "C, multishot", "C, epoll" }

--- Some of them, by their keys.
---@param ... string
---@return table[] servers
function echoes.some(...)
  local list = {}
  for i, key in ipairs { ... } do list[i] = assert(echoes[key], key) end
  return list
end

--- All of them.
---@return table[] servers
function echoes.all()
  return echoes.some("c_oneshot", "c_multishot", "c_epoll", "strings",
    "views", "luv", "cqueues", "copas", "luasocket", "node", "go", "asyncio")
end

return echoes
