--- cat on a ring with SQPOLL: a thread of the kernel takes the SQEs.
-- run: lua5.4 examples/sqpoll_cat.lua FILE...
-- prints: what is in them; for one that cannot be read, sqpoll_cat: NAME: why
--
-- Here submit is no system call: it moves the tail of the SQ, and the thread
-- sees that.  Without work for sq_thread_idle milliseconds the thread sets
-- IORING_SQ_NEED_WAKEUP in the SQ's flags, and sleeps.  submit looks at that
-- flag, and where it is set wakes the thread with one io_uring_enter(2).
local uring = require "uring.ring"

local BLOCK, IDLE = 1 << 16, 50

local function fail(what, message)
  io.stderr:write("sqpoll_cat: ", what, ": ", message, "\n")
  return false
end
if #arg == 0 then
  io.stderr:write("usage: lua5.4 examples/sqpoll_cat.lua FILE...\n")
  os.exit(2)
end
local ring, why = uring.ring(8, { flags = "sqpoll", sq_thread_idle = IDLE })
if not ring then os.exit(fail("sqpoll", why)) end
io.stdout:setvbuf("no")

local function start(prep, ...)
  local sqe = ring:get_sqe()
  sqe[prep](sqe, ...)
  ring:submit()
end
local function wait() -- a CQE that is there already costs no system call
  local cqe
  repeat cqe = ring:wait_cqe() until cqe -- again where a signal came
  ring:cqe_seen(cqe)
  if cqe.res < 0 then return nil, uring.strerror(-cqe.res) end
  return cqe.res
end

local function cat(name)
  start("prep_openat", uring.consts.AT_FDCWD, name)
  local fd, message = wait()
  if not fd then return fail(name, message) end
  local full, empty = uring.buffer(BLOCK), uring.buffer(BLOCK)
  start("prep_read", fd, full)
  local count, problem = wait()
  while count and count > 0 do
    start("prep_read", fd, empty) -- the thread reads on while we write
    local ok, reason = io.write(full:sub(1, count))
    if not ok then os.exit(fail("standard output", reason), true) end
    full, empty = empty, full
    count, problem = wait()
  end
  uring.close(fd)
  return count or fail(name, problem)
end

local ok = true
for _, name in ipairs(arg) do ok = cat(name) and ok end
os.exit(ok, true)
