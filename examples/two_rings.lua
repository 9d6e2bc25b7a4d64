--- Two rings that pass messages: numbers, flags, and an open file.
-- run: lua5.4 examples/two_rings.lua FILE
-- prints: what the second ring hears from the first, and how long FILE is
local uring = require "uring.ring"
local C = uring.consts
local function check(value, message)
  if value then return value end
  io.stderr:write("two_rings: ", message, "\n")
  os.exit(1, true)
end
local name, more = ...
if not name or more then
  io.stderr:write("usage: lua5.4 examples/two_rings.lua FILE\n")
  os.exit(2)
end
-- For msg_ring the second is a descriptor: it may be another thread's ring.
local first, second = check(uring.ring(4)), check(uring.ring(4))
local to = second:fileno()
local function take(ring)
  local cqe
  repeat cqe = ring:wait_cqe() until cqe -- again where a signal came
  ring:cqe_seen(cqe)
  return cqe
end
local function finish(ring, what) -- the op that was prepared
  ring:submit()
  local res = take(ring).res
  return check(res >= 0 and res, what .. ": " .. uring.strerror(-res))
end
local function hear(what) -- a CQE of the second ring, which asked for none
  local cqe, line = take(second), "%s: res %d, flags 0x%x, data %d"
  print(line:format(what, cqe.res, cqe.flags, cqe.data))
  return cqe.res
end

first:get_sqe():prep_msg_ring(to, 7, 42)
finish(first, "msg_ring")
hear "numbers"
first:get_sqe():prep_msg_ring_cqe_flags(to, 8, 43, 0, 0xcafe << 16)
finish(first, "msg_ring_cqe_flags")
hear "flags"

-- A registered file goes from a slot of the first to a free one of the second.
check(first:register_files_sparse(1))
check(second:register_files_sparse(4))
first:get_sqe():prep_openat_direct(C.AT_FDCWD, name, C.O_RDONLY, nil, 0)
finish(first, name)
first:get_sqe():prep_msg_ring_fd(to, 0, C.IORING_FILE_INDEX_ALLOC, 44)
finish(first, "msg_ring_fd")
first:close() -- the file stays open: the second has it now
local slot, size, block = hear "file", 0, uring.buffer(65536)
repeat
  local sqe = second:get_sqe()
  sqe:prep_read(slot, block)
  sqe:set_fixed_file() -- slot is no descriptor
  local count = finish(second, name)
  size = size + count
until count == 0
print(("%s: %d bytes, read from slot %d"):format(name, size, slot))
