--- How many files does a server of files serve in a second?
local conf = require "bench.harness.conf"
local files = require "bench.harness.files"

local LUA = os.getenv "LUA" or "lua5.4"
local OURS = "bench/servers/http.lua"

local function serving(name, needs, ...)
  local words = { ... }
  return { name = name, needs = needs, says_port = true,
    ours = name == "uring", argv = function(place)
      local argv = {}
      for i, word in ipairs(words) do
        argv[i] = word == "FOLDER" and place.folder or word
      end
      return argv
    end }
end

local function case(name, connections, file)
  return { name = name, load = "http", arguments = function(context)
    return { connections, context.folder .. "/" .. file, file }
  end }
end

return {
  title = "Static files over HTTP, connections kept",
  kind = "servers",
  setup = function(context)
    files.text(context.folder .. "/small", 612)
    files.text(context.folder .. "/large", 100000)
  end,
  servers = {
    { name = "nginx", needs = { "nginx" }, argv = conf.nginx_http },
    serving("Go", { "build/bench/http_go" }, "build/bench/http_go", "FOLDER"),
    serving("Node", { "node" }, "node", "bench/peers/http.js", "FOLDER"),
    serving("uring", { OURS }, LUA, OURS, "FOLDER", "127.0.0.1:0"),
  },
  references = { "nginx" },
  cases = {
    case("64 × 612 B", 64, "small"), case("64 × 100 kB", 64, "large"),
  },
}
