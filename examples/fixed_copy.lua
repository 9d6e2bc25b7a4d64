--- Copies a file through registered files and buffers, blocks side by side.
-- run: lua5.4 examples/fixed_copy.lua FROM TO    TO must not be there yet
-- prints: how many bytes it has copied, with how many blocks in flight
local uring = require "uring.ring"
local C, BLOCK, DEPTH = uring.consts, 1 << 17, 8
local IN, OUT = 0, 1 -- slots of the registered files
local function check(value, message)
  if value then return value end
  io.stderr:write("fixed_copy: ", message, "\n")
  os.exit(1, true)
end
local from, to, more = ...
if not to or more then
  io.stderr:write("usage: lua5.4 examples/fixed_copy.lua FROM TO\n")
  os.exit(2)
end
local ring, buffers = check(uring.ring(DEPTH)), {}
for i = 1, DEPTH do buffers[i] = uring.buffer(BLOCK) end
check(ring:register_buffers(buffers)) -- the kernel maps their pages once
check(ring:register_files_sparse(2))

-- Lets other coroutines run until the CQE of an op brings this one back.
local function call(path, prep, ...)
  local sqe = ring:get_sqe():set_data(coroutine.running())
  sqe[prep](sqe, ...)
  if prep:find "_fixed$" then sqe:set_fixed_file() end -- a slot, no fd
  local res = coroutine.yield()
  return check(res >= 0 and res, path .. ": " .. uring.strerror(-res))
end

local ahead, copied = 0, 0 -- where the next block begins; bytes
local function copy_blocks(index) -- through the buffer of this index
  while true do
    local offset, stop = ahead, ahead + BLOCK
    ahead = stop
    while offset < stop do -- again where it could read or write but a part
      local part = buffers[index + 1]:slice(1, stop - offset)
      local count = call(from, "prep_read_fixed", IN, part, offset, index)
      if count == 0 then return end
      part = part:slice(1, count)
      count = call(to, "prep_write_fixed", OUT, part, offset, index)
      offset, copied = offset + count, copied + count
    end
  end
end
local function copy() -- the files get slots, and never a descriptor
  local open, new = "prep_openat_direct", C.O_WRONLY | C.O_CREAT | C.O_EXCL
  call(from, open, C.AT_FDCWD, from, C.O_RDONLY, nil, IN)
  call(to, open, C.AT_FDCWD, to, new, nil, OUT)
  for index = 0, DEPTH - 1 do coroutine.wrap(copy_blocks)(index) end
end

coroutine.wrap(copy)()
while ring:in_flight() > 0 do
  local count, message, code = ring:submit_and_wait(1)
  check(count or code == uring.errno.EINTR, message)
  for res, _, co in ring:cqes() do assert(coroutine.resume(co, res)) end
end
print(("copied %d bytes, %d blocks at a time"):format(copied, DEPTH))
