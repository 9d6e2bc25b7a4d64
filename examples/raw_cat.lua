--- cat on the bare ring: one readv of all blocks of a file.
-- run: lua5.4 examples/raw_cat.lua file...
-- prints: what is in them; for one that cannot be read, cat: NAME: reason
local uring = require "uring.ring"
local C = uring.consts

local BLOCK, BLOCKS = 65536, 1024 -- a readv takes 1024 blocks at most
local ring = assert(uring.ring(1))
io.stdout:setvbuf("no")

-- Prepares one SQE, submits it and waits for its CQE.
local function call(prep, ...)
  local sqe = ring:get_sqe()
  sqe[prep](sqe, ...)
  ring:submit()
  local cqe
  repeat cqe = ring:wait_cqe() until cqe -- again where a signal came
  ring:cqe_seen(cqe)
  if cqe.res < 0 then return nil, uring.strerror(-cqe.res) end
  return cqe.res
end

local function blocks_of(fd)
  local stat = uring.buffer(256)
  call("prep_statx", fd, "", C.AT_EMPTY_PATH, C.STATX_SIZE, stat)
  local size = uring.unpack_statx(stat).size -- 0 of a pipe, and in /proc
  local blocks = {}
  for i = 1, math.max(1, math.min(BLOCKS, (size + BLOCK - 1) // BLOCK)) do
    blocks[i] = uring.buffer(BLOCK)
  end
  return blocks
end

local function cat(fd, blocks)
  local iovecs = uring.iovecs(blocks)
  while true do
    local count, message = call("prep_readv", fd, iovecs)
    if not count or count == 0 then return message end
    for i = 1, (count + BLOCK - 1) // BLOCK do
      local rest = count - (i - 1) * BLOCK
      assert(io.write(blocks[i]:sub(1, math.min(BLOCK, rest))))
    end
  end
end

local ok = true
for _, name in ipairs(arg) do
  local fd, message = call("prep_openat", C.AT_FDCWD, name)
  if fd then
    message = cat(fd, blocks_of(fd))
    call("prep_close", fd)
  end
  if message then
    io.stdout:flush()
    io.stderr:write("cat: ", name, ": ", message, "\n")
    ok = false
  end
end
os.exit(ok, true)
