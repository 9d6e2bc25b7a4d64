--- What this kernel has, and what this process may use of it.
local core = require "uring.core"
local setup = require "uring.setup"
local setupflags = require "uring.setupflags"

local function limit_of(name)
  local file <close> = io.open("/proc/self/limits")
  local soft = file and file:read("a"):match("\n" .. name .. "%s+(%w+)")
  return soft == "unlimited" and math.huge or tonumber(soft)
end

-- The register calls: the kernel says how many there are, or its version
-- does.
local function registers()
  local query, names = core.register_query(), {}
  for _, call in ipairs(core.registers) do
    local known
    if query then known = call.opcode < query.register_opcodes
    else known = setupflags.is_kernel(call.since) end
    if known then names[call.name:match("[%w_]+$")] = true end
  end
  return names
end

--- Tells what there is to be had.
---@return table? info kernel (its release), backend ("io_uring"); ops (rows),
--- features, flags (of setup) and registers (calls) as sets of names; limits:
--- memlock (bytes), nofile (descriptors)
---@return string? message why there is no io_uring here
---@return integer? code
return function()
  local ring <close>, message, code = setup.open(1)
  if not ring then return nil, message, code end
  return {
    kernel = core.release(), backend = "io_uring",
    ops = ring:probe(), features = ring:features(),
    flags = setupflags.known(), registers = registers(),
    limits = { memlock = limit_of("Max locked memory"),
      nofile = limit_of("Max open files") },
  }
end
