--- Opening a ring, and saying what to do where that is refused.
local core = require "uring.core"
local errno = require "uring.errno"
local setupflags = require "uring.setupflags"

local setup = {}

-- What measures best first; each kernel takes the first that it knows.
local LADDER = {
  { "single_issuer", "defer_taskrun", "submit_all", "clamp" }, -- 6.1
  { "coop_taskrun", "taskrun_flag", "submit_all", "clamp" }, -- 5.19
  { "submit_all", "clamp" }, -- 5.18
  { "clamp" }, -- 5.6
}
local CONTAINER = "in a container, run with a profile that allows "
  .. "io_uring_setup, io_uring_enter and io_uring_register "
  .. "(docker: --security-opt seccomp=FILE, or =unconfined)"
local CAP_SYS_ADMIN = 1 << 21
local LEAST_ENTRIES = 32
local CQES_PER_SQE = 4

local function first_match(path, pattern)
  local file <close> = io.open(path)
  return file and file:read("a"):match(pattern)
end

local function is_admin()
  local capabilities = first_match("/proc/self/status", "\nCapEff:%s+(%x+)")
  return tonumber(capabilities or "0", 16) & CAP_SYS_ADMIN ~= 0
end

local function explain_forbidden()
  local level = first_match("/proc/sys/kernel/io_uring_disabled", "%d")
  if level == "2" then
    return "kernel.io_uring_disabled is 2; "
      .. "allow it with: sysctl kernel.io_uring_disabled=0"
  elseif level == "1" and not is_admin() then
    return "kernel.io_uring_disabled is 1, which leaves it to privileged "
      .. "processes and to the group in kernel.io_uring_group; "
      .. "allow it with: sysctl kernel.io_uring_disabled=0"
  elseif first_match("/proc/self/status", "\nSeccomp:%s+(%d)") == "2" then
    return "a seccomp filter forbids it; " .. CONTAINER
  end
  return "a security module or the container forbids it"
end

local function explain_memory(entries)
  local limit = first_match("/proc/self/limits",
    "\nMax locked memory%s+(%w+)") or "unknown"
  return ("no memory for %d entries; RLIMIT_MEMLOCK is %s bytes: raise it "
    .. "(ulimit -l, or LimitMEMLOCK= of the service), or ask for fewer")
    :format(entries, limit)
end

--- Says why a ring was refused, and what to do about it.
---@param code integer the errno of io_uring_setup(2)
---@param entries integer how many were asked for
---@param options? table see setup.open
---@return string? reason nil where the errno says it all
function setup.explain(code, entries, options)
  if code == errno.EPERM or code == errno.EACCES then
    return explain_forbidden()
  elseif code == errno.ENOSYS then
    return "this kernel has no io_uring (Linux 5.11 or newer is needed), "
      .. "or a seccomp filter hides it; " .. CONTAINER
  elseif code == errno.ENOMEM then
    return explain_memory(entries)
  elseif code == errno.EINVAL then
    return setupflags.explain(entries, options or {})
      or "this kernel refuses these flags and options, each or together"
  end
end

--- Opens a ring exactly as asked for.
---@param entries integer size of the SQ
---@param options? table flags, cq_entries, sq_thread_idle, sq_thread_cpu, wq_fd
---@return uring.Ring? ring
---@return string? message says what to do
---@return integer? code
function setup.open(entries, options)
  local ring, message, code = core.ring(entries, options)
  if ring then return ring end
  local reason = setup.explain(code, entries, options)
  if reason then message = message .. ": io_uring: " .. reason end
  return nil, message, code
end

local function climb_down(entries)
  local ring, message, code
  for _, flags in ipairs(LADDER) do
    ring, message, code = setup.open(entries,
      { flags = flags, cq_entries = entries * CQES_PER_SQE })
    if code ~= errno.EINVAL then break end
  end
  return ring, message, code
end

--- Opens a ring for the loop: with the best flags that this kernel takes,
-- and with fewer entries where memory is short.
---@param entries integer
---@return uring.Ring? ring
---@return string? message
---@return integer? code
function setup.for_loop(entries)
  local ring, message, code
  repeat
    ring, message, code = climb_down(entries)
    entries = entries // 2
  until code ~= errno.ENOMEM or entries < LEAST_ENTRIES
  if not ring then return nil, message, code end
  if not ring:features().ext_arg then
    ring:close()
    return nil, "ring: this kernel is too old: Linux 5.11 or newer is needed",
      errno.ENOSYS
  end
  ring:register_ring_fd() -- cheaper enters; where refused, dearer ones
  return ring
end

return setup
