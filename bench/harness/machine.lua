--- On which machine, with which program, and by which command.
local uring = require "uring"

local machine = {}

local function first_line(argv)
  local result = uring.process.run(argv, { timeout = 10 })
  local line = result and result.code == 0 and result.stdout:match "^[^\n]+"
  return line or nil
end

local function from_file(path, pattern)
  local file <close> = io.open(path)
  return file and file:read("a"):match(pattern) or "?"
end

local function cpus()
  local list = {}
  for from, to in from_file("/proc/self/status",
    "Cpus_allowed_list:%s*(%S+)"):gmatch "(%d+)%-?(%d*)" do
    for cpu = tonumber(from), tonumber(to) or tonumber(from) do
      list[#list + 1] = cpu
    end
  end
  return list
end

--- The two cores to work on: for the server, and for the load.
---@return integer server
---@return integer load
function machine.cores()
  local list = cpus()
  return list[1] or 0, list[2] or list[1] or 0
end

--- What the report tells of it.
---@param command string
---@return table facts
function machine.facts(command)
  return {
    command = command,
    commit = first_line { "git", "rev-parse", "--short", "HEAD" } or "?",
    congestion_control = from_file(
      "/proc/sys/net/ipv4/tcp_congestion_control", "%S+"),
    cores = #cpus(),
    cpu = from_file("/proc/cpuinfo", "model name%s*:%s*([^\n]+)"),
    date = os.date "!%Y-%m-%d",
    kernel = from_file("/proc/sys/kernel/osrelease", "%S+"),
    load_average = tonumber(from_file("/proc/loadavg", "%S+")),
    memory_gib = math.floor(tonumber(from_file("/proc/meminfo",
      "MemTotal:%s*(%d+)")) / (1 << 20) + 0.5),
  }
end

return machine
