--- Jobs of threads, done by this one; trays without jobs.
local core = require "uring.core"

local C, ENOMEM = core.consts, core.errnos.ENOMEM

local results

-- What a job says, or that memory was short.
local function work(...)
  local value, message, code = core.work(...)
  results[#results + 1] = value or code
  assert(value or code == ENOMEM, message)
  return value
end

function attempt()
  results = {}
  assert((work("realpath", "/usr/../usr") or "/usr") == "/usr")
  work("readlinkat", C.AT_FDCWD, "/proc/self/exe")
  work("fchmodat", C.AT_FDCWD, "/dev/null", 438)
  work("getaddrinfo", "127.0.0.1", "80", C.AF_INET, C.SOCK_STREAM, 4)
  local tray <close>, message, code = core.tray()
  assert(tray or code == ENOMEM, message)
end

function verify()
  attempt()
  assert(#results == 4)
end
